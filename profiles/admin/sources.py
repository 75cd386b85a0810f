from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from profiles.admin.four_eyes import propose_move
from profiles.admin.meanwhile import SeesOthers
from profiles.admin.shared import DeskAdmin, EditorsAlone, kept
from profiles.admin.what_if import SourceWhatIf
from profiles.letters import hold_publisher
from profiles.models import (
    Derivation,
    Source,
)
from profiles.public import public_sources


class DerivationFormSet(forms.BaseInlineFormSet):
    def clean(self) -> None:
        super().clean()
        if self.instance.pk and any(origin.pk == self.instance.pk for origin in kept(self, "origin")):
            raise forms.ValidationError("A source cannot be derived from itself.")


class DerivationInline(admin.TabularInline):
    model = Derivation
    formset = DerivationFormSet
    fk_name = "source"
    autocomplete_fields = ["origin"]
    fields = ["origin", "position"]
    extra = 0
    verbose_name = "source that this one repeats"
    verbose_name_plural = "Derived from (the first is the principal origin)"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Derivation]:
        return super().get_queryset(request).filter(draft_of__isnull=True)


LOOKED_AT_WITHIN = timedelta(days=365)


def unchecked(sources: QuerySet[Source]) -> QuerySet[Source]:
    """Those whose address nobody has opened for a year, or ever."""
    long_ago = timezone.now().date() - LOOKED_AT_WITHIN
    return sources.exclude(url="").filter(Q(accessed_on__lt=long_ago) | Q(accessed_on=None))


class RecheckFilter(admin.SimpleListFilter):
    title = "last opened"
    parameter_name = "recheck"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("due", "public, and more than a year ago or never")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Source]) -> QuerySet[Source]:
        return unchecked(queryset.filter(pk__in=public_sources())) if self.value() == "due" else queryset


@admin.register(Source)
class SourceAdmin(SeesOthers, SourceWhatIf, EditorsAlone, DeskAdmin):
    list_display = ["title", "publisher", "published_on", "language"]
    list_select_related = ["publisher"]
    list_filter = [RecheckFilter, "publisher__reliability", "language"]
    search_fields = ["title", "url", "publisher__name"]
    autocomplete_fields = ["publisher"]
    date_hierarchy = "published_on"
    inlines = [DerivationInline]
    list_per_page = 50

    def save_model(self, request: HttpRequest, obj: Source, form: Any, change: bool) -> None:
        held = hold_publisher(obj) if change else None
        super().save_model(request, obj, form, change)
        if held:
            propose_move(request, obj, held)
