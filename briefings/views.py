from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import standing_of, tier_of
from accounts.tiers import GATED, Tier, tier_named
from briefings.gate import open_for
from briefings.steps import next_step
from briefings.teasers import page_of, teasers_of
from config import usage
from config.pagecache import PRIVATE
from profiles.models import Profile
from profiles.public import Moved, profile_at

# The same on every answer, so that the headers never tell who was let in.
HEADERS = {"Cache-Control": PRIVATE, "X-Robots-Tag": "noindex, noarchive", "Referrer-Policy": "same-origin"}


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


@require_safe
def briefing_detail(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        response = _page(request, profile_at(slug, Profile.objects.select_related("live_revision")))
    except Moved as moved:
        response = HttpResponsePermanentRedirect(reverse("briefings:briefing_detail", args=[moved.slug]))
    for name, value in HEADERS.items():
        response[name] = value
    return response


def _page(request: HttpRequest, profile: Profile) -> HttpResponse:
    at = timezone.now()
    tier = tier_of(request.user, at=at)
    opened = open_for(tier, profile_id=profile.pk)
    if opened:
        usage.seen(profile.get_absolute_url() + "briefing/", request.META)
    context: dict[str, object] = {"profile": profile, "name": _name(profile), "opened": opened}
    if tier < max(GATED):
        context |= _still_locked(request, profile, tier)
    return render(request, "briefings/briefing_detail.html", context)


def _still_locked(request: HttpRequest, profile: Profile, tier: Tier) -> dict[str, object]:
    """What anyone may know of the parts that this tier does not open, and how to get there."""
    teasers = [teaser for teaser in teasers_of(profile.pk) if tier_named(teaser.tier_slug) > tier]
    notes = [note for note in _notes(profile) if note.tier > tier]
    locked = [*(tier_named(teaser.tier_slug) for teaser in teasers), *(note.tier for note in notes)]
    step = next_step(standing_of(request.user, at=timezone.now()), locked, back=request.path) if locked else None
    return {"locked": teasers, "locked_notes": notes, "step": step}


def _name(profile: Profile) -> str:
    return profile.live_revision.name if profile.live_revision else profile.slug


def _notes(profile: Profile) -> list[Notes]:
    counted = profile.note_counts.filter(number__gt=0).order_by("tier").values_list("tier", "number")
    return [Notes(Tier(tier), number) for tier, number in counted]
