"""What readers report: tickets on the desk, how they are answered, and ceilings on how many there may be.

Everything here that changes a ticket is keyword-only, one transaction, and safe to repeat.
"""

from datetime import timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from config import mailing
from config.models import OutgoingMail
from profiles import actions
from profiles.models import Profile, Ticket

TICKETS_AN_HOUR = 5
HOUR = 3600
OF_ADDRESS_A_DAY = 5
OF_EVERYBODY_AN_HOUR = 100
ANSWERS_A_DAY = 5
ANSWERED = "ticket-answered"


class NotWaiting(Exception):
    """Somebody else has answered or closed this ticket meanwhile; its text is a sentence."""


class NoProfile(Exception):
    """A correction needs a profile to stand on."""


# --- Reporting --------------------------------------------------------------------------------------------------------


def open_ticket(*, message: str, profile: Profile | None = None, name: str = "", email: str = "") -> Ticket:
    """File a report. An address that was left too often today is not kept: it is filed as from nobody."""
    with transaction.atomic():
        left = name, email
        if email and _of_address(email) >= OF_ADDRESS_A_DAY:
            left = "", ""
        return Ticket.objects.create(profile=profile, name=left[0], email=left[1], message=message)


def _of_address(email: str) -> int:
    day_ago = timezone.now() - timedelta(days=1)
    return Ticket.objects.filter(email__iexact=email, created_at__gt=day_ago).count()


def may_report(address: str) -> bool:
    """Take one of the address's places for this hour; False when all are taken. Only a digest of it is kept, in Redis."""
    # add() sets a place only if it is free, so two requests at once cannot take the same one.
    digest = salted_hmac("profiles.contact", address, algorithm="sha256").hexdigest()
    return any(cache.add(f"contact:{digest}:{place}", 1, HOUR) for place in range(TICKETS_AN_HOUR))


def is_flooded() -> bool:
    """More came within an hour, from wherever, than anybody will read."""
    hour_ago = timezone.now() - timedelta(seconds=HOUR)
    return Ticket.objects.filter(created_at__gt=hour_ago).count() >= OF_EVERYBODY_AN_HOUR


# --- On the desk ------------------------------------------------------------------------------------------------------


def take_ticket(*, ticket_id: int, by: AbstractBaseUser) -> Ticket:
    """Say that somebody is at it. Raises NotWaiting."""
    with transaction.atomic():
        return _moved(waiting(ticket_id), Ticket.State.IN_WORK, by)


def answer_ticket(
    *, ticket_id: int, answer: str, by: AbstractBaseUser, correction: str = "", supersedes_id: int | None = None
) -> Ticket:
    """Answer a ticket: by mail where an address was left, and in public where a correction is given.

    Raises NotWaiting, or NoProfile where a correction has nothing to stand on. The same answer again changes nothing.
    """
    with transaction.atomic():
        ticket = locked(ticket_id)
        if ticket.state == Ticket.State.ANSWERED and ticket.answer == answer:
            return ticket
        _refuse_ended(ticket)
        if correction:
            ticket.correction_id = _corrected(ticket, correction, supersedes_id)
        ticket.answer = answer
        _moved(ticket, Ticket.State.ANSWERED, by)
        if may_be_mailed(ticket):
            mailing.post(ANSWERED, to=ticket.email, key=mail_key(ticket), about={"ticket": ticket.pk})
        return ticket


def close_ticket(*, ticket_id: int, by: AbstractBaseUser) -> Ticket:
    """End a ticket that needs no answer. Raises NotWaiting."""
    with transaction.atomic():
        ticket = locked(ticket_id)
        if ticket.state == Ticket.State.CLOSED:
            return ticket
        _refuse_ended(ticket)
        return _moved(ticket, Ticket.State.CLOSED, by)


def reopen_ticket(*, ticket_id: int, by: AbstractBaseUser) -> Ticket:
    """Take a closed ticket up again. One that was answered stays answered: its mail has gone out."""
    with transaction.atomic():
        ticket = locked(ticket_id)
        return _moved(ticket, Ticket.State.IN_WORK, by) if ticket.state == Ticket.State.CLOSED else ticket


def locked(ticket_id: int) -> Ticket:
    return Ticket.objects.select_for_update(no_key=True).get(pk=ticket_id)


def waiting(ticket_id: int) -> Ticket:
    """Return the ticket, locked. Raises NotWaiting if it has come to its end."""
    ticket = locked(ticket_id)
    _refuse_ended(ticket)
    return ticket


def _refuse_ended(ticket: Ticket) -> None:
    if not ticket.waits:
        raise NotWaiting(f"Somebody else has {ticket.get_state_display()} this ticket meanwhile.")


def _moved(ticket: Ticket, state: Ticket.State, by: AbstractBaseUser) -> Ticket:
    ticket.state, ticket.handled_by_id = state, by.pk
    ticket.closed_at = None if ticket.waits else timezone.now()
    ticket.save()
    return ticket


def _corrected(ticket: Ticket, text: str, supersedes_id: int | None) -> int:
    if ticket.profile_id is None:
        raise NoProfile("A correction stands on a profile; say first which one the report is about.")
    return actions.add_correction(profile_id=ticket.profile_id, text=text, supersedes_id=supersedes_id).pk


# --- The mail ---------------------------------------------------------------------------------------------------------


def mail_key(ticket: Ticket) -> str:
    return f"{ANSWERED}:{ticket.pk}"


def may_be_mailed(ticket: Ticket) -> bool:
    """An address was left, and it is not one that somebody has us write to again and again."""
    day_ago = timezone.now() - timedelta(days=1)
    sent = OutgoingMail.objects.filter(kind=ANSWERED, to__iexact=ticket.email, made_at__gt=day_ago)
    return bool(ticket.email) and sent.count() < ANSWERS_A_DAY


def mail_of(ticket: Ticket) -> OutgoingMail | None:
    return OutgoingMail.objects.filter(key=mail_key(ticket)).first()


# --- What is kept -----------------------------------------------------------------------------------------------------


def forget_old() -> int:
    """Take name and address off tickets that came to their end half a year ago; return how many that were."""
    ended = Ticket.objects.filter(closed_at__lt=timezone.now() - Ticket.KEPT)
    return ended.exclude(name="", email="").update(name="", email="")


def forget(address: str) -> None:
    """Take an address and the names beside it off every ticket, and what waits for it out of the outbox."""
    theirs = Ticket.objects.filter(email__iexact=address)
    keys = [mail_key(ticket) for ticket in theirs.only("pk")]
    OutgoingMail.objects.filter(key__in=keys).delete()
    theirs.update(name="", email="")
