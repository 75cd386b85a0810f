"""From a link on a public page to a mail, and from the mail to silence."""

import pytest
from django.core import mail
from django.utils import timezone

from briefings.alerts import news, planning
from config import mailing
from tests.browser.conftest import log_in, scrolls_sideways, what_axe_finds
from tests.builders import PASSWORD, cite, make_profile, make_publisher, make_source, settle
from tests.profiles.test_views_site import write_first_pages

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def tidewater():
    write_first_pages()
    profile = make_profile(
        "tidewater", live=True, name="Tidewater", judgements={"j1": "So."}, facets={"region": "Africa"}
    )
    cite(profile, make_source(publisher=make_publisher("Wire", slug="wire")))
    settle()
    news.notice(at=timezone.now())
    return profile


def told():
    """Notice, plan and send; return the subjects of what was sent."""
    already = len(mail.outbox)
    now = timezone.now()
    news.notice(at=now)
    planning.plan_alerts(at=now)
    mailing.deliver()
    return [sent.subject for sent in mail.outbox[already:]]


def move(profile, *, up):
    if up:
        cite(profile, make_source("The proof", reliability="A"), direct=True, credibility=1)
    else:
        profile.citations.filter(source__title="The proof").delete()
    settle()


def test_a_reader_follows_is_told_of_a_move_and_ends_it_with_one_click(open_page, tidewater, mina):
    page = open_page("/profiles/tidewater/", width=390)
    page.get_by_role("link", name="Follow Tidewater").click()
    page.fill("[name=login]", mina.email)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/account/follow/?profile=tidewater")
    page.get_by_label("At once", exact=True).check()
    page.get_by_role("button", name="Follow", exact=True).click()
    page.get_by_text("You follow Tidewater. We write at once.").wait_for()

    move(tidewater, up=True)
    (subject,) = told()
    assert subject.startswith("Assay: Tidewater: grade ")
    assert "The proof" in mail.outbox[-1].body

    way_out = mail.outbox[-1].extra_headers["List-Unsubscribe"].strip("<>")
    path = "/" + way_out.split("/", 3)[3]
    page.context.clear_cookies()
    page.goto(path)
    assert page.get_by_role("button", name="Stop them").is_visible()
    assert page.request.post(path, form={"List-Unsubscribe": "One-Click"}).status == 200
    move(tidewater, up=False)
    assert told() == []


def test_a_stranger_gets_the_newsletter_without_scripts(browser, live_server, tidewater):
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/profiles/tidewater/")
    page.get_by_role("link", name="once a week by mail").click()
    page.fill("[name=email]", "not an address")
    page.get_by_role("button", name="Send me the newsletter").click()
    assert "does not look like an email address" in page.get_by_role("main").inner_text()
    assert page.input_value("[name=email]") == "not an address"
    page.fill("[name=email]", "reader@example.com")
    page.get_by_role("button", name="Send me the newsletter").click()
    page.wait_for_url("**/alerts/asked/")
    mailing.deliver()
    (link,) = [line for line in mail.outbox[-1].body.splitlines() if "/alerts/confirm/" in line]
    page.goto("/" + link.split("/", 3)[3])
    page.get_by_role("button", name="Yes, send it").click()
    assert page.get_by_role("heading", name="The newsletter comes").is_visible()
    context.close()


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (390, "dark"), (1280, "light")])
def test_no_page_of_following_breaks_a_rule_of_access(open_page, tidewater, mina, width, scheme):
    page = open_page("/alerts/", width=width, scheme=scheme)
    log_in(page, mina)
    addresses = ["/alerts/", "/alerts/asked/", "/account/follow/?profile=tidewater", "/account/following/", "/account/"]
    for address in addresses:
        page.goto(address)
        assert not scrolls_sideways(page), address
        assert what_axe_finds(page) == [], address
        if address.startswith("/account/follow/"):
            page.get_by_role("button", name="Follow", exact=True).click()
