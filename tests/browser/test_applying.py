"""From "Apply" to the Alliance's briefing, with a registry that answers, an officer, and a colleague."""

import re

import pytest
from django.core import mail

from accounts import seats
from accounts.models import Application, Seat
from accounts.tasks import look_at_evidence
from accounts.tiers import Tier
from config import mailing
from tests.accounts.applications.registries import Registry, autnum, contact, serving
from tests.browser.conftest import log_in, scrolls_sideways, what_axe_finds
from tests.builders import cite, make_application, make_briefing, make_profile, make_user

pytestmark = pytest.mark.django_db(transaction=True)

BRIEFING = "/profiles/tidewater/briefing/"
INSIDE = "Only the Alliance reads this."


@pytest.fixture
def registry(settings):
    with serving(Registry()) as server:
        settings.RDAP_URL = server.url
        server.says("/autnum/64500", autnum(64500, contact("anna@networks.example", "administrative")))
        yield server


@pytest.fixture
def tidewater(db):
    profile = make_profile("tidewater", live=True, name="Tidewater", judgements={"j1": "So."})
    cite(profile)
    make_briefing(profile, Tier.LEADERSHIP_ALLIANCE, body=INSIDE)
    return profile


def apply(page):
    page.goto("/membership/leadership-alliance/")
    page.get_by_role("link", name="Apply", exact=True).click()
    page.get_by_label("Your organisation").fill("Example Networks")
    page.get_by_role("button", name="Save for later").click()
    page.get_by_role("heading", name="A draft").wait_for()
    page.get_by_label("Number resources it holds").fill("AS64500")
    page.get_by_role("button", name="Submit the application").click()
    assert "Say what you do there." in page.get_by_role("main").inner_text()
    page.get_by_label("What you do there").fill("Owner")
    page.get_by_role("button", name="Submit the application").click()
    page.get_by_role("heading", name="Waiting for a decision").wait_for()


def approve(desk, otto):
    log_in(desk, otto)
    desk.goto("/admin/")
    desk.get_by_role("link", name="Applications").first.click()
    desk.get_by_role("link", name="Example Networks").click()
    assert "matches" in desk.locator("#content").inner_text()
    desk.get_by_role("link", name="Approve").click()
    desk.get_by_role("button", name="Approve").click()
    desk.get_by_text("Example Networks: Approved.").wait_for()


def link_in_the_mail(to):
    mailing.deliver()
    bodies = [message.body for message in mail.outbox if message.to == [to]]
    return re.search(r"https?://[^/]+(/account/invitation/\w+/)", bodies[-1])[1]


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_from_applying_to_reading_with_a_colleague(open_page, registry, tidewater, otto, scripts):
    anna, bert = make_user("anna@networks.example", name="Anna"), make_user("bert@networks.example", name="Bert")
    page = open_page("/", width=390, scripts=scripts)
    log_in(page, anna)
    apply(page)
    look_at_evidence()
    page.reload()
    assert "AS64500 (Registry): matches." in page.get_by_role("main").inner_text()
    page.goto(BRIEFING)
    assert INSIDE not in page.get_by_role("main").inner_text()

    approve(open_page("/", scripts=scripts), otto)

    page.goto(BRIEFING)
    assert INSIDE in page.get_by_role("main").inner_text()
    page.goto("/account/")
    page.get_by_label("Invite a colleague").fill(bert.email)
    page.get_by_role("button", name="Send the invitation").click()
    page.get_by_text("An invitation to bert@networks.example is on its way.").wait_for()

    other = open_page("/", width=390, scripts=scripts)
    log_in(other, bert)
    other.goto(link_in_the_mail(bert.email))
    other.get_by_role("button", name="Take the seat").click()
    other.get_by_text("You have a seat of Example Networks now.").wait_for()
    other.goto(BRIEFING)
    assert INSIDE in other.get_by_role("main").inner_text()

    page.goto("/account/")
    page.get_by_role("link", name="Take back").click()
    page.get_by_role("button", name="Take the seat back").click()
    page.get_by_text("Bert has no seat any more.").wait_for()
    other.goto(BRIEFING)
    assert INSIDE not in other.get_by_role("main").inner_text()


@pytest.mark.parametrize("width", [320, 1280])
def test_no_page_of_applying_breaks_a_rule_of_access(open_page, registry, otto, alma, width):
    organisation = alma.seats.get().organisation
    colleague = Seat.objects.create(organisation=organisation, user=make_user(name="Carl"), number=2)
    invitation = seats.invite(organisation=organisation, email="new@example.org", by=alma)
    application = make_application(domain="example.org", statement="We hold it.")
    page = open_page(f"/account/invitation/{invitation.token}/", width=width)
    look(page)
    for user, addresses in (
        (application.applicant, ["/account/application/", "/account/application/withdraw/", "/account/"]),
        (alma, ["/account/", f"/account/seats/{colleague.pk}/remove/", f"/account/seats/{colleague.pk}/hand-over/"]),
        (colleague.user, ["/account/", f"/account/seats/{colleague.pk}/leave/"]),
        (make_user("new@example.org"), ["/account/"]),
        (make_user(), ["/account/application/", f"/account/invitation/{invitation.token}/"]),
    ):
        log_in(page, user)
        for address in addresses:
            page.goto(address)
            look(page)
    page.get_by_role("button", name="Take the seat").click()
    look(page)
    page.goto("/account/application/")
    page.get_by_role("button", name="Submit the application").click()
    look(page)
    assert Application.objects.count() == 1


def look(page):
    assert not scrolls_sideways(page), page.url
    assert what_axe_finds(page) == [], page.url
