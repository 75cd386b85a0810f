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
    link, revision = _shared(preview)
    if request.method == "GET":
        previews.count_opening(link)
    figure_url = reverse("briefings:preview_figure", args=[preview])
    return previews.preview(request, revision, link.persona, figure_url=figure_url, link=link)


@require_safe
def preview_figure(request: HttpRequest, preview: str) -> HttpResponseBase:
    _link, revision = _shared(preview)
    return previews.picture(revision)


def _shared(secret: str) -> tuple[PreviewLink, Revision]:
    link = previews.find_link(secret)
    revision = previews.read_revision(link.revision_id) if link else None
    if link is None or revision is None:
        raise Http404
    return link, revision


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
