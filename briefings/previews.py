"""A text before its time: through the eyes of each kind of reader, on the desk and at secret addresses."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any, TypeVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from accounts.access import Standing
from accounts.tiers import Tier
from briefings.models import Persona, PreviewLink
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


def may_look(user: Any, persona: str) -> bool:
    """Tell whether somebody on the desk may see a text as this persona does, and show it to others."""
    gated = STANDINGS[Persona(persona)].tier > Tier.READER
    return bool(
        user.is_active and user.is_staff and user.has_perm(SEES_TEXTS) and (not gated or user.has_perm(SEES_GATED))
    )


# --- The page ---------------------------------------------------------------------------------------------------------


def read_revision(revision_id: int) -> Revision | None:
    texts = Revision.objects.select_related("profile", "author", "reviewer", "figure")
    return texts.filter(pk=revision_id).first()


def preview(request: HttpRequest, revision: Revision, persona: str, *, figure_url: str, **more: Any) -> HttpResponse:
    """The page of a profile as this text would make it, with the panel as this persona would find it."""
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


def picture(revision: Revision) -> HttpResponseBase:
    """The picture of a text that may not be live yet."""
    return private(send_picture(revision.figure.path if revision.figure else "", kept=PRIVATE))


Answer = TypeVar("Answer", bound=HttpResponseBase)


def private(response: Answer) -> Answer:
    for name, value in HEADERS.items():
        response[name] = value
    return response


# --- Links ------------------------------------------------------------------------------------------------------------


def make_link(*, revision_id: int, persona: str, by: AbstractBaseUser) -> tuple[PreviewLink, str]:
    """Make a secret address for one text as one persona; return it with the secret, which is told once. Raises NotYours."""
    if not may_look(by, persona):
        raise NotYours
    secret = secrets.token_urlsafe(24)
    with transaction.atomic():
        revision = Revision.objects.get(pk=revision_id)
        link = PreviewLink.objects.create(
            digest=_digest(secret),
            revision=revision,
            edit=revision.edit,
            persona=persona,
            made_by_id=by.pk,
            expires_at=timezone.now() + LASTS,
        )
        audit.record("preview.shared", revision, by=by, link=link.pk, persona=persona)
    return link, secret


def revoke_link(*, link_id: int, by: AbstractBaseUser) -> None:
    """Close a secret address at once."""
    with transaction.atomic():
        if PreviewLink.objects.filter(pk=link_id, revoked_at=None).update(revoked_at=Now(), revoked_by_id=by.pk):
            link = PreviewLink.objects.select_related("revision").get(pk=link_id)
            audit.record("preview.closed", link.revision, by=by, link=link.pk)


def find_link(secret: str) -> PreviewLink | None:
    """Return the link of a secret if it still opens: not closed, not too old, and its maker may still look.

    A profile that was withdrawn is shown to nobody outside the desk, whatever was shared before.
    """
    links = PreviewLink.objects.select_related("made_by").filter(revoked_at=None, expires_at__gt=Now())
    link = links.filter(digest=_digest(secret), revision__profile__withdrawn_at=None).first()
    return link if link and may_look(link.made_by, link.persona) else None


def count_opening(link: PreviewLink) -> None:
    PreviewLink.objects.filter(pk=link.pk).update(opened=F("opened") + 1, last_opened_at=Now())


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
