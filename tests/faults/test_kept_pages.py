"""Pages while Redis is refused, cut, frozen, slow, emptied or killed: they are made, not refused, and nobody waits long."""

import signal
import time

import pytest
from django.core.handlers.wsgi import WSGIHandler

from config import kept, shelf
from config.kept import KeptPages
from config.shelf import Shelf
from profiles.models import Source
from tests.builders import settle
from tests.config.asking import ask, counting
from tests.faults.processes import wait_until
from tests.faults.proxy import standing_before

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "/profiles/example/"
SLOW = 0.1  # seconds that each piece takes over a slow line, in each direction
ALL = 10  # pages


@pytest.fixture
def door(redis):
    with standing_before(redis.path) as door:
        yield door


@pytest.fixture
def django():
    return counting(WSGIHandler())


@pytest.fixture
def site(publisher, django, door):
    """A process with nothing at hand: every page would have to come through the door."""
    site = KeptPages(django, Shelf(f"redis://127.0.0.1:{door.port}/0"))
    site.recent.most = 0
    return site


FAULTS = {
    "refused": lambda door: door.refuse(),
    "frozen": lambda door: door.freeze(),
    "cut": lambda door: door.cut(),
    "slow": lambda door: setattr(door, "delay", SLOW),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_pages_are_made_and_nobody_waits_long_while_redis_is_ill(site, django, door, fault, monkeypatch):
    monkeypatch.setattr(shelf, "SILENCE", 60.0)  # or a busy machine would ask again within the test
    monkeypatch.setattr(shelf, "RARELY", 1000)
    expected = ask(site, ADDRESS)
    FAULTS[fault](door)
    started = time.monotonic()
    for _again in range(ALL):
        answer = ask(site, ADDRESS)
        assert (answer.status, answer.body, answer.headers) == (200, expected.body, expected.headers)
    assert time.monotonic() - started < 8.0
    if fault != "cut":  # after which a new connection is as good as the old one
        assert django.calls > 1


def test_a_redis_that_is_away_is_asked_rarely(site, door, monkeypatch):
    monkeypatch.setattr(shelf, "SILENCE", 60.0)
    ask(site, ADDRESS)
    door.freeze()
    ask(site, ADDRESS)
    asked = []
    monkeypatch.setattr(site.shelf.redis, "execute_command", lambda *args, **told: asked.append(args))
    for _again in range(ALL):
        ask(site, ADDRESS)
    assert asked == []


def test_pages_are_kept_again_once_redis_is_back(site, django, door):
    door.refuse()
    ask(site, ADDRESS)
    door.heal()
    site.shelf.silent_until = 0.0
    ask(site, ADDRESS)
    made = django.calls
    ask(site, ADDRESS)
    assert django.calls == made


def test_what_is_at_hand_needs_no_redis(site, django, door):
    site.recent.most = 1 << 20
    ask(site, ADDRESS)
    door.refuse()
    for _again in range(3):
        assert ask(site, ADDRESS).status == 200
    assert django.calls == 1


def test_a_redis_that_was_emptied_makes_no_page_old(site, redis):
    ask(site, ADDRESS)
    redis.client.flushall()
    Source.objects.update(title="Renamed")
    time.sleep(kept.STILL)
    assert b"Renamed" in ask(site, ADDRESS).body


def test_a_redis_that_died_and_came_back_keeps_pages_again(site, django, redis):
    ask(site, ADDRESS)
    redis.kill()
    ask(site, ADDRESS)
    redis.start()
    site.shelf.silent_until = 0.0
    ask(site, ADDRESS)
    made = django.calls
    ask(site, ADDRESS)
    assert django.calls == made


def test_a_stopped_redis_holds_up_a_page_for_a_moment_only(site, redis):
    ask(site, ADDRESS)
    redis.process.send_signal(signal.SIGSTOP)
    try:
        started = time.monotonic()
        assert ask(site, ADDRESS).status == 200
        assert time.monotonic() - started < 4.0
    finally:
        redis.process.send_signal(signal.SIGCONT)
    wait_until(lambda: redis.client.ping())
    settle()
