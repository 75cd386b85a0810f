from collections.abc import Iterable, Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Exists, Func, IntegerField, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from profiles import actions
from profiles.admin.corrections import CorrectionInline
from profiles.admin.four_eyes import propose_direct
from profiles.admin.meanwhile import SeesOthers
from profiles.admin.settling import settling_link
from profiles.admin.shared import PUBLISH, DeskAdmin, EditorsAlone, NamedCells, listed, person_of, told
from profiles.admin.tables import CitationTables
from profiles.admin.what_if import CitationsWhatIf
from profiles.grading.scale import SCALE, band_of
from profiles.letters import hold_back
from profiles.models import (
    Citation,
    Grade,
    GradingState,
    Judgement,
    JudgementCitation,
    Mark,
    Profile,
    Source,
)
from profiles.pages.confidence import names_in, rests_on, warnings_in


class JudgementInline(admin.TabularInline):
    model = Judgement
    formset = NamedCells
    readonly_fields = ["statement", "settled"]
    extra = 0

    def get_fields(self, request: HttpRequest, obj: Profile | None = None) -> Any:
        settled = ["settled"] if request.user.has_perm(PUBLISH) else []
        return ["position", "key", "statement", "essential", "lasting", *settled]

    @admin.display(description="Wording (in the text, published by revision)")
    def statement(self, judgement: Judgement) -> str:
        newest = judgement.profile.revisions.order_by("-number").first()
        return newest.statements.get(judgement.key, "") if newest else ""

    @admin.display(description="Settled")
    def settled(self, judgement: Judgement) -> SafeString | str:
        return settling_link(judgement)


class CitationForm(forms.ModelForm):
    """A citation together with the key judgements that rest on it."""

    rests = forms.ModelMultipleChoiceField(
        Judgement.objects.none(), required=False, label="Key judgements", widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Citation
        fields = ["position", "source", "stance", "credibility", "direct", "establishes"]
        widgets = {"establishes": forms.Textarea(attrs={"rows": 2, "cols": 40})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.profile_id:
            self._rests.queryset = Judgement.objects.filter(profile=self.instance.profile_id)
        if self.instance.pk:
            self.initial["rests"] = [link.judgement_id for link in self.instance.links.all()]

    @property
    def _rests(self) -> Any:
        return self.fields["rests"]

    def rest(self) -> None:
        """Make the chosen judgements, and no others, rest on this citation."""
        chosen = set(self.cleaned_data["rests"])
        self.instance.links.exclude(judgement__in=chosen).delete()
        there = {link.judgement_id for link in self.instance.links.all()}
        for judgement in chosen:
            if judgement.pk not in there:
                JudgementCitation.objects.create(judgement=judgement, citation=self.instance)


class CitationFormSet(forms.BaseInlineFormSet):
    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        # The form offers the judgements of its profile, so a new citation must know it from the start.
        return super().get_form_kwargs(index) | (
            {"instance": Citation(profile=self.instance)} if self._is_new(index) and self.instance.pk else {}
        )

    def _is_new(self, index: int | None) -> bool:
        return index is None or index >= self.initial_form_count()

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["rests"].label_from_instance = self._worded

    def _worded(self, judgement: Judgement) -> str:
        return Truncator(f"{judgement.key} · {self._statements.get(judgement.key, '')}".rstrip(" ·")).chars(90)

    @cached_property
    def _statements(self) -> dict[str, str]:
        newest = actions.newest_revision(self.instance)
        return newest.statements if newest else {}

    def clean(self) -> None:
        super().clean()
        seen: set[tuple[str, int]] = set()
        for key, source in self._uses():
            if (key, source.pk) in seen:
                raise forms.ValidationError(f"{key} can rest on “{source}” only once.")
            seen.add((key, source.pk))

    def _uses(self) -> Iterator[tuple[str, Source]]:
        """Each judgement with each source it rests on; without judgements, the profile itself with each source."""
        judged = bool(self.instance.pk and self.instance.judgements.exists())
        for form in self.forms:
            if form.cleaned_data.get("DELETE") or "source" not in form.cleaned_data:
                continue
            # No "rests" where a chosen judgement has gone meanwhile; its own field says so.
            chosen = form.cleaned_data.get("rests", [])
            keys = [one.key for one in chosen] if judged else ["A profile without key judgements"]
            yield from ((key, form.cleaned_data["source"]) for key in keys)


class CitationInline(admin.StackedInline):
    model = Citation
    form = CitationForm
    formset = CitationFormSet
    autocomplete_fields = ["source"]
    fields = [("source", "position"), ("stance", "credibility"), "direct", "rests", "establishes"]
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Citation]:
        return super().get_queryset(request).select_related("source").prefetch_related("links")


class PendingFilter(admin.SimpleListFilter):
    title = "grading"
    parameter_name = "grading"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("pending", "being updated"), ("failing", "failing")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Profile]) -> QuerySet[Profile]:
        if self.value() == "pending":
            return queryset.filter(Exists(Mark.objects.filter(profile_id=OuterRef("pk"))))
        return queryset.filter(state__failures__gt=0) if self.value() == "failing" else queryset


