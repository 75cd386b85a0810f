"""What members are told by mail: each thing once, by the reason given, and nothing that is no longer so."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accounts import actions
from accounts.tiers import Tier
from config import mailing
from config.models import OutgoingMail
from tests.builders import give, make_organisation, make_user

pytestmark = pytest.mark.django_db

SOON = timezone.now() + timedelta(days=30)


def sent():
    """The mails that leave now: to whom, and the subject without the site's name."""
    mail.outbox.clear()
    mailing.deliver()
    assert not OutgoingMail.objects.exclude(problem="").exclude(problem="No longer wanted.").exists()
    return [(message.to[0], message.subject.removeprefix("Assay: ")) for message in mail.outbox]


def test_a_new_member_is_welcomed_once():
    user = make_user("new@example.org", name="New")
    actions.join_circle(user=user)
    actions.join_circle(user=user)
    assert sent() == [("new@example.org", "Welcome to the Strategic Circle")]
    assert "Hello New," in mail.outbox[0].body
    assert sent() == []


def test_who_left_before_the_mail_did_is_not_welcomed():
    user = make_user()
    actions.join_circle(user=user)
    actions.leave_circle(user=user)
    assert sent() == []


def test_who_is_suspended_reads_why_and_hears_when_it_is_lifted(mina, otto):
    suspension = actions.suspend(user=mina, by=otto, reason="Shared a briefing.")
    assert sent() == [("mina@example.org", "Your membership is suspended")]
    assert "The reason: Shared a briefing." in mail.outbox[0].body
    actions.lift(suspension=suspension, by=otto)
    assert sent() == [("mina@example.org", "Your suspension is lifted")]
    assert "open to the Strategic Circle again" in mail.outbox[0].body


def test_a_suspension_lifted_at_once_is_told_of_by_one_mail_alone(mina, otto):
    actions.lift(suspension=actions.suspend(user=mina, by=otto, reason="A mistake."), by=otto)
    assert sent() == [("mina@example.org", "Your suspension is lifted")]


def test_everybody_with_a_seat_hears_of_their_organisation(alma, mina, otto):
    organisation = alma.seats.get().organisation
    actions.give_seat(organisation=organisation, user=mina)
    gone = make_user()
    actions.end_seat(seat=actions.give_seat(organisation=organisation, user=gone))
    actions.suspend(organisation=organisation, by=otto, reason="Unpaid fees at the registry.")
    assert sent() == [
        (email, "The membership of Example Networks is suspended") for email in ("alma@example.org", "mina@example.org")
    ]


def test_a_grant_that_somebody_else_ends_is_told_with_the_reason(mina, otto):
    actions.end_grant(grant=mina.grants.get(), by=otto, reason="Asked for by letter.")
    assert sent() == [("mina@example.org", "Your membership of the Strategic Circle has ended")]
    assert "The reason: Asked for by letter." in mail.outbox[0].body
    assert "You read on as a reader" in mail.outbox[0].body


def test_who_leaves_by_themselves_gets_no_mail_about_it(mina):
    actions.leave_circle(user=mina)
    assert sent() == []


def test_a_complimentary_membership_is_told_of_when_it_begins(mina, otto):
    fields = {"by": otto, "user": mina, "tier": Tier.LEADERSHIP_ALLIANCE, "ends_at": SOON, "evidence": "A guest."}
    actions.give_comp(**fields)
    later = timezone.now() + timedelta(days=3)
    actions.give_comp(**fields | {"evidence": "Again.", "starts_at": later})
    assert sent() == [("mina@example.org", "You have been given the Leadership Alliance")]
    assert "A guest." not in mail.outbox[0].body  # the evidence is for the desk
    assert [one.due_at for one in OutgoingMail.objects.filter(sent_at=None)] == [later]


def test_a_seat_given_or_taken_on_the_desk_is_told_of(mina, otto):
    organisation = make_organisation()
    seat = actions.give_seat(organisation=organisation, user=mina, by=otto)
    assert sent() == [("mina@example.org", "You have a seat of Example Networks")]
    assert "the manager's seat of Example Networks" in mail.outbox[0].body
    actions.end_seat(seat=seat, by=otto, reason="Has left the company.")
    assert sent() == [("mina@example.org", "Your seat of Example Networks has ended")]
    assert "open to the Strategic Circle" in mail.outbox[0].body


def test_what_is_refused_is_told_to_nobody(otto):
    with pytest.raises(actions.OwnCase):
        actions.give_seat(organisation=make_organisation(), user=otto, by=otto)
    assert not OutgoingMail.objects.exists()


def test_a_name_that_looks_like_markup_stays_what_it_is(otto):
    user = make_user("odd@example.org", name="{{ user.password }} <b>\r\nBcc: x@example.org")
    give(Tier.STRATEGIC_CIRCLE, user)
    actions.suspend(user=user, by=otto, reason="{% now 'Y' %} & more")
    assert sent() == [("odd@example.org", "Your membership is suspended")]
    assert "{{ user.password }} <b>" in mail.outbox[0].body
    assert "{% now 'Y' %} & more" in mail.outbox[0].body
    assert mail.outbox[0].bcc == []
