"""A text before its time: through the eyes of each kind of reader, on the desk and at secret addresses."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any, TypeVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from accounts.access import Standing
from accounts.tiers import Tier
from briefings.models import Persona, PreviewLink, Teaser
from briefings.panel import panel_of
from config import audit
from config.pagecache import PRIVATE
from profiles.models import Revision
from profiles.pages.profile import preview_of, profile_page
from profiles.views.profile import send_picture

LASTS = timedelta(hours=72)
SEES_TEXTS, SEES_GATED = "profiles.view_revision", "briefings.view_briefing"
HEADERS = {"Cache-Control": PRIVATE, "X-Robots-Tag": "noindex, noarchive", "Referrer-Policy": "no-referrer"}

STANDINGS = {
    Persona.STRANGER: Standing(Tier.READER, logged_in=False),
    Persona.CIRCLE: Standing(Tier.STRATEGIC_CIRCLE, logged_in=True, verified=True),
    Persona.ALLIANCE: Standing(Tier.LEADERSHIP_ALLIANCE, logged_in=True, verified=True),
    Persona.EXPIRED: Standing(Tier.READER, logged_in=True, verified=True),
}


class NotYours(Exception):
    """This person may not look through these eyes."""


def may_look(user: Any, persona: str, *, briefing: bool = False) -> bool:
    """Tell whether somebody on the desk may see a text as this persona does, and show it to others."""
    gated = briefing or STANDINGS[Persona(persona)].tier > Tier.READER
    return bool(
        user.is_active and user.is_staff and user.has_perm(SEES_TEXTS) and (not gated or user.has_perm(SEES_GATED))
    )


# --- The page ---------------------------------------------------------------------------------------------------------


def read_revision(revision_id: int) -> Revision | None:
    texts = Revision.objects.select_related("profile", "author", "reviewer", "figure")
    return texts.filter(pk=revision_id).first()


def preview(request: HttpRequest, revision: Revision, persona: str, *, figure_url: str, **more: Any) -> HttpResponse:
    """The page of a profile as this text would make it, with the panel as this persona finds it now."""
    standing = STANDINGS[Persona(persona)]
    profile = preview_of(revision)
    context = {
        **panel_of(profile, standing.tier, standing=lambda: standing, back=profile.get_absolute_url()),
        "profile": profile_page(profile, as_draft=revision.approved_at is None),
        "revision": revision,
        "persona": Persona(persona).label,
        "figure_url": figure_url,
        **more,
    }
    return private(render(request, "briefings/text_preview.html", context))


def read_briefing(teaser_id: int) -> Teaser | None:
    return Teaser.objects.select_related("profile__live_revision").filter(pk=teaser_id).first()


def preview_briefing(request: HttpRequest, teaser: Teaser, persona: str, **more: Any) -> HttpResponse:
    """The page of the briefings of a profile as it would be with this revision up, as this persona would find it."""
    standing, profile = STANDINGS[Persona(persona)], teaser.profile
    context = {
        **panel_of(profile, standing.tier, standing=lambda: standing, back=profile.get_absolute_url(), instead=teaser),
        "text": teaser,
        "persona": Persona(persona).label,
        **more,
    }
    return private(render(request, "briefings/revision_preview.html", context))


def picture(revision: Revision) -> HttpResponseBase:
    """The picture of a text that may not be live yet."""
    return private(send_picture(revision.figure.path if revision.figure else "", kept=PRIVATE))


Answer = TypeVar("Answer", bound=HttpResponseBase)


def private(response: Answer) -> Answer:
    for name, value in HEADERS.items():
        response[name] = value
    return response


# --- Links ------------------------------------------------------------------------------------------------------------


def make_link(
    *, persona: str, by: AbstractBaseUser, revision_id: int | None = None, teaser_id: int | None = None
) -> tuple[PreviewLink, str]:
    """Make a secret address for one text as one persona; return it with the secret, which is told once. Raises NotYours."""
    if not may_look(by, persona, briefing=teaser_id is not None):
        raise NotYours
    secret = secrets.token_urlsafe(24)
    with transaction.atomic():
        link = PreviewLink(revision_id=revision_id, teaser_id=teaser_id, persona=persona, made_by_id=by.pk)
        link.digest, link.edit, link.expires_at = _digest(secret), link.text.edit, timezone.now() + LASTS
        link.save()
        audit.record("preview.shared", link.text, by=by, link=link.pk, persona=persona)
    return link, secret


def revoke_link(*, link_id: int, by: AbstractBaseUser) -> None:
    """Close a secret address at once."""
    with transaction.atomic():
        if PreviewLink.objects.filter(pk=link_id, revoked_at=None).update(revoked_at=Now(), revoked_by_id=by.pk):
            link = PreviewLink.objects.select_related("revision", "teaser").get(pk=link_id)
            audit.record("preview.closed", link.text, by=by, link=link.pk)


def find_link(secret: str) -> PreviewLink | None:
    """Return the link of a secret if it still opens: not closed, not too old, and its maker may still look.

    What was withdrawn is shown to nobody outside the desk, whatever was shared before.
    """
    links = PreviewLink.objects.select_related("made_by").filter(revoked_at=None, expires_at__gt=Now())
    up = Q(revision__profile__withdrawn_at=None, teaser__profile__withdrawn_at=None, teaser__withdrawn_at=None)
    link = links.filter(up, digest=_digest(secret)).first()
    return link if link and is_backed(link) else None


def is_backed(link: PreviewLink) -> bool:
    """Tell whether the one who made it may still look themselves."""
    return may_look(link.made_by, link.persona, briefing=link.teaser_id is not None)


def count_opening(link: PreviewLink) -> None:
    PreviewLink.objects.filter(pk=link.pk).update(opened=F("opened") + 1, last_opened_at=Now())


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
