"""What is new to a member since they last came: grades that moved, and briefings their tier opens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Greatest
from django.urls import reverse

from accounts.models import User
from accounts.panels import Panel
from accounts.tiers import Tier
from briefings.models import Teaser
from profiles.models import Grade, Profile
from profiles.pages.moves import Move, latest

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Arrived:
    """A briefing that was not there the last time: its title, which is public, and where it is read."""

    title: str
    name: str
    tier: Tier
    at: datetime
    url: str


def news_panel(user: User, tier: Tier, since: datetime | None) -> Panel | None:
    """What is new on a member's own page; nothing at their first visit, when everything would be."""
    if since is None:
        return None
    return Panel("briefings/_news.html", {"since": since, "moves": moved(since), "briefings": arrived(tier, since)})


def moved(since: datetime) -> Sequence[Move]:
    """The profiles whose grade moved, each with its last move."""
    newest: dict[int, Move] = {}
    for move in latest(5 * SHOWN, arrivals=False, after=since):
        newest.setdefault(move.profile_id, move)
    return list(newest.values())[:SHOWN]


def arrived(tier: Tier, since: datetime) -> list[Arrived]:
    """The briefings a tier opens that appeared: went up for the first time, or came up together with their profile."""
    ever = Teaser.objects.filter(profile=OuterRef("profile"), tier=OuterRef("tier"), approved_at__isnull=False)
    first = ever.order_by("approved_at").values("approved_at")[:1]
    up = Grade.objects.filter(profile=OuterRef("profile"), seq=1).values("graded_at")
    teasers = (
        Teaser.objects.live()
        .filter(tier__lte=tier, profile__in=Profile.objects.published())
        .annotate(at=Greatest(Subquery(first), Subquery(up)), name=F("profile__live_revision__name"))
        .filter(at__gt=since)
        .order_by("-at", "pk")
        .values_list("title", "name", "tier", "at", "profile__slug")
    )
    return [
        Arrived(title, name, Tier(opens), at, reverse("briefings:briefing_detail", args=[slug]))
        for title, name, opens, at, slug in teasers[:SHOWN]
    ]
