"""What a person takes away of their applications and invitations, and what is left of them when they close."""

import json
from datetime import timedelta

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from accounts import closing, personal, seats
from accounts.applications import actions
from accounts.applications.documents import Upload
from accounts.models import Application, Document, Invitation, User
from config import mailing
from config.models import AuditEntry, OutgoingMail
from tests.builders import find_evidence, make_application, make_user

pytestmark = pytest.mark.django_db

PDF = Upload("pdf", "extract.pdf", b"%PDF-1.7 %%EOF")


@pytest.fixture
def anton(otto):
    """Was refused once, has applied again, and was invited meanwhile."""
    user = make_user("anton@example.org", name="Anton Applicant")
    first = make_application(user, statement="Anton holds it.", domain="anton.example", upload=PDF)
    find_evidence(first, kind="dns", outcome="no-match")
    actions.refuse(application_id=first.pk, version=1, by=otto, reason="Anton is no holder.")
    make_application(user, statement="Anton holds it after all.", domain="anton.example")
    return user


def close(user):
    User.objects.filter(pk=user.pk).update(closes_at=timezone.now() - timedelta(seconds=1))
    assert closing.close_due() == 1


def everything_stored():
    models = [Application, AuditEntry, Document, Invitation, OutgoingMail]
    rows = [row for model in models for row in model.objects.values()]
    for application in Application.objects.all():
        rows += [*application.versions.values(), *application.events.values(), *application.checks.values()]
    return str(rows)


def test_everything_about_an_application_is_handed_over(anton):
    told = json.dumps(personal.everything_on(anton), cls=DjangoJSONEncoder)
    for words in ("Anton is no holder.", "Anton holds it after all.", "anton.example", "extract.pdf", "refused"):
        assert words in told


def test_nothing_of_the_person_is_left_in_applications_and_the_steps_stay(anton):
    assert "Anton" in everything_stored()
    close(anton)
    assert "anton" not in everything_stored().lower()
    states = Application.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["refused", "withdrawn"]
    steps = [
        list(application.events.values_list("step", flat=True)) for application in Application.objects.order_by("pk")
    ]
    assert steps == [["submit", "refuse"], ["submit", "withdraw"]]
    mailing.deliver()


def test_an_invitation_to_somebody_who_closes_is_withdrawn_and_names_nobody(alma):
    organisation = alma.seats.get().organisation
    user = make_user("anton@example.org")
    invitation = seats.invite(organisation=organisation, email="Anton@example.org", by=alma)
    assert "Anton@example.org" in json.dumps(personal.everything_on(user), cls=DjangoJSONEncoder)
    close(user)
    assert "anton" not in everything_stored().lower()
    with pytest.raises(seats.NoInvitation):
        seats.invitation_with(invitation.token)


def test_others_keep_theirs(anton):
    other = make_application(statement="Somebody else's.")
    close(anton)
    assert other.text().statement == "Somebody else's."
    other.refresh_from_db()
    assert other.state == "submitted"
