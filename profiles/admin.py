"""The desk: publishers, sources, citations, profiles, and how the grading fares."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.html import format_html
from django.utils.safestring import SafeString

from profiles import actions
from profiles.grading.causes import explain_cause
from profiles.grading.scale import SCALE, band_of
from profiles.models import (
    Citation,
    Correction,
    Derivation,
    FacetValue,
    Grade,
    GradingState,
    Judgement,
    JudgementCitation,
    Mark,
    Page,
    Person,
    Profile,
    Publisher,
    Revision,
    Source,
    Term,
    Ticket,
)
from profiles.models.profile import TEXT
from profiles.pages.confidence import names_in, warnings_in
from profiles.public import public_sources

PUBLISH = "profiles.publish_profile"


class DeskAdmin(admin.ModelAdmin):
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


# --- Publishers and people --------------------------------------------------------------------------------------------


@admin.register(Publisher)
class PublisherAdmin(DeskAdmin):
    list_display = ["name", "reliability", "reliability_reason"]
    list_filter = ["reliability"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}


@admin.register(Person)
class PersonAdmin(DeskAdmin):
    list_display = ["name", "role"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}


# --- Sources ----------------------------------------------------------------------------------------------------------


class DerivationFormSet(forms.BaseInlineFormSet):
    def clean(self) -> None:
        super().clean()
        if self.instance.pk and any(origin.pk == self.instance.pk for origin in _kept(self, "origin")):
            raise forms.ValidationError("A source cannot be derived from itself.")


def _kept(formset: Any, field: str) -> Iterator[Any]:
    """What the forms of a formset say in one field, those left out that are empty or to be deleted."""
    for form in formset.forms:
        if not form.cleaned_data.get("DELETE") and form.cleaned_data.get(field):
            yield form.cleaned_data[field]


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


@admin.register(Source)
class SourceAdmin(EditorsAlone, DeskAdmin):
    list_display = ["title", "publisher", "published_on", "language"]
    list_select_related = ["publisher"]
    list_filter = ["publisher__reliability", "language"]
    search_fields = ["title", "url", "publisher__name"]
    autocomplete_fields = ["publisher"]
    date_hierarchy = "published_on"
    inlines = [DerivationInline]
    list_per_page = 50


# --- Profiles ---------------------------------------------------------------------------------------------------------


class JudgementInline(admin.TabularInline):
    model = Judgement
    fields = ["position", "key", "statement", "essential", "lasting"]
    readonly_fields = ["statement"]
    extra = 0

    @admin.display(description="Wording (in the text, published by revision)")
    def statement(self, judgement: Judgement) -> str:
        newest = judgement.profile.revisions.order_by("-number").first()
        return newest.statements.get(judgement.key, "") if newest else ""


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
    fields = [("source", "position"), ("stance", "credibility", "direct"), "rests", "establishes"]
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Citation]:
        return super().get_queryset(request).select_related("source").prefetch_related("links")


class CorrectionInline(admin.TabularInline):
    model = Correction
    fields = ["on", "text", "superseded_by"]
    extra = 0
    can_delete = False


class PendingFilter(admin.SimpleListFilter):
    title = "grading"
    parameter_name = "grading"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("pending", "being updated"), ("failing", "failing")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Profile]) -> QuerySet[Profile]:
        if self.value() == "pending":
            return queryset.filter(Exists(Mark.objects.filter(profile_id=OuterRef("pk"))))
        return queryset.filter(state__failures__gt=0) if self.value() == "failing" else queryset


@admin.register(Profile)
class ProfileAdmin(EditorsAlone, DeskAdmin):
    list_display = ["slug", "live_name", "is_live_now", "grade", "being_updated", "last_verified", "next_review"]
    list_select_related = ["live_revision", "state"]
    list_filter = [PendingFilter, "next_review"]
    search_fields = ["slug", "live_revision__name"]
    actions = ["withdraw", "put_up_again"]
    inlines = [JudgementInline, CitationInline, CorrectionInline]
    fields = [
        "slug",
        "first_published",
        "last_verified",
        "next_review",
        "text",
        "grade",
        "warnings",
        "grading",
        "history",
    ]
    readonly_fields = ["text", "grade", "warnings", "grading", "history"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Profile]:
        profiles: QuerySet[Profile] = super().get_queryset(request)
        return profiles.annotate(has_marks=Exists(Mark.objects.filter(profile_id=OuterRef("pk"))))

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(PUBLISH)

    @admin.action(description="Withdraw the chosen profiles", permissions=["publish"])
    def withdraw(self, request: HttpRequest, profiles: QuerySet[Profile]) -> None:
        for profile in profiles:
            actions.withdraw_profile(profile_id=profile.pk)
        self.message_user(request, f"Withdrawn: {', '.join(profile.slug for profile in profiles)}.", messages.SUCCESS)

    @admin.action(description="Put the chosen profiles up again", permissions=["publish"])
    def put_up_again(self, request: HttpRequest, profiles: QuerySet[Profile]) -> None:
        for profile in profiles:
            try:
                actions.restore_profile(profile_id=profile.pk)
            except (actions.NotPublished, actions.NotPublishable) as refused:
                self.message_user(request, f"{profile.slug}: {refused}", messages.ERROR)
            else:
                self.message_user(request, f"{profile.slug} is up.", messages.SUCCESS)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        if formset.model is Citation:
            for one in formset.forms:
                if one.instance.pk and one.has_changed() and one not in formset.deleted_forms:
                    one.rest()

    @admin.display(description="name", ordering="live_revision__name")
    def live_name(self, profile: Profile) -> str:
        return profile.live_revision.name if profile.live_revision else "(not published)"

    @admin.display(description="live", boolean=True)
    def is_live_now(self, profile: Profile) -> bool:
        return profile.is_live

    @admin.display(description="being updated", boolean=True)
    def being_updated(self, profile: Profile) -> bool:
        return bool(getattr(profile, "has_marks", False))

    @admin.display(description="grade", ordering="state__score")
    def grade(self, profile: Profile) -> str:
        state = GradingState.objects.filter(pk=profile.pk).first()
        if state is None or state.score is None:
            return "not graded yet"
        band = band_of(float(state.score))
        return f"{state.score} · Grade {band.letters} · {band.label}"

    @admin.display(description="look at")
    def warnings(self, profile: Profile) -> SafeString | str:
        state = GradingState.objects.filter(pk=profile.pk).first()
        if state is None or state.verdict is None:
            return "not graded yet"
        text = profile.live_revision or profile.draft
        found = [
            *_too_little(state.verdict),
            *warnings_in(state.verdict, names_in(profile, text.statements if text else {})),
        ]
        return _list([format_html("{}", sentence) for sentence in found]) if found else "nothing"

    @admin.display(description="grading")
    def grading(self, profile: Profile) -> str:
        state = GradingState.objects.filter(pk=profile.pk).first()
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
            format_html("{} UTC: {} · {}", f"{grade.graded_at:%Y-%m-%d %H:%M}", grade.score, " ".join(_told(grade)))
            for grade in grades
        ]
        return _list(lines) if lines else "no grade recorded yet"

    @admin.display(description="text")
    def text(self, profile: Profile) -> SafeString | str:
        revisions = profile.revisions.order_by("-number") if profile.pk else []
        lines = [
            format_html('<a href="/admin/profiles/revision/{}/change/">{}</a> {}', one.pk, one, _standing(one, profile))
            for one in revisions
        ]
        return _list(lines) if lines else "Save first, then add a text under Revisions."


def _too_little(told: dict[str, Any]) -> Iterator[str]:
    if band_of(told["score"]) == SCALE[-1]:
        yield "Too little is on file to publish a view; the page says so."


def _told(grade: Grade) -> Iterator[str]:
    return (explain_cause(cause) for cause in grade.causes)


def _list(lines: list[SafeString]) -> SafeString:
    return SafeString("<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>")


def _standing(revision: Revision, profile: Profile) -> str:
    if revision.pk == profile.live_revision_id:
        return "(live)"
    return "(draft)" if revision.approved_at is None else f"(approved {revision.approved_at:%Y-%m-%d})"


# --- Text -------------------------------------------------------------------------------------------------------------


class FacetValueFormSet(forms.BaseInlineFormSet):
    def clean(self) -> None:
        super().clean()
        facets = [term.get_facet_display() for term in _kept(self, "term")]
        if twice := next((facet for facet in facets if facets.count(facet) > 1), None):
            raise forms.ValidationError(f"{twice} is answered twice; a profile has one term for each facet.")


class FacetValueInline(admin.TabularInline):
    model = FacetValue
    formset = FacetValueFormSet
    fields = ["term", "rationale"]
    autocomplete_fields = ["term"]
    extra = 0


@admin.register(Revision)
class RevisionAdmin(DeskAdmin):
    change_form_template = "admin/profiles/revision/change_form.html"
    list_display = ["name", "profile", "number", "approved_at"]
    list_filter = [("approved_at", admin.EmptyFieldListFilter)]
    list_select_related = ["profile"]
    search_fields = ["name", "profile__slug"]
    autocomplete_fields = ["profile", "author", "reviewer"]
    inlines = [FacetValueInline]
    fields = ["profile", *[name for name in TEXT if name != "figure"], "figure"]

    def get_readonly_fields(self, request: HttpRequest, obj: Revision | None = None) -> list[str]:
        return ["profile", "figure"] if obj else ["figure"]

    def has_change_permission(self, request: HttpRequest, obj: Revision | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.approved_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: Revision | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.approved_at is None)

    def save_model(self, request: HttpRequest, obj: Revision, form: Any, change: bool) -> None:
        if not change:
            obj.number = (obj.profile.revisions.order_by("-number").values_list("number", flat=True).first() or 0) + 1
            obj.created_by = request.user  # type: ignore[assignment]
        super().save_model(request, obj, form, change)

    def response_change(self, request: HttpRequest, obj: Revision) -> HttpResponse:
        if "_publish" in request.POST:
            return self._publish(request, obj)
        return super().response_change(request, obj)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["may_publish"] = request.user.has_perm(PUBLISH)
        return super().render_change_form(request, context, *args, **kwargs)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        if request.method == "POST" and "_draft" in request.POST:
            return self._draft(request, object_id)
        return super().change_view(request, object_id, form_url, extra_context)

    def _publish(self, request: HttpRequest, revision: Revision) -> HttpResponse:
        if not request.user.has_perm(PUBLISH):
            raise PermissionDenied
        try:
            actions.publish_revision(revision_id=revision.pk, by=_person(request))
        except actions.NotPublishable as refused:
            for flaw in refused.flaws:
                self.message_user(request, flaw.sentence, messages.ERROR)
            return HttpResponseRedirect(request.path)
        self.message_user(request, f"{revision.name} is published.", messages.SUCCESS)
        return HttpResponseRedirect(f"/admin/profiles/profile/{revision.profile_id}/change/")

    def _draft(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        revision = get_object_or_404(Revision, pk=object_id)
        draft = actions.start_draft(profile_id=revision.profile_id, by=_person(request))
        return HttpResponseRedirect(f"/admin/profiles/revision/{draft.pk}/change/")


def _person(request: HttpRequest) -> AbstractBaseUser:
    """Whoever is on the desk is logged in: the desk's own door sees to that."""
    assert isinstance(request.user, AbstractBaseUser)
    return request.user


