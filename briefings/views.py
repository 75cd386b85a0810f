from dataclasses import dataclass

from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.tiers import GATED, Tier
from briefings.models import SourceNote
from briefings.teasers import page_of, teasers_of
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
        response = _locked_page(request, profile_at(slug, Profile.objects.select_related("live_revision")))
    except Moved as moved:
        response = HttpResponsePermanentRedirect(reverse("briefings:briefing_detail", args=[moved.slug]))
    for name, value in HEADERS.items():
        response[name] = value
    return response


def _locked_page(request: HttpRequest, profile: Profile) -> HttpResponse:
    context = {
        "profile": profile,
        "name": _name(profile),
        "briefings": teasers_of(profile.pk),
        "notes": _notes(profile),
    }
    return render(request, "briefings/briefing_locked.html", context)


def _name(profile: Profile) -> str:
    return profile.live_revision.name if profile.live_revision else profile.slug


def _notes(profile: Profile) -> list[Notes]:
    counted = SourceNote.objects.filter(citation__profile=profile).order_by("tier").values_list("tier")
    return [Notes(Tier(tier), number) for tier, number in counted.annotate(number=Count("pk"))]
