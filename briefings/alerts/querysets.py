"""Names for the questions we ask of follows and of what there is to tell."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Exists, F, Max, OuterRef, Q, Value
from django.db.models.functions import Coalesce, NullIf

from briefings.models import Teaser
from profiles.models import Profile
from profiles.public import public_publishers

if TYPE_CHECKING:
    from briefings.alerts.models import Follow, News  # noqa: F401

UNLESS_SAID = "daily"  # for whoever has not answered the question yet


class FollowQuerySet(models.QuerySet["Follow"]):
    """Follows, each with how often its reader is told."""

    def told(self, *paces: str) -> "FollowQuerySet":
        """Those told at one of these paces: what the follow says, else what the account says, else once a day."""
        said = NullIf(F("often"), Value(""))
        pace = Coalesce(said, F("user__preference__often"), Value(UNLESS_SAID))
        return self.alias(pace=pace).filter(pace__in=paces)


class NewsQuerySet(models.QuerySet["News"]):
    """What happened, oldest first."""

    def public(self) -> "NewsQuerySet":
        """About what a stranger may read now: whatever has been withdrawn since is nobody's business any more."""
        live = Q(profile__in=Profile.objects.published())
        up = Teaser.objects.live().filter(profile=OuterRef("profile"), tier=OuterRef("teaser__tier"))
        return self.filter(live | Q(publisher__in=public_publishers())).filter(Q(teaser=None) | Exists(up))

    def between(self, after: int, to: int) -> "NewsQuerySet":
        return self.filter(pk__gt=after, pk__lte=to)

    def in_the_newsletter(self) -> "NewsQuerySet":
        """Grades that moved, new profiles, corrections; not what had been corrected before anybody could read it."""
        return self.public().filter(Q(kind="grade") | Q(kind="correction", first=False))

    def for_telling(self) -> "NewsQuerySet":
        """What a mail says of each, in one query; nothing that is gated lies in these tables."""
        beside = ("profile__live_revision", "publisher", "teaser", "correction__superseded_by")
        text = ("sections", "outlook", "statements")
        return self.select_related(*beside).defer(*(f"profile__live_revision__{name}" for name in text)).order_by("pk")

    def newest(self, *, before: datetime | None = None) -> int:
        """The number of the newest piece of news, or of the newest one that was noticed before that moment."""
        noticed = self.filter(noticed_at__lt=before) if before else self
        return noticed.aggregate(newest=Max("pk"))["newest"] or 0
