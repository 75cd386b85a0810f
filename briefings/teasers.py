"""What anyone may know of the briefings on a profile: read from the public teasers alone."""

from accounts.tiers import GATED, Tier
from briefings.models import Teaser
from config.addresses import address
from profiles.pages.deeper import Deeper


def teasers_of(profile_id: int, *, instead: Teaser | None = None) -> list[Deeper]:
    """Return one entry for each briefing that is up, the widest tier first; `instead` as for the gate."""
    up = Teaser.objects.live(instead=instead).filter(profile=profile_id)
    shown = up.order_by("tier").values_list("tier", "title", "summary", "contents")
    return [_told(*columns) for columns in shown]


def _told(opens_from: int, title: str, summary: str, contents: str) -> Deeper:
    tier = Tier(opens_from)
    return Deeper(
        title=title,
        summary=summary,
        contents=tuple(contents.splitlines()),
        tier=tier.title,
        tier_slug=tier.slug,
        tier_url=page_of(tier),
        and_above=tier != max(GATED),
    )


def page_of(tier: Tier) -> str:
    """Return the address of the page on a tier."""
    return address(f"profiles:{tier.slug.replace('-', '_')}")
