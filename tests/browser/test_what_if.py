"""The panel of the desk in a real Chromium: it moves while an editor types, and nothing is saved."""

import re

import pytest

from profiles.models import Citation, Derivation, Mark, Publisher, Touch
from tests.browser.conftest import log_in, scrolls_sideways, what_axe_finds
from tests.builders import cite, make_profile, make_publisher, make_source, settle

pytestmark = pytest.mark.django_db(transaction=True)

STATEMENTS = {"j1": "It was founded in 2004.", "j2": "It is large."}


@pytest.fixture
def profile(edith):
    profile = make_profile("example", name="Example Registry", live=True, judgements=STATEMENTS)
    cite(profile, make_source("The report", publisher=make_publisher("Example Wire", reliability="B")))
    make_source("The filing", publisher=make_publisher("The court", reliability="C"))
    settle()
    return profile


@pytest.fixture
def desk(open_page, edith):
    """Open a form of the desk, logged in as the editor."""

    def open_at(path, **window):
        page = open_page("/accounts/login/", **window)
        log_in(page, edith)
        page.goto(path)
        return page

    return open_at


def says(page, sentence):
    """Wait until the panel says this; whatever it said before is gone by then."""
    page.wait_for_function(
        "said => document.querySelector('#what-if [data-said]:not([aria-busy])')?.innerText.replace(/\\s+/g, ' ').includes(said)",
        arg=sentence,
    )
    return re.sub(r"\s+", " ", page.inner_text("#what-if"))


def choose(page, field, text):
    """Pick from one of the admin's choosers, as a person would."""
    page.click(f"#id_{field} + .select2")
    page.keyboard.type(text)
    page.click(f".select2-results__option:has-text('{text}')")


def test_a_citation_moves_the_panel_while_it_is_filled_in(desk, profile):
    page = desk(f"/admin/profiles/profile/{profile.pk}/change/")
    says(page, "Now 0.47 · Grade C/D — Weak–medium; with this the same")
    page.click("text=Add another Citation")
    choose(page, "citations-1-source", "The filing")
    page.select_option("#id_citations-1-credibility", "2")
    page.check("#id_citations-1-direct")
    says(page, "is attached to no judgement, so it takes no part in the grade.")
    page.locator("[name=citations-1-rests]").first.check()
    panel = says(page, "→ with this 0.81 · Grade A/B — Strong")
    assert "one independent source → two independent sources, one of them direct" in panel
    page.select_option("#id_citations-1-stance", "disputes")
    says(page, "→ with this 0.08 · Grade D — Internal monitoring")
    page.reload()
    says(page, "with this the same")
    assert (Citation.objects.count(), Mark.objects.count(), Touch.objects.count()) == (1, 0, 0)


def test_a_row_taken_away_again_moves_the_panel_back(desk, profile):
    page = desk(f"/admin/profiles/profile/{profile.pk}/change/")
    says(page, "with this the same")
    page.click("text=Add another Citation")
    page.select_option("#id_citations-1-credibility", "2")
    says(page, "Citation 2 is not complete, so it is left out: Source: This field is required.")
    page.click("#citations-1 .inline-deletelink")
    page.wait_for_function("() => !document.querySelector('#what-if').innerText.includes('left out')")
    says(page, "with this the same")


def test_a_derivation_and_a_letter_move_the_panel(desk, profile):
    report = profile.citations.get().source
    page = desk(f"/admin/profiles/source/{report.pk}/change/")
    says(page, "with this the same")
    page.click("text=Add another Source that this one repeats")
    choose(page, "derivations-0-origin", "The filing")
    says(page, "Next best step: Cite “The filing” (The court) itself: 0.47 → 0.70 (Grade B/C).")
    page.goto(f"/admin/profiles/publisher/{report.publisher_id}/change/")
    page.select_option("[name=reliability]", "E")
    says(page, "→ with this 0.04 · Grade D — Internal monitoring")
    assert (Derivation.objects.count(), Publisher.objects.get(pk=report.publisher_id).reliability) == (0, "B")
    assert (Mark.objects.count(), Touch.objects.count()) == (0, 0)


def test_enter_in_a_field_saves_and_does_not_ask(desk, profile):
    page = desk(f"/admin/profiles/profile/{profile.pk}/change/")
    says(page, "with this the same")
    page.press("[name=last_verified]", "Enter")
    page.wait_for_url("**/admin/profiles/profile/")
    assert "was changed successfully" in page.inner_text("body")


def test_whoever_was_logged_out_meanwhile_is_told_so(desk, profile):
    publisher = Publisher.objects.get(name="Example Wire")
    page = desk(f"/admin/profiles/publisher/{publisher.pk}/change/")
    says(page, "with this the same")
    page.context.clear_cookies(name="sessionid")
    page.select_option("[name=reliability]", "E")
    says(page, "You are logged out. Log in again in another window, and go on here.")


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (390, "dark"), (820, "light"), (1280, "dark")])
def test_the_panel_breaks_no_rule_at_any_width(desk, profile, width, scheme):
    page = desk(f"/admin/profiles/profile/{profile.pk}/change/", width=width, scheme=scheme)
    page.select_option("[name=citations-0-credibility]", "5")
    page.check("[name=judgements-1-essential]")
    says(page, "New to look at:")
    assert what_axe_finds(page, "#what-if") == []
    assert not scrolls_sideways(page)


def test_a_field_that_is_tabbed_to_is_not_hidden_behind_the_panel(desk, profile):
    page = desk(f"/admin/profiles/profile/{profile.pk}/change/", width=390)
    says(page, "with this the same")
    for name in ("judgements-0-lasting", "citations-0-stance", "citations-0-credibility", "citations-0-direct"):
        page.focus(f"[name={name}]")
        field = page.locator(f"[name={name}]").bounding_box()
        panel = page.locator("#what-if").bounding_box()
        assert field["y"] + field["height"] <= panel["y"]
