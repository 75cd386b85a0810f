"""Public pages from what is kept: the same bytes for everybody, of now, and only what may be kept."""

import gzip
import re
import threading
import time
from datetime import UTC, datetime, timedelta

import brotli
import psycopg
import pytest
import time_machine
from django.apps import apps
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import path

from briefings.actions import withdraw_briefing
from config import content, kept, shelf
from config.kept import KeptPages
from config.pagecache import PUBLIC, public
from config.shelf import Room, Shelf
from config.urls import urlpatterns
from profiles.grading import pipeline
from profiles.models import Citation, Correction, Derivation, FacetValue, Page, Profile, Publisher, Source, Term
from tests.briefings.test_canary import addresses
from tests.builders import (
    cite,
    make_briefing,
    make_person,
    make_profile,
    make_publisher,
    make_revision,
    make_source,
    make_term,
    settle,
)
from tests.config.asking import ask, counting, environ
from tests.profiles.test_views_site import write_first_pages

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "/profiles/tidewater/"
BROWSER = {"accept-encoding": "gzip, deflate, br, zstd"}


@pytest.fixture
def django():
    return counting(WSGIHandler())


@pytest.fixture
def site(django, settings):
    """The site behind what is kept, which starts empty."""
    kept.public_page.cache_clear()
    site = KeptPages(django, Shelf(settings.REDIS_URL))
    site.shelf.redis.flushdb()
    yield site
    kept.public_page.cache_clear()


@pytest.fixture
def tidewater():
    wire = make_publisher("Wire", slug="wire", reliability="B")
    text = {"author": make_person("Wanda Writer"), "related": ["neighbour"], "facets": {"region": "Africa"}}
    profile = make_profile("tidewater", live=True, name="Tidewater", judgements={"j1": "So."}, **text)
    cite(profile, make_source("A report", publisher=wire, derived_from=[make_source("The paper")]))
    make_profile("neighbour", live=True, name="Neighbour", judgements={"j1": "So."}, cited=True)
    make_briefing(profile, summary="In short.")
    write_first_pages()
    settle()
    return profile


# --- Hits -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/profiles/",
        ADDRESS,
        f"{ADDRESS}confidence/",
        f"{ADDRESS}feed/",
        "/feed/",
        "/methodology/",
        "/zh-hans/about/",
    ],
)
def test_a_page_is_made_once_and_then_only_handed_out(site, django, tidewater, address):
    first, second = ask(site, address), ask(site, address)
    assert (first.status, django.calls) == (200, 1)
    assert (second.status, second.headers, second.body) == (200, first.headers, first.body)


def test_each_language_of_a_page_is_kept_by_itself_and_goes_with_the_others(site, django, tidewater):
    before = [ask(site, address).body for address in (ADDRESS, f"/zh-hans{ADDRESS}") * 2]
    assert django.calls == 2
    assert before[:2] == before[2:]
    assert [re.search(rb'<html lang="([^"]+)">', body)[1] for body in before[:2]] == [b"en", b"zh-Hans"]
    Correction.objects.create(profile=tidewater, on="2026-09-01", text="It was five.")
    time.sleep(kept.STILL)
    assert all(b"It was five." in ask(site, address).body for address in (ADDRESS, f"/zh-hans{ADDRESS}"))


def test_every_process_hands_out_what_one_has_made(site, django, tidewater, settings):
    first = ask(site, ADDRESS)
    other = KeptPages(django, Shelf(settings.REDIS_URL))
    assert ask(other, ADDRESS).body == first.body
    assert django.calls == 1


def test_a_page_from_the_shelf_is_the_page_that_django_makes(site, tidewater, client):
    from_django = client.get(ADDRESS, headers={"host": "localhost"})
    for _again in range(2):
        answer = ask(site, ADDRESS)
        assert answer.body == from_django.content
        assert answer.headers == {**from_django.headers, "Vary": "Accept-Encoding"}


def test_a_hit_costs_one_small_question_and_soon_after_none(site, tidewater, django_assert_num_queries, monkeypatch):
    ask(site, ADDRESS)
    asked = []
    monkeypatch.setattr(content, "ask", lambda *args, ask=content.ask, **told: asked.append(args) or ask(*args, **told))
    monkeypatch.setattr(kept, "STILL", 60.0)
    with django_assert_num_queries(0):
        for _again in range(3):
            assert ask(site, ADDRESS).status == 200
    assert len(asked) <= 1


