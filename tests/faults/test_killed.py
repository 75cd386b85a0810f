"""Workers killed, stopped and continued in the middle of grading: the edit stays, and the dead overwrite nothing."""

import os
import random
import signal
import time

import pytest

from tests.builders import cite, make_profile, settle
from tests.faults.letters import MIDDLES, change_the_letter, graded_as, histories
from tests.faults.processes import (
    IMPATIENT,
    beat,
    children,
    database_of_the_test,
    drain_loop,
    held_at,
    somebody_is_idle,
    somebody_stands_still,
    tell,
    wait_until,
    worker,
)
from tests.faults.settled import nothing_pending, wrongs

pytestmark = pytest.mark.django_db(transaction=True)

PROFILES = 30
KILLS = 8
AT_MOST = 0.15  # seconds after an edit, somewhere in the fan-out, in the grading or behind it


def test_a_worker_killed_in_the_middle_leaves_the_edit_for_the_next_one(redis, publisher):
    with worker(REDIS_URL=redis.url) as process, held_at(*MIDDLES["writing"]):
        change_the_letter("A")
        wait_until(somebody_stands_still)
        tell(process, signal.SIGKILL)
        process.wait()
    assert not graded_as("A")()
    with drain_loop():
        wait_until(graded_as("A"))
    assert histories() == ["BA"]
    assert wrongs() == []


def test_a_worker_whose_grading_process_is_killed_carries_on_with_another(redis, publisher):
    with worker(REDIS_URL=redis.url) as process, beat(REDIS_URL=redis.url):
        for letter, middle in zip("AC", MIDDLES, strict=True):
            with held_at(*MIDDLES[middle]):
                change_the_letter(letter)
                wait_until(somebody_stands_still)
                for grading in children(process):
                    os.kill(grading, signal.SIGKILL)
            wait_until(graded_as(letter))
    assert histories() == ["BAC"]
    assert wrongs() == []


def test_kills_at_any_moment_cost_no_edit(redis, publisher):
    for number in range(PROFILES):
        cite(make_profile(f"more-{number}", live=True, judgements={"j1": "It is large."}), publisher.sources.get())
    settle()
    lot = random.Random(7)
    change_the_letter("A")
    with worker(REDIS_URL=redis.url) as process, beat(REDIS_URL=redis.url):
        wait_until(nothing_pending)  # a worker that loses its first process before it is up gives up
        for kill in range(KILLS):
            change_the_letter("CA"[kill % 2])
            wait_until(lambda: children(process))
            time.sleep(lot.uniform(0, AT_MOST))
            for grading in children(process):
                os.kill(grading, signal.SIGKILL)
        wait_until(nothing_pending)
    settle()
    assert wrongs() == []


def test_a_stopped_worker_loses_its_lock_and_overwrites_nothing_when_it_continues(redis, publisher):
    impatient = database_of_the_test(options=IMPATIENT)
    with worker(REDIS_URL=redis.url, DATABASE_URL=impatient) as zombie:
        with held_at(*MIDDLES["writing"]):
            change_the_letter("A")
            wait_until(somebody_stands_still)
            tell(zombie, signal.SIGSTOP)
        wait_until(somebody_is_idle)
        change_the_letter("C")
        wait_until(lambda: not somebody_is_idle())
        settle()
        assert graded_as("C")()
        tell(zombie, signal.SIGCONT)
        change_the_letter("A")
        wait_until(graded_as("A"))
    assert histories() == ["BCA"]
    assert wrongs() == []


def test_a_worker_that_was_stopped_for_a_moment_finishes_what_it_began(redis, publisher):
    with worker(REDIS_URL=redis.url) as process:
        with held_at(*MIDDLES["writing"]):
            change_the_letter("A")
            wait_until(somebody_stands_still)
            tell(process, signal.SIGSTOP)
        wait_until(somebody_is_idle)
        settle()
        assert not graded_as("A")()  # nobody else takes what is being graded
        tell(process, signal.SIGCONT)
        wait_until(graded_as("A"))
    assert histories() == ["BA"]
    assert wrongs() == []
