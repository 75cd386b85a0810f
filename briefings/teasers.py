"""What anyone may know of the briefings on a profile: read from the public teasers alone."""

from django.urls import reverse

from accounts.tiers import GATED, Tier
from briefings.models import Teaser
from profiles.pages.deeper import Deeper


def teasers_of(profile_id: int) -> list[Deeper]:
    """Return one entry for each briefing, the widest tier first."""
    return [_told(teaser) for teaser in Teaser.objects.filter(profile=profile_id).order_by("tier")]


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
