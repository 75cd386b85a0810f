import importlib
import re
from datetime import UTC, date, datetime
from hashlib import blake2b
from html import unescape
from xml.etree import ElementTree

import pgtrigger
import pytest
from django.apps import apps
from django.test import Client
from django.urls import get_resolver

from briefings.models import Briefing
from config.pagecache import PUBLIC
from profiles.grading import method
from profiles.grading.scale import SCALE
from profiles.models import Correction, FormerSlug, Page, Profile, Ticket
from tests.builders import cite, make_briefing, make_note, make_person, make_profile, make_publisher, make_source
from tests.profiles.test_views_finding import graded

pytestmark = pytest.mark.django_db


def write_first_pages() -> None:
    # A test that commits empties every table, what migrations wrote included.
    importlib.import_module("profiles.migrations.0003_first_pages").write_pages(apps, None)


@pytest.fixture(autouse=True)
def first_pages(db):
    write_first_pages()


@pytest.fixture
def tidewater() -> Profile:
    """A live profile with everything that has an address."""
    people = {"author": make_person("Wanda Writer"), "reviewer": make_person("Edith Editor")}
    text = {"facets": {"region": "Africa"}, "judgements": {"j1": "It is so."}, **people}
    profile = make_profile("tidewater", live=True, name="Tidewater", **text)
    cite(profile, make_source(publisher=make_publisher("Example Wire", slug="wire")))
    Correction.objects.create(profile=profile, on=date(2026, 9, 1), text="It was five.")
    return graded(profile, "0.47", "0.64")


# --- Every public page -------------------------------------------------------------------------------------------------

PUBLIC_PAGES = {
    "home": "/",
    "profile_list": "/profiles/?q=tide&region=africa",
    "profile_detail": "/profiles/tidewater/",
    "profile_confidence": "/profiles/tidewater/confidence/",
    "profile_feed": "/profiles/tidewater/feed/",
    "term_detail": "/facets/region/africa/",
    "publisher_list": "/publishers/",
    "publisher_detail": "/publishers/wire/",
    "person_detail": "/people/wanda-writer/",
    "correction_list": "/corrections/",
    "methodology": "/methodology/",
    "membership": "/membership/",
    "strategic_circle": "/membership/strategic-circle/",
    "leadership_alliance": "/membership/leadership-alliance/",
    "page_detail": "/privacy/",
    "term_feed": "/facets/region/africa/feed/",
    "cite_bib": "/profiles/tidewater/cite.bib",
    "cite_csl": "/profiles/tidewater/cite.json",
    "feed": "/feed/",
    "grade_feed": "/feed/grades/",
    "sitemap": "/sitemap.xml",
    "sitemap_part": "/sitemap-1.xml",
    "robots": "/robots.txt",
}
# Those that people read have a second language; what programs read has none.
IN_CHINESE = {
    f"zh_{name}": f"/zh-hans{address}"
    for name, address in PUBLIC_PAGES.items()
    if address.endswith("/") and "feed" not in address
}
EVERY_PAGE = PUBLIC_PAGES | IN_CHINESE
# A form with a token, its answer, and files with headers of their own.
APART = {"contact", "contact_thanks", "figure", "card"}


def test_the_walk_below_knows_every_page_of_the_profiles():
    in_each_language, *others = get_resolver("profiles.urls").url_patterns
    names = {pattern.name for pattern in [*in_each_language.url_patterns, *others]}
    assert names == PUBLIC_PAGES.keys() | APART


@pytest.mark.parametrize("address", EVERY_PAGE.values(), ids=EVERY_PAGE.keys())
def test_a_public_page_is_the_same_bytes_for_everybody(client, tidewater, mina, edith, address):
    response = client.get(address)
    assert response.status_code == 200
    assert response["Cache-Control"] == PUBLIC
    assert response["ETag"] == f'"{blake2b(response.content, digest_size=16).hexdigest()}"'
    assert "Cookie" not in response.get("Vary", "")
    assert not response.cookies
    for somebody in (mina, edith):
        member = Client()
        member.force_login(somebody)
        answer = member.get(address)
        assert (answer.content, answer["ETag"], answer["Cache-Control"]) == (response.content, response["ETag"], PUBLIC)
        assert not answer.cookies
        assert "Cookie" not in answer.get("Vary", "")


