"""Messages that come twice, late, out of order or broken: they carry no work, so they can do no harm."""

import random

import pytest

from profiles.grading import pipeline
from profiles.models import Grade
from tests.builders import cite, make_profile, make_publisher, make_source, settle
from tests.faults.processes import let_the_site_use, own_redis, wait_until, worker
from tests.faults.settled import nothing_pending, wrongs

pytestmark = pytest.mark.django_db(transaction=True)

MESSAGES = 1_000
LETTERS = "ACDB"
QUEUE = "assay"


@pytest.fixture
def redis(settings, monkeypatch):
    with own_redis() as server:
        let_the_site_use(server.url, settings=settings, monkeypatch=monkeypatch)
        yield server


@pytest.fixture
def publisher():
    publisher = make_publisher(reliability="B")
    profile = make_profile("example", live=True, judgements={"j1": "It was founded in 2004."})
    cite(profile, make_source(publisher=publisher), direct=True)
    settle()
    return publisher


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


def change_the_letter(publisher, letter):
    publisher.reliability = letter
    with pipeline.editing(by="desk"):
        publisher.save()


def test_a_worker_grades_and_lives_on_whatever_lies_in_the_queue(redis, publisher):
    nudges = [a_nudge(redis) for _ in range(10)]
    wrong = broken(nudges[0])
    lot = random.Random(7)
    with worker(REDIS_URL=redis.url) as process:
        for letter in LETTERS:
            redis.client.lpush(QUEUE, *wrong, *lot.choices(nudges + wrong, k=MESSAGES // len(LETTERS)))
            change_the_letter(publisher, letter)
        wait_until(lambda: redis.queue() == (0, 0, 0) and nothing_pending())
        assert process.poll() is None
    assert Grade.objects.latest("seq").score == Grade.objects.earliest("seq").score
    assert wrongs() == []
