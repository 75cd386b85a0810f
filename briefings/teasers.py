"""What anyone may know of the briefings on a profile: read from the public teasers alone."""

from functools import cache
from typing import Any

from django.db.models import QuerySet

from accounts.tiers import GATED, Tier
from briefings.models import Teaser
from config import prepared
from config.addresses import address
from config.prepared import Question, gap
from profiles.pages.deeper import Deeper


def teasers_of(profile_id: int, *, instead: Teaser | None = None) -> list[Deeper]:
    """Return one entry for each briefing that is up, the widest tier first; `instead` as for the gate."""
    if instead is None:
        return [_told(*columns) for columns in prepared.answer(_question().about(profile=profile_id))]
    return [_told(*columns) for columns in _shown(Teaser.objects.live(instead=instead).filter(profile=profile_id))]


@cache
def _question() -> Question:
    return Question.of(_shown(Teaser.objects.live().filter(profile=gap("profile", "bigint"))))


def _shown(teasers: "QuerySet[Teaser]") -> "QuerySet[Teaser, Any]":
    return teasers.order_by("tier").values_list("tier", "title", "summary", "contents")


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
