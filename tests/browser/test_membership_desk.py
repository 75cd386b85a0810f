"""An officer and a member at the same time, and a member who closes their account: in a real browser, without scripts."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.tiers import Tier
from tests.browser.conftest import log_in
from tests.builders import PASSWORD, give, make_briefing, make_profile, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

BRIEFING = "/profiles/tidewater/briefing/"
GATED = "What only members read."


@pytest.fixture
def open_without_scripts(browser, live_server):
    """Open an address in a window of its own, as somebody, in a browser that runs no scripts."""
    contexts = []

    def open_as(user, path):
        contexts.append(browser.new_context(base_url=live_server.url, java_script_enabled=False))
        page = contexts[-1].new_page()
        log_in(page, user)
        page.goto(path)
        return page

    yield open_as
    for context in contexts:
        context.close()


@pytest.fixture
def mina():
    user = make_user("mina@example.org", name="Mina")
    give(Tier.STRATEGIC_CIRCLE, user, how="joined")
    return user


def reads(page):
    """Click the briefing once more, and tell whether it is there."""
    page.goto(BRIEFING)
    return page.get_by_text(GATED).is_visible()


def take(officer, step, reason):
    officer.get_by_role("link", name=step).click()
    officer.fill("[name=reason]", reason)
    officer.get_by_role("button", name=step).click()


def test_what_an_officer_decides_holds_with_the_members_next_click(open_without_scripts, mina):
    make_briefing(make_profile("tidewater", live=True, name="Tidewater"), body=GATED)
    member = open_without_scripts(mina, BRIEFING)
    assert reads(member)

    officer = open_without_scripts(
        make_user("otto@example.org", groups=["Membership officer"]), "/admin/accounts/user/"
    )
    officer.fill("[name=q]", "mina")
    officer.get_by_role("button", name="Search").click()
    officer.get_by_role("link", name="mina@example.org").click()
    assert officer.get_by_text("Strategic Circle: joined on").is_visible()
    officer.get_by_role("link", name="Suspend", exact=True).click()
    officer.fill("[name=reason]", "Shared a briefing.")
    officer.get_by_role("button", name="Save").click()
    assert not reads(member)
    assert member.get_by_text("Your membership is suspended for now.").is_visible()
    member.goto("/account/")
    assert member.get_by_text("is suspended: Shared a briefing.").is_visible()

    officer.locator("#suspensions").locator("..").get_by_role("link", name="mina@example.org").click()
    take(officer, "Lift it now", "It was somebody else.")
    assert reads(member)

    officer.goto(f"/admin/accounts/user/{mina.pk}/change/")
    officer.get_by_role("link", name="Strategic Circle").click()
    take(officer, "End it now", "She asked for it.")
    assert not reads(member)

    officer.goto(f"/admin/accounts/user/{mina.pk}/change/")
    officer.get_by_role("link", name="Give a complimentary grant").click()
    officer.select_option("[name=tier]", str(Tier.STRATEGIC_CIRCLE.value))
    officer.fill("[name=ends_at_0]", f"{timezone.now() + timedelta(days=30):%Y-%m-%d}")
    officer.fill("[name=ends_at_1]", "12:00:00")
    officer.fill("[name=evidence]", "A guest of the conference.")
    officer.get_by_role("button", name="Save").click()
    assert reads(member)

    officer.get_by_role("row", name="A guest of the conference.").get_by_role("link").click()
    take(officer, "End it now", "The conference is over.")
    assert not reads(member)
    officer.goto(f"/admin/accounts/user/{mina.pk}/change/")
    officer.get_by_role("link", name="Log out everywhere").click()
    officer.get_by_role("button", name="Log out everywhere").click()
    member.goto("/account/")
    assert "/accounts/login/" in member.url


def test_an_account_is_closed_and_kept_without_scripts(open_without_scripts, mina):
    page = open_without_scripts(mina, "/account/")
    page.get_by_role("link", name="Close my account").click()
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("button", name="Close my account on").click()
    assert page.get_by_text("You asked us to close this account.").is_visible()
    assert User.objects.get(pk=mina.pk).closes_at
    page.get_by_role("button", name="Keep my account").click()
    assert page.get_by_text("Your account stays open.").is_visible()
    assert User.objects.get(pk=mina.pk).closes_at is None


def test_a_member_takes_their_data_away_without_scripts(open_without_scripts, mina):
    page = open_without_scripts(mina, "/account/")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download my data").click()
    assert download.value.suggested_filename.endswith(".json")
    assert "mina@example.org" in download.value.path().read_text()
