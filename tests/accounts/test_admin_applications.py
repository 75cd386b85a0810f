"""Applications on the desk: who sees them, what waits first, and deciding with everything in view."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.applications import actions
from accounts.applications.documents import Upload
from accounts.models import Application, Grant, Organisation
from accounts.tiers import Tier
from tests.builders import find_evidence, give, make_application, make_organisation, make_user

pytestmark = pytest.mark.django_db

LIST = "/admin/accounts/application/"
PDF = Upload("pdf", "extract.pdf", b"%PDF-1.7 %%EOF")


def page(application, step="change"):
    return f"{LIST}{application.pk}/{step}/"


@pytest.fixture
def at_the_desk(client, otto):
    client.force_login(otto)
    return client


def test_only_officers_see_applications(client, wanda, edith, otto, mina):
    application = make_application()
    for user, answer in ((wanda, 403), (edith, 403), (mina, 302), (otto, 200)):
        client.force_login(user)
        assert {
            client.get(address).status_code for address in (LIST, page(application), page(application, "refuse"))
        } == {answer}


def test_what_waits_longest_stands_first_and_drafts_not_at_all(at_the_desk, otto):
    names = ["Young Networks", "Old Networks", "Asked Networks", "Draft Networks", "Refused Networks"]
    made = {name: make_application(organisation=name, submitted=name != "Draft Networks") for name in names}
    actions.ask(application_id=made["Asked Networks"].pk, version=1, by=otto, question="Why?")
    actions.refuse(application_id=made["Refused Networks"].pk, version=1, by=otto, reason="No.")
    Application.objects.filter(pk=made["Old Networks"].pk).update(state_since=timezone.now() - timedelta(days=9))
    text = at_the_desk.get(LIST).text
    rows = [name for name in sorted(names, key=text.find) if f">{name}</a>" in text]
    assert rows == ["Old Networks", "Young Networks", "Asked Networks"]
    assert ">Refused Networks</a>" in at_the_desk.get(f"{LIST}?state=refused").text
    assert ">Draft Networks</a>" not in at_the_desk.get(f"{LIST}?state=all").text
    assert ">Old Networks</a>" in at_the_desk.get(f"{LIST}?q=Old").text


def test_the_list_costs_the_same_queries_with_two_or_twelve(at_the_desk):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            at_the_desk.get(LIST)
        return len(queries)

    for _ in range(2):
        make_application()
    at_the_desk.get(LIST)
    few = cost()
    for _ in range(10):
        make_application()
    assert cost() == few


def test_one_page_shows_what_was_written_what_was_found_and_what_was_done(at_the_desk, otto):
    application = make_application(domain="example.org", statement="<i>We</i> hold it.", upload=PDF)
    find_evidence(application, asked="AS64500")
    actions.ask(application_id=application.pk, version=1, by=otto, question="Which board?")
    text = at_the_desk.get(page(application)).text
    for words in (
        "Example Networks",
        "AS64500",
        "&lt;i&gt;We&lt;/i&gt; hold it.",
        "<strong>matches</strong>",
        "extract.pdf",
        "Which board?",
        "Draft → Submitted",
        "Submitted → Needs information",
        "version 1",
        application.applicant.email,
    ):
        assert words in text
    assert 'name="_save"' not in text


def test_conflicts_are_told_before_deciding(at_the_desk, otto):
    member = make_organisation(make_user(), name="Member Networks", domain="example.org", number_resources=["AS64500"])
    give(Tier.LEADERSHIP_ALLIANCE, member)
    make_application(organisation="Rival", resources="AS64500")
    application = make_application(domain="examp1e.org")
    text = at_the_desk.get(page(application)).text
    for words in (
        "Member Networks is a member already, with the same domain or resource.",
        "names the same domain or resource.",
        "examp1e.org looks like example.org, which is the domain of Member Networks.",
    ):
        assert words in text
    foreign = make_application(domain="xn--xample-2of.org", resources="AS64501")
    assert "letters that may look like others: еxample.org" in at_the_desk.get(page(foreign)).text


def test_approving_what_overlaps_with_a_member_needs_a_reason(at_the_desk):
    member = make_organisation(make_user(), number_resources=["AS64500"])
    give(Tier.LEADERSHIP_ALLIANCE, member)
    application = make_application()
    find_evidence(application)
    form = {"version": "1", "reason": ""}
    assert "This field is required" in at_the_desk.post(page(application, "approve"), form).text
    at_the_desk.post(page(application, "approve"), form | {"reason": "Sold in June."})
    assert Organisation.objects.count() == 2


def test_a_decision_takes_two_clicks_and_names_its_version(at_the_desk):
    application = make_application()
    find_evidence(application)
    text = at_the_desk.get(page(application)).text
    assert f'href="{page(application, "approve")}?version=1"' in text
    confirm = at_the_desk.get(f"{page(application, 'approve')}?version=1").text
    assert "You decide on version <strong>1</strong>" in confirm
    assert Application.objects.get().state == "submitted"
    answer = at_the_desk.post(page(application, "approve"), {"version": "1", "reason": ""}, follow=True)
    assert "Example Networks: Approved. The applicant gets a mail." in answer.text
    assert Grant.objects.get().how == "application"


@pytest.mark.parametrize("step", ["refuse", "ask"])
def test_refusing_and_asking_need_words(at_the_desk, step):
    application = make_application()
    assert "This field is required" in at_the_desk.post(page(application, step), {"version": "1", "reason": " "}).text
    assert Application.objects.get().state == "submitted"
    at_the_desk.post(page(application, step), {"version": "1", "reason": "Because."})
    assert application.events.last().reason == "Because."


@pytest.mark.parametrize("step", ["approve", "refuse", "ask"])
def test_what_was_changed_after_it_was_opened_is_not_decided(at_the_desk, step):
    application = make_application(upload=PDF)
    make_application(application.applicant, organisation="Something else")
    assert (
        "The applicant changed this after you opened it" in at_the_desk.get(f"{page(application, step)}?version=1").text
    )
    form = {"version": "1", "reason": "Because.", "document_reviewed": "on"}
    answer = at_the_desk.post(page(application, step), form, follow=True)
    assert "you saw version 1, it is version 2 now. Nothing was decided" in answer.text
    assert Application.objects.get().state == "submitted"


def test_without_evidence_the_desk_says_so(at_the_desk):
    application = make_application()
    answer = at_the_desk.post(page(application, "approve"), {"version": "1"}, follow=True)
    assert "Nothing shows yet that this person speaks for the organisation" in answer.text
    assert not Grant.objects.exists()


def test_a_document_is_reviewed_by_ticking_it(at_the_desk):
    application = make_application(upload=PDF)
    assert "I have read the document" in at_the_desk.get(page(application, "approve")).text
    at_the_desk.post(page(application, "approve"), {"version": "1", "document_reviewed": "on"})
    assert Application.objects.get().state == "approved"


def test_an_officers_own_application_has_no_buttons_and_no_way_round(client, otto):
    application = make_application(otto, upload=PDF)
    client.force_login(otto)
    text = client.get(page(application)).text
    assert "another officer decides" in text
    assert "/approve/" not in text
    form = {"version": "1", "document_reviewed": "on", "reason": "I know myself."}
    for step in ("approve", "refuse", "ask"):
        assert "Another officer decides" in client.post(page(application, step), form, follow=True).text
    assert Application.objects.get().state == "submitted"


def test_who_may_only_look_decides_nothing(client):
    reader = make_user("looks@example.org", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_application"))
    application = make_application(upload=PDF)
    client.force_login(reader)
    text = client.get(page(application)).text
    assert ("Example Networks" in text, "/approve/" in text) == (True, False)
    for step in ("approve", "refuse", "ask", "look-again"):
        assert client.post(page(application, step), {"version": "1", "reason": "x"}).status_code == 403


def test_nothing_is_edited_removed_or_added_on_the_desk(at_the_desk):
    application = make_application()
    assert at_the_desk.post(page(application), {"state": "approved", "version": "9"}).status_code == 403
    assert at_the_desk.get(f"{LIST}add/").status_code == 403
    assert at_the_desk.post(page(application, "delete"), {"post": "yes"}).status_code == 403
    assert Application.objects.get().state == "submitted"


def test_an_officer_has_the_registries_asked_again(at_the_desk):
    application = make_application()
    find_evidence(application, outcome="no-match")
    at_the_desk.get(page(application, "look-again"))
    assert application.checks.count() == 1
    at_the_desk.post(page(application, "look-again"))
    assert application.checks.filter(outcome="").count() == 1


@pytest.mark.parametrize("number", ["0", "999999999999999999999"])
def test_what_does_not_exist_is_not_found(at_the_desk, number):
    assert at_the_desk.get(f"{LIST}{number}/approve/").status_code == 404
