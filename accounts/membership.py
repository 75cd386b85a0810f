"""What somebody's own page says of their membership."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q

from accounts.access import grants_of, standing_of, suspensions_of
from accounts.applications.membership import MANAGERS, alliance_grants
from accounts.models import SEATS, Grant, Invitation, Organisation, Seat, Suspension, User
from accounts.tiers import Tier

MISSED = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Place:
    """A seat somebody has, and who has the others."""

    seat: Seat
    organisation: Organisation
    is_manager: bool
    seats: Sequence[Seat]
    invitations: Sequence[Invitation] = ()
    is_member: bool = True  # whether the organisation's membership holds

    @property
    def free(self) -> int:
        return SEATS - len(self.seats)

    @property
    def to_offer(self) -> int:
        return self.free - len(self.invitations) if self.is_member else 0


@dataclass(frozen=True, slots=True)
class Membership:
    """Tier and since when, seats, and what stands in the way."""

    tier: Tier
    since: datetime | None
    until: datetime | None
    verified: bool
    joined: bool
    places: Sequence[Place]
    suspensions: Sequence[Suspension]
    was: Grant | None = None  # a higher one that is over, while it may still be missed

    @property
    def is_reader(self) -> bool:
        return self.tier == Tier.READER


def membership_of(user: User, *, at: datetime) -> Membership:
    """Return what the ledger says of somebody at that moment."""
    standing = standing_of(user, at=at)
    grants = [grant for grant in grants_of(user, at=at) if grant.tier == standing.tier]
    return Membership(
        tier=standing.tier,
        since=min((grant.starts_at for grant in grants), default=None),
        until=_last_end(grants),
        verified=standing.verified,
        joined=Grant.objects.filter(user=user, how=Grant.How.JOINED, ends_at=None).exists(),
        places=[_place(seat, at) for seat in Seat.objects.holding(at).filter(user=user).select_related("organisation")],
        suspensions=list(suspensions_of(user, at=at).select_related("organisation")),
        was=_over(user, standing.tier, at),
    )


def _over(user: User, tier: Tier, at: datetime) -> Grant | None:
    theirs = Q(user=user) | Q(organisation__in=Seat.objects.holding(at).filter(user=user).values("organisation"))
    over = Grant.objects.filter(theirs, tier__gt=tier, ends_at__range=(at - MISSED, at), ends_at__gt=F("starts_at"))
    last: Grant | None = over.order_by("-ends_at").first()
    return last


def _last_end(grants: Sequence[Grant]) -> datetime | None:
    ends = [grant.ends_at for grant in grants]
    return max((end for end in ends if end), default=None) if None not in ends else None


def _place(seat: Seat, at: datetime) -> Place:
    seats = Seat.objects.holding(at).filter(organisation=seat.organisation).select_related("user").order_by("number")
    if seat.number != MANAGERS:
        return Place(seat, seat.organisation, False, list(seats))
    invitations = Invitation.objects.open(at).filter(organisation=seat.organisation).order_by("created_at")
    is_member = alliance_grants(seat.organisation, at).exists()
    return Place(seat, seat.organisation, True, list(seats), list(invitations), is_member)
