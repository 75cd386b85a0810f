"""Work that takes its time is done one piece at a time."""

import subprocess
import sys

import pytest

from config import aside as module
from config.aside import aside

HOLD = (
    "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); input()"
)


def test_work_is_left_while_other_work_is_under_way():
    done = []
    other = aside(lambda: done.append("other"))

    def work():
        other()
        done.append("work")
        return "well"

    assert aside(work)() == "well"
    assert done == ["work"]
    other()
    assert done == ["work", "other"]


def test_work_that_fails_gives_its_turn_back():
    with pytest.raises(ZeroDivisionError):
        aside(lambda: 1 / 0)()
    assert aside(lambda: "done")() == "done"


def test_so_does_whoever_is_killed():
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, module._place()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    assert aside(lambda: "done")() is None
    holder.kill()
    holder.communicate()
    assert aside(lambda: "done")() == "done"


def test_two_sites_on_one_machine_do_not_wait_for_each_other(settings, monkeypatch):
    here = module._place()
    monkeypatch.setitem(settings.DATABASES["default"], "NAME", "another")
    assert module._place() != here