ONE_LINE = "Shown where exactly one line of evidence supports the judgement that decides the grade."


class SupportingLines(Func):
    """How many lines of evidence support the judgement that decides, read off the stored verdict."""

    template = """jsonb_array_length(jsonb_path_query_array(%(expressions)s, '$.lines[*] ? (@.side == "supports")'))"""
    output_field = IntegerField()


class RestsOnFilter(admin.SimpleListFilter):
    title = "lines of evidence that support the deciding judgement"
    parameter_name = "rests_on"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("none", "none"), ("one", "one: the grade rests on it alone"), ("several", "several")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Profile]) -> QuerySet[Profile]:
        asked = {"none": {"supporting": 0}, "one": {"supporting": 1}, "several": {"supporting__gt": 1}}
        chosen = asked.get(self.value() or "")
        return queryset.filter(**chosen) if chosen else queryset


LIVE = Q(live_revision__isnull=False, withdrawn_at__isnull=True)
STANDINGS = {
    "live": ("live", LIVE),
    "withdrawn": ("withdrawn", Q(withdrawn_at__isnull=False)),
    "draft": ("never published", Q(live_revision__isnull=True)),
}


class StandingFilter(admin.SimpleListFilter):
    title = "standing"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, label) for name, (label, _which) in STANDINGS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Profile]) -> QuerySet[Profile]:
        chosen = STANDINGS.get(self.value() or "")
        return queryset.filter(chosen[1]) if chosen else queryset


def due_for_verification() -> Q:
    """Live, and its next review was to be today or earlier."""
    return LIVE & Q(next_review__lte=timezone.now().date())


class VerificationFilter(admin.SimpleListFilter):
    title = "verification"
    parameter_name = "verification"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("due", "due")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Profile]) -> QuerySet[Profile]:
        return queryset.filter(due_for_verification()) if self.value() == "due" else queryset


