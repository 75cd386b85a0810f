"""The runs of `make test` that go side by side."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from config import env, verify
from config.processes import wait_until


@pytest.fixture(autouse=True)
def servers_of_its_own(monkeypatch):
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)


# Whoever starts the tests in the background leaves them deaf to Ctrl-C, which they would hand on.
HEARS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"


def python(script):
    return [sys.executable, "-c", f"{HEARS}\n{script}"]


def test_every_test_is_in_one_run():
    *waiting, others = verify.test_runs().values()
    apart = [path for paths in verify.WAITING_TESTS.values() for path in paths]
    assert [path for run in waiting for path in run[len(verify.pytest()) :]] == apart
    assert others == verify.pytest("tests", *(f"--ignore={path}" for path in apart))
    assert all((env.ROOT / path).exists() for path in apart)


def test_on_servers_of_your_own_there_is_one_run(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere/assay")
    assert list(verify.test_runs()) == ["Tests"]


def test_a_run_that_went_well_shows_its_last_line_alone(capsys):
    assert verify.side_by_side({"Short": python("print('much'); print('2 passed')")})
    assert re.fullmatch(r"Short +\d+\.\d s\n2 passed\n", capsys.readouterr().out)


def test_a_run_that_failed_shows_everything_it_said(capsys):
    runs = {"Bad": python("print('why'); print('1 failed'); exit(1)"), "Good": python("print('1 passed')")}
    assert not verify.side_by_side(runs)
    said = capsys.readouterr().out
    assert re.search(r"^Bad +\d+\.\d s  failed\nwhy\n1 failed$", said, re.MULTILINE)
    assert re.search(r"^Good +\d+\.\d s\n1 passed$", said, re.MULTILINE)


INTERRUPTED = """
from config import verify
verify.side_by_side({{"One": {one!r}, "Two": {two!r}}})
"""


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_what_ends_us_ends_both_runs(tmp_path, sent):
    waits = """
import sys, time
from pathlib import Path
Path(sys.argv[1]).touch()
try:
    time.sleep(60)
finally:
    Path(sys.argv[1]).unlink()
"""
    here = [tmp_path / "one", tmp_path / "two"]
    one, two = ([*python(waits), str(path)] for path in here)
    verifying = subprocess.Popen(
        python(INTERRUPTED.format(one=one, two=two)),
        cwd=env.ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert wait_until(lambda: all(path.exists() for path in here))
    time.sleep(0.1)
    verifying.send_signal(sent)
    verifying.communicate()
    assert verifying.returncode != 0
    assert wait_until(lambda: not any(path.exists() for path in here), 10)
