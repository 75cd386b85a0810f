"""Organisations, grants, seats and suspensions. Nothing here is edited: things are given, and things are ended."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminSplitDateTime
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts import actions
from accounts.admin.steps import Step, Steps, Tool
from accounts.ledger import ledger_of_organisation, state_of
from accounts.models import SEATS, Grant, Organisation, Seat, Suspension, User
from accounts.tiers import Tier
from config.deskadmin import DeskAdmin, TellsRefusals


def holds(entry: Grant | Seat | Suspension) -> bool:
    """Whether there is anything left to end."""
    return entry.ends_at is None or entry.ends_at > max(timezone.now(), entry.starts_at)


def adding(model: str, **given: int) -> str:
    """The address of the form for one more grant, seat or suspension of somebody."""
    query = "&".join(f"{name}={number}" for name, number in given.items())
    return f"{reverse(f'admin:accounts_{model}_add')}?{query}"


class StateFilter(admin.SimpleListFilter):
    title = "when"
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("now", "holds now"), ("over", "over"), ("later", "to come")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        now = timezone.now()
        asked = {
            "now": Q(starts_at__lte=now) & (Q(ends_at=None) | Q(ends_at__gt=now)),
            "over": Q(ends_at__lte=now),
            "later": Q(starts_at__gt=now),
        }
        chosen = asked.get(self.value() or "")
        return queryset.filter(chosen) if chosen else queryset


# --- What the forms check first ---------------------------------------------------------------------------------------


class Decision(forms.ModelForm):
    """Something given to somebody by whoever fills in the form."""

    by: User

    def clean(self) -> None:
        super().clean()
        user, organisation = self.cleaned_data.get("user"), self.cleaned_data.get("organisation")
        if user is not None and user.closed_at:
            self.add_error("user", actions.Closed.sentence)
        self.check_case(user, organisation)

    def check_case(self, user: User | None, organisation: Organisation | None) -> None:
        try:
            actions.check_not_ones_own(self.by, user, organisation)
        except actions.OwnCase as refused:
            self.add_error(None, str(refused))

    def clean_ends_at(self) -> datetime | None:
        ends_at: datetime | None = self.cleaned_data["ends_at"]
        if ends_at and ends_at <= timezone.now():
            raise forms.ValidationError("This lies in the past; nothing would begin.")
        return ends_at


class CompForm(Decision):
    """A complimentary grant: it always ends, and says what it rests on."""

    starts_at = forms.SplitDateTimeField(
        required=False, widget=AdminSplitDateTime, label="From", help_text="Empty: from now on. UTC."
    )
    ends_at = forms.SplitDateTimeField(widget=AdminSplitDateTime, label="Until", help_text="UTC.")
    evidence = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3, "cols": 80}),
        help_text="What it rests on, for whoever looks at it next year.",
    )

    class Meta:
        model = Grant
        fields = ["user", "organisation", "tier", "starts_at", "ends_at", "evidence"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.pop("starts_at", None)  # the moment the form was opened is not an answer

    def clean_starts_at(self) -> datetime:
        starts_at: datetime | None = self.cleaned_data["starts_at"]
        if starts_at and starts_at < timezone.now():
            raise forms.ValidationError("This lies in the past. Leave it empty to begin now.")
        return starts_at or timezone.now()

    def clean(self) -> None:
        super().clean()
        starts_at, ends_at = self.cleaned_data.get("starts_at"), self.cleaned_data.get("ends_at")
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", "The end lies before the start.")


class SuspensionForm(Decision):
    class Meta:
        model = Suspension
        fields = ["user", "organisation", "reason", "ends_at"]
        widgets = {"reason": forms.Textarea(attrs={"rows": 3, "cols": 80})}

    def check_case(self, user: User | None, organisation: Organisation | None) -> None:
        """Who suspends themselves gains nothing."""


class SeatForm(Decision):
    class Meta:
        model = Seat
        fields = ["organisation", "user"]

    def check_case(self, user: User | None, organisation: Organisation | None) -> None:
        if user == self.by:
            self.add_error("user", actions.OwnCase.sentence)
        if organisation is not None and not actions.free_seats(organisation):
            self.add_error("organisation", actions.SeatsTaken.sentence)


# --- Giving and ending ------------------------------------------------------------------------------------------------


class Given(Steps, TellsRefusals, DeskAdmin):
    """What is given by an action and ended by a step, and otherwise only looked at."""

    refusals = (actions.Refused,)
    autocomplete_fields = ["user", "organisation"]
    search_fields = ["user__email", "user__name", "organisation__name"]
    list_select_related = ["user", "organisation"]
    shown: list[str] = []

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.shown if obj else super().get_fields(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return self.shown if obj else []

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"by": request.user})

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        # The next one begins on the page of whoever it is for.
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        """Back to whoever it was given to."""
        return HttpResponseRedirect(page_of(obj.organisation or obj.user))

    @admin.display(description="to")
    def holder(self, entry: Grant | Seat | Suspension) -> SafeString:
        who = entry.organisation or entry.user
        return format_html('<a href="{}">{}</a>', page_of(who), who)

    @admin.display(description="state")
    def state(self, entry: Grant | Seat | Suspension) -> str:
        return state_of(entry, at=timezone.now())


def page_of(who: Any) -> str:
    return reverse(f"admin:accounts_{who._meta.model_name}_change", args=[who.pk])


@admin.register(Grant)
class GrantAdmin(Given):
    """The ledger. An entry is never edited; what is given here is complimentary, and ends."""

    form = CompForm
    list_display = ["__str__", "how", "state", "starts_at", "ends_at", "granted_by"]
    list_filter = [StateFilter, "tier", "how"]
    list_select_related = ["user", "organisation", "granted_by"]
    shown = [
        "holder", "tier", "state", "starts_at", "ends_at", "how", "evidence", "granted_by", "ended_by", "end_reason",
    ]  # fmt: skip
    steps = [
        Step(
            "end",
            "End it now",
            "It ends at once, and stays in the ledger with your reason. The next page they open is a reader’s.",
            "The grant has ended.",
            "accounts.change_grant",
            lambda grant, by, reason: actions.end_grant(grant=grant, by=by, reason=reason),
            holds,
        )
    ]

    def save_model(self, request: HttpRequest, obj: Grant, form: Any, change: bool) -> None:
        fields = {name: form.cleaned_data[name] for name in CompForm.Meta.fields}
        tier = Tier(fields.pop("tier"))
        obj.pk = actions.give_comp(by=form.by, tier=tier, **fields).pk


@admin.register(Suspension)
class SuspensionAdmin(Given):
    """Who reads as a stranger does for a while."""

    form = SuspensionForm
    list_display = ["__str__", "state", "starts_at", "ends_at", "by"]
    list_filter = [StateFilter]
    list_select_related = ["user", "organisation", "by"]
    shown = ["holder", "state", "reason", "starts_at", "ends_at", "by"]
    steps = [
        Step(
            "lift",
            "Lift it now",
            "Whatever the ledger gives them opens again with the next page. The suspension stays on file.",
            "The suspension is lifted.",
            "accounts.change_suspension",
            lambda suspension, by, reason: actions.lift(suspension=suspension, by=by, reason=reason),
            holds,
        )
    ]

    def save_model(self, request: HttpRequest, obj: Suspension, form: Any, change: bool) -> None:
        fields = {name: form.cleaned_data[name] for name in SuspensionForm.Meta.fields}
        obj.pk = actions.suspend(by=form.by, **fields).pk


@admin.register(Seat)
class SeatAdmin(Given):
    """One of an organisation's three places. Given and ended from the organisation's page."""

    form = SeatForm
    list_display = ["__str__", "user", "state", "starts_at", "ends_at"]
    list_filter = [StateFilter]
    shown = ["organisation", "user", "number", "state", "starts_at", "ends_at"]
    steps = [
        Step(
            "end",
            "End this seat",
            "The person keeps whatever else they have. Whoever gets the first seat next is the manager.",
            "The seat is free.",
            "accounts.change_seat",
            lambda seat, by, reason: actions.end_seat(seat=seat, by=by, reason=reason),
            holds,
        )
    ]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Seat, form: Any, change: bool) -> None:
        fields = {name: form.cleaned_data[name] for name in SeatForm.Meta.fields}
        obj.pk = actions.give_seat(by=form.by, **fields).pk


# --- Organisations ----------------------------------------------------------------------------------------------------


@admin.register(Organisation)
class OrganisationAdmin(Steps, DeskAdmin):
    """A company, its seats, and what it was given."""

    list_display = ["name", "domain", "seats_taken"]
    search_fields = ["name", "domain", "number_resources"]
    fields = ["name", "domain", "number_resources"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Organisation]:
        now = timezone.now()
        open_seats = Q(seats__starts_at__lte=now) & (Q(seats__ends_at=None) | Q(seats__ends_at__gt=now))
        organisations: QuerySet[Organisation] = super().get_queryset(request)
        return organisations.annotate(taken=Count("seats", filter=open_seats))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        said = "The resources it was verified by, such as AS64500 or 192.0.2.0/24, one a line."
        return super().get_form(request, obj, change, **kwargs, help_texts={"number_resources": said})

    def tools(self, request: HttpRequest, obj: Organisation) -> Iterator[Tool]:
        if request.user.has_perm("accounts.add_seat") and actions.free_seats(obj):
            yield Tool("Give a seat", adding("seat", organisation=obj.pk))
        if request.user.has_perm("accounts.add_grant"):
            yield Tool("Give a complimentary grant", adding("grant", organisation=obj.pk))
        if request.user.has_perm("accounts.add_suspension"):
            yield Tool("Suspend", adding("suspension", organisation=obj.pk))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if organisation := context.get("original"):
            context["ledger"] = ledger_of_organisation(organisation)
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="seats taken", ordering="taken")
    def seats_taken(self, organisation: Organisation) -> str:
        return f"{organisation.taken} of {SEATS}"  # type: ignore[attr-defined]