@admin.register(Profile)
class ProfileAdmin(SeesOthers, CitationTables, CitationsWhatIf, EditorsAlone, DeskAdmin):
    list_display = [
        "slug",
        "live_name",
        "grade",
        "flags",
        "last_verified",
        "next_review",
    ]
    list_select_related = ["live_revision", "state"]
    list_filter = [StandingFilter, RestsOnFilter, PendingFilter, VerificationFilter, "next_review"]
    search_fields = ["slug", "live_revision__name"]
    actions = ["withdraw", "put_up_again", *CitationTables.actions]
    inlines = [JudgementInline, CitationInline, CorrectionInline]
    fields = [
        "slug",
        "first_published",
        "last_verified",
        "next_review",
        "text",
        "grade",
        "rests_on_one_line",
        "warnings",
        "grading",
        "history",
    ]
    readonly_fields = ["text", "grade", "rests_on_one_line", "warnings", "grading", "history"]

    def get_form(self, request: HttpRequest, obj: Profile | None = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **kwargs, help_texts={"rests_on_one_line": ONE_LINE})

    def get_queryset(self, request: HttpRequest) -> QuerySet[Profile]:
        profiles: QuerySet[Profile] = super().get_queryset(request).defer("state__verdict")
        return profiles.annotate(
            has_marks=Exists(Mark.objects.filter(profile_id=OuterRef("pk"))),
            supporting=SupportingLines("state__verdict"),
        )

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(PUBLISH)

    def has_delete_permission(self, request: HttpRequest, obj: Profile | None = None) -> bool:
        allowed: bool = super().has_delete_permission(request, obj)
        return allowed and (obj is None or not obj.went_up)

    def get_deleted_objects(self, objs: Iterable[Profile], request: HttpRequest) -> Any:
        """What goes with a profile is for whoever may delete that, though nobody deletes it by itself."""
        deleted, counts, _missing, protected = super().get_deleted_objects(objs, request)  # type: ignore[arg-type]
        stay = [
            f"{one.slug} has been published: withdraw it, for what was said in public stays"
            for one in objs
            if one.went_up
        ]
        return deleted, counts, set(), stay or protected

    @admin.action(description="Withdraw the chosen profiles", permissions=["publish"])
    def withdraw(self, request: HttpRequest, profiles: QuerySet[Profile]) -> None:
        for profile in profiles:
            actions.withdraw_profile(profile_id=profile.pk, by=person_of(request))
        self.message_user(request, f"Withdrawn: {', '.join(profile.slug for profile in profiles)}.", messages.SUCCESS)

    @admin.action(description="Put the chosen profiles up again", permissions=["publish"])
    def put_up_again(self, request: HttpRequest, profiles: QuerySet[Profile]) -> None:
        for profile in profiles:
            try:
                actions.restore_profile(profile_id=profile.pk, by=person_of(request))
            except (actions.NotPublished, actions.NotPublishable) as refused:
                self.message_user(request, f"{profile.slug}: {refused}", messages.ERROR)
            else:
                self.message_user(request, f"{profile.slug} is up.", messages.SUCCESS)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        kept_forms = [one for one in formset.forms if one.has_changed() and one not in formset.deleted_forms]
        held = hold_back(one.instance for one in kept_forms) if formset.model is Citation else []
        super().save_formset(request, form, formset, change)
        propose_direct(request, held)
        if formset.model is Citation:
            for one in formset.forms:
                if one.instance.pk and one.has_changed() and one not in formset.deleted_forms:
                    one.rest()

    @admin.display(description="name", ordering="live_revision__name")
    def live_name(self, profile: Profile) -> str:
        return profile.live_revision.name if profile.live_revision else "(not published)"

    @admin.display(description="flags", ordering="supporting")
    def flags(self, profile: Profile) -> str:
        said = {
            "withdrawn": profile.withdrawn_at is not None,
            "one line of evidence": getattr(profile, "supporting", None) == 1,
            "being updated": bool(getattr(profile, "has_marks", False)),
        }
        return ", ".join(flag for flag, raised in said.items() if raised)

    @admin.display(description="grade", ordering="state__score")
    def grade(self, profile: Profile) -> str:
        state = _state(profile)
        if state is None or state.score is None:
            return "not graded yet"
        band = band_of(float(state.score))
        return f"{state.score} · Grade {band.letters} · {band.label}"

    @admin.display(description="rests on one line")
    def rests_on_one_line(self, profile: Profile) -> str:
        state = _state(profile)
        if state is None or state.verdict is None:
            return "not graded yet"
        return rests_on(state.verdict, names_in(state.verdict, _statements(profile))) or "no"

    @admin.display(description="look at")
    def warnings(self, profile: Profile) -> SafeString | str:
        state = _state(profile)
        if state is None or state.verdict is None:
            return "not graded yet"
        found = [
            *_too_little(state.verdict),
            *warnings_in(state.verdict, names_in(state.verdict, _statements(profile))),
        ]
        return listed([format_html("{}", sentence) for sentence in found]) if found else "nothing"

    @admin.display(description="grading")
    def grading(self, profile: Profile) -> str:
        state = _state(profile)
        if state is None:
            return "starts when the profile is saved"
        if state.failures:
            return f"failed {state.failures} times, next try {state.next_try_at:%Y-%m-%d %H:%M} UTC: {state.last_error}"
        pending = Mark.objects.filter(profile_id=profile.pk).exists()
        return "being updated" if pending else f"up to date, as of {state.as_of} UTC"

    @admin.display(description="history")
    def history(self, profile: Profile) -> SafeString | str:
        grades = Grade.objects.filter(profile=profile).order_by("-seq")[:10] if profile.pk else []
        lines = [
            format_html("{} UTC: {} · {}", f"{grade.graded_at:%Y-%m-%d %H:%M}", grade.score, " ".join(told(grade)))
            for grade in grades
        ]
        return listed(lines) if lines else "no grade recorded yet"

    @admin.display(description="text")
    def text(self, profile: Profile) -> SafeString | str:
        revisions = profile.revisions.order_by("-number") if profile.pk else []
        lines = [
            format_html('<a href="/admin/profiles/revision/{}/change/">{}</a> ({})', one.pk, one, one.standing)
            for one in revisions
        ]
        if lines:
            return listed(lines)
        if not profile.pk:
            return "Save first; then its text is written."
        address = reverse("admin:profiles_revision_add", query={"profile": profile.pk})
        return format_html('<a href="{}">Write its text</a>', address)


def _state(profile: Profile) -> GradingState | None:
    # A profile that is being added has none yet.
    return getattr(profile, "state", None)


def _statements(profile: Profile) -> dict[str, str]:
    text = profile.live_revision or profile.draft
    return text.statements if text else {}


def _too_little(told: dict[str, Any]) -> Iterator[str]:
    if band_of(told["score"]) == SCALE[-1]:
        yield "Too little is on file to publish a view; the page says so."
