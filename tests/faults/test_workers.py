"""The real processes at work, and two of each at once: doubled work is done once."""

from contextlib import ExitStack

import pytest
from django.db import connection

from config.celery import app
from tests.builders import cite, make_profile, settle
from tests.faults import endless_chores
from tests.faults.letters import change_the_letter, graded_as, histories
from tests.faults.processes import beat, impatient_drain_loop, wait_until, worker
from tests.faults.settled import nothing_pending, wrongs

pytestmark = pytest.mark.django_db(transaction=True)

PROFILES = 40
EDITS = "ACACAC"


@pytest.fixture
def profiles(publisher):
    source = publisher.sources.get()
    for number in range(PROFILES):
        cite(make_profile(f"more-{number}", live=True, judgements={"j1": "It is large."}), source, direct=True)
    settle()


def test_a_nudged_worker_grades_an_edit(redis, publisher):
    with worker(REDIS_URL=redis.url):
        change_the_letter("A")
        wait_until(graded_as("A"))
        change_the_letter("C")
        wait_until(graded_as("C"))
    assert histories() == ["BAC"]
    assert wrongs() == []


def test_a_worker_keeps_its_connection(redis, publisher):
    with worker(REDIS_URL=redis.url):
        change_the_letter("A")
        wait_until(graded_as("A"))
        first = connections_of_others()
        change_the_letter("C")
        wait_until(graded_as("C"))
        assert connections_of_others() == first
    assert len(first) == 1


def test_an_edit_does_not_wait_for_work_that_takes_its_time(redis, publisher):
    endless_chores.BEGUN.unlink(missing_ok=True)
    with worker("--concurrency=2", app="tests.faults.endless_chores", REDIS_URL=redis.url):
        for _ in range(5):
            app.send_task("config.tasks.do_chores")
        wait_until(endless_chores.BEGUN.exists, what="a chore")
        change_the_letter("A")
        wait_until(graded_as("A"))
    assert endless_chores.BEGUN.read_text() == "x"


def connections_of_others():
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT pid FROM pg_stat_activity
            WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()""")
        return {pid for (pid,) in cursor.fetchall()}


def test_two_workers_two_beats_and_two_drain_loops_grade_each_edit_once(redis, profiles):
    with ExitStack() as site:
        for process in (worker, beat, impatient_drain_loop) * 2:
            site.enter_context(process(REDIS_URL=redis.url))
        for letter in EDITS:
            change_the_letter(letter)
            wait_until(nothing_pending)
    assert histories() == ["B" + EDITS] * (PROFILES + 1)
    assert wrongs() == []
