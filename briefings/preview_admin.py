"""Previews on the desk: a text through the eyes of each kind of reader, and the secret addresses that show it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from briefings import previews
from briefings.models import Persona, PreviewLink
from profiles.admin import way
from profiles.admin.shared import PUBLISH, ReadOnly, person_of
from profiles.models import Revision


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of text that is looked at before its time: a revision of a profile, or of a briefing."""

    read: Callable[[int], Any]
    needs: str  # the permission without which one does not get as far as the ways to look at it
    column: str
    form: str
    previews: str
    preview: str


TEXT = Kind(
    previews.read_revision, previews.SEES_TEXTS, "revision_id",
    "admin:profiles_revision_change", "admin:briefings_previews", "admin:briefings_preview",
)  # fmt: skip
BRIEFING = Kind(
    previews.read_briefing, previews.SEES_GATED, "teaser_id",
    "admin:briefings_teaser_change", "admin:briefings_briefing_previews", "admin:briefings_briefing_preview",
)  # fmt: skip


@admin.register(PreviewLink)
class PreviewLinkAdmin(ReadOnly, admin.ModelAdmin):
    """Every secret address there is. One is made beside its text."""

    list_display = ["text", "persona", "made_by", "made_at", "expires_at", "opened", "state"]
    list_select_related = ["revision", "teaser", "made_by"]
    list_filter = ["persona"]
    actions = ["revoke"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(PUBLISH)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(PUBLISH)

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(PUBLISH)

    @admin.action(description="Close the chosen addresses", permissions=["publish"])
    def revoke(self, request: HttpRequest, links: Any) -> None:
        for link in links:
            previews.revoke_link(link_id=link.pk, by=person_of(request))
        self.message_user(request, "Closed.", messages.SUCCESS)

    @admin.display(description="state")
    def state(self, link: PreviewLink) -> str:
        return state_of(link)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("of/<int:pk>/", wrap(self.previews), {"kind": TEXT}, name="briefings_previews"),
            path("of/<int:pk>/figure/", wrap(self.figure), name="briefings_preview_figure"),
            path("of/<int:pk>/<slug:persona>/", wrap(self.preview), {"kind": TEXT}, name="briefings_preview"),
            path("of-briefing/<int:pk>/", wrap(self.previews), {"kind": BRIEFING}, name="briefings_briefing_previews"),
            path(
                "of-briefing/<int:pk>/<slug:persona>/",
                wrap(self.preview),
                {"kind": BRIEFING},
                name="briefings_briefing_preview",
            ),
            *super().get_urls(),
        ]

    def previews(self, request: HttpRequest, pk: int, kind: Kind) -> HttpResponse:
        """The ways to look at one text, and the addresses that were made for it."""
        text = _text(request, kind, pk)
        made = ""
        if "_share" in request.POST:
            made = self._share(request, kind, pk)
        elif "_close" in request.POST:
            self._close(request, text)
            return HttpResponseRedirect(request.path)
        return render(request, "admin/briefings/previews.html", self._context(request, kind, text, made))

    def _share(self, request: HttpRequest, kind: Kind, pk: int) -> str:
        persona = request.POST.get("persona", "")
        if persona not in Persona.values:
            messages.error(request, "Choose as whom the text is to be seen.")
            return ""
        try:
            _link, secret = previews.make_link(persona=persona, by=person_of(request), **{kind.column: pk})
        except previews.NotYours:
            raise PermissionDenied from None
        return settings.SITE_URL + reverse("briefings:preview_link", args=[secret])

    def _close(self, request: HttpRequest, text: Any) -> None:
        asked = request.POST["_close"]
        link = text.preview_links.filter(pk=asked if asked.isdecimal() and len(asked) < 18 else 0).first()
        if link is None:
            raise Http404
        if link.made_by_id != request.user.pk and not request.user.has_perm(PUBLISH):
            raise PermissionDenied
        previews.revoke_link(link_id=link.pk, by=person_of(request))
        messages.success(request, "Closed: it opens nothing any more.")

    def _context(self, request: HttpRequest, kind: Kind, text: Any, made: str) -> dict[str, Any]:
        links = text.preview_links.select_related("made_by")
        return {
            **self.admin_site.each_context(request),
            "title": "Preview",
            "subtitle": str(text),
            "text": text,
            "form_url": reverse(kind.form, args=[text.pk]),
            "personas": [
                (persona, label, reverse(kind.preview, args=[text.pk, persona]))
                for persona, label in Persona.choices
                if previews.may_look(request.user, persona)
            ],
            "links": [(link, state_of(link)) for link in links],
            "made": made,
            "hours": int(previews.LASTS.total_seconds() // 3600),
        }

    def preview(self, request: HttpRequest, pk: int, persona: str, kind: Kind) -> HttpResponse:
        text = _text(request, kind, pk)
        if persona not in Persona.values:
            raise Http404
        if not previews.may_look(request.user, persona):
            raise PermissionDenied
        back = reverse(kind.previews, args=[pk])
        if kind is BRIEFING:
            return previews.preview_briefing(request, text, persona, back=back)
        figure_url = reverse("admin:briefings_preview_figure", args=[pk])
        return previews.preview(request, text, persona, figure_url=figure_url, back=back)

    def figure(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        return previews.picture(_text(request, TEXT, pk))


def _text(request: HttpRequest, kind: Kind, pk: int) -> Any:
    if not request.user.has_perm(kind.needs):
        raise PermissionDenied
    text = kind.read(pk)
    if text is None:
        raise Http404
    return text


def state_of(link: PreviewLink) -> str:
    if link.revoked_at:
        return f"closed {link.revoked_at:%Y-%m-%d %H:%M} UTC"
    if link.expires_at <= timezone.now():
        return "expired"
    if not previews.is_backed(link):
        return "dead: whoever made it may not look any more"
    return f"open until {link.expires_at:%Y-%m-%d %H:%M} UTC"


def beside(revision: Revision) -> tuple[str, str]:
    return "Preview and share", reverse(TEXT.previews, args=[revision.pk])


way.leads_to(beside)