@pytest.mark.parametrize("address", PUBLIC_PAGES.values(), ids=PUBLIC_PAGES.keys())
def test_a_public_page_that_has_not_changed_is_not_sent_again(client, tidewater, address):
    response = client.get(address, headers={"if-none-match": client.get(address)["ETag"]})
    assert (response.status_code, response.content) == (304, b"")
    assert response["Cache-Control"] == PUBLIC
    assert not response.cookies


@pytest.mark.parametrize("address", PUBLIC_PAGES.values(), ids=PUBLIC_PAGES.keys())
def test_a_public_page_takes_no_posts(client, tidewater, address):
    assert client.post(address).status_code == 405


@pytest.mark.parametrize("address", EVERY_PAGE.values(), ids=EVERY_PAGE.keys())
def test_what_is_gated_changes_no_byte_of_a_public_page(client, tidewater, address):
    briefing = make_briefing(tidewater, body="As it was.")
    before = client.get(address)
    with pgtrigger.ignore("briefings.Briefing:approved_body_stays"):
        Briefing.objects.filter(pk=briefing.pk).update(body="canary-body")
    make_briefing(tidewater, live=False, title="canary-title", summary="canary-summary", body="canary-draft")
    make_note(tidewater.citations.first(), body="canary-note")
    after = client.get(address)
    assert (after.content, after["ETag"]) == (before.content, before["ETag"])


@pytest.mark.parametrize("address", IN_CHINESE.values(), ids=IN_CHINESE.keys())
def test_neither_a_header_nor_a_cookie_decides_the_language_of_a_page(client, tidewater, address):
    for one, tag in ((address.removeprefix("/zh-hans"), "en"), (address, "zh-Hans")):
        plain = client.get(one)
        assert f'<html lang="{tag}">' in plain.text
        client.cookies["django_language"] = "zh-hans" if tag == "en" else "en"
        asked = client.get(one, headers={"accept-language": "zh-CN,zh;q=0.9" if tag == "en" else "en"})
        assert (asked.content, asked["ETag"]) == (plain.content, plain["ETag"])
        assert not asked.cookies
        assert "Vary" not in asked


@pytest.mark.parametrize("address", IN_CHINESE.values(), ids=IN_CHINESE.keys())
def test_the_versions_of_a_page_name_each_other(client, tidewater, settings, address):
    english = address.removeprefix("/zh-hans")
    versions = [("en", english), ("zh-Hans", address), ("x-default", english)]
    for one in (english, address):
        html = client.get(one).text
        assert re.findall(r'<link rel="alternate" hreflang="([^"]+)" href="([^"]+)">', html) == [
            (tag, f"{settings.SITE_URL}{path}") for tag, path in versions
        ]
        other = english if one == address else address
        assert re.search(rf'<a href="{other}" lang="[^"]+" hreflang="[^"]+">', html)


def test_what_machines_take_from_a_page_is_the_same_in_each_language(client, tidewater):
    english, chinese = (client.get(f"{prefix}/profiles/tidewater/").text for prefix in ("", "/zh-hans"))
    for taken in (
        r'<script type="application/ld\+json">(.*?)</script>',
        r"<pre[^>]*>(@misc.*?)</pre>",
        r'og:image" content="([^"]+)"',
    ):
        assert re.findall(taken, english, re.DOTALL) == re.findall(taken, chinese, re.DOTALL) != []


@pytest.mark.parametrize("address", [address for address in EVERY_PAGE.values() if "." not in address])
def test_a_public_page_keeps_to_what_the_content_security_policy_allows(client, tidewater, address):
    html = client.get(address).content.decode()
    assert " style=" not in html
    assert "<style" not in html
    assert "csrfmiddlewaretoken" not in html


# --- Methodology -------------------------------------------------------------------------------------------------------


def test_the_methodology_prints_the_scale_as_it_is(client):
    html = client.get("/methodology/").content.decode()
    for band in SCALE:
        assert f">{band.span}<" in html
        assert f"Grade {band.letters}<" in html
        assert f"<td>{band.label}</td>" in html


