"""What the member panel of a profile holds for a reader of some tier."""

from collections.abc import Callable
from dataclasses import dataclass

from accounts.access import Standing
from accounts.tiers import GATED, Tier, tier_named
from briefings.gate import open_for
from briefings.models import Teaser
from briefings.steps import next_step
from briefings.teasers import page_of, teasers_of
from profiles.models import Profile
from profiles.pages.deeper import Deeper


@dataclass(frozen=True, slots=True)
class Notes:
    """How many source notes open from one tier upwards."""

    tier: Tier
    number: int

    @property
    def url(self) -> str:
        return page_of(self.tier)

    @property
    def is_highest(self) -> bool:
        return self.tier == max(GATED)


def panel_of(
    profile: Profile, tier: Tier, *, standing: Callable[[], Standing], back: str, instead: Teaser | None = None
) -> dict[str, object]:
    """Return what `briefings/_deeper.html` shows. The standing is asked for only where something stays locked.

    `instead` is a revision of a briefing that is looked at before its time.
    """
    panel: dict[str, object] = {
        "profile": profile,
        "name": _name(profile),
        "opened": open_for(tier, profile_id=profile.pk, instead=instead),
    }
    if tier == max(GATED):
        return panel
    return panel | _still_locked(profile, teasers_of(profile.pk, instead=instead), tier, standing, back)


def _still_locked(
    profile: Profile, told: list[Deeper], tier: Tier, standing: Callable[[], Standing], back: str
) -> dict[str, object]:
    """What anyone may know of the parts that this tier does not open, and how to get there."""
    teasers = [teaser for teaser in told if tier_named(teaser.tier_slug) > tier]
    notes = [note for note in _notes(profile) if note.tier > tier]
    locked = [*(tier_named(teaser.tier_slug) for teaser in teasers), *(note.tier for note in notes)]
    step = next_step(standing(), locked, back=back) if locked else None
    return {"locked": teasers, "locked_notes": notes, "step": step}


def _name(profile: Profile) -> str:
    return profile.live_revision.name if profile.live_revision else profile.slug


def _notes(profile: Profile) -> list[Notes]:
    counted = profile.note_counts.filter(number__gt=0).order_by("tier").values_list("tier", "number")
    return [Notes(Tier(tier), number) for tier, number in counted]
