"""Whether the addresses of sources still answer."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.conf import settings as configured

from profiles import chores
from profiles.intake import links
from profiles.intake.links import check_link, check_links, due, to_recheck
from profiles.models import LinkCheck, Mark, Touch
from tests.builders import cite, make_profile, make_source
from tests.conftest import behind_the_wall

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture(autouse=True)
def as_a_worker():
    with behind_the_wall():
        yield


def noted(source, **fields):
    return LinkCheck.objects.create(source=source, **{"checked_at": datetime.now(UTC), **fields})


def test_an_address_that_answers_is_asked_with_head_alone(host, limits):
    host.say("/a", b"So.")
    link = check_link(make_source(url=f"{host.url}/a"), limits())
    assert (link.status, link.problem, link.failures) == (200, "", 0)
    assert [(method, path) for method, path, _headers in host.asked] == [("GET", "/robots.txt"), ("HEAD", "/a")]


@pytest.mark.parametrize("status", [404, 410, 500])
def test_an_address_that_does_not_answer_counts_its_failures_in_a_row(host, limits, status):
    source = make_source(url=f"{host.url}/a")
    host.say("/a", status=status)
    assert [check_link(source, limits()).failures for _ in range(3)] == [1, 2, 3]
    link = LinkCheck.objects.get()
    assert str(link).startswith(f"The host answered {status} instead of the page. (")
    assert "3 times in a row" in str(link)
    host.say("/a", b"So.")
    assert check_link(source, limits()).failures == 0


def test_a_host_that_knows_no_head_is_asked_again_with_get(host, limits):
    host.say("/a", status=405)
    check_link(make_source(url=f"{host.url}/a"), limits())
    assert [method for method, path, _headers in host.asked if path == "/a"] == ["HEAD", "GET"]


@pytest.mark.parametrize(
    ("said", "status"),
    [({"/robots.txt": (200, b"User-agent: *\nDisallow: /")}, None), ({"/robots.txt": (503, b"")}, 503)],
)
def test_a_host_that_wants_no_robots_has_not_failed(host, limits, said, status):
    for path, (answer, body) in said.items():
        host.say(path, body, status=answer)
    link = check_link(make_source(url=f"{host.url}/a"), limits())
    assert (link.status, link.failures) == (status, 0)
    assert "robots" in link.problem


def test_an_address_that_has_moved_to_another_host_says_so_and_has_not_failed(host, limits):
    host.say("/a", status=301, Location="https://elsewhere.example/a")
    link = check_link(make_source(url=f"{host.url}/a"), limits())
    assert (link.status, link.failures) == (301, 0)
    assert "sends us on to elsewhere.example" in link.problem


def test_a_host_that_is_gone_or_not_public_has_failed(host, limits):
    gone = check_link(make_source(url="http://host.example:1/"), limits())
    assert (gone.status, gone.problem, gone.failures) == (None, "host.example cannot be reached.", 1)
    inside = check_link(make_source(url=f"{host.url}/a"), limits(is_public=lambda address: False))
    assert inside.failures == 1


def test_each_host_is_asked_one_address_in_a_turn(host, limits):
    for path in "abc":
        host.say(f"/{path}", b"So.")
        make_source(url=f"{host.url}/{path}")
    other = make_source(url=f"http://other.example:{host.port}/a")
    assert check_links(limits()) == 2
    assert set(LinkCheck.objects.values_list("source", flat=True)) >= {other.pk}
    assert check_links(limits()) == 1


def test_a_turn_ends_when_its_time_is_up(host, limits):
    make_source(url=f"{host.url}/a")
    assert check_links(limits(), seconds=-1) == 0


def test_addresses_are_due_after_a_while_and_sooner_when_they_failed():
    never, well, failed, old = (make_source(str(n), url=f"https://example.org/{n}") for n in range(4))
    make_source("without an address")
    noted(well, checked_at=datetime.now(UTC) - timedelta(days=2))
    noted(failed, failures=1, checked_at=datetime.now(UTC) - timedelta(days=2))
    noted(old, checked_at=datetime.now(UTC) - timedelta(days=15))
    assert list(due()) == [never, old, failed]


def test_no_check_touches_a_grade(host, limits):
    source = make_source(url=f"{host.url}/a")
    cite(make_profile(live=True), source)
    Mark.objects.all().delete()
    Touch.objects.all().delete()
    check_link(source, limits())
    check_link(source, limits())
    assert (Mark.objects.count(), Touch.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("fetches", "demo", "embedded", "asks"),
    [(True, False, False, True), (False, False, False, False), (True, True, False, False), (True, False, True, False)],
)
def test_the_demo_and_embedded_servers_ask_nobody(settings, monkeypatch, fetches, demo, embedded, asks):
    url = configured.ENV.database_url if embedded else "postgresql://db.example.org/assay"
    settings.ENV = replace(configured.ENV, intake_fetch=fetches, database_url=url)
    monkeypatch.setattr(type(settings.ENV), "embeds_database", property(lambda env: embedded))
    settings.DEMO = demo
    asked = []
    monkeypatch.setattr(links, "check_links", lambda: asked.append(1))
    chores.check_links()
    assert asked == [1] * asks


def test_what_fails_and_what_nobody_has_looked_at_is_to_be_rechecked():
    failing, once, stale = (
        make_source(str(n), url=f"https://example.org/{n}", accessed_on=date.today()) for n in range(3)
    )
    noted(failing, failures=2, problem="Gone.")
    noted(once, failures=1, problem="Gone.")
    stale.accessed_on = date.today() - timedelta(days=400)
    stale.save()
    assert set(to_recheck()) == {failing, stale}


def test_the_desk_finds_what_is_to_be_rechecked(client, edith):
    failing, well, unasked = (
        make_source(f"Source of {n}", url=f"https://example.org/{n}") for n in ("rain", "sun", "fog")
    )
    noted(failing, failures=2, problem="The host answered 404 instead of the page.")
    noted(well, status=200)
    client.force_login(edith)
    every = client.get("/admin/profiles/source/").text
    assert "The host answered 404 instead of the page." in every
    assert "unchecked" in every
    found = client.get("/admin/profiles/source/", {"recheck": "failing"}).text
    assert "Source of rain" in found
    assert "Source of sun" not in found
    assert client.get("/admin/profiles/source/", {"recheck": "stale"}).status_code == 200
    assert "unchecked" in client.get(f"/admin/profiles/source/{unasked.pk}/change/").text
    assert client.get("/admin/profiles/source/add/").status_code == 200


def test_the_list_of_sources_costs_the_same_queries_with_one_or_many(client, edith, django_assert_max_num_queries):
    client.force_login(edith)
    for number in range(30):
        noted(make_source(url=f"https://example.org/{number}"))
    client.get("/admin/profiles/source/")
    with django_assert_max_num_queries(22):
        client.get("/admin/profiles/source/")
