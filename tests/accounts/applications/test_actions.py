"""Applying, asking, deciding: what each step leaves behind, and what it refuses."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from accounts import actions as ledger
from accounts.access import tier_of
from accounts.actions import NotVerified
from accounts.applications import actions
from accounts.applications.actions import (
    ChangedMeanwhile,
    Incomplete,
    NoEvidence,
    NotPossible,
    OwnApplication,
    Written,
)
from accounts.applications.documents import Upload
from accounts.models import Application, ApplicationEvent, Grant, Organisation, Seat, Version
from accounts.tiers import Tier
from config.models import AuditEntry, OutgoingMail
from tests.builders import find_evidence, give, make_application, make_organisation, make_user

pytestmark = pytest.mark.django_db

COMPLETE = Written(organisation="Example Networks", resources="AS64500", role="Owner")
PDF = Upload("pdf", "extract.pdf", b"%PDF-1.7 %%EOF")


def tier(user):
    return tier_of(user, at=timezone.now())


def approve(application, otto, **fields):
    return actions.approve(application_id=application.pk, version=application.version, by=otto, **fields)


def mails():
    return list(OutgoingMail.objects.order_by("pk").values_list("kind", flat=True))


# --- Writing ----------------------------------------------------------------------------------------------------------


def test_a_draft_may_lack_anything_and_hold_what_is_wrong():
    user = make_user()
    application = actions.save(applicant=user, written=Written(resources="not yet sure"), seen=0)
    assert (application.state, application.version, application.text().resources) == ("draft", 1, "not yet sure")


def test_saving_the_same_again_makes_no_new_version():
    user = make_user()
    for seen in (0, 1, 0):
        application = actions.save(applicant=user, written=COMPLETE, seen=seen)
    assert (application.version, Version.objects.count()) == (1, 1)


def test_two_windows_do_not_overwrite_each_other_unseen():
    user = make_user()
    actions.save(applicant=user, written=COMPLETE, seen=0)
    with pytest.raises(ChangedMeanwhile, match="in another window"):
        actions.save(applicant=user, written=Written(organisation="Other"), seen=0)


def test_submitting_says_beside_each_field_what_is_missing():
    with pytest.raises(Incomplete) as refused:
        actions.submit(applicant=make_user(), written=Written(resources="AS0", domain="no domain"), seen=0)
    assert set(refused.value.flaws) == {"organisation", "role", "resources", "domain"}
    assert not Application.objects.exists()


def test_submitting_needs_a_confirmed_address():
    with pytest.raises(NotVerified):
        actions.submit(applicant=make_user(verified=False), written=COMPLETE, seen=0)


def test_resources_and_domain_are_kept_in_one_writing():
    application = make_application(resources="64500, 192.0.2.0/24\n2001:DB8::/32", domain="Example.ORG.")
    text = application.text()
    assert (text.resource_list, text.domain) == (["AS64500", "192.0.2.0/24", "2001:db8::/32"], "example.org")


def test_one_person_has_one_open_application():
    user = make_user()
    first = make_application(user)
    assert make_application(user, role="Director").pk == first.pk
    with pytest.raises(IntegrityError, match="one_open_application"), transaction.atomic():
        Application.objects.create(applicant=user)


def test_a_change_of_what_waits_has_to_be_complete_too():
    application = make_application()
    with pytest.raises(NotPossible, match="submit the change"):
        actions.save(applicant=application.applicant, written=Written(), seen=1)


def test_who_is_suspended_begins_no_application(mina, otto):
    ledger.suspend(user=mina, by=otto, reason="a test")
    with pytest.raises(NotPossible, match="suspended"):
        make_application(mina)


# --- What each step leaves --------------------------------------------------------------------------------------------


def test_every_step_leaves_an_event_a_mail_and_an_entry_in_the_audit(otto):
    application = make_application()
    actions.ask(application_id=application.pk, version=1, by=otto, question="Which board?")
    make_application(application.applicant, statement="The second.")
    actions.refuse(application_id=application.pk, version=2, by=otto, reason="Not a holder.")
    steps = ApplicationEvent.objects.values_list("step", "was", "became", "version", "reason", "actor")
    applicant = application.applicant_id
    assert list(steps) == [
        ("submit", "draft", "submitted", 1, "", applicant),
        ("ask", "submitted", "needs-information", 1, "Which board?", otto.pk),
        ("submit", "needs-information", "submitted", 2, "", applicant),
        ("refuse", "submitted", "refused", 2, "Not a holder.", otto.pk),
    ]
    assert mails() == [
        "application-received",
        "application-question",
        "application-received",
        "application-refused",
    ]
    moved = AuditEntry.objects.filter(verb="application.moved", subject_id=application.pk).order_by("pk")
    told = [(entry.details["is"]["state"], entry.actor, entry.reason) for entry in moved]
    assert told[-1] == ("refused", otto.pk, "Not a holder.")
    assert ("needs-information", otto.pk, "Which board?") in told


def test_a_draft_that_is_thrown_away_is_told_to_nobody():
    application = make_application(submitted=False)
    actions.withdraw(applicant=application.applicant)
    assert mails() == []
    application.refresh_from_db()
    assert application.state == "withdrawn"


@pytest.mark.parametrize("row", ["event", "version"])
def test_what_was_said_is_never_changed_only_blanked(row):
    application = make_application()
    held = {"event": application.events.get(), "version": application.versions.get()}[row]
    text = {"event": "reason", "version": "organisation"}[row]
    rows = type(held).objects.filter(pk=held.pk)
    for change in ({text: "Something else"}, {"application": make_application()}):
        with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
            rows.update(**change)
    with pytest.raises(DatabaseError, match="Cannot delete"), transaction.atomic():
        rows.delete()
    assert rows.update(**{text: ""}) == 1


# --- Deciding ---------------------------------------------------------------------------------------------------------


def test_approval_makes_organisation_grant_and_the_managers_seat(otto):
    application = make_application(resources="AS64500, 192.0.2.0/24", domain="example.org")
    find_evidence(application, asked="AS64500")
    assert tier(application.applicant) == Tier.READER
    approve(application, otto)
    organisation, grant, seat = Organisation.objects.get(), Grant.objects.get(), Seat.objects.get()
    assert (organisation.name, organisation.domain) == ("Example Networks", "example.org")
    assert organisation.number_resources == ["AS64500", "192.0.2.0/24"]
    assert (grant.organisation, grant.how, grant.granted_by) == (organisation, "application", otto)
    assert grant.ends_at - grant.starts_at == timedelta(days=365)
    assert "Registry, AS64500" in grant.evidence
    assert (seat.user, seat.number) == (application.applicant, 1)
    assert tier(application.applicant) == Tier.LEADERSHIP_ALLIANCE
    application.refresh_from_db()
    assert (application.state, application.granted, application.decided_by) == ("approved", organisation, otto)


def test_nothing_is_approved_without_evidence_for_this_version(otto):
    application = make_application()
    find_evidence(application, outcome="no-match")
    with pytest.raises(NoEvidence):
        approve(application, otto)
    changed = make_application(application.applicant, statement="More.")
    find_evidence(changed)
    again = make_application(application.applicant, resources="AS64501")
    with pytest.raises(NoEvidence):
        approve(again, otto)
    assert not Organisation.objects.exists()


def test_a_document_counts_when_the_officer_says_to_have_read_it(otto):
    application = make_application(upload=PDF)
    with pytest.raises(NoEvidence):
        approve(application, otto)
    approve(application, otto, document_reviewed=True)
    assert "document" in Grant.objects.get().evidence


def test_no_document_counts_where_there_is_none(otto):
    with pytest.raises(NoEvidence):
        approve(make_application(), otto, document_reviewed=True)


@pytest.mark.parametrize("step", ["approve", "refuse", "ask"])
def test_a_decision_is_about_the_version_that_was_read(otto, step):
    application = make_application(upload=PDF)
    make_application(application.applicant, organisation="Example Networks Holding")
    do = {
        "approve": lambda **what: actions.approve(**what, document_reviewed=True),
        "refuse": lambda **what: actions.refuse(**what, reason="No."),
        "ask": lambda **what: actions.ask(**what, question="Why?"),
    }[step]
    with pytest.raises(ChangedMeanwhile, match=r"you saw version 1, it is version 2 now\. Nothing was decided"):
        do(application_id=application.pk, version=1, by=otto)
    application.refresh_from_db()
    assert application.state == "submitted"


def test_nobody_decides_on_their_own_not_even_past_the_action(otto):
    application = make_application(otto, upload=PDF)
    with pytest.raises(OwnApplication):
        approve(application, otto, document_reviewed=True)
    with pytest.raises(IntegrityError, match="nobody_decides_their_own"), transaction.atomic():
        Application.objects.update(decided_by=otto)


def test_an_officer_does_not_renew_an_organisation_they_have_a_seat_of(otto):
    manager = make_user()
    organisation = make_organisation(manager, otto)
    application = make_application(manager, upload=PDF)
    assert application.renews == organisation
    with pytest.raises(OwnApplication):
        approve(application, otto, document_reviewed=True)


def test_what_is_decided_is_decided(otto):
    application = make_application(upload=PDF)
    approve(application, otto, document_reviewed=True)
    for decide in (
        lambda: approve(application, otto, document_reviewed=True),
        lambda: actions.refuse(application_id=application.pk, version=1, by=otto, reason="After all."),
        lambda: actions.withdraw(applicant=application.applicant),
    ):
        with pytest.raises(NotPossible):
            decide()
    assert (Organisation.objects.count(), Grant.objects.count()) == (1, 1)


# --- Renewing ---------------------------------------------------------------------------------------------------------


def manager_until(ends_in, **fields):
    user = make_user()
    organisation = make_organisation(user, number_resources=["AS64500"], **fields)
    give(Tier.LEADERSHIP_ALLIANCE, organisation, ends_at=timezone.now() + ends_in)
    return user, organisation


def test_a_renewal_goes_on_from_the_end_of_the_year_and_makes_no_second_organisation(otto):
    user, organisation = manager_until(timedelta(days=20))
    application = make_application(user, upload=PDF, organisation="Example Networks AG")
    approve(application, otto, document_reviewed=True)
    organisation.refresh_from_db()
    assert (Organisation.objects.count(), organisation.name, Seat.objects.count()) == (1, "Example Networks AG", 1)
    days = [(grant.ends_at - timezone.now()).days for grant in Grant.objects.order_by("ends_at")]
    assert days == [19, 384]


def test_a_membership_that_has_ended_is_renewed_from_today(otto):
    user, organisation = manager_until(timedelta(days=-3))
    approve(make_application(user, upload=PDF), otto, document_reviewed=True)
    assert (
        organisation.grants.order_by("ends_at").last().ends_at.date() == (timezone.now() + timedelta(days=365)).date()
    )
    assert tier(user) == Tier.LEADERSHIP_ALLIANCE


def test_long_before_its_end_a_membership_is_not_applied_for_again():
    user, _organisation = manager_until(timedelta(days=200))
    with pytest.raises(NotPossible, match="is a member until"):
        make_application(user)


def test_a_renewal_after_the_seat_was_handed_over_is_not_the_former_managers(otto):
    user, organisation = manager_until(timedelta(days=20))
    application = make_application(user, upload=PDF)
    Seat.objects.update(ends_at=timezone.now())
    Seat.objects.create(organisation=organisation, user=make_user(), number=1)
    with pytest.raises(NotPossible, match="handed over"):
        approve(application, otto, document_reviewed=True)
    assert Grant.objects.count() == 1


# --- The clock --------------------------------------------------------------------------------------------------------


def test_a_question_without_an_answer_for_thirty_days_ends_the_application(otto):
    waiting, asked = make_application(), make_application()
    actions.ask(application_id=asked.pk, version=1, by=otto, question="Why?")
    now = timezone.now()
    assert actions.expire_unanswered(at=now + timedelta(days=29)) == 0
    assert actions.expire_unanswered(at=now + timedelta(days=31)) == 1
    assert actions.expire_unanswered(at=now + timedelta(days=31)) == 0
    states = dict(Application.objects.values_list("pk", "state"))
    assert states == {waiting.pk: "submitted", asked.pk: "expired"}
    assert mails()[-1] == "application-expired"
    assert ApplicationEvent.objects.last().actor is None
