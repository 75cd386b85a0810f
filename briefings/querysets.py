"""Names for the questions we ask of what lies behind a tier."""

from typing import TYPE_CHECKING

from django.db import models

from accounts.tiers import Tier

if TYPE_CHECKING:
    from briefings.models import Briefing, SourceNote  # noqa: F401


class BriefingQuerySet(models.QuerySet["Briefing"]):
    """Briefings, in the order of their tiers."""

    def readable_by(self, tier: Tier) -> "BriefingQuerySet":
        """What `gate.can_read` lets that tier read."""
        return self.filter(teaser__tier__lte=tier).select_related("teaser").order_by("teaser__tier")


class SourceNoteQuerySet(models.QuerySet["SourceNote"]):
    """Source notes, in the order in which the profile cites their sources."""

    def readable_by(self, tier: Tier) -> "SourceNoteQuerySet":
        """What `gate.can_read` lets that tier read."""
        beside = self.filter(tier__lte=tier).select_related("citation__source__publisher")
        return beside.order_by("citation__position", "pk")
