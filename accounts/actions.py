"""Everything that changes who may read what: one transaction each, safe to repeat."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import SEATS, Grant, Organisation, Seat, Suspension, User
from accounts.tiers import Tier
from config import mailing
from config.audit import acting, record


class Refused(Exception):
    """What cannot be done, as a sentence for whoever tried."""

    sentence = ""

    def __str__(self) -> str:
        return self.sentence


class NotVerified(Refused):
    """The person has not confirmed an address yet."""

    sentence = "The address is not confirmed yet."


class SeatsTaken(Refused):
    """The organisation has no free seat."""

    sentence = f"All {SEATS} seats are taken; end one first."


class Ended(Refused):
    """What was to be ended has ended already."""

    sentence = "It has ended already."


class OwnCase(Refused):
    """Somebody decides on what they read themselves."""

    sentence = "This is about yourself, or an organisation you have a seat of. Another officer decides it."


class Closed(Refused):
    """The account is closed, or about to be."""

    sentence = "This account is closed."


# --- The Strategic Circle ---------------------------------------------------------------------------------------------


def join_circle(*, user: User) -> Grant:
    """Make somebody with a confirmed address a member; one who is a member already stays it. Raises NotVerified."""
    if not EmailAddress.objects.filter(user=user, verified=True).exists():
        raise NotVerified(user.pk)
    try:
        with transaction.atomic():
            return _joined(user) or _join(user)
    except IntegrityError:  # two clicks at once: the other one made it
        return Grant.objects.get(user=user, how=Grant.How.JOINED, ends_at=None)


def _join(user: User) -> Grant:
    grant = Grant.objects.create(user=user, tier=Tier.STRATEGIC_CIRCLE, how=Grant.How.JOINED, granted_by=user)
    _tell("circle-welcome", [user], grant)
    return grant


def _joined(user: User) -> Grant | None:
    joined: Grant | None = Grant.objects.filter(user=user, how=Grant.How.JOINED, ends_at=None).first()
    return joined


def leave_circle(*, user: User) -> None:
    """End what somebody joined by themselves; whatever else they were given stays."""
    with transaction.atomic():
        for grant in Grant.objects.select_for_update().filter(user=user, how=Grant.How.JOINED, ends_at=None):
            _end(grant, by=user, reason="left", at=timezone.now())


# --- The ledger -------------------------------------------------------------------------------------------------------


def give_comp(
    *,
    by: User,
    tier: Tier,
    ends_at: datetime,
    evidence: str,
    user: User | None = None,
    organisation: Organisation | None = None,
    starts_at: datetime | None = None,
) -> Grant:
    """Give a person or an organisation a tier for a while, for the reason in `evidence`. Raises OwnCase, Closed.

    The same once more, by somebody who clicked twice, is the one there is.
    """
    with _acting(by):
        _lock(user, organisation)
        check_not_ones_own(by, user, organisation)
        given = {"user": user, "organisation": organisation, "tier": tier, "how": Grant.How.COMP, "ends_at": ends_at}
        same: Grant | None = Grant.objects.filter(**given, evidence=evidence, granted_by=by, end_reason="").first()
        if same:
            return same
        grant = Grant.objects.create(**given, evidence=evidence, granted_by=by, starts_at=starts_at or timezone.now())
        _tell("grant-given", _people(user, organisation), grant, due=grant.starts_at)
        return grant


def end_grant(*, grant: Grant, by: User, reason: str) -> None:
    """End a grant now, with the reason on record. Raises Ended."""
    with transaction.atomic():
        locked = Grant.objects.select_for_update().get(pk=grant.pk)
        at = timezone.now()
        if locked.ends_at and locked.ends_at <= at:
            raise Ended(grant.pk)
        people = _people(locked.user, locked.organisation)
        _end(locked, by=by, reason=reason, at=at)
        _tell("grant-ended", [person for person in people if person != by], locked)


def _end(grant: Grant, *, by: User, reason: str, at: datetime) -> None:
    # A grant that has not begun yet ends where it would have begun: it never holds.
    grant.ends_at = max(at, grant.starts_at)
    grant.ended_by, grant.end_reason = by, reason
    grant.save(update_fields=["ends_at", "ended_by", "end_reason"])


# --- Seats ------------------------------------------------------------------------------------------------------------


def give_seat(*, organisation: Organisation, user: User, first: int = 1, by: User | None = None) -> Seat:
    """Give somebody the first free seat, counted from `first`; the manager's is 1. Raises SeatsTaken, OwnCase, Closed.

    `by` is who decides on it on the desk; then the person is told.
    """
    with _acting(by):
        _lock(user, organisation)  # two invitations at once: one waits
        if by is not None and by == user:
            raise OwnCase(user.pk)
        mine: Seat | None = _held_seats(organisation).filter(user=user).first()
        if mine:
            return mine
        free = [number for number in free_seats(organisation) if number >= first]
        if not free:
            raise SeatsTaken(organisation.pk)
        seat = Seat.objects.create(organisation=organisation, user=user, number=free[0])
        _tell("seat-given", [user] if by else [], seat)
        return seat


def free_seats(organisation: Organisation) -> list[int]:
    """The numbers of the seats nobody has, lowest first."""
    return sorted(set(range(1, SEATS + 1)) - set(_held_seats(organisation).values_list("number", flat=True)))


def _held_seats(organisation: Organisation) -> QuerySet[Seat]:
    held: QuerySet[Seat] = Seat.objects.holding(timezone.now()).filter(organisation=organisation)
    return held


def end_seat(*, seat: Seat, by: User | None = None, reason: str = "") -> None:
    """Take a seat back; the person reads on with whatever else they have."""
    with _acting(by, reason):
        locked = Seat.objects.select_for_update().get(pk=seat.pk)
        at = timezone.now()
        if locked.ends_at is None or locked.ends_at > at:
            locked.ends_at = max(at, locked.starts_at)
            locked.save(update_fields=["ends_at"])
            _tell("seat-ended", [locked.user] if by and by != locked.user else [], locked)


# --- Suspension -------------------------------------------------------------------------------------------------------


def suspend(
    *,
    by: User,
    reason: str,
    user: User | None = None,
    organisation: Organisation | None = None,
    ends_at: datetime | None = None,
) -> Suspension:
    """Close every tier to a person, or to all seats of an organisation, from now on. Raises Closed.

    The same once more, by somebody who clicked twice, is the one there is.
    """
    with _acting(by):
        _lock(user, organisation)
        given = {"user": user, "organisation": organisation, "reason": reason, "ends_at": ends_at, "by": by}
        same: Suspension | None = Suspension.objects.holding(timezone.now()).filter(**given).first()
        if same:
            return same
        suspension = Suspension.objects.create(**given)
        _tell("suspended", _people(user, organisation), suspension)
        return suspension


def lift(*, suspension: Suspension, by: User | None = None, reason: str = "") -> None:
    """End a suspension now; one that has ended stays as it was. Raises OwnCase."""
    with _acting(by, reason):
        locked = Suspension.objects.select_for_update().get(pk=suspension.pk)
        if by is not None:
            check_not_ones_own(by, locked.user, locked.organisation)
        at = timezone.now()
        if locked.ends_at is None or locked.ends_at > at:
            locked.ends_at = max(at, locked.starts_at)
            locked.save(update_fields=["ends_at"])
            _tell("lifted", _people(locked.user, locked.organisation), locked)


# --- Sessions ---------------------------------------------------------------------------------------------------------


def end_sessions(*, user: User, by: User | None = None) -> int:
    """Log somebody out everywhere, with their next click. Return how many sessions there were."""
    with _acting(by):
        listed = set(UserSession.objects.filter(user=user).values_list("session_key", flat=True))
        keys = listed | set(_sessions_of(user))
        ended, _tables = Session.objects.filter(pk__in=keys).delete()
        UserSession.objects.filter(user=user).delete()
        record("sessions.ended", user, number=ended)
        return ended


def _sessions_of(user: User) -> Iterator[str]:
    """The sessions that name somebody. The list of them may lack one: it is written by pages that ask who is there."""
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        if session.get_decoded().get(SESSION_KEY) == str(user.pk):
            yield session.pk


# --- What they share --------------------------------------------------------------------------------------------------


def _acting(by: User | None, reason: str = "") -> AbstractContextManager[None]:
    """One transaction; without somebody to name, the audit names whoever the transaction around it does."""
    return acting(by=by, reason=reason) if by or reason else transaction.atomic()


def _lock(user: User | None, organisation: Organisation | None) -> None:
    """Let one decision on somebody wait for another. Raises Closed."""
    if organisation is not None:
        Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    if user is not None and User.objects.select_for_update(no_key=True).get(pk=user.pk).closed_at:
        raise Closed(user.pk)


def _people(user: User | None, organisation: Organisation | None) -> list[User]:
    """Whom something concerns: the person, or everybody who has a seat of the organisation."""
    if user is not None:
        return [user]
    return [seat.user for seat in _held_seats(organisation).select_related("user")] if organisation else []


def _tell(kind: str, people: Iterable[User], entry: Grant | Seat | Suspension, *, due: datetime | None = None) -> None:
    about = {str(entry._meta.model_name): entry.pk}
    for user in people:
        key = f"{kind}:{entry.pk}:{user.pk}"
        mailing.post(kind, to=user.email, user_id=user.pk, key=key, about=about, due=due)


def check_not_ones_own(by: User, user: User | None, organisation: Organisation | None) -> None:
    """Nobody decides on what they read themselves. Raises OwnCase."""
    seated = Seat.objects.holding(timezone.now()).filter(user=by, organisation=organisation) if organisation else None
    if by == user or (seated is not None and seated.exists()):
        raise OwnCase(by.pk)
