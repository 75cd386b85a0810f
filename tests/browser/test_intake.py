"""The intake in a real Chromium, without scripts: paste, look, decide."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from profiles.models import Derivation, Intake
from tests.browser.conftest import RULES, log_in, scrolls_sideways
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


def ours(page):
    """What axe finds in what is ours; the admin's own frame is Django's."""
    asked = {"preload": False, "runOnly": {"type": "tag", "values": RULES}}
    found = Axe().run(page, context=".intake", options=asked).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


def test_an_article_is_pasted_looked_at_and_taken_in(desk):
    page = desk("/admin/profiles/intake/add/")
    assert ours(page) == []
    page.fill("#id_pasted", articles.FIRST_HAND)
    page.click("text=Take in >> nth=-1")
    page.wait_for_selector(".intake-columns")
    assert ours(page) == []
    page.fill("#id_publisher", "Harbour Daily")
    report = page.locator(".intake-proposal", has_text="a report by Tidewater Press")
    report.get_by_label("Accept").check()
    page.click("text=File it, with these decisions")
    page.wait_for_selector("text=is on file, with 1 origin linked.")
    assert Derivation.objects.get().origin.publisher.name == "Tidewater Press"


@pytest.mark.parametrize("width", [390, 820, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_review_fits_every_window(desk, width, scheme):
    from profiles.intake.actions import take

    take(pasted="\n---\n".join(articles.ALL))
    second = Intake.objects.get(title__startswith="Northwind is letting")
    page = desk(f"/admin/profiles/intake/{second.pk}/change/", width=width, scheme=scheme)
    assert ours(page) == []
    assert not scrolls_sideways(page)
