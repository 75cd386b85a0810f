"""What is done again and again: by one process at a time, and never forgotten."""

import signal
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from config import chores, tasks
from config.models import ChoreTurn

pytestmark = pytest.mark.django_db


@pytest.fixture
def done(monkeypatch):
    """A chore of every hour that notes each time it is done."""
    monkeypatch.setattr(chores, "CHORES", {})
    done = []
    chores.chore(every=timedelta(hours=1))(lambda: done.append(timezone.now()))
    return done


def began(ago, *, ended=True):
    at = timezone.now() - ago
    ChoreTurn.objects.update(started_at=at, finished_at=at if ended else None)


def test_a_chore_is_done_at_the_start_and_then_when_it_is_due(done):
    assert [chores.run_due(), chores.run_due()] == [1, 0]
    began(timedelta(minutes=61))
    assert chores.run_due() == 1
    assert len(done) == 2


def test_a_chore_whose_process_died_is_done_again(done):
    chores.run_due()
    began(timedelta(minutes=9), ended=False)
    assert chores.run_due() == 0
    began(timedelta(minutes=11), ended=False)
    assert chores.run_due() == 1


def test_a_clock_that_was_set_back_stops_nothing(done):
    chores.run_due()
    began(-timedelta(days=2))
    assert chores.run_due() == 1


def test_a_chore_that_fails_keeps_no_other_from_being_done(done, caplog):
    chores.chore(every=timedelta(hours=1))(test_a_chore_that_fails_keeps_no_other_from_being_done)  # wants arguments
    assert chores.run_due() == 2
    assert len(done) == 1
    assert "A chore failed" in caplog.text


def test_the_worker_does_chores(done):
    tasks.do_chores()
    assert len(done) == 1


@pytest.mark.django_db(transaction=True)
def test_the_drain_loop_does_chores_without_redis(done, monkeypatch):
    handlers = {}
    monkeypatch.setattr(signal, "signal", handlers.__setitem__)
    chores.CHORES.clear()
    chores.chore(every=timedelta(hours=1))(lambda: (done.append(timezone.now()), handlers[signal.SIGTERM]()))
    call_command("drain", "--loop")
    assert len(done) == 1
