"""Gated text cannot leak: every address of the site, asked in every way by every kind of reader.

Each gated field holds a word that stands nowhere else. Wherever it turns up in an answer to somebody who may not read it,
the walk has found a leak; an address that the walk cannot ask for fails it as well.
"""

import re
import time
from datetime import timedelta

import pgtrigger
import pytest
from django.contrib import admin
from django.core import mail
from django.core.handlers.wsgi import WSGIHandler
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, get_resolver, path
from django.utils import timezone, translation
from django.utils.regex_helper import normalize

from accounts import actions
from accounts.applications.documents import Upload
from accounts.tiers import Tier
from briefings import actions as briefing_actions
from briefings.alerts import tokens
from briefings.models import Briefing, SourceNote, Teaser
from config import languages
from config.kept import STILL, KeptPages, public_page
from config.pagecache import PUBLIC
from config.shelf import Shelf
from config.urls import urlpatterns
from profiles.api import limits
from profiles.models import Intake, IntakeText, Progress, Source
from tests.builders import (
    cite,
    give,
    make_application,
    make_briefing,
    make_note,
    make_profile,
    make_publisher,
    make_source,
    make_user,
)
from tests.config.asking import ask

pytestmark = pytest.mark.django_db

CIRCLE, ALLIANCE, CIRCLE_NOTE, ALLIANCE_NOTE = CANARIES = [f"canary{n}q7zx" for n in range(4)]
SOMEBODY_ELSES = "canary9q7zx"  # in the text of an article that was taken in: for the desk, and for no tier
UNAPPROVED = "canary8q7zx"  # all over a briefing that is being written, its teaser included
FOR_THE_DESK = {SOMEBODY_ELSES, UNAPPROVED}
MAY_READ = {"circle": {CIRCLE, CIRCLE_NOTE}, "alliance": set(CANARIES)}
ON_THE_DESK = {"author", "editor"}  # read what they edit, there and nowhere else
OPEN = "/profiles/tidewater/briefing/"
METHODS = ("GET", "HEAD", "POST")
# What the parameters of an address stand for; those of the desk name a row of their own table.
VALUES = {
    "profile": "tidewater",
    "facets": "africa",
    "publishers": "wire",
    "people": "wanda-writer",
    "facet": "region",
    "key": "a-key",
    "uidb36": "1",
    "digest": "0" * 64,
    "extension": "webp",
    "app_label": "profiles",
    "url": "nowhere/",
    "content_type_id": "1",
    "object_id": "1",
    "pk": "1",
    "id": "1",
    "preview": "x" * 32,
    "persona": "alliance",
    "token": tokens.STOP.sign_object([tokens.FOLLOW, 1, "profile", 1]),
    "secret": "0" * 64,
    "rest": "nowhere/",
    "media": "tidewater",
    "version": "0" * 12,
    "number": "1",
}


@pytest.fixture(autouse=True)
def the_walk_may_ask_as_often_as_it_likes(monkeypatch):
    # An answer that says "too many requests" would hide what the next one holds.
    monkeypatch.setattr(limits, "A_MINUTE", 1_000_000)


@pytest.fixture
def world(db):
    """A live profile with something behind each tier, a withdrawn one and a draft, and every kind of reader."""
    profile = make_profile(
        "tidewater", live=True, name="Tidewater", judgements={"j1": "So."}, facets={"region": "Africa"}
    )
    profiles = [profile, make_profile("draft", name="Draft"), make_profile("gone", live=True, name="Gone")]
    profiles[2].withdrawn_at = timezone.now()
    profiles[2].save()
    source = make_source(publisher=make_publisher("Wire", slug="wire"))
    article = Intake.objects.create(title="An article", progress=Progress.READ, source=source)
    IntakeText.objects.create(intake=article, body=f"{SOMEBODY_ELSES} and so on")
    for one in profiles:
        make_briefing(one, Tier.STRATEGIC_CIRCLE, summary="Public.", contents="Public", body=f"{CIRCLE} text")
        make_briefing(one, Tier.LEADERSHIP_ALLIANCE, title="More", body=f"## {ALLIANCE}")
        told = {"title": f"{UNAPPROVED} title", "summary": UNAPPROVED, "contents": UNAPPROVED}
        make_briefing(one, Tier.STRATEGIC_CIRCLE, live=False, **told, body=f"{UNAPPROVED} text")
        make_note(cite(one, source), f"*{CIRCLE_NOTE}*")
        make_note(cite(one, judgements=[]), ALLIANCE_NOTE, tier=Tier.LEADERSHIP_ALLIANCE)
    return profile


@pytest.fixture
def kept_site(db, settings):
    site = KeptPages(WSGIHandler(), Shelf(settings.REDIS_URL))
    site.shelf.redis.flushdb()
    return site


