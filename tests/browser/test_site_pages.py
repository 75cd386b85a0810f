from datetime import date

import pytest

from profiles.models import Correction, Profile
from tests.browser.conftest import scrolls_sideways, what_axe_finds
from tests.builders import (
    cite,
    make_briefing,
    make_note,
    make_person,
    make_profile,
    make_publisher,
    make_source,
    settle,
)
from tests.profiles.test_views_site import write_first_pages

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG = "Internationale-Registrierungsstelle-der-Adressbereiche"
UNBROKEN = "Adressbereichsregistrierungsstellenverwaltung" * 4
ADDRESSES = [
    "/",
    "/profiles/",
    "/profiles/?q=registry&region=africa&kind=castle",
    "/profiles/?q=nothing-of-the-kind&kind=registry",
    "/profiles/registry/",
    "/profiles/registry/confidence/",
    "/profiles/registry/briefing/",
    "/profiles/neighbour/",
    "/facets/region/africa/",
    "/publishers/",
    "/publishers/wire/",
    "/people/wanda-writer/",
    "/corrections/",
    "/methodology/",
    "/membership/",
    "/membership/strategic-circle/",
    "/membership/leadership-alliance/",
    "/privacy/",
    "/api/",
    "/contact/?profile=registry",
]


@pytest.fixture
def site(db) -> Profile:
    """Something on every page, with names that do not break."""
    write_first_pages()
    wire = make_publisher(f"{UNBROKEN} Wire", slug="wire", reliability_reason="It corrects itself.")
    text = {"standfirst": "It records internet addresses.", "author": make_person("Wanda Writer"), "kind": "registry"}
    facets = {"region": "Africa", "topic": LONG}
    name = f"{UNBROKEN} Registry"
    profile = make_profile("registry", live=True, name=name, judgements={"j1": "It is so."}, facets=facets, **text)
    make_profile("neighbour", live=True, name="A neighbour", facets={"region": "Europe"}, related=["registry"])
    make_note(cite(profile, make_source(UNBROKEN, publisher=wire, url="https://example.org/" + "long/" * 40)))
    make_briefing(profile, title=LONG, summary="In short.", contents="One\nTwo")
    later = Correction.objects.create(profile=profile, on=date(2026, 2, 2), text="It was six.")
    Correction.objects.create(profile=profile, on=date(2026, 1, 2), text="It was five.", superseded_by=later)
    settle()
    wire.reliability = "A"
    wire.save()
    settle()
    return profile


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (1280, "dark")])
def test_no_page_of_the_site_scrolls_sideways_or_breaks_a_rule_of_access(site, open_page, width, scheme):
    page = open_page("/", width=width, scheme=scheme)
    for address in ADDRESSES:
        page.goto(address)
        assert not scrolls_sideways(page), address
        assert what_axe_finds(page) == [], address


def test_facets_stand_open_where_there_is_room_and_open_on_request_elsewhere(site, open_page):
    wide, phone = open_page("/profiles/"), open_page("/profiles/", width=390)
    africa = "role=link[name='Africa']"
    assert wide.locator(f".facets >> {africa}").is_visible()
    assert not phone.locator(f".facets >> {africa}").is_visible()
    phone.get_by_text("Narrow the list").click()
    phone.locator(f".facets >> {africa}").click()
    phone.wait_for_url("**/profiles/?region=africa")
    assert phone.locator(".profile-row").count() == 1


def test_a_reader_searches_narrows_and_takes_a_condition_away(site, open_page):
    page = open_page("/")
    page.get_by_role("main").get_by_role("searchbox").fill("neighbour")
    page.get_by_role("button", name="Search").click()
    assert page.locator(".profile-row h3").all_inner_texts() == ["A neighbour"]
    page.get_by_role("link", name="Remove “neighbour”").click()
    page.wait_for_url("**/profiles/")
    assert page.locator(".profile-row").count() == 2


def test_a_reader_reports_an_error(site, open_page):
    page = open_page("/contact/?profile=registry")
    page.get_by_role("button", name="Send the report").click()
    assert "Please write what we should look at." in page.get_by_role("main").inner_text()
    page.get_by_label("Your message").fill("The date is wrong.")
    page.get_by_role("button", name="Send the report").click()
    page.wait_for_url("**/contact/thanks/")
    assert site.tickets.get().message == "The date is wrong."
