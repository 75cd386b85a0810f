"""Everything that changes who may read what: one transaction each, safe to repeat."""

from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import SEATS, Grant, Organisation, Seat, Suspension, User
from accounts.tiers import Tier


class NotVerified(Exception):
    """The person has not confirmed an address yet."""


class SeatsTaken(Exception):
    """The organisation has no free seat."""


class Ended(Exception):
    """What was to be ended has ended already."""


# --- The Strategic Circle ---------------------------------------------------------------------------------------------


def join_circle(*, user: User) -> Grant:
    """Make somebody with a confirmed address a member; one who is a member already stays it. Raises NotVerified."""
    if not EmailAddress.objects.filter(user=user, verified=True).exists():
        raise NotVerified(user.pk)
    try:
        with transaction.atomic():
            return _joined(user) or Grant.objects.create(
                user=user, tier=Tier.STRATEGIC_CIRCLE, how=Grant.How.JOINED, granted_by=user
            )
    except IntegrityError:  # two clicks at once: the other one made it
        return Grant.objects.get(user=user, how=Grant.How.JOINED, ends_at=None)


def _joined(user: User) -> Grant | None:
    joined: Grant | None = Grant.objects.filter(user=user, how=Grant.How.JOINED, ends_at=None).first()
    return joined


def leave_circle(*, user: User) -> None:
    """End what somebody joined by themselves; whatever else they were given stays."""
    with transaction.atomic():
        for grant in Grant.objects.select_for_update().filter(user=user, how=Grant.How.JOINED, ends_at=None):
            _end(grant, by=user, reason="left", at=timezone.now())


# --- The ledger -------------------------------------------------------------------------------------------------------


def end_grant(*, grant: Grant, by: User, reason: str) -> None:
    """End a grant now, with the reason on record. Raises Ended."""
    with transaction.atomic():
        locked = Grant.objects.select_for_update().get(pk=grant.pk)
        at = timezone.now()
        if locked.ends_at and locked.ends_at <= at:
            raise Ended(grant.pk)
        _end(locked, by=by, reason=reason, at=at)


def _end(grant: Grant, *, by: User, reason: str, at: datetime) -> None:
    # A grant that has not begun yet ends where it would have begun: it never holds.
    grant.ends_at = max(at, grant.starts_at)
    grant.ended_by, grant.end_reason = by, reason
    grant.save(update_fields=["ends_at", "ended_by", "end_reason"])


# --- Seats ------------------------------------------------------------------------------------------------------------


def give_seat(*, organisation: Organisation, user: User, first: int = 1) -> Seat:
    """Give somebody the first free seat, counted from `first`; the manager's is 1. Raises SeatsTaken."""
    with transaction.atomic():
        Organisation.objects.select_for_update().get(pk=organisation.pk)  # two invitations at once: one waits
        held = Seat.objects.holding(timezone.now()).filter(organisation=organisation)
        mine: Seat | None = held.filter(user=user).first()
        if mine:
            return mine
        free = sorted(set(range(first, SEATS + 1)) - set(held.values_list("number", flat=True)))
        if not free:
            raise SeatsTaken(organisation.pk)
        return Seat.objects.create(organisation=organisation, user=user, number=free[0])


def end_seat(*, seat: Seat) -> None:
    """Take a seat back; the person reads on with whatever else they have."""
    Seat.objects.filter(pk=seat.pk, ends_at=None).update(ends_at=timezone.now())


# --- Suspension -------------------------------------------------------------------------------------------------------


def suspend(
    *,
    by: User,
    reason: str,
    user: User | None = None,
    organisation: Organisation | None = None,
    ends_at: datetime | None = None,
) -> Suspension:
    """Close every tier to a person, or to all seats of an organisation, from now on."""
    return Suspension.objects.create(user=user, organisation=organisation, reason=reason, ends_at=ends_at, by=by)


def lift(*, suspension: Suspension) -> None:
    with transaction.atomic():
        locked = Suspension.objects.select_for_update().get(pk=suspension.pk)
        at = timezone.now()
        if locked.ends_at is None or locked.ends_at > at:
            locked.ends_at = max(at, locked.starts_at)
            locked.save(update_fields=["ends_at"])