@admin.register(Term)
class TermAdmin(DeskAdmin):
    list_display = ["name", "facet", "slug"]
    list_filter = ["facet"]
    search_fields = ["name", "facet"]
    prepopulated_fields = {"slug": ["name"]}


@admin.register(Page)
class PageAdmin(DeskAdmin):
    list_display = ["title", "slug", "changed_at"]


@admin.register(Ticket)
class TicketAdmin(DeskAdmin):
    list_display = ["created_at", "profile", "message", "closed_at"]
    list_filter = [("closed_at", admin.EmptyFieldListFilter)]
    readonly_fields = ["created_at", "name", "email", "message"]
    autocomplete_fields = ["profile"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


# --- Grading ----------------------------------------------------------------------------------------------------------


class ReadOnly:
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(GradingState)
class GradingStateAdmin(ReadOnly, DeskAdmin):
    list_display = ["profile", "score", "as_of", "graded_at", "due_on", "failures", "next_try_at"]
    list_select_related = ["profile"]
    list_filter = ["method", "failures"]
    search_fields = ["profile__slug"]


@admin.register(Grade)
class GradeAdmin(ReadOnly, DeskAdmin):
    list_display = ["profile", "seq", "score", "graded_at", "why"]
    list_select_related = ["profile"]
    search_fields = ["profile__slug"]
    date_hierarchy = "graded_at"

    @admin.display(description="causes")
    def why(self, grade: Grade) -> str:
        return " ".join(_told(grade))
