from datetime import UTC, date, datetime

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from profiles.models import Correction, Figure
from tests.browser.conftest import scrolls_sideways, what_axe_finds
from tests.builders import (
    cite,
    make_person,
    make_profile,
    make_publisher,
    make_source,
    picture,
    settle,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG = "Internationale-Registrierungsstelle-für-Adressbereiche"
STATEMENTS = {
    "j1": "The registry hands out addresses to its members and keeps the record of who holds them.",
    "j2": "The vote of June was annulled by the officer who had called it.",
    "j3": "A single proxy was the reason.",
}
AS_IT_STOOD = f"confidence/?on={datetime.now(UTC).date()}"
PARAGRAPH = "A registry is a record that everyone else relies on, and outsiders have no second book to consult. " * 3


@pytest.fixture
def profile(db):
    """Everything a profile page can show, with names that do not break."""
    make_profile("neighbour", live=True, name="A neighbour", judgements={"j1": "It is."}, cited=True)
    figure = Figure.objects.create(digest="a" * 64, extension="webp", width=640, height=360, filename="drawing")
    default_storage.save(figure.path, ContentFile(picture(width=640, height=360)))
    profile = make_profile(
        "registry",
        live=True,
        name=f"{LONG} of the Region",
        aliases=["The Registry"],
        standfirst="It records internet addresses. Each side announces the rulings it won.",
        judgements=STATEMENTS,
        essential=["j2"],
        facets={"category": "Registry", "region": "Africa", "topic": "Governance", "impact": "High"},
        author=make_person("Wanda Writer"),
        reviewer=make_person("Edith Editor"),
        first_published=date(2024, 11, 12),
        last_verified=date(2026, 1, 5),
        next_review=date(2026, 7, 5),
        base="Amsterdam",
        homepage="https://example.org/" + "a-long-address/" * 8,
        number_resources=["AS64500", "2001:db8::/32"],
        operational_criticality="high",
        time_horizon="next-quarter",
        sections=[{"heading": "What happened", "body": f"{PARAGRAPH}\n\n**Who won.** {PARAGRAPH}\n\n- one\n- two"}],
        what_it_does=["It hands out numbers."],
        why_it_matters=["Nobody else does."],
        what_to_watch=["The next vote."],
        outlook={when: {"headline": "Calm", "body": PARAGRAPH} for when in ("now", "quarter", "year")},
        figure=figure,
        figure_alt="Two lanes of a timeline",
        figure_caption="Two sides, one calendar.",
        figure_credit="Drawn by the desk",
        figure_provenance="Plotted from the dates on this page.",
        related=["neighbour"],
    )
    wire = make_source("A report of an agency that is not cited", publisher=make_publisher("Agency"))
    record = make_source("The registry’s own record", reliability="B", url="https://example.org/record", language="fr")
    cite(profile, record, direct=True, judgements=["j1", "j2"], establishes="It keeps the record.")
    cite(profile, make_source("A retelling", derived_from=[record]), judgements=["j1"])
    cite(profile, make_source("An echo", derived_from=[wire]), judgements=["j2", "j3"])
    cite(profile, make_source("A denial", published_on=None), judgements=["j1", "j3"], stance="disputes")
    cite(profile, make_source("Background", reliability="C"), stance="context")
    Correction.objects.create(profile=profile, on=date(2026, 2, 2), text="It was the 24th.")
    settle()
    record.publisher.reliability = "A"
    record.publisher.save()
    settle()
    assert profile.grades.count() == 2
    return profile


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("tail", ["", "confidence/", AS_IT_STOOD])
def test_axe_finds_nothing_on_a_profile_and_its_working(open_page, profile, tail, scheme):
    for width in (390, 1280):
        page = open_page(f"/profiles/{profile.slug}/{tail}", width=width, scheme=scheme)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert what_axe_finds(page) == []


@pytest.mark.parametrize("tail", ["", "confidence/", AS_IT_STOOD, "confidence/?on=2020-01-01"])
def test_nothing_scrolls_sideways(open_page, profile, tail):
    for width in (320, 390, 820, 1280):
        page = open_page(f"/profiles/registry/{tail}", width=width)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert not scrolls_sideways(page), width


def test_a_phone_s_first_screen_has_name_standfirst_grade_and_the_first_key_judgement(open_page, profile):
    page = open_page("/profiles/registry/", width=390, height=844)
    for selector in ("h1", ".lead", ".score", ".judgements > li:first-child .statement"):
        box = page.locator(selector).first.bounding_box()
        assert box["y"] + min(box["height"], 30) <= 844, selector


def test_the_text_is_large_enough_and_no_line_too_long(open_page, profile):
    page = open_page("/profiles/registry/", width=1280)
    size, width = page.locator(".prose p").first.evaluate(
        "one => [parseFloat(getComputedStyle(one).fontSize), one.getBoundingClientRect().width]"
    )
    assert size >= 16
    assert width / (0.476 * size) <= 72


def test_the_faces_are_our_own_and_nothing_moves_when_they_arrive(open_page, profile):
    page = open_page("/profiles/registry/", width=390)
    page.evaluate("document.fonts.ready")
    assert page.evaluate("[...document.fonts].filter(one => one.status == 'loaded').map(one => one.family)")
    shift = page.evaluate(
        """() => new Promise(done => new PerformanceObserver(list =>
             done(list.getEntries().reduce((sum, one) => sum + one.value, 0)))
             .observe({type: "layout-shift", buffered: true}) || setTimeout(() => done(0), 500))"""
    )
    assert shift <= 0.02


def test_the_keyboard_reaches_the_text_first(open_page, profile):
    page = open_page("/profiles/registry/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the text"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_footnote_leads_to_its_source_and_back(open_page, profile):
    page = open_page("/profiles/registry/")
    page.locator("#judgement-j2 .footnotes a").first.click()
    source = page.locator(":target")
    assert source.get_attribute("class") == "source"
    source.get_by_role("link", name="judgement 2").first.click()
    assert page.locator(":target").get_attribute("id") == "judgement-j2"


def test_in_print_the_sources_have_their_addresses(open_page, profile):
    page = open_page("/profiles/registry/")
    page.emulate_media(media="print")
    shown = page.locator(".source-title a").first.evaluate("one => getComputedStyle(one, '::after').content")
    assert "https://example.org/record" in shown
    assert page.locator(".card-facts").is_visible()
    assert not page.locator(".breadcrumb").is_visible()
