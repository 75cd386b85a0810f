"""What the desk's forms for Markdown share: a preview, who wrote what when, and no overwriting of a colleague."""

from hashlib import blake2b
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import BadRequest
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from profiles.admin.shared import DeskAdmin, listed
from profiles.letters import named
from profiles.markup import render_markdown
from profiles.models import Wording

LONGEST = 100_000


class WordedForm(forms.ModelForm):
    """Notes what the text was when the form was opened, and refuses to replace another one."""

    worded: str  # the field that holds the Markdown
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["seen"] = fingerprint(getattr(self.instance, self.worded))

    def clean(self) -> None:
        super().clean()
        if self.instance.pk is None or not self.cleaned_data.get("seen"):
            return
        # Locked until this save has ended: of two who save at once one does, and the other is told.
        standing = type(self.instance)._default_manager.select_for_update().get(pk=self.instance.pk)
        text = getattr(standing, self.worded)
        if fingerprint(text) not in {self.cleaned_data["seen"], fingerprint(self.cleaned_data.get(self.worded, ""))}:
            raise forms.ValidationError(
                "Somebody else has changed this text meanwhile. What you wrote is still below; theirs is the newest of"
                " the wordings."
            )


def fingerprint(text: str) -> str:
    # Browsers send lines that end in CR LF.
    return blake2b("\n".join(text.splitlines()).strip().encode(), digest_size=8).hexdigest()


class Worded(DeskAdmin):
    """Mixed into the admin of whatever is written in Markdown."""

    change_form_template = "admin/worded_change_form.html"
    worded = "body"
    titled = "title"

    def get_urls(self) -> list[URLPattern]:
        preview = self.admin_site.asking_view(self.preview)  # type: ignore[attr-defined]
        wording = self.admin_site.admin_view(self.wording)
        return [
            path("preview/", preview, name=self._named("preview")),
            path("<path:object_id>/wording/<int:pk>/", wording, name=self._named("wording")),
            *super().get_urls(),
        ]

    def _named(self, what: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{what}"

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        context["preview_url"] = reverse(f"admin:{self._named('preview')}")
        return super().render_change_form(request, context, *args, **kwargs)

    def preview(self, request: HttpRequest) -> HttpResponse:
        """The text as it is written in the form, the way readers will see it. Nothing is saved."""
        if request.method != "POST" or not self.has_view_or_change_permission(request):
            return HttpResponseRedirect(reverse(f"admin:{self._named('changelist')}"))
        title, body = request.POST.get(self.titled, ""), request.POST.get(self.worded, "")
        if len(body) > LONGEST:
            raise BadRequest("a text that long is shown nowhere")
        shown = {"title": title, "body": render_markdown(body, below=1)}
        return render(request, "profiles/page_preview.html", shown)

    def wording(self, request: HttpRequest, object_id: str, pk: int) -> HttpResponse:
        """One wording as it stood, with its Markdown to be taken up again."""
        obj = self.get_object(request, object_id)
        found = self._wordings(obj).filter(pk=pk).first() if obj else None
        if found is None or not self.has_view_or_change_permission(request, obj):
            raise Http404
        by = _names([found])[found.actor]
        shown = {"title": found.title, "body": render_markdown(found.body, below=1), "wording": found, "by": by}
        return render(request, "profiles/page_preview.html", shown)

    def _wordings(self, obj: models.Model) -> models.QuerySet[Wording]:
        return Wording.objects.filter(**{str(self.opts.model_name): obj})

    def wordings(self, obj: models.Model) -> SafeString | str:
        found = list(self._wordings(obj)) if obj.pk else []
        names = _names(found)
        lines = [
            format_html(
                '<a href="{}">{} UTC</a>, {}{}',
                reverse(f"admin:{self._named('wording')}", args=[obj.pk, one.pk]),
                f"{one.at:%Y-%m-%d %H:%M}",
                names[one.actor],
                " (as it stands)" if one == found[0] else "",
            )
            for one in found
        ]
        return listed(lines) if lines else "none so far"

    wordings.short_description = "wordings"  # type: ignore[attr-defined]


def _names(wordings: list[Wording]) -> dict[int | None, str]:
    people = get_user_model()._default_manager.in_bulk({one.actor for one in wordings if one.actor})
    return {
        one.actor: named(people.get(one.actor)) if one.actor else "from a command or the installation"
        for one in wordings
    }
