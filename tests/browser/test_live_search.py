"""The list answers while one types, and says how much it found."""

import pytest

from tests.browser.conftest import what_axe_finds
from tests.builders import make_profile

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def names(db):
    for name in ("Tidewater Registry", "Harbour Board"):
        make_profile(live=True, name=name, facets={"region": "Africa"})


def test_the_list_and_its_address_follow_what_is_typed(open_page, names):
    page = open_page("/profiles/?region=africa")
    field = page.locator("#q")
    field.press_sequentially("tidew", delay=20)
    page.get_by_role("heading", name="Harbour Board").wait_for(state="detached")
    assert page.locator("#count").inner_text() == "1 profile found"
    assert page.evaluate("document.activeElement.id") == "q"
    page.wait_for_url("**/profiles/?q=tidew&region=africa")
    assert what_axe_finds(page) == []
    page.reload()
    assert page.locator("#q").input_value() == "tidew"
    page.locator("#q").fill("nothing of the kind")
    page.get_by_role("heading", name="No profile fits all of this").wait_for()


def test_who_only_looks_at_the_list_loads_nothing_for_typing(open_page, names):
    page = open_page("/profiles/")
    page.wait_for_load_state("networkidle")
    assert not page.evaluate("performance.getEntriesByType('resource').some(entry => entry.name.includes('htmx'))")


def test_enter_works_as_without_scripts(open_page, names):
    page = open_page("/profiles/")
    page.locator("#q").fill("harbour")
    page.keyboard.press("Enter")
    page.wait_for_url("**/profiles/?q=harbour")
    assert page.get_by_role("heading", name="Tidewater Registry").count() == 0
