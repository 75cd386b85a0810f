"""Settling key judgements on the desk: what became of them, and for whom that counts."""

import re
from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from profiles import settling
from profiles.admin.shared import DeskAdmin, EditorsOnly, TellsRefusals, person_of
from profiles.grading.pipeline import today
from profiles.letters import named
from profiles.models import Judgement, JudgementCitation, Settlement, Stance

A_NUMBER = re.compile(r"[0-9]{1,18}")  # no longer than PostgreSQL's own, and than Python is willing to read


class SettleForm(forms.ModelForm):
    """Settles the judgement it is opened for, in place of the settlement it was opened over, if any."""

    judgement: Judgement
    replaces = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Settlement
        fields = ["outcome", "settled_on", "reason"]
        widgets = {"reason": forms.Textarea(attrs={"rows": 3, "cols": 80})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.judgement = self.judgement
        standing = standing_of(self.judgement)
        self.initial["replaces"] = standing.pk if standing else None

    def clean_settled_on(self) -> date:
        day: date = self.cleaned_data["settled_on"]
        if day > today():
            raise forms.ValidationError("This day has not come yet; nothing is settled by it.")
        return day

    def clean(self) -> None:
        super().clean()
        standing = standing_of(self.judgement)
        if (standing.pk if standing else None) != self.cleaned_data.get("replaces"):
            raise forms.ValidationError("Somebody else has settled this judgement meanwhile. Look at it again.")


class WithdrawForm(forms.ModelForm):
    """Withdraws a settlement that stands. Nothing else about it changes."""

    because = forms.CharField(
        label="Why it no longer stands",
        help_text="Saving withdraws the settlement. It stays on file, with this reason.",
        widget=forms.Textarea(attrs={"rows": 2, "cols": 80}),
    )

    class Meta:
        model = Settlement
        fields: list[str] = []


class StandsFilter(admin.SimpleListFilter):
    title = "whether it stands"
    parameter_name = "stands"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "stands"), ("no", "withdrawn")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Settlement]) -> QuerySet[Settlement]:
        asked = {"yes": True, "no": False}.get(self.value() or "")
        return queryset if asked is None else queryset.filter(withdrawn_at__isnull=asked)