def test_two_readers_and_a_stranger_get_the_same_bytes(site, django, tidewater, mina, edith):
    answers = [ask(site, ADDRESS)]
    for user in (mina, edith):
        browser = Client()
        browser.force_login(user)
        cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in browser.cookies.items())
        answers.append(ask(site, ADDRESS, cookie=f"{cookies}; csrftoken=broken; assay_member=1"))
        site.recent.pages.clear()
        site.shelf.redis.flushdb()
        answers.append(ask(site, ADDRESS, cookie=cookies))
    assert len({answer.body for answer in answers}) == 1
    assert not any("Set-Cookie" in answer.headers for answer in answers)
    assert {answer.headers["Cache-Control"] for answer in answers} == {PUBLIC}


# --- Headers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("gzip, deflate, br", "br"), ("gzip;q=1, br;q=0.5", "gzip"), ("br;q=0", None), (None, None), ("identity", None)],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_headers_say_what_comes(site, tidewater, method, accepted, coding):
    plain = ask(site, ADDRESS).body
    headers = {"accept-encoding": accepted} if accepted else {}
    for _again in range(2):
        answer = ask(site, ADDRESS, method=method, **headers)
        whole = answer if method == "GET" else ask(site, ADDRESS, **headers)
        unpack = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[coding]
        assert unpack(whole.body) == plain
        assert answer.headers.get("Content-Encoding") == coding
        assert answer.headers["Content-Length"] == str(len(whole.body))
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert answer.headers["ETag"] == whole.headers["ETag"]
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert method == "GET" or answer.body == b""


def test_each_coding_has_a_tag_of_its_own(site, tidewater):
    tags = {ask(site, ADDRESS, **{"accept-encoding": accepted}).headers["ETag"] for accepted in ("br", "gzip", "")}
    assert len(tags) == 3


@pytest.mark.parametrize("at_hand", [True, False], ids=["at hand", "from redis"])
@pytest.mark.parametrize("wanted", ["{}", "W/{}", '"x", W/"y", {}', "*"])
def test_who_has_the_page_is_told_so_without_its_body(site, django, tidewater, wanted, at_hand, monkeypatch):
    tag = ask(site, ADDRESS, **BROWSER).headers["ETag"]
    if not at_hand:
        site.recent.pages.clear()
        monkeypatch.setattr(site.shelf, "page", None)  # nor may it be fetched
    for method in ("GET", "HEAD"):
        answer = ask(site, ADDRESS, method=method, **BROWSER, **{"if-none-match": wanted.format(tag)})
        assert (answer.status, answer.body) == (304, b"")
        assert answer.headers == {"Cache-Control": PUBLIC, "ETag": tag, "Vary": "Accept-Encoding"}
    assert django.calls == 1


@pytest.mark.parametrize("wanted", ['"other"', 'W/"other", "x"', ""])
def test_who_has_another_page_gets_this_one(site, tidewater, wanted):
    answer = ask(site, ADDRESS, **{"if-none-match": wanted, "if-modified-since": "Wed, 01 Jan 2099 00:00:00 GMT"})
    assert answer.status == 200


def test_a_page_in_plain_is_not_the_one_that_came_compressed(site, tidewater):
    compressed = ask(site, ADDRESS, **BROWSER).headers["ETag"]
    assert ask(site, ADDRESS, **{"if-none-match": compressed}).status == 200


def test_half_a_page_is_never_kept(site, tidewater):
    whole = ask(site, ADDRESS, range="bytes=0-9", **{"if-range": '"x"'})
    assert whole.status == 200
    assert ask(site, ADDRESS).body == whole.body


# --- What is Django's ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/nothing/", 404),
        ("/profiles/nobody/", 404),
        ("/profiles/tidewater/briefing/", 200),
        ("/profiles/tidewater/confidence/?on=2031-01-01", 400),
        ("/accounts/login/", 200),
        ("/account/", 302),
        ("/account/corner/", 200),
        ("/contact/", 200),
        ("/livez", 200),
        ("/profiles/tidewater", 301),
        ("/profiles/t%C3%AFdewater/", 404),
    ],
)
def test_nothing_else_is_kept(site, django, tidewater, address, status):
    for _again in range(2):
        answer = ask(site, address)
        assert answer.status == status
        assert "public" not in answer.headers.get("Cache-Control", "")
    assert django.calls == 2
    assert not site.shelf.redis.keys("assay:page:*:/*")


