"""PostgreSQL cut off, frozen, slow and refused in the middle of grading: nothing is lost, and everybody comes back."""

import time

import pytest

from tests.faults.letters import MIDDLES, change_the_letter, graded_as
from tests.faults.processes import (
    IMPATIENT,
    beat,
    database_of_the_test,
    door_of_postgres,
    end_the_others,
    held_at,
    impatient_drain_loop,
    somebody_is_idle,
    somebody_stands_still,
    wait_until,
    worker,
)
from tests.faults.proxy import standing_before
from tests.faults.settled import wrongs

pytestmark = pytest.mark.django_db(transaction=True)

A_WHILE = 1.0  # seconds that PostgreSQL stays away
SLOW = 0.01  # seconds that each piece takes over a slow line, in each direction


@pytest.fixture
def door():
    with standing_before(door_of_postgres()) as door:
        yield door


@pytest.fixture
def behind(door):
    return {"DATABASE_URL": database_of_the_test(port=door.port, options=IMPATIENT)}


def cut_while_reading(door):
    _cut_in("reading", door)


def cut_while_writing(door):
    _cut_in("writing", door)


def _cut_in(middle, door):
    with held_at(*MIDDLES[middle]):
        change_the_letter("A")
        wait_until(somebody_stands_still)
        door.cut()


def frozen_until_the_server_gives_up(door):
    with held_at(*MIDDLES["writing"]):
        change_the_letter("A")
        wait_until(somebody_stands_still)
        door.freeze()
    wait_until(somebody_is_idle)
    wait_until(lambda: not somebody_is_idle())
    door.heal()


def frozen_between_two_edits(door):
    door.freeze()
    change_the_letter("C")
    time.sleep(A_WHILE)
    change_the_letter("A")
    door.heal()


def refused(door):
    door.refuse()
    change_the_letter("A")
    time.sleep(A_WHILE)
    door.heal()


def slow(door):
    door.delay = SLOW
    change_the_letter("C")
    change_the_letter("A")


def ended_by_the_server(door):
    end_the_others()
    change_the_letter("A")


HAPPENS = [cut_while_reading, cut_while_writing, frozen_until_the_server_gives_up, frozen_between_two_edits]
HAPPENS += [refused, slow, ended_by_the_server]


def live_through(happenings, door):
    for happens in happenings:
        happens(door)
        wait_until(graded_as("A"), what=f"the grade after it was {happens.__name__}")
        door.heal()
        change_the_letter("B")
        wait_until(graded_as("B"), what=f"the next grade after it was {happens.__name__}")


def test_a_worker_grades_every_edit_whatever_happened_to_postgres(redis, publisher, door, behind):
    with worker(REDIS_URL=redis.url, **behind) as process, beat(REDIS_URL=redis.url):
        live_through(HAPPENS, door)
        assert process.poll() is None
    assert wrongs() == []


def test_a_drain_loop_grades_every_edit_whatever_happened_to_postgres(publisher, door, behind):
    with impatient_drain_loop(**behind) as process:
        live_through(HAPPENS, door)
        assert process.poll() is None
    assert wrongs() == []
