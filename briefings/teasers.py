"""What anyone may know of the briefings on a profile: read from the public teasers alone."""

from django.urls import reverse

from accounts.tiers import GATED, Tier
from briefings.models import Teaser
from profiles.pages.deeper import Deeper


def teasers_of(profile_id: int, *, instead: Teaser | None = None) -> list[Deeper]:
    """Return one entry for each briefing that is up, the widest tier first; `instead` as for the gate."""
    up = Teaser.objects.live(instead=instead).filter(profile=profile_id)
    return [_told(teaser) for teaser in up.order_by("tier")]


def _told(teaser: Teaser) -> Deeper:
    tier = Tier(teaser.tier)
    return Deeper(
        title=teaser.title,
        summary=teaser.summary,
        contents=teaser.contents.splitlines(),
        tier=tier.title,
        tier_slug=tier.slug,
        tier_url=page_of(tier),
        and_above=tier != max(GATED),
    )


def page_of(tier: Tier) -> str:
    """Return the address of the page on a tier."""
    return reverse(f"profiles:{tier.slug.replace('-', '_')}")