def test_a_post_to_a_public_page_is_refused_by_django(site, tidewater):
    ask(site, ADDRESS)
    assert ask(site, ADDRESS, method="POST").status == 403


@pytest.mark.parametrize("host", ["evil.example", "", "localhost:80:80", "a" * 5000])
def test_a_name_that_is_not_ours_is_refused(site, tidewater, host):
    ask(site, ADDRESS)
    assert ask(site, ADDRESS, host=host).status == 400


def test_an_old_address_still_leads_to_the_new_one_with_its_question(site, tidewater):
    ask(site, ADDRESS)
    Profile.objects.filter(pk=tidewater.pk).update(slug="tide")
    answer = ask(site, f"{ADDRESS}confidence/?on=2026-11-01&utm_source=x")
    assert (answer.status, answer.headers["Location"]) == (
        301,
        "/profiles/tide/confidence/?on=2026-11-01&utm_source=x",
    )


def test_a_page_with_a_cookie_or_for_somebody_is_never_kept(site, django, settings):
    @public
    def sets_a_cookie(request):
        response = HttpResponse(b"Hello")
        response["Set-Cookie"] = "who=you"
        return response

    @public
    def varies(request):
        return HttpResponse(b"Hello", headers={"Content-Encoding": "strange"})

    settings.ROOT_URLCONF = type(
        "URLs", (), {"urlpatterns": [path("cookie/", sets_a_cookie), path("varies/", varies), *urlpatterns]}
    )
    for address in ("/cookie/", "/varies/"):
        for _again in range(2):
            assert ask(site, address).status == 200
    assert django.calls == 4


def test_whoever_asks_a_page_sees_nothing_of_who_asked_first(site, settings):
    @public
    def nosy(request):
        told = {name: value for name, value in request.META.items() if name.startswith("HTTP_")}
        return HttpResponse(f"{told} {dict(request.GET)} {request.COOKIES}")

    settings.ROOT_URLCONF = type("URLs", (), {"urlpatterns": [path("nosy/", nosy), *urlpatterns]})
    first = ask(
        site,
        "/nosy/?evil=1",
        cookie="a=b",
        authorization="x",
        **{"accept-language": "de", "hx-request": "true", "x-forwarded-host": "evil.example"},
    )
    assert ask(site, "/nosy/").body == first.body
    assert b"evil" not in first.body
    assert first.body.decode() == "{'HTTP_HOST': 'localhost:8000'} {} {}"


# --- Questions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "same"),
    [
        (f"{ADDRESS}?utm_source=x&fbclid=1", ADDRESS),
        (f"{ADDRESS}?%00=%ff&=&&&", ADDRESS),
        ("/profiles/?page=&q=&unknown=1", "/profiles/"),
        ("/profiles/?region=africa&q=tide", "/profiles/?q=tide&region=africa"),
        ("/profiles/?q=first&q=tide", "/profiles/?q=tide"),
        ("/?page=3", "/"),
    ],
)
def test_what_a_page_does_not_read_makes_no_page_of_its_own(site, django, tidewater, asked, same):
    first = ask(site, same)
    assert ask(site, asked).body == first.body
    assert django.calls == 1


def test_a_question_as_long_as_a_book_is_answered_and_not_kept(site, django, tidewater):
    for _again in range(2):
        assert ask(site, "/profiles/?q=" + "x" * 5000).status == 200
    assert django.calls == 2


def test_strangers_fill_their_own_room_and_push_out_nothing_else(site, django, tidewater, monkeypatch):
    monkeypatch.setattr(kept, "QUESTIONS", Room("questions", 60_000, 300))
    ask(site, ADDRESS)
    for number in range(40):
        ask(site, f"/profiles/?q=word{number}")
    held = int(site.shelf.redis.get("assay:page:questions:bytes"))
    kept_keys = site.shelf.redis.keys("assay:page:*:/profiles/[?]q=*")
    assert held <= 60_000
    assert 0 < len(kept_keys) < 40
    assert held >= sum(site.shelf.redis.hstrlen(key, "identity") for key in kept_keys)
    site.recent.pages.clear()
    made = django.calls
    ask(site, ADDRESS)
    ask(site, "/profiles/?q=word39")
    assert django.calls == made


