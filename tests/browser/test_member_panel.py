"""The page is the same for everybody; what a member may read comes into it, and moves no one who did not ask."""

import pytest
from django.conf import settings
from django.test import Client

from accounts.tiers import Tier
from tests.browser.conftest import what_axe_finds
from tests.builders import cite, give, make_briefing, make_note, make_profile, make_user, settle

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def address():
    profile = make_profile("tidewater", live=True, name="Tidewater", judgements={"j1": "It is so."})
    make_briefing(profile, summary="In short.", contents="One", body="What only members read.")
    make_note(cite(profile), "What we think of it.")
    settle()
    return "/profiles/tidewater/"


def log_in(page, user):
    client = Client()
    client.force_login(user)
    home = "/".join(page.url.split("/")[:3])  # a cookie set for a page would be sent to that page alone
    mark = {"name": "assay_member", "value": "1", "url": home}
    session = {"name": settings.SESSION_COOKIE_NAME, "value": client.session.session_key, "url": home}
    page.context.add_cookies([mark, session])
    page.reload()


def member():
    user = make_user()
    give(Tier.STRATEGIC_CIRCLE, user)
    return user


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_a_member_reads_the_briefing_in_place_and_the_notes_beside_their_sources(open_page, address, width, scheme):
    page = open_page(address, width=width, scheme=scheme)
    log_in(page, member())
    page.locator(".site-header").get_by_text("Your account").wait_for()
    page.evaluate("document.getElementById('deeper').scrollIntoView()")  # it is replaced while one looks at it
    page.get_by_text("What only members read.").wait_for()
    assert page.locator(".use .source-note").inner_text().endswith("What we think of it.")
    assert page.evaluate("document.activeElement.tagName") == "BODY"
    assert what_axe_finds(page) == []


def test_who_asks_for_it_is_taken_to_it(open_page, address):
    page = open_page(address)
    page.get_by_role("link", name="Briefing and source notes").click()
    page.get_by_text("Members read on here.").wait_for()
    page.locator("#deeper-title:focus").wait_for()
    assert page.url.endswith(address)
    assert "only members" not in page.content()


def test_without_scripts_the_link_leads_to_the_same_text(browser, live_server, address):
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    log_in(page, member())
    page.get_by_role("link", name="Briefing and source notes").click()
    assert page.url.endswith(f"{address}briefing/")
    assert page.get_by_text("What only members read.").is_visible()
    context.close()
