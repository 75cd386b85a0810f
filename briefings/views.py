from typing import TypeVar

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import standing_of, tier_of
from briefings import previews
from briefings.models import PreviewLink
from briefings.panel import panel_of
from config import usage
from config.pagecache import PRIVATE
from profiles.models import Profile, Revision
from profiles.pages.reading import read_profile
from profiles.public import Moved

# The same on every answer, so that the headers never tell who was let in.
HEADERS = {"Cache-Control": PRIVATE, "X-Robots-Tag": "noindex, noarchive", "Referrer-Policy": "same-origin"}


@require_safe
def briefing_detail(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        response = _page(request, read_profile(slug))
    except Moved as moved:
        response = HttpResponsePermanentRedirect(reverse("briefings:briefing_detail", args=[moved.slug]))
    for name, value in HEADERS.items():
        response[name] = value
    return response


@require_safe
def preview_link(request: HttpRequest, preview: str) -> HttpResponse:
    """What somebody who was sent a secret address may see of a text that is not public yet."""
    link = _shared(preview)
    if request.method == "GET":
        previews.count_opening(link)
    if link.teaser_id:
        return previews.preview_briefing(
            request, _found(previews.read_briefing(link.teaser_id)), link.persona, link=link
        )
    figure_url = reverse("briefings:preview_figure", args=[preview])
    return previews.preview(request, _revision(link), link.persona, figure_url=figure_url, link=link)


@require_safe
def preview_figure(request: HttpRequest, preview: str) -> HttpResponseBase:
    return previews.picture(_revision(_shared(preview)))


def _shared(secret: str) -> PreviewLink:
    return _found(previews.find_link(secret))


def _revision(link: PreviewLink) -> Revision:
    return _found(previews.read_revision(link.revision_id) if link.revision_id else None)


Found = TypeVar("Found")


def _found(what: Found | None) -> Found:
    if what is None:
        raise Http404
    return what


def _page(request: HttpRequest, profile: Profile) -> HttpResponse:
    at = timezone.now()
    panel = panel_of(
        profile,
        tier_of(request.user, at=at),
        standing=lambda: standing_of(request.user, at=at),
        back=request.path,
    )
    if panel["opened"]:
        usage.seen(profile.get_absolute_url() + "briefing/", request.META)
    return render(request, "briefings/briefing_detail.html", panel)
