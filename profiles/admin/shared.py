"""What the forms of the desk share."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.safestring import SafeString

from profiles.admin.history import TellsHistory
from profiles.grading.causes import explain_cause
from profiles.models import Grade, Profile, Source
from profiles.public import public_sources
from profiles.stages import PUBLISH as PUBLISH


class DeskAdmin(TellsHistory, admin.ModelAdmin):
    """What all our forms share: lists are written one entry a line, for names may hold commas."""

    formfield_overrides = {
        models.URLField: {"assume_scheme": "https"},
        ArrayField: {"delimiter": "\n", "widget": forms.Textarea(attrs={"rows": 3, "cols": 60})},
    }


def _is_live(obj: Profile | Source) -> bool:
    return obj.is_live if isinstance(obj, Profile) else public_sources().filter(pk=obj.pk).exists()


class EditorsAlone:
    """What is live is changed by editors; authors prepare it on drafts."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed: bool = super().has_change_permission(request, obj)  # type: ignore[misc]
        return allowed and (obj is None or not _is_live(obj) or request.user.has_perm(PUBLISH))


class EditorsOnly:
    """Editors see it and do it, nobody else; and nobody removes it."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(PUBLISH)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(PUBLISH)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(PUBLISH)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(PUBLISH)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class TellsRefusals:
    """The forms check first; what an action still refuses is two people at once. Nothing of this save stands."""

    refusals: tuple[type[Exception], ...] = ()

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            with transaction.atomic():
                return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]
        except self.refusals as refused:
            messages.error(request, f"Not saved: {refused}")
            return HttpResponseRedirect(request.get_full_path())


def kept(formset: Any, field: str) -> Iterator[Any]:
    """What the forms of a formset say in one field, those left out that are empty or to be deleted."""
    for form in formset.forms:
        if not form.cleaned_data.get("DELETE") and form.cleaned_data.get(field):
            yield form.cleaned_data[field]


def person_of(request: HttpRequest) -> AbstractBaseUser:
    """Whoever is on the desk is logged in: the desk's own door sees to that."""
    assert isinstance(request.user, AbstractBaseUser)
    return request.user


def told(grade: Grade) -> Iterator[str]:
    return (explain_cause(cause) for cause in grade.causes)


def listed(lines: list[SafeString]) -> SafeString:
    # Not <ul>: the admin indents one inside a form as far as a label is wide.
    items = "".join(f'<div role="listitem">{line}</div>' for line in lines)
    return SafeString(f'<div role="list">{items}</div>')


class ReadOnly:
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
