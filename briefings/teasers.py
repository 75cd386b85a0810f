"""What anyone may know of the briefings on a profile: read from the public teasers alone."""

from accounts.tiers import GATED, Tier
from config import prepared
from config.addresses import address
from profiles.pages.deeper import Deeper

TEASERS = """
    SELECT tier, title, summary, contents FROM briefings_teaser WHERE profile_id = %(profile)s ORDER BY tier"""


def teasers_of(profile_id: int) -> list[Deeper]:
    """Return one entry for each briefing, the widest tier first."""
    return [_told(*row) for row in prepared.rows(TEASERS, profile=profile_id)]


def _told(opens_from: int, title: str, summary: str, contents: str) -> Deeper:
    tier = Tier(opens_from)
    return Deeper(
        title=title,
        summary=summary,
        contents=contents.splitlines(),
        tier=tier.title,
        tier_slug=tier.slug,
        tier_url=page_of(tier),
        and_above=tier != max(GATED),
    )


def page_of(tier: Tier) -> str:
    """Return the address of the page on a tier."""
    return address(f"profiles:{tier.slug.replace('-', '_')}")