@admin.register(Settlement)
class SettlementAdmin(TellsRefusals, EditorsOnly, DeskAdmin):
    refusals = (settling.SettledMeanwhile, settling.NotYet)
    list_display = ["statement", "outcome", "settled_on", "profile", "stands"]
    list_filter = ["outcome", StandsFilter]
    list_select_related = ["judgement__profile", "recorded_by"]
    search_fields = ["statement", "reason", "judgement__profile__slug"]
    date_hierarchy = "settled_on"

    def has_add_permission(self, request: HttpRequest) -> bool:
        # Settled is always one judgement: the profile's page on the desk leads here with its number.
        return super().has_add_permission(request) and bool(A_NUMBER.fullmatch(request.GET.get("judgement", "")))

    def has_change_permission(self, request: HttpRequest, obj: Settlement | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.withdrawn_at is None)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Settlement]:
        # Joined, so that a judgement that has gone is none instead of an error.
        settlements: QuerySet[Settlement] = super().get_queryset(request)
        return settlements.select_related("judgement__profile__live_revision", "recorded_by", "withdrawn_by")

    def get_form(self, request: HttpRequest, obj: Settlement | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, form=WithdrawForm if obj else SettleForm, **kwargs)
        if obj is None:
            form.judgement = self._judgement(request)  # type: ignore[attr-defined]
        return form

    def get_fields(self, request: HttpRequest, obj: Settlement | None = None) -> Any:
        if obj is None:
            return ["profile", "wording", "sides", "until_now", "outcome", "settled_on", "reason", "replaces"]
        because = ["because"] if self.has_change_permission(request, obj) else []
        return [*self.get_readonly_fields(request, obj), *because]

    def get_readonly_fields(self, request: HttpRequest, obj: Settlement | None = None) -> list[str]:
        if obj is None:
            return ["profile", "wording", "sides", "until_now"]
        said = ["statement", "outcome", "settled_on", "reason"]
        return ["profile", *said, "reworded", "sides", "settled_by", "stands"]

    def save_model(self, request: HttpRequest, obj: Settlement, form: Any, change: bool) -> None:
        given, by = form.cleaned_data, person_of(request)
        if change:
            settling.withdraw_settlement(settlement_id=obj.pk, because=given["because"], by=by)
        else:
            settled = settling.settle_judgement(
                judgement_id=form.judgement.pk,
                outcome=given["outcome"],
                on=given["settled_on"],
                reason=given["reason"],
                by=by,
                replaces=given["replaces"],
            )
            obj.pk = settled.pk
        obj.refresh_from_db()

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        # Neither another settlement nor this one again: both are begun from the judgement.
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)

    def response_post_save_add(self, request: HttpRequest, obj: Settlement) -> HttpResponseRedirect:
        """Back to where the settling was begun."""
        profile = self._judgement(request).profile_id
        return HttpResponseRedirect(reverse("admin:profiles_profile_change", args=[profile]))

    def _judgement(self, request: HttpRequest) -> Judgement:
        return get_object_or_404(
            Judgement.objects.select_related("profile__live_revision"), pk=request.GET["judgement"]
        )

    @admin.display(description="profile", ordering="judgement__profile__slug")
    def profile(self, settlement: Settlement) -> SafeString | str:
        if settlement.judgement is None:
            return "(the judgement has been removed)"
        profile = settlement.judgement.profile
        return format_html('<a href="{}">{}</a>', reverse("admin:profiles_profile_change", args=[profile.pk]), profile)

    @admin.display(description="judgement")
    def wording(self, settlement: Settlement) -> str:
        return settling.wording_of(settlement.judgement) if settlement.judgement else ""

    @admin.display(description="wording since")
    def reworded(self, settlement: Settlement) -> str:
        now = self.wording(settlement)
        if now == settlement.statement:
            return "unchanged"
        return f"{now or '(not stated any more)'} — if that no longer says the same, withdraw this settlement."

    @admin.display(description="who took a side")
    def sides(self, settlement: Settlement) -> str:
        return sides_of(settlement.judgement) if settlement.judgement else "(the judgement has been removed)"

    @admin.display(description="until now")
    def until_now(self, settlement: Settlement) -> str:
        standing = standing_of(settlement.judgement) if settlement.judgement else None
        if standing is None:
            return "not settled"
        return f"{told(standing)} (Saving this withdraws it and settles the judgement anew.)"

    @admin.display(description="settled by")
    def settled_by(self, settlement: Settlement) -> str:
        if settlement.recorded_at is None:
            return ""
        return f"{named(settlement.recorded_by)}, {settlement.recorded_at:%Y-%m-%d %H:%M} UTC"

    @admin.display(description="stands")
    def stands(self, settlement: Settlement) -> str:
        if settlement.withdrawn_at is None:
            return "yes"
        who = named(settlement.withdrawn_by)
        return f"withdrawn by {who}, {settlement.withdrawn_at:%Y-%m-%d %H:%M} UTC: {settlement.withdrawn_because}"


def standing_of(judgement: Judgement) -> Settlement | None:
    return judgement.settlements.filter(withdrawn_at=None).first()


def told(settlement: Settlement) -> str:
    return f"{settlement.get_outcome_display().capitalize()}, known on {settlement.settled_on}: {settlement.reason}"


def sides_of(judgement: Judgement) -> str:
    """Which publishers support and dispute a judgement, in one line."""
    links = JudgementCitation.objects.filter(judgement=judgement).order_by("source__publisher__name")
    sides: dict[str, list[str]] = {Stance.SUPPORTS: [], Stance.DISPUTES: []}
    for stance, name in links.values_list("citation__stance", "source__publisher__name").distinct():
        if stance in sides:
            sides[stance].append(name)
    said = {"Supported by": sides[Stance.SUPPORTS], "Disputed by": sides[Stance.DISPUTES]}
    return ". ".join(f"{what} {', '.join(names)}" for what, names in said.items() if names) or "nobody"


def settling_link(judgement: Judgement) -> SafeString | str:
    """What became of a judgement, with the way to settle it; for the profile's page on the desk."""
    if judgement.pk is None:
        return ""
    address = f"{reverse('admin:profiles_settlement_add')}?judgement={judgement.pk}"
    standing = standing_of(judgement)
    if standing is None:
        return format_html('<a href="{}">Settle</a>', address)
    there = reverse("admin:profiles_settlement_change", args=[standing.pk])
    said = f"{standing.get_outcome_display()}, {standing.settled_on}"
    return format_html('<a href="{}">{}</a> · <a href="{}">settle anew</a>', there, said, address)
