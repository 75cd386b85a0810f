"""The intake in a real Chromium: paste, look, see which grades would move, decide."""

import pytest

from profiles.models import Derivation, Intake
from tests.browser.conftest import log_in, scrolls_sideways, what_axe_finds
from tests.builders import cite, make_profile, make_publisher, make_source, settle
from tests.profiles.intake import articles

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(open_page, edith):
    """Open a page of the desk, logged in as the editor."""

    def open_at(path, **window):
        page = open_page("/accounts/login/", **window)
        log_in(page, edith)
        page.goto(path)
        return page

    return open_at


def test_an_article_is_pasted_looked_at_and_taken_in(desk):
    page = desk("/admin/profiles/intake/add/")
    assert what_axe_finds(page, ".intake") == []
    page.fill("#id_pasted", articles.FIRST_HAND)
    page.click("text=Take in >> nth=-1")
    page.wait_for_selector(".intake-columns")
    assert what_axe_finds(page, ".intake") == []
    page.fill("#id_publisher", "Harbour Daily")
    report = page.locator(".intake-proposal", has_text="a report by Tidewater Press")
    report.get_by_label("Accept").check()
    page.click("text=File it, with these decisions")
    page.wait_for_selector("text=is on file, with 1 origin linked.")
    assert Derivation.objects.get().origin.publisher.name == "Tidewater Press"


@pytest.fixture
def reviewed(edith):
    """An article that a profile rests on, with what it may repeat."""
    from profiles.intake.actions import take

    profile = make_profile("example", name="Example Registry", live=True, judgements={"j1": "It was founded in 2004."})
    source = make_source(
        "Second", publisher=make_publisher("Harbour Daily", reliability="B"), url="https://example.org/a"
    )
    cite(profile, source)
    settle()
    take(pasted="\n---\n".join([*articles.ALL, f"https://example.org/a\n{articles.SECOND_HAND}"]))
    return Intake.objects.get(url="https://example.org/a")


@pytest.mark.parametrize(
    ("width", "scheme"), [(320, "dark"), (390, "light"), (820, "dark"), (1280, "light"), (1280, "dark")]
)
def test_the_review_shows_what_would_move_and_fits_every_window(desk, reviewed, width, scheme):
    page = desk(f"/admin/profiles/intake/{reviewed.pk}/change/", width=width, scheme=scheme)
    page.wait_for_selector("text=1 profile rests on this. Nothing filled in so far changes a grade.")
    story = page.locator(".intake-proposal", has_text="which goes back to a report by Tidewater Press").first
    story.get_by_label("Accept").check()
    page.wait_for_selector("#what-if >> text=known only at second hand")
    assert page.locator("#what-if a").inner_text() == "Example Registry"
    assert what_axe_finds(page, ".intake") == []
    assert not scrolls_sideways(page)
    story.get_by_label("Later").check()
    page.wait_for_selector("#what-if >> text=Nothing filled in so far changes a grade.")
    assert Derivation.objects.count() == 0
