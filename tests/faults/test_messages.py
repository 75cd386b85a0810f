"""Messages that come twice, late, out of order or broken: they carry no work, so they can do no harm."""

import random

import pytest

from profiles.grading import pipeline
from tests.faults.letters import change_the_letter, graded_as
from tests.faults.processes import wait_until, worker
from tests.faults.settled import wrongs

pytestmark = pytest.mark.django_db(transaction=True)

MESSAGES = 400
LETTERS = "ACAB"
QUEUE = "assay"


def a_nudge(redis):
    pipeline._send()
    return redis.client.rpop(QUEUE)


def broken(nudge):
    """What is no message, and messages with something wrong in each of their parts."""
    return [
        *(b"", b"not json", b"{}", b"[]", b"null", b"7", b"\xff\xfe", nudge[:-40], b"[" * 5_000),
        nudge.replace(b"tasks.sweep", b"tasks.nobody-knows"),
        nudge.replace(b"application/json", b"application/x-python-serialize"),
        nudge.replace(b'"content-encoding": "utf-8"', b'"content-encoding": "nothing"'),
        nudge.replace(b'"body": "', b'"body": "!!'),
        nudge.replace(b'"body": "', b'"body": "AAAA'),
        nudge.replace(b'"body": "', b'"bottom": "'),
        nudge.replace(b'"headers"', b'"footers"'),
        nudge.replace(b'"properties"', b'"possessions"'),
        nudge.replace(b'"delivery_tag"', b'"luggage_tag"'),
        nudge.replace(b'"task": "', b'"task": null, "was": "'),
    ]


def test_a_worker_grades_and_lives_on_whatever_lies_in_the_queue(redis, publisher):
    nudges = [a_nudge(redis) for _ in range(10)]
    wrong = broken(nudges[0])
    lot = random.Random(7)
    with worker(REDIS_URL=redis.url) as process:
        for letter in LETTERS:
            redis.client.lpush(QUEUE, *wrong, *lot.choices(nudges + wrong, k=MESSAGES // len(LETTERS)))
            change_the_letter(letter)
        wait_until(lambda: redis.queue() == (0, 0, 0) and graded_as(LETTERS[-1])())
        assert process.poll() is None
    assert wrongs() == []