def test_what_one_process_has_at_hand_is_bounded(site, tidewater):
    site.recent.most = 50_000
    for number in range(20):
        ask(site, f"/profiles/?q=word{number}")
        assert site.recent.size <= 50_000
    assert site.recent.size == sum(page.size for page in site.recent.pages.values()) > 0


def test_a_page_too_large_to_be_kept_is_still_served(site, django, tidewater, monkeypatch):
    monkeypatch.setattr(shelf, "LARGEST", 1000)
    ask(site, ADDRESS)
    assert not site.shelf.redis.keys("assay:page:*:/profiles/*")


# --- Of now -----------------------------------------------------------------------------------------------------------


def by_sql(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


def move(letter="E"):
    with pipeline.editing(by="desk"):
        Publisher.objects.filter(slug="wire").update(reliability=letter)


# What a reader of the profile's page would see change, each by the door it comes through.
EDITS = {
    "a publisher's letter": lambda profile: move(),
    "a publisher's name by SQL": lambda profile: by_sql("UPDATE profiles_publisher SET name = 'Cable'"),
    "a source's title": lambda profile: Source.objects.filter(title="A report").update(title="A memo"),
    "an origin's title": lambda profile: Source.objects.filter(title="The paper").update(title="The book"),
    "a citation": lambda profile: cite(profile, make_source("Another")),
    "a citation's words": lambda profile: by_sql("UPDATE profiles_citation SET establishes = 'It is so.'"),
    "a citation gone": lambda profile: Citation.objects.filter(profile=profile).delete(),
    "a derivation gone": lambda profile: Derivation.objects.all().delete(),
    "a derivation moved": lambda profile: Derivation.objects.update(origin=make_source("Its origin")),
    "a correction": lambda profile: Correction.objects.create(profile=profile, on="2026-02-02", text="Six."),
    "a term's name": lambda profile: Term.objects.filter(slug="africa").update(name="All of Africa"),
    "why a term": lambda profile: FacetValue.objects.update(rationale="It lies there."),
    "a person's name": lambda profile: profile.live_revision.author._meta.model.objects.update(name="W. Writer"),
    "another text": lambda profile: make_revision(profile, live=True, name="Tidewater Two"),
    "a day": lambda profile: Profile.objects.filter(pk=profile.pk).update(last_verified="2026-11-11"),
    "a related profile's name": lambda profile: make_revision(
        Profile.objects.get(slug="neighbour"), live=True, name="The neighbour"
    ),
    "a related profile withdrawn": lambda profile: by_sql(
        "UPDATE profiles_profile SET withdrawn_at = now() WHERE slug = 'neighbour'"
    ),
    "a related profile's score": lambda profile: by_sql(
        "UPDATE profiles_gradingstate SET score = 0.11 WHERE profile_id ="
        " (SELECT id FROM profiles_profile WHERE slug = 'neighbour')"
    ),
    "the score by SQL": lambda profile: by_sql("UPDATE profiles_gradingstate SET verdict = NULL, score = NULL"),
    "a briefing revised": lambda profile: make_briefing(profile, summary="In other words."),
    "a briefing withdrawn": lambda profile: withdraw_briefing(teaser_id=profile.teasers.get().pk),
    "everything cited by TRUNCATE": lambda profile: by_sql("TRUNCATE profiles_citation CASCADE"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_page_shows_every_edit_at_once_and_a_grade_once_it_is_given(site, tidewater, edit):
    before = ask(site, ADDRESS)
    EDITS[edit](tidewater)
    time.sleep(kept.STILL)
    after = ask(site, ADDRESS)
    assert after.body != before.body
    assert after.body == ask(WSGIHandler(), ADDRESS).body
    settle()
    time.sleep(kept.STILL)
    assert ask(site, ADDRESS).body == ask(WSGIHandler(), ADDRESS).body


@pytest.mark.parametrize("address", ["/", "/profiles/", "/profiles/?q=tidewater", "/publishers/", "/publishers/wire/"])
@pytest.mark.parametrize(
    "edit", ["a publisher's letter", "another text", "a related profile withdrawn", "a citation gone"]
)
def test_a_list_shows_every_edit_at_once(site, tidewater, address, edit):
    ask(site, address)
    EDITS[edit](tidewater)
    time.sleep(kept.STILL)
    assert ask(site, address).body == ask(WSGIHandler(), address).body
    settle()
    time.sleep(kept.STILL)
    assert ask(site, address).body == ask(WSGIHandler(), address).body


def test_a_page_edited_on_the_desk_is_new_at_once(site, tidewater):
    ask(site, "/about/")
    Page.objects.filter(slug="about").update(body="Quite another text.")
    time.sleep(kept.STILL)
    assert b"Quite another text." in ask(site, "/about/").body


def test_being_updated_shows_at_once_and_goes_at_once(site, tidewater):
    assert b"being updated" not in ask(site, ADDRESS).body.lower()
    Citation.objects.filter(profile=tidewater).update(credibility=5)
    time.sleep(kept.STILL)
    assert b"being updated" in ask(site, ADDRESS).body.lower()
    settle()
    time.sleep(kept.STILL)
    assert b"being updated" not in ask(site, ADDRESS).body.lower()


def test_a_withdrawn_profile_is_gone_at_once(site, tidewater):
    assert ask(site, ADDRESS).status == 200
    by_sql("UPDATE profiles_profile SET withdrawn_at = now() WHERE slug = 'tidewater'")
    time.sleep(kept.STILL)
    assert ask(site, ADDRESS).status == 410


def test_what_does_not_concern_a_profile_leaves_its_page_kept(site, django, tidewater):
    ask(site, ADDRESS)
    other = make_profile("other", live=False, judgements={"j1": "So."})
    cite(other, make_source("Only a draft cites this"))
    make_briefing(tidewater, live=False, title="Not yet")
    make_term("topic", "A topic nobody has")
    Citation.objects.filter(profile__slug="neighbour").update(establishes="It says so.")
    Source.objects.filter(title="A report").update(title="A report")
    time.sleep(kept.STILL)
    ask(site, ADDRESS)
    assert django.calls == 1


def test_a_page_does_not_outlive_its_day(site, django, tidewater):
    ask(site, ADDRESS)
    tomorrow = datetime.now(UTC).replace(hour=0, minute=0, second=1) + timedelta(days=1)
    with time_machine.travel(tomorrow, tick=True):
        ask(site, ADDRESS)
    assert django.calls == 2


def test_an_edit_that_is_taken_back_leaves_the_page_as_it_was(site, django, tidewater):
    before = ask(site, ADDRESS)
    with transaction.atomic():
        move()
        transaction.set_rollback(True)
    time.sleep(kept.STILL)
    assert ask(site, ADDRESS).body == before.body
    assert django.calls == 1


# A former slug answers 301, which is not kept.
SHOWS_NOTHING = {"profiles_formerslug"}


def test_every_table_that_a_public_page_reads_is_counted(tidewater, client):
    counted = {
        model._meta.db_table
        for model in apps.get_models()
        if any(trigger.name == "shown_change" for trigger in model._meta.original_attrs.get("triggers", []))
    }
    assert "profiles_source" in counted
    pages = 0
    for address in addresses():
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(address)
        if answer.get("Cache-Control") == PUBLIC:
            pages += 1
            asked = " ".join(query["sql"] for query in queries.captured_queries)
            read = set(re.findall(r'(?:FROM|JOIN)\s+"?([a-z]+_[a-z]+)"?', asked))
            assert read - counted - SHOWS_NOTHING == set(), address
    assert pages > 15


# --- Races ------------------------------------------------------------------------------------------------------------


def test_a_page_made_while_an_edit_commits_is_not_kept_as_the_new_one(site, tidewater, monkeypatch):
    """The edit commits when the page has been read and is being written out."""
    in_the_middle, committed = threading.Event(), threading.Event()
    django = site.application

    def slow(environ, start_response):
        response = list(django(environ, start_response))
        in_the_middle.set()
        committed.wait(10)
        return response

    monkeypatch.setattr(site, "application", slow)
    answers = []
    reader = threading.Thread(target=lambda: answers.append(ask(site, ADDRESS)) or connection.close())
    reader.start()
    assert in_the_middle.wait(10)
    Source.objects.filter(title="A report").update(title="A memo")
    committed.set()
    reader.join()
    assert b"A report" in answers[0].body
    time.sleep(kept.STILL)
    assert b"A memo" in ask(site, ADDRESS).body
    site.recent.pages.clear()
    assert b"A memo" in ask(site, ADDRESS).body


def test_an_edit_that_is_not_committed_yet_does_not_keep_the_old_page_under_the_new_number(site, tidewater):
    """The trigger has counted, and nobody may see it before the edit itself."""
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as editor:
        editor.execute("UPDATE profiles_source SET title = 'A memo' WHERE title = 'A report'")
        assert b"A report" in ask(site, ADDRESS).body
        # Somebody else's edit moves the number in between.
        Source.objects.filter(title="The paper").update(title="The book")
        time.sleep(kept.STILL)
        assert b"A report" in ask(site, ADDRESS).body
        editor.commit()
    time.sleep(kept.STILL)
    assert b"A memo" in ask(site, ADDRESS).body


def test_a_page_is_made_from_one_snapshot(site, tidewater, monkeypatch):
    """An edit that commits between two questions of one page is in none of its answers."""
    monkeypatch.setattr("profiles.views.profile.profile_page", edited_in_between(monkeypatch))
    body = ask(site, ADDRESS).body
    monkeypatch.undo()
    time.sleep(kept.STILL)
    assert b"A report" in body
    assert b"A memo" not in body
    assert b"A memo" in ask(site, ADDRESS).body


def edited_in_between(monkeypatch):
    from profiles.views import profile as views

    original = views.profile_page

    def page(profile):
        with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as editor:
            editor.execute("UPDATE profiles_source SET title = 'A memo' WHERE title = 'A report'")
        return original(profile)

    return page


def test_folding_the_counts_changes_no_version(site, django, tidewater):
    ask(site, ADDRESS)
    ask(site, "/")
    rows = "SELECT count(*) FROM config_contentchange"
    before, versions = one(rows), (content.of_everything(), one("SELECT sum(n) FROM config_contentchange"))
    content.fold()
    assert one(rows) < before
    assert (content.of_everything(), one("SELECT sum(n) FROM config_contentchange")) == versions
    time.sleep(kept.STILL)
    ask(site, ADDRESS)
    ask(site, "/")
    assert django.calls == 2


def one(query):
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


def test_no_version_comes_back_after_everything_was_emptied(site):
    before = int(content.of_everything())
    by_sql("TRUNCATE config_contentchange")
    assert int(content.of_everything()) not in range(before - 1000, before + 1000)


def test_many_at_once_make_a_page_once(site, django, tidewater, monkeypatch):
    monkeypatch.setattr(kept, "PATIENCE", 60.0)
    monkeypatch.setattr(shelf, "TURN_MS", 60_000)
    monkeypatch.setattr(shelf, "DRAGGING", 60.0)  # on a busy machine
    readers = [threading.Thread(target=lambda: ask(site, ADDRESS) and connection.close()) for _ in range(8)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert django.calls == 1


def test_whoever_dies_while_making_a_page_holds_up_nobody_for_long(site, django, tidewater):
    version = kept.read(environ(ADDRESS)).version()
    assert site.shelf.take_turn(kept.read(environ(ADDRESS)).key(version))
    started = time.monotonic()
    assert ask(site, ADDRESS).status == 200
    assert kept.PATIENCE <= time.monotonic() - started < kept.PATIENCE + 1.5
    started = time.monotonic()
    assert ask(site, ADDRESS).status == 200
    assert time.monotonic() - started < kept.PATIENCE
    assert django.calls == 1


def test_a_page_that_fails_lets_the_next_one_try(site, tidewater, monkeypatch):
    monkeypatch.setattr("profiles.views.profile.profile_page", lambda profile: 1 / 0)
    assert ask(site, ADDRESS).status == 500
    monkeypatch.undo()
    started = time.monotonic()
    assert ask(site, ADDRESS).status == 200
    assert time.monotonic() - started < kept.PATIENCE


def test_a_new_release_never_serves_pages_of_an_old_one(site, django, tidewater, monkeypatch):
    ask(site, ADDRESS)
    site.recent.pages.clear()
    monkeypatch.setattr(kept, "release", lambda: "another")
    ask(site, ADDRESS)
    assert django.calls == 2
