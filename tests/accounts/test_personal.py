"""What we hold on a person, handed over to them and to nobody else."""

import json

import pytest
from django.test import Client

from accounts import actions, personal
from accounts.applications.actions import refuse
from briefings.alerts.models import Often, Preference
from config.models import AuditEntry
from profiles.models import Ticket
from tests.builders import PASSWORD, make_application, make_user

pytestmark = pytest.mark.django_db

EXPORT = "/account/export/"


def test_a_reader_takes_away_everything_we_hold(client, mina, otto):
    client.post("/accounts/login/", {"login": mina.email, "password": PASSWORD})
    client.get("/account/")
    actions.suspend(user=mina, by=otto, reason="Shared a briefing.")
    Ticket.objects.create(name="Mina", email="MINA@example.org", message="A date is wrong.")
    Preference.objects.create(user=mina, often=Often.DAILY)
    response = client.post(EXPORT)
    assert response["Content-Type"] == "application/json"
    assert response["Content-Disposition"].startswith('attachment; filename="assay-')
    assert response["Cache-Control"] == "private, no-store"
    held = json.loads(response.content)
    assert held["account"]["email"] == "mina@example.org"
    assert held["addresses"] == [{"email": "mina@example.org", "verified": True, "primary": True}]
    assert [session["ip"] for session in held["sessions"]] == ["127.0.0.1"]
    assert [grant["how"] for grant in held["grants"]] == ["joined"]
    assert [suspension["reason"] for suspension in held["suspensions"]] == ["Shared a briefing."]
    assert [mail["kind"] for mail in held["mails"]] == ["suspended"]
    assert [follow["kind"] for follow in held["follows"]] == ["preference"]
    assert [report["message"] for report in held["reports"]] == ["A date is wrong."]
    verbs = [entry["verb"] for entry in held["audit"]]
    assert {"grant.added", "suspension.added", "account.exported"} <= set(verbs)


def test_taking_it_away_is_a_post_by_its_owner_and_leaves_an_entry(client, mina):
    assert client.post(EXPORT).url == "/accounts/login/?next=/account/export/"
    client.force_login(mina)
    assert client.get(EXPORT).status_code == 405
    client.post(EXPORT)
    entry = AuditEntry.objects.get(verb="account.exported")
    assert (entry.actor, entry.subject_id) == (mina.pk, mina.pk)


def test_the_export_holds_nothing_of_others(client, mina, alma, otto):
    actions.suspend(user=alma, by=otto, reason="Alma’s own matter.")
    Ticket.objects.create(email=alma.email, message="Alma’s report.")
    Client().post("/accounts/login/", {"login": alma.email, "password": PASSWORD})
    client.force_login(mina)
    said = client.post(EXPORT, {"user": alma.pk}).text
    assert "Alma" not in said
    assert "alma@" not in said


def test_an_unconfirmed_address_hands_over_nobody_s_report(client, mina):
    Ticket.objects.create(email="victim@example.org", message="A secret.")
    mina.emailaddress_set.create(email="victim@example.org", verified=False)
    client.force_login(mina)
    assert "A secret." not in client.post(EXPORT).text


def test_the_export_holds_no_secret(client, mina):
    from tests.builders import TOTP_SECRET, give_second_factor

    give_second_factor(mina)
    client.force_login(mina)
    said = client.post(EXPORT).text
    for secret in (TOTP_SECRET, mina.password, client.session.session_key):
        assert secret not in said


def test_another_app_brings_along_what_it_holds(monkeypatch, mina):
    monkeypatch.setattr(personal, "PARTS", dict(personal.PARTS))
    forgotten = []
    personal.register("stamps", export=lambda user: [user.pk], forget=lambda user: forgotten.append(user.email))
    assert personal.everything_on(mina)["stamps"] == [mina.pk]
    personal.forget(mina)
    # Others find what is theirs by the addresses, so those are still there.
    assert forgotten == ["mina@example.org"]
    assert not mina.emailaddress_set.exists()


def test_a_report_outlives_who_reported_it(mina):
    Ticket.objects.create(name="Mina", email=mina.email, message="A date is wrong.")
    Ticket.objects.create(name="Somebody", email="other@example.org", message="Another.")
    personal.forget(mina)
    assert list(Ticket.objects.order_by("pk").values_list("name", "email", "message")) == [
        ("", "", "A date is wrong."), ("Somebody", "other@example.org", "Another.")]  # fmt: skip


def test_what_was_written_in_an_application_is_handed_over_and_then_blanked(mina, otto):
    application = make_application(mina, statement="I have run its network since 2004.")
    refuse(application_id=application.pk, version=application.version, by=otto, reason="You told us you are seven.")
    said = json.dumps(personal.everything_on(mina)["applications"], default=str)
    assert "since 2004" in said
    assert "you are seven" in said
    personal.forget(mina)
    left = personal.everything_on(mina)["applications"]
    assert "2004" not in json.dumps(left, default=str)
    assert "seven" not in json.dumps(left, default=str)
    assert [(one["state"], len(one["steps"])) for one in left] == [("refused", 2)]


def test_an_open_application_is_taken_back_with_the_account(mina):
    make_application(mina)
    personal.forget(mina)
    assert mina.applications.get().state == "withdrawn"


def test_every_table_that_points_at_a_person_is_handed_over_or_known_to_stay():
    """A new table with a person in it fails here until somebody has decided what becomes of it."""
    from accounts.models import User

    pointing = {
        f"{relation.related_model._meta.label}.{relation.field.name}"
        for relation in User._meta.get_fields(include_hidden=True)
        if relation.auto_created and not relation.concrete and not relation.related_model._meta.proxy
    }
    handed_over = {"account.EmailAddress.user", "mfa.Authenticator.user", "usersessions.UserSession.user",
                   "accounts.Grant.user", "accounts.Seat.user", "accounts.Suspension.user",
                   "accounts.Application.applicant", "accounts.Invitation.invited_by", "accounts.Invitation.accepted_by",
                   "alerts.Follow.user", "alerts.Preference.user"}  # fmt: skip
    who_did_it = {"accounts.Application.decided_by", "accounts.ApplicationEvent.actor", "accounts.Grant.granted_by", "accounts.Grant.ended_by", "accounts.Suspension.by",
                  "admin.LogEntry.user", "profiles.Revision.created_by", "profiles.Revision.approved_by",
                  "profiles.Settlement.recorded_by", "profiles.Settlement.withdrawn_by", "profiles.LetterChange.by",
                  "profiles.LetterChange.accepted_by", "profiles.Proposal.proposed_by",
                  "profiles.Intake.added_by", "profiles.IntakeProposal.decided_by", "profiles.Upload.added_by",
                  "profiles.Ticket.handled_by", "profiles.Proposal.decided_by", "briefings.PreviewLink.made_by",
                  "briefings.Teaser.created_by", "briefings.Teaser.approved_by", "briefings.BriefingStep.by",
                  "briefings.PreviewLink.revoked_by", "profiles.RevisionStep.by"}  # fmt: skip
    rights = {"accounts.User_groups.user", "accounts.User_user_permissions.user"}  # nobody with rights is erased
    assert pointing - handed_over - who_did_it - rights == set()


def test_whoever_has_no_account_has_none_to_export(client):
    make_user()
    assert client.post(EXPORT).status_code == 302
