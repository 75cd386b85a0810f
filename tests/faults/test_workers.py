"""The real processes: a Celery worker over Redis, and the drain loop that needs neither."""

import os
import signal

import pytest
from django.db import connection

from profiles.grading import pipeline
from profiles.models import Grade, GradingState, Mark, Publisher
from tests.builders import cite, make_profile, make_source, settle
from tests.faults.processes import drain_loop, wait_until, worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def profile(monkeypatch):
    monkeypatch.setattr(pipeline, "_silent_until", 0.0)
    profile = make_profile("example", live=True, judgements={"j1": "It was founded in 2004."})
    cite(profile, make_source(reliability="B"), direct=True)
    settle()
    return profile


def change_the_letter(letter):
    with pipeline.editing(by="desk"):
        Publisher.objects.update(reliability=letter)


def graded_as(score):
    return lambda: str(GradingState.objects.get().score) == score and not Mark.objects.exists()


def test_a_nudged_worker_grades_an_edit(profile):
    pipeline.heard()
    with worker():
        change_the_letter("A")
        wait_until(graded_as("0.92"))
        change_the_letter("C")
        wait_until(graded_as("0.70"))
    assert [str(grade.score) for grade in Grade.objects.order_by("seq")] == ["0.80", "0.92", "0.70"]
    assert list(pipeline.audit()) == []


def test_a_killed_worker_leaves_the_edit_for_the_next_one(profile):
    pipeline.heard()
    with worker() as process:
        os.killpg(process.pid, signal.SIGKILL)
        change_the_letter("A")
    assert not graded_as("0.92")()
    with drain_loop():
        wait_until(graded_as("0.92"))


def test_a_drain_loop_outlives_its_database_connection(profile):
    with drain_loop():
        wait_until(lambda: others() > 0)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OTHERS}")
        change_the_letter("A")
        wait_until(graded_as("0.92"))


OTHERS = "datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"


def others():
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM pg_stat_activity WHERE {OTHERS}")
        return cursor.fetchone()[0]