def test_the_methodology_prints_the_methods_own_numbers(client):
    words = re.sub(r"<[^>]+>", "", client.get("/methodology/").content.decode())
    for letter, weight in method.WEIGHT.items():
        assert re.search(rf"Reliability {letter}\D+{weight:.3f}", words)
    for number in (
        f"version {method.METHOD_VERSION} of the method",
        f"Second-hand is {method.SECOND_HAND:g}",
        f"in full for {method.FRESH_DAYS} days",
        f"halves every {method.HALF_LIFE_DAYS} days",
        f"falls below {method.OLDEST:g}",
        f"undated source has {method.UNDATED:g}",
        f"counts for {method.DISCOUNT:g} of the one before",
        f"Disputes count {method.DISPUTE:g} times",
        f"At most {method.DISPUTED_CAP:.2f} while",
        f"At most {method.INDIRECT_CAP:.2f} unless",
        f"age factor of at least {method.LIFTING_AGE:g}",
        f"At most {method.CERTAIN_CAP:.2f}, always",
    ):
        assert number in words


def test_the_examples_are_worked_out_by_the_method(client):
    examples = {str(one.words): one.score for one in client.get("/methodology/").context["method"].examples}
    assert list(examples.values()) == [
        "0.00", "0.47", "0.47", "0.76", "0.89", "0.57", "0.92", "0.55", "0.72", "0.98", "0.74", "0.14",
    ]  # fmt: skip


def test_the_methodology_says_what_was_not_measured(client):
    assert "Not measured at all:" in client.get("/methodology/").content.decode()


# --- Contact -----------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def empty_cache(settings):
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "contact", "TIMEOUT": 1}
    }
    from django.core.cache import cache

    cache.clear()


def test_a_report_becomes_a_ticket_about_its_profile(client, tidewater):
    report = {"message": "The date is wrong.", "name": "Rita", "email": "rita@example.org"}
    response = client.post("/contact/?profile=tidewater", report)
    assert (response.status_code, response["Location"]) == (302, "/contact/thanks/")
    ticket = Ticket.objects.get()
    assert (ticket.profile, ticket.message, ticket.name, ticket.email) == (tidewater, *report.values())
    assert b"on the desk" in client.get("/contact/thanks/").content


def test_nobody_needs_to_say_who_they_are(client):
    client.post("/contact/", {"message": "The date is wrong."})
    ticket = Ticket.objects.get()
    assert (ticket.profile, ticket.name, ticket.email) == (None, "", "")


def test_the_contact_page_belongs_to_one_reader(client, tidewater):
    response = client.get("/contact/?profile=tidewater")
    assert response["Cache-Control"] == "private, no-store"
    assert "csrfmiddlewaretoken" in response.content.decode()
    assert "Tidewater" in response.content.decode()


def test_a_report_without_its_token_is_refused():
    client = Client(enforce_csrf_checks=True)
    assert client.post("/contact/", {"message": "The date is wrong."}).status_code == 403
    assert not Ticket.objects.exists()


def test_an_error_keeps_what_was_typed_and_stands_beside_its_field(client):
    response = client.post("/contact/", {"message": "The <date> is wrong.", "email": "nobody"})
    html = response.content.decode()
    assert response.status_code == 200
    assert "The &lt;date&gt; is wrong.</textarea>" in html
    assert 'value="nobody"' in html
    assert "This does not look like an email address." in html
    assert not Ticket.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"message": "   "},
        {"message": "a" * 5001},
        {"message": "with a \x00 in it"},
        {"message": "Fine.", "name": "a" * 201},
        {"message": "Fine.", "email": f"{'a' * 300}@example.org"},
    ],
)
def test_a_report_that_says_nothing_or_too_much_is_not_filed(client, fields):
    assert "was not sent" in client.post("/contact/", fields).content.decode()
    assert not Ticket.objects.exists()


def test_a_program_that_fills_in_every_field_is_thanked_and_not_filed(client):
    response = client.post("/contact/", {"message": "Buy now", "website": "https://example.org"})
    assert response["Location"] == "/contact/thanks/"
    assert not Ticket.objects.exists()


def test_one_address_files_five_reports_an_hour(client):
    for _ in range(5):
        assert client.post("/contact/", {"message": "Again."}).status_code == 302
    response = client.post("/contact/", {"message": "And again."})
    assert response.status_code == 429
    assert "And again.</textarea>" in response.content.decode()
    assert Ticket.objects.count() == 5
    assert client.post("/contact/", {"message": "Mine."}, REMOTE_ADDR="203.0.113.9").status_code == 302


