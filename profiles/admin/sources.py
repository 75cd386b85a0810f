from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from profiles.admin.four_eyes import propose_move
from profiles.admin.meanwhile import SeesOthers
from profiles.admin.shared import DeskAdmin, EditorsAlone, NamedCells, kept
from profiles.admin.tables import SourceTables
from profiles.admin.what_if import SourceWhatIf
from profiles.intake import links
from profiles.letters import hold_publisher
from profiles.models import (
    Derivation,
    Source,
)


class DerivationFormSet(NamedCells):
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


class LanguageFilter(admin.SimpleListFilter):
    """Languages by their tags. Django's own filter has a link without words for the sources that say none."""

    title = "language"
    parameter_name = "language"
    NONE = "none"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        there = Source.objects.order_by("language").values_list("language", flat=True).distinct()
        return [(language or self.NONE, language or "not said") for language in there]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Source]) -> QuerySet[Source]:
        asked = self.value()
        return queryset.filter(language="" if asked == self.NONE else asked) if asked else queryset


class RecheckFilter(admin.SimpleListFilter):
    title = "what to recheck"
    parameter_name = "recheck"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("due", "one of these"), ("failing", "its address fails"), ("stale", "not looked at for a year")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Source]) -> QuerySet[Source]:
        asked = {"due": links.failing_or_stale, "failing": links.failing, "stale": links.stale}.get(self.value() or "")
        return queryset.filter(asked()) if asked else queryset


LABELS = {"url": {"label": "URL"}, "archived_url": {"label": "URL of an archived copy"}}


@admin.register(Source)
class SourceAdmin(SeesOthers, SourceTables, SourceWhatIf, EditorsAlone, DeskAdmin):
    list_display = ["title", "publisher", "published_on", "language", "answers"]
    list_select_related = ["publisher", "link"]
    list_filter = [RecheckFilter, "publisher__reliability", LanguageFilter]
    readonly_fields = ["answers"]
    search_fields = ["title", "url", "publisher__name"]
    autocomplete_fields = ["publisher"]
    date_hierarchy = "published_on"
    inlines = [DerivationInline]
    list_per_page = 50

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_dbfield(db_field, request, **LABELS.get(db_field.name, {}), **kwargs)

    show_full_result_count = False  # to count all of them again would take as long as finding those that are shown

    @admin.display(description="address", ordering="link__checked_at")
    def answers(self, source: Source) -> str:
        if not source.url:
            return "none"
        return str(source.link) if hasattr(source, "link") else "unchecked"

    def save_model(self, request: HttpRequest, obj: Source, form: Any, change: bool) -> None:
        held = hold_publisher(obj) if change else None
        super().save_model(request, obj, form, change)
        if held:
            propose_move(request, obj, held)