@pytest.fixture
def personas(world, mina, alma, wanda, edith, otto):
    expired, suspended, now = make_user(), make_user(), timezone.now()
    give(Tier.LEADERSHIP_ALLIANCE, expired, ends_at=now - timedelta(seconds=1))
    give(Tier.LEADERSHIP_ALLIANCE, suspended)
    actions.suspend(user=suspended, by=otto, reason="a test")
    applicant = make_application(upload=Upload("pdf", "extract.pdf", b"%PDF-1.7 %%EOF")).applicant
    readers = {"unverified": make_user(verified=False), "reader": make_user(), "circle": mina, "alliance": alma}
    readers["applicant"] = applicant
    barred = {"expired": expired, "suspended": suspended}
    return {"stranger": None, **readers, **barred, "author": wanda, "editor": edith, "officer": otto}


# --- The walk ---------------------------------------------------------------------------------------------------------


class UnknownRoute(Exception):
    """The walk does not know what to put into this address."""


def routes(resolver=None, prefix=""):
    """Every pattern of the URLconf as one regular expression."""
    for entry in (resolver or get_resolver()).url_patterns:
        whole = prefix + str(entry.pattern.regex.pattern).lstrip("^")
        if isinstance(entry, URLPattern):
            yield whole
        else:
            yield from routes(entry, whole)


def addresses():
    """An address for every route. Raises UnknownRoute where a parameter has no value."""
    return sorted({address for route in routes() for address in filled(route)})


def filled(route):
    for shape, parameters in normalize(route.replace("\\Z", "").replace("(?:", "(?:")):
        table = re.match(r"admin/(\w+)/(\w+)/", shape)
        values = {name: value_of(name, shape, table) for name in parameters}
        yield "/" + shape % values


def value_of(name, shape, table):
    if table and name in {"object_id", "pk"}:
        model = next(
            (m for m in admin.site._registry if (m._meta.app_label, m._meta.model_name) == table.groups()), None
        )
        first = model.objects.first() if model else None
        return str(first.pk) if first else "1"
    if shape.startswith("api/v1/sources/"):
        cited = Source.objects.filter(citations__profile__slug="tidewater").first()
        return str(cited.pk) if cited else "1"
    shape = shape.removeprefix("zh-hans/")
    what = shape.removeprefix("api/v1/").partition("/")[0]
    name = {"slug": what.replace("profiles", "profile")}.get(name, name)
    if shape.startswith("%(slug)s"):
        return "about"
    if name not in VALUES:
        raise UnknownRoute(shape)
    return VALUES[name]


def in_chinese():
    """The same pages below the prefix of the other language."""
    with translation.override(languages.CHINESE.code):
        return [address for address in addresses() if address.startswith("/zh-hans/")]


def leaks(personas, site=None, every=None):
    """A line for every answer that holds what its reader may not read. The site may be one that keeps pages."""
    every = every or addresses()
    cookies = {who: cookie_of(user) for who, user in personas.items()}
    return [
        f"{who} {method} {address}: {canary}"
        for who, cookie in cookies.items()
        for address in every
        if who in ON_THE_DESK | {"stranger", "alliance", "officer"} or not address.startswith("/admin/")
        for method in METHODS
        for canary in said(cookie, method, address, site) - allowed(who, address)
    ]


def allowed(who, address):
    if address.startswith("/admin/") and who in ON_THE_DESK:
        return {*CANARIES, *FOR_THE_DESK}
    return MAY_READ.get(who, set()) if address.removeprefix("/zh-hans") == OPEN else set()


def cookie_of(user):
    """What their browser sends once they have logged in, which takes longer than most answers do."""
    client = Client()
    if user:
        client.force_login(user)
    return "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())


def said(cookie, method, address, site=None):
    """The canaries in an answer: in its body, headers and cookies. Whatever the question did is undone."""
    with transaction.atomic():
        whole = through(site, cookie, method, address) if site else plainly(cookie, method, address)
        transaction.set_rollback(True)
    return {canary for canary in (*CANARIES, *FOR_THE_DESK) if canary in whole}


def plainly(cookie, method, address):
    response = Client(raise_request_exception=False).generic(method, address, HTTP_COOKIE=cookie)
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return body.decode(errors="replace") + str(response.headers) + str(response.cookies)


def through(site, cookie, method, address):
    answer = ask(site, address, method=method, cookie=cookie)
    return answer.body.decode(errors="replace") + str(answer.headers)


class ModuleWith:
    """A URLconf of these patterns, compared by identity."""

    def __init__(self, urlpatterns):
        self.urlpatterns = urlpatterns


def test_no_answer_holds_what_its_reader_may_not_read(personas):
    assert leaks(personas) == []
    assert not [
        message
        for message in mail.outbox
        if any(canary in message.as_string() for canary in (*CANARIES, *FOR_THE_DESK))
    ]