@pytest.mark.parametrize("slug", ["draft", "unknown", "%00", "..%2F", "A", "a" * 5000, ""])
def test_a_report_about_a_profile_that_nobody_sees_is_a_report_about_none(client, slug):
    make_profile("draft", name="Secret Draft")
    response = client.get(f"/contact/?profile={slug}")
    assert response.status_code == 200
    assert "Secret" not in response.content.decode()
    assert client.post(f"/contact/?profile={slug}", {"message": "Wrong."}).status_code == 302
    assert Ticket.objects.get().profile is None


# --- Membership and pages ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/membership/", ["Strategic Circle", "Leadership Alliance", "within five working days", "Price:"]),
        ("/membership/strategic-circle/", ["Anyone.", "<dd>None.</dd>", "Deeper Profile Context"]),
        ("/membership/leadership-alliance/", ["IP address resources", "up to five working days", "<dd>None.</dd>"]),
    ],
)
def test_membership_says_who_what_and_how_much(client, address, words):
    html = client.get(address).content.decode()
    for said in [*words, 'href="/accounts/signup/']:
        assert said in html


@pytest.mark.parametrize(
    "address", ["/membership/", "/membership/strategic-circle/", "/membership/leadership-alliance/"]
)
def test_every_link_of_the_membership_pages_leads_somewhere(client, address):
    main = client.get(address).content.decode().partition("<main")[2].partition("</main>")[0]
    links = re.findall(r'href="([^"]+)"', main)
    assert links
    assert {client.get(link, follow=True).status_code for link in links} == {200}


@pytest.mark.parametrize("slug", ["about", "privacy", "terms"])
def test_the_first_pages_are_written(client, slug):
    html = client.get(f"/{slug}/").content.decode()
    assert html.count("<h1") == 1
    assert "<h2>" in html
    links = re.findall(r'href="(/[^"]*)"', html.partition("<main")[2].partition("</main>")[0])
    assert {client.get(link).status_code for link in links} <= {200}


def test_a_page_is_edited_as_markdown_that_can_do_no_harm(client):
    Page.objects.filter(slug="about").update(body="*Hello* <script>alert(1)</script> [x](javascript:alert(1))")
    html = client.get("/about/").content.decode()
    assert "<em>Hello</em>" in html
    assert "<script>alert" not in html
    assert 'href="javascript' not in html


def test_a_page_that_was_taken_away_is_not_found(client):
    Page.objects.filter(slug="about").delete()
    assert client.get("/about/").status_code == 404


# --- What machines read ------------------------------------------------------------------------------------------------


def sitemap(client, address="/sitemap.xml") -> dict[str, str]:
    response = client.get(address)
    assert response["Content-Type"] == "application/xml; charset=utf-8"
    name = {"": "http://www.sitemaps.org/schemas/sitemap/0.9"}
    urls = ElementTree.fromstring(response.content).findall("url", name)
    return {url.findtext("loc", "", name): url.findtext("lastmod", "", name) for url in urls}


def test_the_sitemap_lists_what_is_public_and_every_address_answers(client, tidewater, settings):
    found = [address.removeprefix(settings.SITE_URL) for address in sitemap(client)]
    for path in (
        "/",
        "/profiles/tidewater/",
        "/publishers/wire/",
        "/facets/region/africa/",
        "/people/wanda-writer/",
        "/terms/",
    ):
        assert path in found
    assert {client.get(path)["Cache-Control"] for path in found} == {PUBLIC}
    assert {client.get(path).status_code for path in found} == {200}


def test_the_sitemap_names_the_versions_of_a_page(client, tidewater, settings):
    page, link = "{http://www.sitemaps.org/schemas/sitemap/0.9}", "{http://www.w3.org/1999/xhtml}link"
    urls = ElementTree.fromstring(client.get("/sitemap.xml").content)
    named = {
        url.findtext(f"{page}loc"): {one.get("hreflang"): one.get("href") for one in url.findall(link)} for url in urls
    }
    english, chinese = (f"{settings.SITE_URL}{path}" for path in ("/publishers/wire/", "/zh-hans/publishers/wire/"))
    assert named[english] == named[chinese] == {"en": english, "zh-Hans": chinese, "x-default": english}
    assert named[f"{settings.SITE_URL}/api/"] == {}


