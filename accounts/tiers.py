"""Who may read how much, lowest first. Imports nothing of ours."""

from enum import IntEnum

from django.utils.translation import gettext_lazy


class Tier(IntEnum):
    """How deep a person may read. Tiers are ordered: ask the order, not the name."""

    READER = 0
    STRATEGIC_CIRCLE = 1
    LEADERSHIP_ALLIANCE = 2

    @property
    def slug(self) -> str:
        return self.name.lower().replace("_", "-")

    @property
    def title(self) -> str:
        return str(TITLES[self])


TITLES = {
    Tier.READER: gettext_lazy("Reader"),
    Tier.STRATEGIC_CIRCLE: gettext_lazy("Strategic Circle"),
    Tier.LEADERSHIP_ALLIANCE: gettext_lazy("Leadership Alliance"),
}
GATED = (Tier.STRATEGIC_CIRCLE, Tier.LEADERSHIP_ALLIANCE)


def tier_named(slug: str) -> Tier:
    """Return the tier of a slug such as `strategic-circle`, or raise ValueError."""
    for tier in Tier:
        if tier.slug == slug:
            return tier
    raise ValueError(slug)
