import json
from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet, TextField
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from profiles import actions, stages
from profiles.admin import way
from profiles.admin.as_read import as_read
from profiles.admin.meanwhile import SeesOthers
from profiles.admin.shared import PUBLISH, DeskAdmin, NamedCells, kept, person_of
from profiles.admin.wording import Worded, WordedForm
from profiles.checks import doubts_of, flaws_of
from profiles.models import (
    FacetValue,
    Judgement,
    Revision,
    Stage,
    Term,
)
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


class RevisionForm(forms.ModelForm):
    """The words of a profile, and what a button under them may need to be told."""

    asked_besides = ("reason", "publish_at")

    reason = forms.CharField(
        required=False,
        label="What is missing",
        widget=forms.Textarea(attrs={"rows": 2, "cols": 60}),
        help_text="For sending it back: its author reads this.",
    )
    publish_at = forms.DateTimeField(
        required=False,
        label="Publish at (UTC)",
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="For scheduling it: a day and a minute, in UTC.",
        error_messages={"invalid": "Write a day and a minute in UTC, such as 2027-01-31 09:00."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["publish_at"] = self.instance.goes_live_at
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

    def clean(self) -> None:
        super().clean()
        if "_send_back" in self.data and not self.cleaned_data.get("reason", "").strip():
            self.add_error("reason", "Say what is missing: its author reads this sentence.")
        if "_schedule" in self.data and "publish_at" not in self.errors:
            self._check_time(self.cleaned_data.get("publish_at"))

    def _check_time(self, at: Any) -> None:
        if at is None:
            self.add_error("publish_at", "Say when: a day and a minute, in UTC.")
        elif at <= (now := stages.now()):
            self.add_error("publish_at", f"That has passed; it is {now:%Y-%m-%d %H:%M} UTC.")


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


STANDINGS = {
    "writing": ("being written", Q(stage=Stage.DRAFT, returned_because="")),
    "sent-back": ("sent back to its author", Q(stage=Stage.DRAFT) & ~Q(returned_because="")),
    "in-review": ("in review", Q(stage=Stage.IN_REVIEW)),
    "approved": ("approved", Q(stage=Stage.APPROVED, returned_because="")),
    "held": ("not published on time", Q(stage=Stage.APPROVED) & ~Q(returned_because="")),
    "scheduled": ("scheduled", Q(stage=Stage.SCHEDULED)),
    "published": ("published", Q(stage=Stage.PUBLISHED)),
}


class StandingFilter(admin.SimpleListFilter):
    title = "standing"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, label) for name, (label, _which) in STANDINGS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Revision]) -> QuerySet[Revision]:
        chosen = STANDINGS.get(self.value() or "")
        return queryset.filter(chosen[1]) if chosen else queryset


def written_by(user: Any) -> Q:
    """What somebody began or wrote on."""
    return Q(created_by=user.pk) | Q(hands__contains=[user.pk])


class MineFilter(admin.SimpleListFilter):
    title = "writer"
    parameter_name = "writer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("me", "me")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Revision]) -> QuerySet[Revision]:
        return queryset.filter(written_by(request.user)) if self.value() == "me" else queryset


@admin.register(Revision)
class RevisionAdmin(SeesOthers, DeskAdmin):
    form = RevisionForm
    change_form_template = "admin/profiles/revision/change_form.html"
    list_display = ["name", "profile", "number", "stands", "due", "approved_at"]
    list_filter = [StandingFilter, MineFilter]
    list_select_related = ["profile"]
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

    def has_change_permission(self, request: HttpRequest, obj: Revision | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.approved_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: Revision | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.approved_at is None)

    def save_model(self, request: HttpRequest, obj: Revision, form: Any, change: bool) -> None:
        if change:
            # The words alone: its stage may have moved since it was read.
            obj.save(update_fields=TEXT)
            return
        obj.number = (obj.profile.revisions.order_by("-number").values_list("number", flat=True).first() or 0) + 1
        obj.created_by = request.user  # type: ignore[assignment]
        obj.hands = [person_of(request).pk]
        super().save_model(request, obj, form, change)

    def response_change(self, request: HttpRequest, obj: Revision) -> HttpResponse:
        button = way.pressed_in(request.POST)
        if button is None:
            return super().response_change(request, obj)
        seen = obj.edit
        obj.refresh_from_db()
        return way.press(request, button, obj, self._pressed(request, obj, seen))

    def _pressed(self, request: HttpRequest, obj: Revision, before: int) -> way.Pressed:
        """What was read is what was shown, and what the person has written into it since."""
        shown = request.POST.get("_seen", "")
        seen = int(shown) + obj.edit - before if shown.isdecimal() and len(shown) < 10 else None
        form = self.get_form(request, obj, change=True)(request.POST, instance=obj)
        form.is_valid()
        told = form.cleaned_data
        return way.Pressed(obj.pk, person_of(request), seen, told.get("reason", ""), told.get("publish_at"))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        revision = context.get("original")
        if revision and request.method == "POST":
            # What was refused has been put into it, and no page could show that.
            revision = Revision.objects.select_related("profile").get(pk=revision.pk)
        if revision:
            context |= self._way(request, revision)
        return super().render_change_form(request, context, *args, **kwargs)

    def _way(self, request: HttpRequest, revision: Revision) -> dict[str, Any]:
        is_draft = revision.approved_at is None
        buttons = way.buttons_for(request.user, revision) if self.has_change_permission(request, revision) else []
        return {
            "standing": revision.standing,
            "buttons": buttons,
            "asks": {button.asks for button in buttons},
            "four_eyes": way.four_eyes(request.user, revision),
            "beside": way.beside(revision),
            "steps": list(way.way_of(revision)),
            "flaws": flaws_of(revision) if is_draft else [],
            "doubts": list(_doubts(revision)) if is_draft else [],
            "may_publish": request.user.has_perm(PUBLISH),
            "may_draft": self.has_add_permission(request),
        }

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        asked = {"_draft", "_withdraw", "_restore"} & request.POST.keys() if request.method == "POST" else set()
        if asked:
            return self._answer(request, object_id, asked.pop())
        return super().change_view(request, object_id, form_url, extra_context)

    def _answer(self, request: HttpRequest, object_id: str, asked: str) -> HttpResponse:
        revision = self.get_object(request, object_id)
        if asked == "_draft" and not self.has_add_permission(request):
            raise PermissionDenied
        if revision is None:
            raise Http404
        if asked == "_draft":
            return self._draft(request, revision)
        if asked == "_withdraw":
            way.withdraw(request, revision)
        else:
            way.put_up_again(request, revision)
        return HttpResponseRedirect(request.path)

    def _draft(self, request: HttpRequest, revision: Revision) -> HttpResponse:
        try:
            draft = actions.start_draft(profile_id=revision.profile_id, by=person_of(request), of=revision.pk)
        except actions.DraftThere as refused:
            self.message_user(request, str(refused), messages.ERROR)
            return HttpResponseRedirect(request.path)
        return HttpResponseRedirect(f"/admin/profiles/revision/{draft.pk}/change/")

    @admin.display(description="stands", ordering="stage")
    def stands(self, revision: Revision) -> str:
        return revision.standing

    @admin.display(description="goes up", ordering="goes_live_at", empty_value="")
    def due(self, revision: Revision) -> str | None:
        return f"{revision.goes_live_at:%Y-%m-%d %H:%M} UTC" if revision.goes_live_at else None


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