def test_the_sitemap_keeps_quiet_about_drafts(client):
    draft = make_profile("draft", facets={"topic": "Merger"}, author=make_person("Wanda Writer"))
    cite(draft, make_source(publisher=make_publisher(slug="wire")))
    assert not [url for url in sitemap(client) if re.search("draft|merger|wanda|wire", url)]


def test_a_profile_last_changed_with_its_text_or_its_grade(client, settings):
    profile = make_profile("tidewater", live=True)
    approved = profile.live_revision.approved_at
    graded(profile, "0.5", at=datetime(2020, 1, 1, tzinfo=UTC))
    address = f"{settings.SITE_URL}/profiles/tidewater/"
    assert datetime.fromisoformat(sitemap(client)[address]) == approved
    FormerSlug.objects.create(slug="old-name", profile=profile)
    late = make_profile("lighthouse", live=True)
    graded(late, "0.5", at=datetime(2040, 1, 1, tzinfo=UTC))
    found = sitemap(client)
    assert found[f"{settings.SITE_URL}/profiles/lighthouse/"] == "2040-01-01T00:00:01+00:00"
    assert not [url for url in found if "old-name" in url]


def test_more_addresses_than_one_sitemap_may_hold_are_listed_by_an_index(client, tidewater, settings, monkeypatch):
    whole = sitemap(client)
    monkeypatch.setattr("profiles.sitemaps.LARGEST", 5)
    name = {"": "http://www.sitemaps.org/schemas/sitemap/0.9"}
    index = ElementTree.fromstring(client.get("/sitemap.xml").content)
    assert index.tag.endswith("sitemapindex")
    parts = [one.text.removeprefix(settings.SITE_URL) for one in index.findall("sitemap/loc", name)]
    assert parts[0] == "/sitemap-1.xml"
    found = [sitemap(client, part) for part in parts]
    assert max(map(len, found)) == 5
    assert {address: day for part in found for address, day in part.items()} == whole
    assert client.get(f"/sitemap-{len(parts) + 1}.xml").status_code == 404
    assert client.get("/sitemap-0.xml").status_code == 404


# A list in another order, or an earlier day, is the same page; a second page of a list is one of its own.
ADDRESSES_OF_PAGES = {
    **{name: address for name, address in EVERY_PAGE.items() if address.endswith("/") and "feed" not in address},
    "documentation": "/api/",
    "searched": "/profiles/?q=tide&region=africa",
}


@pytest.mark.parametrize("address", ADDRESSES_OF_PAGES.values(), ids=ADDRESSES_OF_PAGES.keys())
def test_a_public_page_names_its_own_address_and_only_one(client, tidewater, settings, address):
    html = client.get(address).content.decode()
    named = re.findall(r'<link rel="canonical" href="([^"]+)">', html)
    assert [unescape(one) for one in named] == [f"{settings.SITE_URL}{address}"]


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ("/profiles/tidewater/?utm_source=x", "/profiles/tidewater/"),
        ("/profiles/tidewater/confidence/?on=2026-03-01", "/profiles/tidewater/confidence/"),
        ("/publishers/?page=7", "/publishers/"),
        ("/profiles/?page=1&q=tide&x=y", "/profiles/?q=tide"),
    ],
)
def test_other_ways_to_a_page_name_the_one_address(client, tidewater, settings, asked, named):
    assert f'<link rel="canonical" href="{settings.SITE_URL}{named}">' in client.get(asked).content.decode()


@pytest.mark.parametrize("address", ["/nowhere/", "/profiles/nobody/", "/accounts/login/", "/contact/"])
def test_a_page_that_is_nobodys_to_keep_names_none(client, address):
    assert "canonical" not in client.get(address).content.decode()


def test_robots_are_kept_out_of_what_is_private(client, settings):
    assert client.get("/robots.txt").content.decode() == (
        "User-agent: *\nDisallow: /admin/\nDisallow: /accounts/\nDisallow: /account/\n"
        "Disallow: /zh-hans/accounts/\nDisallow: /zh-hans/account/\n\n"
        f"Sitemap: {settings.SITE_URL}/sitemap.xml\n"
    )
