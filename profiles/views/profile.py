"""One profile: its page, the working of its grade, its picture."""

from collections.abc import Callable
from functools import wraps

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from config.pagecache import public
from profiles.models import Figure, Profile
from profiles.pages.confidence import NoSuchDay, asked_day, confidence_page
from profiles.pages.profile import profile_page, read_profile
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


@public
@at_its_address("profiles:profile_detail")
def profile_detail(request: HttpRequest, profile: Profile) -> HttpResponse:
    return render(request, "profiles/profile_detail.html", {"profile": profile_page(profile)})


@public
@at_its_address("profiles:profile_confidence")
def profile_confidence(request: HttpRequest, profile: Profile) -> HttpResponse:
    try:
        on = asked_day(request.GET.get("on", ""), today=timezone.now().date())
    except NoSuchDay as refused:
        return render(request, "profiles/profile_confidence_refused.html", _refusal(profile, refused), status=400)
    return render(request, "profiles/profile_confidence.html", {"working": confidence_page(profile, on=on)})


def _refusal(profile: Profile, refused: NoSuchDay) -> dict[str, object]:
    url = reverse("profiles:profile_confidence", args=[profile.slug])
    return {"profile": profile, "url": url, "refused": refused}


@require_safe
def figure(request: HttpRequest, digest: str, extension: str) -> HttpResponseBase:
    """The picture of a live profile. The address holds the hash of the bytes, so it never means anything else."""
    published = Profile.objects.published().filter(live_revision__figure__isnull=False)
    found = Figure.objects.filter(
        digest=digest, extension=extension, pk__in=published.values("live_revision__figure")
    ).first()
    return send_picture(found, kept=FOR_EVER)


def send_picture(found: Figure | None, *, kept: str) -> HttpResponseBase:
    """The bytes of a picture, to be kept as long as that; 404 where there is none that a browser may draw."""
    if found is None or found.extension not in PICTURES or not default_storage.exists(found.path):
        raise Http404
    headers = {"Cache-Control": kept, "X-Content-Type-Options": "nosniff"}
    return FileResponse(default_storage.open(found.path), content_type=PICTURES[found.extension], headers=headers)
