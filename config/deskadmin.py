"""What the forms of the desk share, whichever app they belong to. Imports nothing of ours."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.text import capfirst


class DeskAdmin(admin.ModelAdmin):
    """What all our forms share: lists are written one entry a line, for names may hold commas."""

    formfield_overrides = {
        models.URLField: {"assume_scheme": "https"},
        ArrayField: {"delimiter": "\n", "widget": forms.Textarea(attrs={"rows": 3, "cols": 60})},
    }


class NamedCells(forms.BaseInlineFormSet):
    """Rows whose fields say what they are: a table shows their labels once, above, where no screen reader finds them."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        for field in form.fields.values():
            # The admin wraps what chooses a row of another table in buttons; the choice itself lies inside.
            widget = getattr(field.widget, "widget", field.widget)
            if not widget.is_hidden:
                widget.attrs.setdefault("aria-label", capfirst(field.label))


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


class ReadOnly:
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def person_of(request: HttpRequest) -> AbstractBaseUser:
    """Whoever is on the desk is logged in: the desk's own door sees to that."""
    assert isinstance(request.user, AbstractBaseUser)
    return request.user
