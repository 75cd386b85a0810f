"""What the forms of the desk share."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString

from config.deskadmin import DeskAdmin as PlainDeskAdmin
from config.deskadmin import NamedCells, ReadOnly, TellsRefusals, person_of
from profiles.admin.history import TellsHistory
from profiles.grading.causes import explain_cause
from profiles.models import Grade, Profile, Source
from profiles.public import public_sources
from profiles.stages import PUBLISH

__all__ = [
    "PUBLISH", "DeskAdmin", "EditorsAlone", "EditorsOnly", "NamedCells", "ReadOnly", "TellsRefusals", "kept", "listed", "person_of", "told",
]  # fmt: skip


class DeskAdmin(TellsHistory, PlainDeskAdmin):
    """What all our forms share, with every version of what they edit behind the History button."""


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


def kept(formset: Any, field: str) -> Iterator[Any]:
    """What the forms of a formset say in one field, those left out that are empty or to be deleted."""
    for form in formset.forms:
        if not form.cleaned_data.get("DELETE") and form.cleaned_data.get(field):
            yield form.cleaned_data[field]


def told(grade: Grade) -> Iterator[str]:
    return (explain_cause(cause) for cause in grade.causes)


def listed(lines: list[SafeString]) -> SafeString:
    # Not <ul>: the admin indents one inside a form as far as a label is wide.
    items = "".join(f'<div role="listitem">{line}</div>' for line in lines)
    return SafeString(f'<div role="list">{items}</div>')
