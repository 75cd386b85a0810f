"""The applicant's pages: what is offered to whom, what is kept, and what nobody can smuggle in."""

import pytest
from django.core import mail
from django.utils import timezone

from accounts import actions as ledger
from accounts.access import tier_of
from accounts.applications import actions
from accounts.models import Application, Grant, User
from accounts.tiers import Tier
from config import mailing
from tests.builders import find_evidence, give, make_application, make_organisation, make_user

pytestmark = pytest.mark.django_db

FORM = "/account/application/"
FIELDS = {"organisation": "Example Networks", "resources": "AS64500", "role": "Owner", "domain": "", "statement": ""}
FORGED = {
    "tier": "2", "is_staff": "1", "is_superuser": "1", "status": "approved", "state": "approved", "applicant": "1",
    "version": "9", "number": "9", "token": "mine", "granted": "1", "renews": "1", "decided_by": "1", "submitted_at": "2020-01-01",
    "outcome": "matched", "document_id": "1", "how": "comp",
}  # fmt: skip


def send(client, button="submit", **fields):
    return client.post(FORM, {**FIELDS, "seen": "0", button: "1", **fields})


def test_the_public_page_has_a_plain_link_and_the_same_bytes_for_all(client, mina, alma):
    address = "/membership/leadership-alliance/"
    stranger = client.get(address)
    assert f'<a class="button" href="{FORM}">Apply</a>' in stranger.text
    for somebody in (mina, alma):
        client.force_login(somebody)
        response = client.get(address)
        assert (response.content, response["ETag"]) == (stranger.content, stranger["ETag"])
        assert not response.cookies


def test_applying_needs_a_log_in(client):
    assert client.get(FORM).url == "/accounts/login/?next=/account/application/"
    assert send(client).url == "/accounts/login/?next=/account/application/"


def test_looking_at_the_form_begins_nothing(client):
    client.force_login(make_user())
    assert "Submit the application" in client.get(FORM).text
    assert not Application.objects.exists()


def test_without_a_confirmed_address_one_saves_and_does_not_submit(client):
    client.force_login(make_user(verified=False))
    assert 'href="/accounts/email/">Confirm it</a>' in client.get(FORM).text
    response = send(client, statement="What I typed.")
    assert "Confirm your email address before you submit" in response.text
    assert "What I typed." in response.text
    assert not Application.objects.filter(state="submitted").exists()
    assert send(client, "save").status_code == 302


def test_a_draft_is_saved_as_it_is_and_found_again(client):
    client.force_login(make_user())
    response = client.post(FORM, {"resources": "I look it up", "domain": "example.org", "save": "1"}, follow=True)
    for words in ("Saved. Nobody sees it", "A draft", "I look it up", "_assay-verification.example.org. TXT"):
        assert words in response.text
    assert Application.objects.get().token in response.text


def test_submitting_tells_beside_each_field_what_is_missing_and_loses_nothing(client):
    client.force_login(make_user())
    response = send(client, organisation="", resources="AS0", domain="http://x", statement="What I typed.")
    for field in ("organisation", "resources", "domain"):
        assert f'id="id_{field}_error"' in response.text
    assert "What I typed." in response.text
    assert 'aria-invalid="true"' in response.text
    assert not Application.objects.exists()


def test_what_was_submitted_says_what_happens_next_and_how_long_it_takes(client):
    client.force_login(make_user())
    response = client.post(FORM, {**FIELDS, "submit": "1"}, follow=True)
    for words in ("Waiting for a decision", "within five working days", "AS64500", "being asked now"):
        assert words in response.text
    account = client.get("/account/").text
    assert "Waiting for a decision" in account
    assert "within five working days" in account


def test_forged_fields_change_nothing(client):
    user = make_user()
    client.force_login(user)
    for button in ("save", "submit"):
        send(client, button, **FORGED)
    for address in ("withdraw/", "look-again/"):
        client.get(FORM + address, FORGED)
    application = Application.objects.get()
    user.refresh_from_db()
    assert (application.state, application.version, application.applicant) == ("submitted", 1, user)
    assert (application.granted, application.renews, application.decided_by) == (None, None, None)
    assert application.token != "mine"
    assert (user.is_staff, user.is_superuser, Grant.objects.exists()) == (False, False, False)
    assert [check.outcome for check in application.checks.all()] == [""]
    assert User.objects.filter(is_staff=True).count() == 0


def test_another_window_is_told_and_what_is_typed_stands(client):
    client.force_login(make_user())
    send(client, "save", role="Owner")
    response = send(client, "save", role="Director")
    assert "in another window" in response.text
    assert 'value="Director"' in response.text
    assert '<input type="hidden" name="seen" value="1"' in response.text
    assert send(client, "save", role="Director", seen="1").status_code == 302


@pytest.mark.parametrize("seen", ["", "-1", "x", "9" * 30, "1e3"])
def test_a_broken_version_is_no_error_of_the_server(client, seen):
    client.force_login(make_user())
    assert send(client, "save", seen=seen).status_code in (200, 302)


