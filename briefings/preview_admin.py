"""Previews on the desk: a text through the eyes of each kind of reader, and the secret addresses that show it."""

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


@admin.register(PreviewLink)
class PreviewLinkAdmin(ReadOnly, admin.ModelAdmin):
    """Every secret address there is. One is made beside its text."""

    list_display = ["revision", "persona", "made_by", "made_at", "expires_at", "opened", "state"]
    list_select_related = ["revision", "made_by"]
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
            path("of/<int:pk>/", wrap(self.previews), name="briefings_previews"),
            path("of/<int:pk>/figure/", wrap(self.figure), name="briefings_preview_figure"),
            path("of/<int:pk>/<slug:persona>/", wrap(self.preview), name="briefings_preview"),
            *super().get_urls(),
        ]

    def previews(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The ways to look at one text, and the addresses that were made for it."""
        revision = _revision(request, pk)
        made = ""
        if "_share" in request.POST:
            made = self._share(request, revision)
        elif "_close" in request.POST:
            self._close(request, revision)
            return HttpResponseRedirect(request.path)
        return render(request, "admin/briefings/previews.html", self._context(request, revision, made))

    def _share(self, request: HttpRequest, revision: Revision) -> str:
        persona = request.POST.get("persona", "")
        if persona not in Persona.values:
            messages.error(request, "Choose as whom the text is to be seen.")
            return ""
        try:
            _link, secret = previews.make_link(revision_id=revision.pk, persona=persona, by=person_of(request))
        except previews.NotYours:
            raise PermissionDenied from None
        return settings.SITE_URL + reverse("briefings:preview_link", args=[secret])

    def _close(self, request: HttpRequest, revision: Revision) -> None:
        asked = request.POST["_close"]
        link = revision.preview_links.filter(pk=asked if asked.isdecimal() and len(asked) < 18 else 0).first()
        if link is None:
            raise Http404
        if link.made_by_id != request.user.pk and not request.user.has_perm(PUBLISH):
            raise PermissionDenied
        previews.revoke_link(link_id=link.pk, by=person_of(request))
        messages.success(request, "Closed: it opens nothing any more.")

    def _context(self, request: HttpRequest, revision: Revision, made: str) -> dict[str, Any]:
        links = revision.preview_links.select_related("made_by")
        return {
            **self.admin_site.each_context(request),
            "title": "Preview",
            "subtitle": str(revision),
            "revision": revision,
            "personas": [
                (persona, label, reverse("admin:briefings_preview", args=[revision.pk, persona]))
                for persona, label in Persona.choices
                if previews.may_look(request.user, persona)
            ],
            "links": [(link, state_of(link)) for link in links],
            "made": made,
            "hours": int(previews.LASTS.total_seconds() // 3600),
        }

    def preview(self, request: HttpRequest, pk: int, persona: str) -> HttpResponse:
        revision = _revision(request, pk)
        if persona not in Persona.values:
            raise Http404
        if not previews.may_look(request.user, persona):
            raise PermissionDenied
        figure_url = reverse("admin:briefings_preview_figure", args=[pk])
        back = reverse("admin:briefings_previews", args=[pk])
        return previews.preview(request, revision, persona, figure_url=figure_url, back=back)

    def figure(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        return previews.picture(_revision(request, pk))


def _revision(request: HttpRequest, pk: int) -> Revision:
    if not request.user.has_perm(previews.SEES_TEXTS):
        raise PermissionDenied
    revision = previews.read_revision(pk)
    if revision is None:
        raise Http404
    return revision


def state_of(link: PreviewLink) -> str:
    if link.revoked_at:
        return f"closed {link.revoked_at:%Y-%m-%d %H:%M} UTC"
    if link.expires_at <= timezone.now():
        return "expired"
    if not previews.may_look(link.made_by, link.persona):
        return "dead: whoever made it may not look any more"
    return f"open until {link.expires_at:%Y-%m-%d %H:%M} UTC"


def beside(revision: Revision) -> tuple[str, str]:
    return "Preview and share", reverse("admin:briefings_previews", args=[revision.pk])


way.leads_to(beside)
