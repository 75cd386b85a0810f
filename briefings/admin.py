"""The desk of authors and editors for what lies behind a tier: a briefing with its teaser, and the notes on sources."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator, capfirst

from accounts.tiers import Tier
from briefings import actions
from briefings.gate import NOTHING, OpenBriefing, Opened, OpenNote
from briefings.models import BriefingStep, Cited, SourceNote, Teaser
from config.waiting import Waiting, told_by
from profiles.admin.history import Change, told_apart
from profiles.admin.settling import A_NUMBER
from profiles.admin.shared import PUBLISH, DeskAdmin, ReadOnly
from profiles.admin.staged import StagedAdmin, StagedForm, texts_waiting
from profiles.admin.way import Way
from profiles.checks import Flaw
from profiles.markup import render_markdown
from profiles.models import Citation

BODY = forms.Textarea(attrs={"rows": 24, "cols": 100, "class": "vLargeTextField"})
SEES = "briefings.view_briefing"  # what the desk's role in the database hangs on: config/desk.py
THERE_IS_ONE = "This profile already has a briefing for that tier. Open it in the list, and write a new draft from it."
NOT_YET = "{} is live, and members would read this at once. An editor does that."


# --- Who may ----------------------------------------------------------------------------------------------------------


class Gated:
    """What is gated is seen by whoever may see its text."""

    opts: Any

    def get_queryset(self, request: HttpRequest) -> Any:
        # Django looks for the row first and asks for the permission then; the database would refuse the look.
        if not request.user.has_perm(SEES):
            raise PermissionDenied
        return super().get_queryset(request)  # type: ignore[misc]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        sees: bool = super().has_view_permission(request, obj)  # type: ignore[misc]
        return sees and request.user.has_perm(SEES)

    def has_add_permission(self, request: HttpRequest) -> bool:
        may: bool = super().has_add_permission(request)  # type: ignore[misc]
        return may and request.user.has_perm(SEES)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may: bool = super().has_change_permission(request, obj)  # type: ignore[misc]
        return may and request.user.has_perm(SEES)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may: bool = super().has_delete_permission(request, obj)  # type: ignore[misc]
        return may and request.user.has_perm(SEES)


class Previewed:
    """A button beside the form that shows its text as members would read it. Nothing is saved, nothing typed is lost."""

    opts: Any
    admin_site: Any

    def get_urls(self) -> list[Any]:
        view = self.admin_site.asking_view(self.preview)
        return [path("preview/", view, name=self._preview_name()), *super().get_urls()]  # type: ignore[misc]

    def _preview_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_preview"

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        context["preview_url"] = reverse(f"admin:{self._preview_name()}")
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]

    def preview(self, request: HttpRequest) -> HttpResponse:
        if not (self.has_add_permission(request) or self.has_change_permission(request)):  # type: ignore[attr-defined]
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))
        opened = self.opened(request.POST)
        return TemplateResponse(request, "briefings/briefing_preview.html", {"opened": opened, "title": "Preview"})

    def opened(self, typed: Any) -> Opened:
        raise NotImplementedError


def tier_typed(typed: Any) -> Tier:
    wanted = typed.get("tier", "")
    return next((tier for tier in Tier if str(tier.value) == wanted), Tier.STRATEGIC_CIRCLE)


# --- Briefings --------------------------------------------------------------------------------------------------------


class BriefingForm(StagedForm):
    """A briefing together with its teaser: what anyone may know of it, and what only members read."""

    body = forms.CharField(
        widget=BODY, label="Text", help_text="Markdown. Only members read it, from this tier upwards."
    )

    class Meta:
        model = Teaser
        fields = ["profile", "tier", "title", "summary", "contents"]
        widgets = {
            "title": forms.TextInput(attrs={"class": "vTextField"}),
            "summary": forms.Textarea(attrs={"rows": 3, "cols": 100}),
            "contents": forms.Textarea(attrs={"rows": 5, "cols": 100}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "body" in self.fields:
            self.initial["body"] = actions.words_of(self.instance).body

    def clean(self) -> None:
        super().clean()
        told = self.cleaned_data
        if self.instance.pk is None and told.get("profile") and told.get("tier"):
            there = Teaser.objects.filter(profile=told["profile"], tier=told["tier"])
            if there.exists():
                self.add_error(None, THERE_IS_ONE)


def _once_up(teaser: Teaser) -> str:
    return reverse("admin:briefings_teaser_change", args=[teaser.pk])


OF_A_BRIEFING = Way(
    acts={
        "_review": lambda pressed: actions.send_to_review(teaser_id=pressed.text_id, by=pressed.by),
        "_take_back": lambda pressed: actions.take_back(teaser_id=pressed.text_id, by=pressed.by),
        "_send_back": lambda pressed: actions.send_back(
            teaser_id=pressed.text_id, by=pressed.by, because=pressed.reason
        ),
        "_approve": lambda pressed: actions.approve_briefing(
            teaser_id=pressed.text_id, by=pressed.by, seen=pressed.seen
        ),
        "_schedule": lambda pressed: actions.schedule_briefing(teaser_id=pressed.text_id, by=pressed.by, at=pressed.at),
        "_unschedule": lambda pressed: actions.unschedule_briefing(teaser_id=pressed.text_id, by=pressed.by),
        "_publish": lambda pressed: actions.publish_briefing(
            teaser_id=pressed.text_id, by=pressed.by, seen=pressed.seen
        ),
    },
    called=lambda teaser: str(teaser.title),
    draft=lambda teaser, by: actions.start_draft(of=teaser.pk, by=by),
    withdraw=lambda teaser, by, reason: actions.withdraw_briefing(teaser_id=teaser.pk, by=by, reason=reason),
    put_up_again=lambda teaser, by: actions.restore_briefing(teaser_id=teaser.pk, by=by),
    once_up=_once_up,
)


@admin.register(Teaser)
class BriefingAdmin(Previewed, Gated, StagedAdmin):
    """Deeper Profile Context: what members read behind a profile. Authors draft it at all times; editors put it up."""

    form = BriefingForm
    way = OF_A_BRIEFING
    change_form_template = "admin/briefings/teaser/change_form.html"
    list_display = ["title", "profile", "tier", "stands", "due", "approved_at"]
    list_filter = ["tier", *StagedAdmin.list_filter]
    search_fields = ["title", "profile__slug", "profile__live_revision__name"]
    autocomplete_fields = ["profile"]
    readonly_fields = ["as_read"]

    def get_fieldsets(self, request: HttpRequest, obj: Teaser | None = None) -> Any:
        public = ("What everybody reads", {"fields": ["profile", "tier", "title", "summary", "contents"]})
        if obj and not self.has_change_permission(request, obj):
            return [public, ("What members read", {"fields": ["as_read"]})]
        return [public, ("What members read", {"fields": ["body"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: Teaser | None = None) -> list[str]:
        # A briefing stays with its profile and tier; for another one, write another.
        return ["profile", "tier", "as_read"] if obj else ["as_read"]

    def save_model(self, request: HttpRequest, obj: Teaser, form: Any, change: bool) -> None:
        if not change:
            self.begin(request, obj)
        told = form.cleaned_data
        actions.write(obj, actions.Words(obj.title, obj.summary, obj.contents, told["body"]))

    def flaws(self, text: Teaser) -> list[Flaw]:
        return actions.flaws_of(text)

    def beside(self, text: Teaser) -> list[tuple[str, str]]:
        return [("Preview and share", reverse("admin:briefings_briefing_previews", args=[text.pk]))]

    def against(self, text: Teaser) -> list[Change]:
        live = Teaser.objects.live().of_one(text).exclude(pk=text.pk).first()
        if live is None:
            return []
        said, says = asdict(actions.words_of(live)), asdict(actions.words_of(text))
        return [change for name in says for change in told_apart(capfirst(name), said[name], says[name])]

    def opened(self, typed: Any) -> Opened:
        tier = tier_typed(typed)
        text = render_markdown(typed.get("body", ""), below=2)
        return Opened([OpenBriefing(typed.get("title") or "Without a title yet", tier, text)], NOTHING.notes)

    @admin.display(description="text")
    def as_read(self, teaser: Teaser) -> SafeString:
        return render_markdown(actions.words_of(teaser).body, below=2)


def _briefings(request: HttpRequest) -> Iterator[Waiting]:
    """What the home of the desk says of briefings on their way."""
    if request.user.has_perms([SEES, "briefings.view_teaser"]):
        steps = BriefingStep.objects.filter(teaser=OuterRef("pk"))
        named = {"one": "briefing", "many": "briefings", "draft": "briefing draft"}
        yield from texts_waiting(request.user, Teaser.objects.all(), steps, _listed, **named)


def _listed(**asked: str) -> str:
    return reverse("admin:briefings_teaser_changelist", query=asked)


told_by(_briefings)


# --- Notes on sources -------------------------------------------------------------------------------------------------


class NoteForm(forms.ModelForm):
    """What an analyst thinks of a source, for this one use of it."""

    may_publish = False

    class Meta:
        model = SourceNote
        fields = ["citation", "tier", "body"]
        labels = {"citation": "Source", "body": "Note"}
        error_messages = {"citation": {"unique": "There is a note on this already; open it in the list."}}
        widgets = {"body": forms.Textarea(attrs={"rows": 8, "cols": 100})}

    def clean_citation(self) -> Citation:
        citation: Citation = self.cleaned_data["citation"]
        if citation.profile.is_live and not self.may_publish:
            raise ValidationError(NOT_YET.format(citation.profile))
        return citation


@admin.register(SourceNote)
class SourceNoteAdmin(Previewed, Gated, DeskAdmin):
    """The analysts' notes, one for each use of a source at most. In a list of their own: a profile's form has enough.

    A note is evidence, as the citation it is about: it counts at once, so on live profiles editors alone change it.
    """

    form = NoteForm
    list_display = ["source", "in_profile", "tier", "beginning"]
    list_filter = ["tier"]
    list_select_related = ["citation__source", "citation__profile"]
    search_fields = ["citation__source__title", "citation__profile__slug"]
    readonly_fields = ["as_read"]
    ordering = ["citation__profile__slug", "citation__position"]

    def get_fields(self, request: HttpRequest, obj: SourceNote | None = None) -> Any:
        if obj and not self.has_change_permission(request, obj):
            return ["citation", "tier", "as_read"]
        return ["citation", "tier", "body"]

    def get_readonly_fields(self, request: HttpRequest, obj: SourceNote | None = None) -> list[str]:
        return ["citation", "as_read"] if obj else ["as_read"]

    def has_change_permission(self, request: HttpRequest, obj: SourceNote | None = None) -> bool:
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: SourceNote | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"may_publish": request.user.has_perm(PUBLISH)})

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        if not A_NUMBER.fullmatch(request.GET.get("citation", "")):
            messages.info(request, "Choose the source that the note is about.")
            return HttpResponseRedirect(reverse("admin:briefings_cited_changelist"))
        return super().add_view(request, form_url, extra_context)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        # One, not a list of every citation of every profile.
        chosen = Cited.objects.filter(pk=int(request.GET.get("citation") or 0)).select_related("profile", "source")
        return super().formfield_for_foreignkey(db_field, request, queryset=chosen, empty_label=None, **kwargs)

    def opened(self, typed: Any) -> Opened:
        note = OpenNote(
            0, "The source", "its publisher", tier_typed(typed), render_markdown(typed.get("body", ""), below=3)
        )
        return Opened(NOTHING.briefings, [note])

    @admin.display(description="note")
    def as_read(self, note: SourceNote) -> SafeString:
        return render_markdown(note.body, below=3)

    @admin.display(description="source", ordering="citation__source__title")
    def source(self, note: SourceNote) -> str:
        return Truncator(str(note.citation.source)).chars(90)

    @admin.display(description="profile", ordering="citation__profile__slug")
    def in_profile(self, note: SourceNote) -> SafeString:
        there = reverse("admin:profiles_profile_change", args=[note.citation.profile_id])
        return format_html('<a href="{}">{}</a>', there, note.citation.profile)

    @admin.display(description="note")
    def beginning(self, note: SourceNote) -> str:
        return Truncator(note.body).chars(60)


def _may_touch(request: HttpRequest, note: SourceNote | None) -> bool:
    return note is None or request.user.has_perm(PUBLISH) or not note.citation.profile.is_live


class NotedFilter(admin.SimpleListFilter):
    title = "note"
    parameter_name = "note"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("none", "none yet"), ("some", "written")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        asked = {"none": False, "some": True}.get(self.value() or "")
        return queryset if asked is None else queryset.filter(noted=asked)


@admin.register(Cited)
class CitedAdmin(ReadOnly, admin.ModelAdmin):
    """Where a note begins: which sources a profile cites, and which of them nobody has written about yet."""

    list_display = ["source", "profile", "stance", "note"]
    list_display_links = None
    list_filter = [NotedFilter, "stance"]
    list_select_related = ["source", "profile"]
    search_fields = ["source__title", "profile__slug", "profile__live_revision__name"]
    ordering = ["profile__slug", "position", "pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Cited]:
        if not self.has_view_permission(request):
            raise PermissionDenied
        cited: QuerySet[Cited] = super().get_queryset(request)
        return cited.annotate(noted=Exists(SourceNote.objects.filter(citation=OuterRef("pk"))))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Cited | None = None) -> bool:
        return request.user.has_perms([SEES, "briefings.view_sourcenote"])

    @admin.display(description="note")
    def note(self, cited: Cited) -> SafeString:
        if cited.noted:  # type: ignore[attr-defined]
            there = reverse("admin:briefings_sourcenote_change", args=[cited.pk])
            return format_html('<a href="{}">Open the note</a>', there)
        there = f"{reverse('admin:briefings_sourcenote_add')}?citation={cited.pk}"
        return format_html('<a href="{}">Write one</a>', there)
