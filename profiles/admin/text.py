import json
from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import TextField
from django.http import HttpRequest

from profiles.admin.as_read import as_read
from profiles.admin.history import Change, against_live
from profiles.admin.shared import NamedCells, kept
from profiles.admin.staged import StagedAdmin, StagedForm
from profiles.admin.way import OF_A_PROFILE, beside
from profiles.admin.wording import Worded, WordedForm
from profiles.checks import Flaw, doubts_of, flaws_of
from profiles.models import FacetValue, Judgement, Revision, Term
from profiles.models.profile import TEXT
from profiles.pages.confidence import names_in, rests_on, warnings_in

SHAPED = {"statements", "sections", "outlook"}  # stored as JSON; desk.js puts plain fields in their place


class FacetValueFormSet(NamedCells):
    def clean(self) -> None:
        super().clean()
        facets = [term.get_facet_display() for term in kept(self, "term")]
        if twice := next((facet for facet in facets if facets.count(facet) > 1), None):
            raise forms.ValidationError(f"{twice} is answered twice; a profile has one term for each facet.")


class FacetValueInline(admin.TabularInline):
    model = FacetValue
    formfield_overrides = {TextField: {"widget": forms.Textarea(attrs={"rows": 2, "cols": 40})}}
    formset = FacetValueFormSet
    fields = ["term", "rationale"]
    autocomplete_fields = ["term"]
    extra = 0


class RevisionForm(StagedForm):
    """The words of a profile."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in SHAPED & self.fields.keys():
            self.fields[name].widget.attrs["data-shape"] = name
        if "statements" in self.fields:
            self.fields["statements"].widget.attrs["data-keys"] = json.dumps(self._keys())

    def _keys(self) -> list[str]:
        """The key judgements that this text words, in their order."""
        profile = self.instance.profile_id or self.initial.get("profile")
        if not str(profile or "").isdecimal():
            return []
        return list(Judgement.objects.filter(profile=profile).order_by("position", "pk").values_list("key", flat=True))


def _doubts(revision: Revision) -> Iterator[str]:
    """What to look at before publishing: in the words, and in what they rest on as it was graded last."""
    if revision.misshapen():
        return
    yield from (doubt.sentence for doubt in doubts_of(revision))
    state = getattr(revision.profile, "state", None)
    # What is refused for its shape is shown again as it was typed, and has no names to tell.
    if state and state.verdict and not revision.misshapen():
        names = names_in(state.verdict, revision.statements)
        yield from filter(None, [rests_on(state.verdict, names), *warnings_in(state.verdict, names)])


@admin.register(Revision)
class RevisionAdmin(StagedAdmin):
    form = RevisionForm
    way = OF_A_PROFILE
    list_display = ["name", "profile", "number", "stands", "due", "approved_at"]
    search_fields = ["name", "profile__slug"]
    autocomplete_fields = ["profile", "author", "reviewer", "figure"]
    inlines = [FacetValueInline]
    # What the buttons ask for stands beside them.
    fieldsets = [(None, {"fields": ["profile", *TEXT]})]

    def get_fieldsets(self, request: HttpRequest, obj: Revision | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        # What is misshapen, a database from elsewhere may hold; it is shown as it lies there.
        readable = obj and not obj.misshapen() and not self.has_change_permission(request, obj)
        return as_read(fieldsets) if readable else fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Revision | None = None) -> list[str]:
        return ["profile"] if obj else []

    def save_model(self, request: HttpRequest, obj: Revision, form: Any, change: bool) -> None:
        if change:
            # The words alone: its stage may have moved since it was read.
            obj.save(update_fields=TEXT)
            return
        obj.number = (obj.profile.revisions.order_by("-number").values_list("number", flat=True).first() or 0) + 1
        self.begin(request, obj)
        super().save_model(request, obj, form, change)

    def flaws(self, text: Revision) -> list[Flaw]:
        return flaws_of(text)

    def doubts(self, text: Revision) -> Iterator[str]:
        return _doubts(text)

    def beside(self, text: Revision) -> list[tuple[str, str]]:
        return beside(text)

    def against(self, text: Revision) -> list[Change]:
        return against_live(text)


class TermForm(WordedForm):
    worded = "introduction"

    class Meta:
        model = Term
        fields = ["facet", "name", "slug", "introduction"]
        widgets = {"introduction": forms.Textarea(attrs={"rows": 10, "cols": 90})}


@admin.register(Term)
class TermAdmin(Worded):
    form = TermForm
    worded, titled = "introduction", "name"
    list_display = ["name", "facet", "slug"]
    list_filter = ["facet"]
    search_fields = ["name", "facet"]
    prepopulated_fields = {"slug": ["name"]}
    readonly_fields = ["wordings"]

    def get_fields(self, request: HttpRequest, obj: Term | None = None) -> Any:
        return ["facet", "name", "slug", "introduction", "seen", *(["wordings"] if obj else [])]
