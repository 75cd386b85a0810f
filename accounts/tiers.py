"""Who may read how much, lowest first. Imports nothing of ours."""

from enum import IntEnum


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
        return self.name.replace("_", " ").title()


GATED = (Tier.STRATEGIC_CIRCLE, Tier.LEADERSHIP_ALLIANCE)


def tier_named(slug: str) -> Tier:
    """Return the tier of a slug such as `strategic-circle`, or raise ValueError."""
    for tier in Tier:
        if tier.slug == slug:
            return tier
    raise ValueError(slug)
