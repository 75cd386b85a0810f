"""Corrections on the desk: added and superseded, never changed and never removed."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from profiles import actions
from profiles.admin.shared import DeskAdmin, NamedCells, ReadOnly
from profiles.grading.pipeline import today
from profiles.models import Correction, Profile


class CorrectionForm(forms.ModelForm):
    """A new correction; what it supersedes stays on the page beside it."""

    replaces = forms.ModelChoiceField(Correction.objects.none(), required=False, label="Supersedes")

    class Meta:
        model = Correction
        fields = ["on", "text"]
        widgets = {"text": forms.Textarea(attrs={"rows": 2, "cols": 40})}


class CorrectionFormSet(NamedCells):
    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        standing = Correction.objects.filter(profile=self.instance.pk, superseded_by=None)
        form.fields["replaces"].queryset = standing
        form.initial.setdefault("on", today())

    def clean(self) -> None:
        super().clean()
        for form in self.extra_forms:
            earlier, on = form.cleaned_data.get("replaces"), form.cleaned_data.get("on")
            if earlier and on and earlier.on > on:
                form.add_error("on", f"The correction it supersedes is of {earlier.on}, which is later.")

    def save_new(self, form: Any, commit: bool = True) -> Correction:
        given = form.cleaned_data
        supersedes_id = given["replaces"].pk if given["replaces"] else None
        return actions.add_correction(
            profile_id=self.instance.pk, text=given["text"], on=given["on"], supersedes_id=supersedes_id
        )


class CorrectionInline(admin.TabularInline):
    model = Correction
    fk_name = "profile"
    form = CorrectionForm
    formset = CorrectionFormSet
    readonly_fields = ["superseded_by"]
    extra = 1
    can_delete = False

    def get_fields(self, request: HttpRequest, obj: Profile | None = None) -> Any:
        may_add = self.has_add_permission(request, obj)
        return ["on", "text", "replaces", "superseded_by"] if may_add else ["on", "text", "superseded_by"]

    def has_change_permission(self, request: HttpRequest, obj: Profile | None = None) -> bool:
        return False

    @admin.display(description="supersedes")
    def replaces(self, correction: Correction) -> str:
        return ", ".join(f"the one of {earlier.on}" for earlier in correction.supersedes.all())


@admin.register(Correction)
class CorrectionAdmin(ReadOnly, DeskAdmin):
    """All of them, to look at; they are added on their profile, or with the answer to a ticket."""

    list_display = ["on", "profile", "text", "superseded_by"]
    list_select_related = ["profile", "superseded_by"]
    list_filter = [("superseded_by", admin.EmptyFieldListFilter)]
    search_fields = ["text", "profile__slug"]
    date_hierarchy = "on"
