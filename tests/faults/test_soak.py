"""A short soak: four writers, two workers and two drain loops that crash in one grading of ten, kills, stops and flushes."""

from collections import Counter

import pytest

from tests.faults.processes import let_the_site_use, own_redis
from tests.faults.soak import tell
from tests.faults.storm import Tally, storm

SECONDS = 6.0


@pytest.mark.django_db(transaction=True)
def test_nothing_is_lost_while_four_writers_edit_and_one_grading_in_ten_crashes(settings, monkeypatch, tmp_path):
    with own_redis() as server:
        let_the_site_use(server.url, settings=settings, monkeypatch=monkeypatch)
        tally = storm(seconds=SECONDS, seed=1, redis_url=server.url, folder=tmp_path)
    assert tally.wrongs == []
    assert tally.crashes > 0
    assert sum(tally.done.values()) > 0
    assert sum(tally.edits.values()) > 0
    assert tally.grades > 0


def test_a_soak_that_ends_with_something_wrong_fails_and_says_what(tmp_path, capsys):
    (tmp_path / "log").write_text("Grading profile 7 failed")
    tally = Tally(seed=1, edits=Counter(publish=3), refused=Counter(DeadlockDetected=2), wrongs=["north: stale"])
    assert tell(tally, tmp_path) == 1
    said = capsys.readouterr().out.split("\n")
    assert [line.split() for line in said[:2]] == [["edits", "3"], ["deadlocks", "2"]]
    assert "north: stale" in said
    assert "Grading profile 7 failed" in said


def test_a_soak_that_ends_well_succeeds(tmp_path):
    assert tell(Tally(seed=1), tmp_path) == 0