def test_no_answer_of_a_site_that_keeps_pages_holds_it_whoever_came_before(personas, kept_site):
    entitled_first = {who: personas[who] for who in ("alliance", "circle", *personas)}
    # Nothing of the desk is ever kept, and the walk before this one has been there.
    on_the_desk = {address for address in addresses() if address.startswith("/admin/")}
    assert not any(map(public_page, on_the_desk))
    assert leaks(entitled_first, kept_site, sorted({*addresses()} - on_the_desk)) == []
    assert not [
        key
        for key in kept_site.shelf.redis.keys("assay:page:*:/*")
        if any(canary.encode() in kept_site.shelf.redis.hget(key, "identity") for canary in (*CANARIES, *FOR_THE_DESK))
    ]
    assert kept_site.shelf.redis.keys("assay:page:*:/profiles/tidewater/[?]")
    assert not kept_site.shelf.redis.keys("assay:page:*:/profiles/tidewater/briefing/*")


def test_nor_does_an_answer_in_the_other_language(personas, kept_site):
    # What a page says does not depend on its language; one who may read and one who may not are enough.
    some = {who: personas[who] for who in ("alliance", "stranger")}
    assert leaks(some, kept_site, in_chinese()) == []
    assert said(cookie_of(personas["alliance"]), "GET", f"/zh-hans{OPEN}") == set(CANARIES)
    assert kept_site.shelf.redis.keys("assay:page:*:/zh-hans/profiles/tidewater/[?]")
    assert not kept_site.shelf.redis.keys("assay:page:*:/zh-hans/profiles/tidewater/briefing/*")


def test_the_walk_meets_what_it_looks_for(personas):
    assert said(cookie_of(personas["alliance"]), "GET", OPEN) == set(CANARIES)
    assert said(cookie_of(personas["circle"]), "GET", OPEN) == {CIRCLE, CIRCLE_NOTE}
    article = f"/admin/profiles/intake/{Intake.objects.get().pk}/change/"
    assert said(cookie_of(personas["author"]), "GET", article) == {SOMEBODY_ELSES}
    draft = Teaser.objects.get(profile__slug="tidewater", approved_at=None)
    assert said(cookie_of(personas["author"]), "GET", f"/admin/briefings/teaser/{draft.pk}/change/") == {UNAPPROVED}
    for address in (
        "/",
        "/profiles/tidewater/",
        OPEN,
        "/accounts/login/",
        "/admin/",
        "/facets/region/africa/",
        "/about/",
        "/api/v1/profiles/tidewater/",
        "/api/v1/publishers/wire/",
        "/api/v1/grades.csv",
    ):
        assert address in addresses()


def test_the_walk_fails_at_an_address_it_does_not_know(settings):
    settings.ROOT_URLCONF = ModuleWith([*urlpatterns, path("new/<slug:unheard_of>/", lambda request: None)])
    with pytest.raises(UnknownRoute, match="new/"):
        addresses()


def test_the_walk_finds_a_page_that_prints_a_gated_field(personas, settings):
    def careless(request):
        return HttpResponse(Briefing.objects.first().body)

    settings.ROOT_URLCONF = ModuleWith([path("careless/", careless), *urlpatterns])
    only = {"stranger": None}
    assert f"stranger GET /careless/: {CIRCLE}" in leaks(only)


# --- Non-interference ----------------------------------------------------------------------------------------------------


def test_a_stranger_cannot_tell_that_gated_text_has_changed(world):
    before = {address: told(address) for address in addresses() if not address.startswith(("/admin/", "/accounts/"))}
    say_something_else()
    assert {address: told(address) for address in before} == before


def test_nor_can_they_tell_on_a_site_that_keeps_pages(world, kept_site):
    answers = {
        address: ask(kept_site, address) for address in addresses() if not address.startswith(("/admin/", "/account"))
    }
    before = {at: answer for at, answer in answers.items() if answer.headers.get("Cache-Control") == PUBLIC}
    assert "/profiles/tidewater/" in before
    kept = set(kept_site.shelf.redis.keys("assay:page:*:/*"))
    say_something_else()
    time.sleep(STILL)
    assert {address: ask(kept_site, address) for address in before} == before
    assert set(kept_site.shelf.redis.keys("assay:page:*:/*")) == kept


def say_something_else():
    with pgtrigger.ignore("briefings.Briefing:approved_body_stays"):
        Briefing.objects.update(body="Something else altogether, and longer. " * 20)
    SourceNote.objects.update(body="Another note.")
    # Nor can it be told that somebody is writing, or what.
    briefing_actions.send_to_review(teaser_id=Teaser.objects.filter(approved_at=None).first().pk)
    Teaser.objects.filter(approved_at=None).update(title="Not yet")


def told(address):
    client = Client(raise_request_exception=False)
    response = client.get(address)
    body = b"".join(response.streaming_content) if response.streaming else response.content
    # A token and the moment are new each time.
    plain = re.sub(rb'name="csrfmiddlewaretoken" value="\w+"', b"", body)
    return response.status_code, plain, sorted(response.headers.items())
