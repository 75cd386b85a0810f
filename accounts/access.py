"""Who may see how much, asked of the ledger each time: there is no status that could be out of date."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.models import AnonymousUser
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from accounts.applications.states import State
from accounts.models import Application, Grant, Seat, Suspension, User
from accounts.tiers import Tier
from config import prepared
from config.prepared import Question, gap


def tier_of(user: User | AnonymousUser, *, at: datetime) -> Tier:
    """Return the highest tier that a grant gives the reader at that moment."""
    if not _may_hold(user):
        return Tier.READER
    held = prepared.answer(_tiers_held().about(user=user.pk, at=at))
    return max((Tier(tier) for (tier,) in held), default=Tier.READER)


@cache
def _tiers_held() -> Question:
    """The rule with gaps for whom and when. To write it anew took longer than anything else a briefing takes."""
    user, at = gap("user", "bigint"), gap("at", "timestamptz")
    return Question.of(_held_by(user, user, at).values_list("tier"))


def grants_of(user: User | AnonymousUser, *, at: datetime) -> "QuerySet[Grant]":
    """The grants that hold for the reader at that moment: their own, and those of organisations they have a seat of.

    Nothing holds for who is suspended, and nothing of an organisation that is.
    """
    if not _may_hold(user):
        return Grant.objects.none()
    return _held_by(user.pk, user.pk, at)


def _may_hold(user: User | AnonymousUser) -> bool:
    return user.is_authenticated and user.is_active


def with_tier(users: "QuerySet[User]", *, at: datetime) -> "QuerySet[Any]":
    """The same people, each with what `tier_of` says of them in `tier_now`: one query for a whole list."""
    highest = _held_by(OuterRef("pk"), OuterRef(OuterRef("pk")), at).order_by("-tier").values("tier")[:1]
    tier = Coalesce(Subquery(highest), Value(int(Tier.READER)))
    return users.annotate(tier_now=Case(When(is_active=True, then=tier), default=Value(int(Tier.READER))))


def _held_by(user: Any, user_inside: Any, at: Any) -> "QuerySet[Grant]":
    """The rule itself. A reference to an outer query is one level further out inside of it."""
    seats = Seat.objects.holding(at).filter(user=user_inside, organisation=OuterRef("organisation"))
    suspended = Suspension.objects.holding(at).filter(Q(user=user_inside) | Q(organisation=OuterRef("organisation")))
    return Grant.objects.holding(at).filter(Q(user=user) | Exists(seats), ~Exists(suspended))


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody stands who wants to read on: what they have, and what is in their way."""

    tier: Tier
    logged_in: bool
    verified: bool = False
    suspended: bool = False
    applying: State | None = None


def standing_of(user: User | AnonymousUser, *, at: datetime) -> Standing:
    """Return what decides on the next step to offer. Asks more than `tier_of`; for pages that refuse."""
    if not user.is_authenticated:
        return Standing(Tier.READER, logged_in=False)
    return Standing(
        tier_of(user, at=at),
        logged_in=True,
        verified=EmailAddress.objects.filter(user=user, verified=True).exists(),
        suspended=suspensions_of(user, at=at).exists(),
        applying=_applying(user),
    )


def _applying(user: User) -> State | None:
    state = Application.objects.open().filter(applicant=user).values_list("state", flat=True).first()
    return State(state) if state else None


def suspensions_of(user: User, *, at: datetime) -> "QuerySet[Suspension]":
    """The suspensions in force that keep somebody from reading: their own, or of an organisation they have a seat of."""
    organisations = Seat.objects.holding(at).filter(user=user.pk).values("organisation")
    return Suspension.objects.holding(at).filter(Q(user=user.pk) | Q(organisation__in=organisations))
