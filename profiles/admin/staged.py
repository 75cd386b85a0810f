"""The form of a text that goes by stages: what was read is what is approved, and what is typed is saved first."""

from collections.abc import Callable, Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Min, Q, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from config.waiting import Waiting
from profiles import stages
from profiles.actions import DraftThere
from profiles.admin import way
from profiles.admin.meanwhile import SeesOthers
from profiles.admin.shared import PUBLISH, DeskAdmin, person_of
from profiles.admin.way import Pressed, Way
from profiles.checks import Flaw
from profiles.models import Stage
from profiles.stages import Text


class StagedForm(forms.ModelForm):
    """The words of a text, and what a button under them may need to be told."""

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


# --- Lists ------------------------------------------------------------------------------------------------------------


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

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
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

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(written_by(request.user)) if self.value() == "me" else queryset


# --- Forms ------------------------------------------------------------------------------------------------------------


class StagedAdmin(SeesOthers, DeskAdmin):
    """Texts of one kind, each with its way to readers under its words. What went up is never changed or removed."""

    way: Way
    change_form_template = "admin/profiles/revision/change_form.html"
    list_filter = [StandingFilter, MineFilter]
    list_select_related = ["profile"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.approved_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.approved_at is None)

    def begin(self, request: HttpRequest, text: Text) -> None:
        """Note whose new text this is."""
        text.created_by, text.hands = request.user, [person_of(request).pk]

    def flaws(self, text: Any) -> list[Flaw]:
        """What stands in the way of publishing it."""
        raise NotImplementedError

    def doubts(self, text: Any) -> Iterator[str]:
        """What to look at before publishing it, though none of it stands in the way."""
        return iter(())

    def beside(self, text: Any) -> list[tuple[str, str]]:
        """Links from its form, each with its words."""
        return []

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        button = way.pressed_in(request.POST)
        if button is None:
            return super().response_change(request, obj)
        seen = obj.edit
        obj.refresh_from_db()
        return way.press(request, self.way, button, obj, self._pressed(request, obj, seen))

    def _pressed(self, request: HttpRequest, obj: Any, before: int) -> Pressed:
        """What was read is what was shown, and what the person has written into it since."""
        shown = request.POST.get("_seen", "")
        seen = int(shown) + obj.edit - before if shown.isdecimal() and len(shown) < 10 else None
        form = self.get_form(request, obj, change=True)(request.POST, instance=obj)
        form.is_valid()
        told = form.cleaned_data
        return Pressed(obj.pk, person_of(request), seen, told.get("reason", ""), told.get("publish_at"))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        text = context.get("original")
        if text and request.method == "POST":
            # What was refused has been put into it, and no page could show that.
            text = self.model._default_manager.select_related("profile").get(pk=text.pk)
        if text:
            context |= self._way(request, text)
        return super().render_change_form(request, context, *args, **kwargs)

    def _way(self, request: HttpRequest, text: Text) -> dict[str, Any]:
        is_draft = text.approved_at is None
        buttons = way.buttons_for(request.user, text) if self.has_change_permission(request, text) else []
        return {
            "standing": text.standing,
            "buttons": buttons,
            "asks": {button.asks for button in buttons},
            "four_eyes": way.four_eyes(request.user, text),
            "beside": self.beside(text),
            "steps": list(way.way_of(text)),
            "flaws": self.flaws(text) if is_draft else [],
            "doubts": list(self.doubts(text)) if is_draft else [],
            "may_publish": request.user.has_perm(PUBLISH),
            "may_draft": self.has_add_permission(request),
        }

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        asked = {"_draft", "_withdraw", "_restore"} & request.POST.keys() if request.method == "POST" else set()
        if asked:
            return self._answer(request, object_id, asked.pop())
        return super().change_view(request, object_id, form_url, extra_context)

    def _answer(self, request: HttpRequest, object_id: str, asked: str) -> HttpResponse:
        text = self.get_object(request, object_id)
        if asked == "_draft" and not self.has_add_permission(request):
            raise PermissionDenied
        if text is None:
            raise Http404
        if asked == "_draft":
            return self._draft(request, text)
        if asked == "_withdraw":
            way.withdraw(request, self.way, text)
        else:
            way.put_up_again(request, self.way, text)
        return HttpResponseRedirect(request.path)

    def _draft(self, request: HttpRequest, text: Text) -> HttpResponse:
        try:
            draft = self.way.draft(text, person_of(request))
        except DraftThere as refused:
            self.message_user(request, str(refused), messages.ERROR)
            return HttpResponseRedirect(request.path)
        return HttpResponseRedirect(f"/admin/{self.opts.app_label}/{self.opts.model_name}/{draft.pk}/change/")

    @admin.display(description="stands", ordering="stage")
    def stands(self, text: Any) -> str:
        return str(text.standing)

    @admin.display(description="goes up", ordering="goes_live_at", empty_value="")
    def due(self, text: Any) -> str | None:
        return f"{text.goes_live_at:%Y-%m-%d %H:%M} UTC" if text.goes_live_at else None


# --- What waits -------------------------------------------------------------------------------------------------------


def texts_waiting(
    user: Any,
    texts: QuerySet[Any],
    steps: QuerySet[Any],
    listed: Callable[..., str],
    *,
    one: str,
    many: str,
    draft: str = "draft",
) -> Iterator[Waiting]:
    """One query: how many texts stand where, and since when the oldest of them. `listed` leads to a list of them.

    `steps` are those of a text, by OuterRef; the words are what the texts are called.
    """
    editor, mine = user.has_perm(PUBLISH), written_by(user)
    which = {name: condition for name, (_label, condition) in STANDINGS.items()}
    held, whose = (which["held"], {}) if editor else (mine & which["held"], {"writer": "me"})
    last = steps.order_by("-at", "-pk").values("at")[:1]
    said = (
        texts.filter(approved_at=None)
        .annotate(since=Subquery(last))
        .aggregate(
            returned=Count("pk", filter=mine & which["sent-back"]),
            returned_since=Min("since", filter=mine & which["sent-back"]),
            held=Count("pk", filter=held),
            held_since=Min("since", filter=held),
            review=Count("pk", filter=which["in-review"]),
            review_since=Min("since", filter=which["in-review"]),
            approved=Count("pk", filter=which["approved"]),
            mine=Count("pk", filter=mine & which["writing"]),
            scheduled=Count("pk", filter=which["scheduled"]),
            next_due=Min("goes_live_at"),
        )
    )
    yield Waiting(
        f"{one} of yours came back from review",
        f"{many} of yours came back from review",
        said["returned"],
        listed(standing="sent-back", writer="me"),
        said["returned_since"],
        urgent=True,
    )
    yield Waiting(
        f"{one} did not go up when it was due",
        f"{many} did not go up when they were due",
        said["held"],
        listed(standing="held", **whose),
        said["held_since"],
        urgent=True,
    )
    if editor:
        reviews, approved = listed(standing="in-review"), listed(standing="approved")
        yield Waiting(f"{one} to review", f"{many} to review", said["review"], reviews, said["review_since"])
        yield Waiting(f"approved {one} has no date", f"approved {many} have no date", said["approved"], approved)
    drafts = listed(standing="writing", writer="me")
    yield Waiting(f"{draft} of yours", f"{draft}s of yours", said["mine"], drafts)
    note = f"The next one on {said['next_due']:%Y-%m-%d %H:%M} UTC." if said["next_due"] else ""
    scheduled = listed(standing="scheduled")
    yield Waiting(f"{one} is scheduled", f"{many} are scheduled", said["scheduled"], scheduled, note=note)
