"""One profile: its page, the working of its grade, its picture."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import wraps

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponsePermanentRedirect,
    HttpResponseRedirect,
)
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

from config.pagecache import public
from profiles import versions
from profiles.figures import shown_at
from profiles.models import Profile
from profiles.pages.confidence import NoSuchDay, asked_day, confidence_page
from profiles.pages.linked import linked_data
from profiles.pages.profile import ProfilePage, profile_page, reference_of, share_card_of
from profiles.pages.reading import read_profile
from profiles.pages.sharing import picture_of
from profiles.pages.tombstone import tombstone
from profiles.public import Moved, Withdrawn

# What a browser may draw. No SVG: it can carry scripts.
PICTURES = {
    "avif": "image/avif",
    "gif": "image/gif",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
}
FOR_EVER = "public, max-age=31536000, immutable"


def at_its_address(
    name: str,
) -> Callable[[Callable[[HttpRequest, Profile], HttpResponse]], Callable[..., HttpResponse]]:
    """Hand the view its profile; an address that the profile once had answers 301, one that was withdrawn 410."""

    def decorate(view: Callable[[HttpRequest, Profile], HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def answer(request: HttpRequest, slug: str) -> HttpResponse:
            try:
                return view(request, read_profile(slug))
            except Moved as moved:
                asked = request.META.get("QUERY_STRING", "")
                return HttpResponsePermanentRedirect(reverse(name, args=[moved.slug]) + (f"?{asked}" if asked else ""))
            except Withdrawn:
                return tombstone(request)

        return answer

    return decorate


@public(version=versions.of_profile)
@at_its_address("profiles:profile_detail")
def profile_detail(request: HttpRequest, profile: Profile) -> HttpResponse:
    page = profile_page(profile)
    return render(request, "profiles/profile_detail.html", {"profile": page, "linked_data": _linked(profile, page)})


def _linked(profile: Profile, page: ProfilePage) -> str:
    """For machines it is one profile, whatever the language of the page that tells of it."""
    kind = profile.live_revision.kind if profile.live_revision else ""
    with translation.override("en"):
        return linked_data(replace(page, canonical=settings.SITE_URL + profile.get_absolute_url()), kind)


@public(reads=["on"], version=versions.of_profile)
@at_its_address("profiles:profile_confidence")
def profile_confidence(request: HttpRequest, profile: Profile) -> HttpResponse:
    try:
        on = asked_day(request.GET.get("on", ""), today=timezone.now().date())
    except NoSuchDay as refused:
        return render(request, "profiles/profile_confidence_refused.html", _refusal(profile, refused), status=400)
    return render(request, "profiles/profile_confidence.html", {"working": confidence_page(profile, on=on)})


@public(version=versions.of_profile)
@at_its_address("profiles:cite_bib")
def cite_bib(request: HttpRequest, profile: Profile) -> HttpResponse:
    return _download(f"{reference_of(profile).bibtex}\n", "application/x-bibtex", f"assay-{profile.slug}.bib")


@public(version=versions.of_profile)
@at_its_address("profiles:cite_csl")
def cite_csl(request: HttpRequest, profile: Profile) -> HttpResponse:
    told = json.dumps([reference_of(profile).csl], ensure_ascii=False, indent=2)
    return _download(f"{told}\n", "application/vnd.citationstyles.csl+json", f"assay-{profile.slug}.json")


def _download(text: str, media_type: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Robots-Tag": "noindex"}
    return HttpResponse(text, content_type=f"{media_type}; charset=utf-8", headers=headers)


def _refusal(profile: Profile, refused: NoSuchDay) -> dict[str, object]:
    url = reverse("profiles:profile_confidence", args=[profile.slug])
    return {"profile": profile, "url": url, "refused": refused}


@require_safe
def figure(request: HttpRequest, digest: str, extension: str) -> HttpResponseBase:
    """The picture of a live profile, or a rendition of it. The address holds the hash of the bytes, so it never means anything else."""
    return send_picture(shown_at(digest, extension), kept=FOR_EVER)


def send_picture(path: str, *, kept: str) -> HttpResponseBase:
    """The bytes of a picture, to be kept as long as that; 404 where there is none that a browser may draw."""
    extension = path.rpartition(".")[2]
    if extension not in PICTURES or not default_storage.exists(path):
        raise Http404
    headers = {"Cache-Control": kept, "X-Content-Type-Options": "nosniff"}
    return FileResponse(default_storage.open(path), content_type=PICTURES[extension], headers=headers)


@require_safe
def card(request: HttpRequest, slug: str, version: str) -> HttpResponse:
    """The picture of a live profile for places where it is shared. A version of yesterday leads to the one of now."""
    try:
        wanted = share_card_of(read_profile(slug))
    except Moved as moved:
        wanted = share_card_of(read_profile(moved.slug))
    if (wanted.slug, wanted.version) != (slug, version):
        return HttpResponseRedirect(wanted.path)
    headers = {"Cache-Control": FOR_EVER, "X-Content-Type-Options": "nosniff"}
    return HttpResponse(picture_of(wanted), content_type="image/png", headers=headers)