def test_a_question_is_shown_and_answered(client, otto):
    application = make_application()
    actions.ask(application_id=application.pk, version=1, by=otto, question="Which <b>board</b>?")
    client.force_login(application.applicant)
    page = client.get(FORM).text
    for words in (
        "We need to know more",
        "Which &lt;b&gt;board&lt;/b&gt;?",
        "without an answer it ends on",
        "Send the answer",
    ):
        assert words in page
    assert "Which &lt;b&gt;board" in client.get("/account/").text
    send(client, statement="The supervisory board.", seen="1")
    application.refresh_from_db()
    assert (application.state, application.version) == ("submitted", 2)


def test_an_answer_may_be_saved_half_written(client, otto):
    application = make_application()
    actions.ask(application_id=application.pk, version=1, by=otto, question="Why?")
    client.force_login(application.applicant)
    assert send(client, "save", role="", seen="1").status_code == 302
    application.refresh_from_db()
    assert application.state == "needs-information"


def test_withdrawing_asks_once(client):
    application = make_application()
    client.force_login(application.applicant)
    assert "Withdraw it" in client.get(f"{FORM}withdraw/").text
    application.refresh_from_db()
    assert application.state == "submitted"
    page = client.post(f"{FORM}withdraw/", follow=True).text
    assert "Withdrawn" in page
    assert client.get(f"{FORM}withdraw/").status_code == 302
    assert "no open application" in client.post(f"{FORM}withdraw/", follow=True).text


def test_who_was_refused_reads_why_and_begins_from_what_they_wrote(client, otto):
    application = make_application(organisation="Example Carriers")
    actions.refuse(application_id=application.pk, version=1, by=otto, reason="No holder of anything.")
    client.force_login(application.applicant)
    page = client.get(FORM).text
    assert "No holder of anything." in page
    assert 'value="Example Carriers"' in page
    send(client, organisation="Example Carriers")
    assert list(application.applicant.applications.order_by("pk").values_list("state", flat=True)) == [
        "refused",
        "submitted",
    ]


def test_a_manager_renews_from_what_was_written_last_time(client, otto):
    application = make_application(statement="As last year.")
    find_evidence(application)
    actions.approve(application_id=application.pk, version=1, by=otto)
    client.force_login(application.applicant)
    assert "it can be renewed from" in client.get(FORM).text
    assert send(client).status_code == 200
    ledger.end_grant(grant=Grant.objects.get(), by=otto, reason="a test")
    page = client.get(FORM).text
    assert "Renew the membership of Example Networks" in page
    assert "As last year." in page


def test_who_is_suspended_is_told_so(client, mina, otto):
    ledger.suspend(user=mina, by=otto, reason="a test")
    client.force_login(mina)
    page = client.get(FORM).text
    assert "suspended for now" in page
    assert "Submit the application" not in page


def test_looking_again_is_a_post(client):
    application = make_application()
    client.force_login(application.applicant)
    assert client.get(f"{FORM}look-again/").status_code == 405
    assert "asked again" in client.post(f"{FORM}look-again/", follow=True).text
    client.force_login(make_user())
    assert "no open application" in client.post(f"{FORM}look-again/", follow=True).text


def test_a_member_without_a_seat_of_their_own_may_apply_and_a_manager_may_not(client, alma):
    colleague = make_user()
    give(Tier.LEADERSHIP_ALLIANCE, make_organisation(make_user(), colleague, name="Other"))
    client.force_login(colleague)
    assert "Submit the application" in client.get(FORM).text
    client.force_login(alma)
    assert "is a member already, without an end" in client.get(FORM).text


def test_the_mails_say_what_was_decided_and_lead_back(client, otto, settings):
    settings.SITE_URL = "https://assay.example.org"
    application = make_application()
    actions.ask(application_id=application.pk, version=1, by=otto, question="Which <board>?")
    mailing.deliver()
    assert [message.subject for message in mail.outbox] == [
        "Assay: We have your application to the Leadership Alliance",
        "Assay: A question about your application to the Leadership Alliance",
    ]
    assert "Which <board>?" in mail.outbox[1].body
    assert "https://assay.example.org/account/application/" in mail.outbox[1].body
    application = make_application(application.applicant, statement="x")
    find_evidence(application)
    actions.approve(application_id=application.pk, version=2, by=otto, reason="Welcome.")
    mailing.deliver()
    assert mail.outbox[-1].subject == "Assay: Example Networks is a member of the Leadership Alliance"
    assert "Welcome." in mail.outbox[-1].body
    assert {message.to[0] for message in mail.outbox} == {application.applicant.email}


def test_a_question_that_was_answered_before_its_mail_left_is_not_mailed(otto):
    application = make_application()
    actions.ask(application_id=application.pk, version=1, by=otto, question="Which?")
    make_application(application.applicant, statement="This.")
    mailing.deliver()
    assert "A question" not in " ".join(message.subject for message in mail.outbox)


def test_nothing_of_it_makes_a_member(client):
    application = make_application()
    find_evidence(application)
    assert tier_of(application.applicant, at=timezone.now()) == Tier.READER
