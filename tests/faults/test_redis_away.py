"""Redis emptied, killed, frozen and refused: nobody waits for it, nothing fails, and the workers come back by themselves."""

import time
from itertools import cycle

import pytest
from django.urls import reverse

from profiles.grading import pipeline
from profiles.models import Source
from tests.builders import PASSWORD, make_publisher, settle
from tests.faults.letters import graded_as
from tests.faults.processes import beat, drain_loop, let_the_site_use, wait_until, worker
from tests.faults.proxy import standing_before
from tests.faults.settled import nothing_pending, wrongs

pytestmark = pytest.mark.django_db(transaction=True)

A_SAVE = 3.0  # seconds it may take, whatever Redis does
A_WHILE = 1.0  # seconds that Redis stays away
SLOW = 0.05  # seconds that each piece takes over a slow line, in each direction
NOBODY = "redis://127.0.0.1:1/0"  # a port on which nobody listens


@pytest.fixture
def door(redis, settings, monkeypatch):
    with standing_before(redis.path) as door:
        let_the_site_use(at(door), settings=settings, monkeypatch=monkeypatch)
        yield door


def at(door):
    return f"redis://127.0.0.1:{door.port}/0"


def heal(redis, door):
    door.heal()


def slow_down(door):
    door.delay = SLOW


FAULTS = {
    "frozen": lambda door: door.freeze(),
    "refused": lambda door: door.refuse(),
    "cut": lambda door: door.cut(),
    "slow": slow_down,
}


def save(client, letter):
    """File the source under a publisher of that letter (A would take four eyes); return the seconds it took."""
    source = Source.objects.get()
    form = {
        "title": source.title,
        "published_on": source.published_on,
        "publisher": make_publisher(reliability=letter).pk,
    }
    form |= {"derivations-TOTAL_FORMS": 0, "derivations-INITIAL_FORMS": 0}
    started = time.monotonic()
    response = client.post(reverse("admin:profiles_source_change", args=[source.pk]), form)
    waited = time.monotonic() - started
    assert response.status_code == 302, response.context["errors"]
    return waited


@pytest.mark.parametrize("fault", FAULTS)
def test_saving_never_waits_for_a_broken_redis(client, edith, publisher, door, fault):
    client.force_login(edith)
    save(client, "C")  # so that connections are open, as on a busy site
    pipeline.heard()
    FAULTS[fault](door)
    for letter in "BC":
        assert save(client, letter) < A_SAVE
    assert not nothing_pending()
    settle()
    assert wrongs() == []


def test_saving_never_waits_for_a_redis_that_freezes_in_the_middle_of_a_nudge(
    client, edith, publisher, door, monkeypatch
):
    send = pipeline._send
    monkeypatch.setattr(pipeline, "_send", lambda: (door.freeze(), send()))
    client.force_login(edith)
    for letter in "CBC":
        assert save(client, letter) < A_SAVE
    settle()
    assert wrongs() == []


PAGES = ["/", "/profiles/", "/profiles/?q=example", "/profiles/example/", "/profiles/example/confidence/"]
PAGES += ["/publishers/example-wire/", "/methodology/", "/feed/", "/sitemap.xml"]
MEMBERS_PAGES = [*PAGES, "/account/", "/profiles/example/briefing/"]


def answers(client, pages):
    return {page: client.get(page).status_code for page in pages}


@pytest.mark.parametrize("fault", ["frozen", "refused"])
def test_strangers_and_members_read_while_redis_is_away(client, mina, publisher, door, fault):
    FAULTS[fault](door)
    assert answers(client, PAGES) == dict.fromkeys(PAGES, 200)
    assert client.post("/accounts/login/", {"login": mina.email, "password": PASSWORD}).status_code == 302
    assert answers(client, MEMBERS_PAGES) == dict.fromkeys(MEMBERS_PAGES, 200)


HAPPENS = {
    "flushed": (lambda redis, door: redis.client.flushall(), lambda redis, door: None),
    "restarted": (lambda redis, door: redis.kill(), lambda redis, door: redis.start()),
    **{fault: (lambda redis, door, breaks=breaks: breaks(door), heal) for fault, breaks in FAULTS.items()},
}


def test_a_save_is_graded_by_the_same_workers_once_redis_is_back(client, edith, publisher, redis, door):
    client.force_login(edith)
    letters, waited = cycle("CB"), {}
    with worker(REDIS_URL=at(door)) as grading, beat(REDIS_URL=at(door)) as beating:
        for name, (breaks, heals) in HAPPENS.items():
            letter = next(letters)
            breaks(redis, door)
            time.sleep(A_WHILE)
            waited[name] = save(client, letter)
            heals(redis, door)
            wait_until(graded_as(letter), what=f"the grade after Redis was {name}")
        assert [process.poll() for process in (grading, beating)] == [None, None]
    assert {name: seconds for name, seconds in waited.items() if seconds > A_SAVE} == {}
    assert wrongs() == []


def test_without_redis_the_drain_loop_grades_an_edit(client, edith, publisher, settings):
    settings.REDIS_URL = NOBODY
    client.force_login(edith)
    with drain_loop(REDIS_URL=NOBODY):
        save(client, "C")
        wait_until(graded_as("C"))
    assert wrongs() == []
