"""What readers reported: who waits longest comes first, and answering is one form."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Case, F, IntegerField, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from profiles import contact
from profiles.admin.shared import DeskAdmin, person_of
from profiles.letters import named
from profiles.models import Correction, Ticket

WORDS = 6


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*((state.value, str(state.label)) for state in Ticket.State), ("all", "all")]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [{**first, "display": "waiting"}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> QuerySet[Ticket]:
        if self.value() == "all":
            return queryset
        return queryset.filter(state__in=[self.value()] if self.value() else Ticket.WAITING)


class AnswerFilter(admin.SimpleListFilter):
    title = "address"
    parameter_name = "address"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "wants an answer"), ("no", "left none")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> QuerySet[Ticket]:
        asked = {"yes": queryset.exclude(email=""), "no": queryset.filter(email="")}
        return asked.get(self.value() or "", queryset)


class AnswerForm(forms.ModelForm):
    """Answers a ticket, and corrects in public in the same step."""

    correction_text = forms.CharField(
        label="Correction",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 80}),
        help_text="Leave it empty if nothing was wrong. Published on the profile when the answer is saved, and never removed.",
    )
    supersedes = forms.ModelChoiceField(
        Correction.objects.none(), required=False, help_text="An earlier correction that this one replaces; both stay."
    )

    class Meta:
        model = Ticket
        fields = ["profile", "answer"]
        widgets = {"answer": forms.Textarea(attrs={"rows": 8, "cols": 80})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "supersedes" in self.fields:
            earlier = Correction.objects.filter(profile=self.instance.profile_id, superseded_by=None)
            self.fields["supersedes"].queryset = earlier  # type: ignore[attr-defined]

    @property
    def answers(self) -> bool:
        return "_answer" in self.data

    def clean(self) -> None:
        super().clean()
        self._refuse_what_was_answered_meanwhile()
        given = self.cleaned_data
        if self.answers and not given.get("answer"):
            self.add_error("answer", "Write what was found and done.")
        if "_close" in self.data and (given.get("answer") or given.get("correction_text")):
            self.add_error("answer", "Something is written here; press “Answer”, or empty it and close.")
        if given.get("correction_text") and "_save" in self.data:
            self.add_error("correction_text", "A correction is published together with the answer; press “Answer”.")
        if given.get("correction_text") and not given.get("profile"):
            self.add_error("profile", "A correction stands on a profile; choose the one the report is about.")
        if (earlier := given.get("supersedes")) and earlier.profile != given.get("profile"):
            self.add_error("supersedes", "That correction stands on another profile.")

    def _refuse_what_was_answered_meanwhile(self) -> None:
        # Locks the ticket until this save has ended: of two editors who answer at once one does, and the other is told
        # and keeps what they wrote.
        try:
            contact.waiting(self.instance.pk)
        except contact.NotWaiting as refused:
            raise forms.ValidationError(f"{refused} What you wrote is still below; theirs stands above it.") from None


@admin.register(Ticket)
class TicketAdmin(DeskAdmin):
    form = AnswerForm
    change_form_template = "admin/profiles/ticket/change_form.html"
    list_display = ["said", "profile", "standing", "age", "hand"]
    list_filter = [StateFilter, AnswerFilter, "created_at"]
    list_select_related = ["profile", "handled_by"]
    search_fields = ["message", "answer", "profile__slug"]
    autocomplete_fields = ["profile"]
    actions = ["take", "close"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Ticket | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Ticket | None = None) -> bool:
        # What is sent for a ticket that has ended meanwhile goes to the form, which says so and keeps what was typed.
        return super().has_change_permission(request, obj) and (obj is None or obj.waits or request.method == "POST")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ticket]:
        tickets: QuerySet[Ticket] = super().get_queryset(request)
        return tickets.select_related("profile", "handled_by", "correction")

    def get_ordering(self, request: HttpRequest) -> Any:
        """What waits comes before what has ended: new ones first, the oldest first; of what has ended the newest."""
        turns = (When(state=state, then=Value(place)) for place, state in enumerate(Ticket.WAITING))
        turn = Case(*turns, default=len(Ticket.WAITING), output_field=IntegerField())
        return [turn, F("closed_at").desc(nulls_first=True), "created_at"]

    def get_fields(self, request: HttpRequest, obj: Ticket | None = None) -> Any:
        asked = ["reported", *self._who(request), "words", "standing"]
        if obj and self.has_change_permission(request, obj):
            theirs = [] if obj.waits else ["said_back"]
            return [*asked, *theirs, "profile", "answer", "correction_text", "supersedes"]
        return [*asked, "about", "said_back", "corrected", "mailed"]

    def _who(self, request: HttpRequest) -> list[str]:
        # Authors see what was reported; who reported it is for those who answer.
        return ["name", "email"] if self._may_answer(request) else []

    def get_readonly_fields(self, request: HttpRequest, obj: Ticket | None = None) -> list[str]:
        typed = ["profile", "answer", "correction_text", "supersedes"]
        return [field for field in self.get_fields(request, obj) if field not in typed]

    def get_form(self, request: HttpRequest, obj: Ticket | None = None, change: bool = False, **kwargs: Any) -> Any:
        if obj and not self.has_change_permission(request, obj):
            kwargs["form"] = forms.ModelForm  # nothing is typed
        return super().get_form(request, obj, change, **kwargs)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        ticket = self.get_object(request, object_id) if "_reopen" in request.POST else None
        if ticket and self._may_answer(request):
            contact.reopen_ticket(ticket_id=ticket.pk, by=person_of(request))
            return HttpResponseRedirect(request.path)
        return super().change_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Ticket, form: Any, change: bool) -> None:
        """What is typed is kept in any case; what else happens depends on the button."""
        Ticket.objects.filter(pk=obj.pk).update(profile=obj.profile)
        if "_answer" in request.POST:
            self._answer(request, obj, form.cleaned_data)
        elif "_close" in request.POST:
            contact.close_ticket(ticket_id=obj.pk, by=person_of(request))
        else:
            Ticket.objects.filter(pk=obj.pk).update(answer=obj.answer)
            contact.take_ticket(ticket_id=obj.pk, by=person_of(request))
        obj.refresh_from_db()

    def _answer(self, request: HttpRequest, ticket: Ticket, given: dict[str, Any]) -> None:
        contact.answer_ticket(
            ticket_id=ticket.pk,
            answer=given["answer"],
            correction=given["correction_text"],
            supersedes_id=given["supersedes"].pk if given["supersedes"] else None,
            by=person_of(request),
        )

    def _may_answer(self, request: HttpRequest) -> bool:
        return request.user.has_perm("profiles.change_ticket")

    @admin.action(description="Take the chosen tickets into work", permissions=["change"])
    def take(self, request: HttpRequest, tickets: QuerySet[Ticket]) -> None:
        self._each(request, tickets, contact.take_ticket)

    @admin.action(description="Close the chosen tickets without an answer", permissions=["change"])
    def close(self, request: HttpRequest, tickets: QuerySet[Ticket]) -> None:
        self._each(request, tickets, contact.close_ticket)

    def _each(self, request: HttpRequest, tickets: QuerySet[Ticket], move: Callable[..., Ticket]) -> None:
        for ticket in tickets:
            try:
                moved = move(ticket_id=ticket.pk, by=person_of(request))
            except contact.NotWaiting as refused:
                self.message_user(request, f"{_short(ticket)}: {refused}", messages.ERROR)
            else:
                self.message_user(request, f"{_short(ticket)}: {moved.get_state_display()}.", messages.SUCCESS)

    def response_change(self, request: HttpRequest, obj: Ticket) -> HttpResponse:
        told = mailed(obj) if obj.state == Ticket.State.ANSWERED else ""
        self.message_user(request, f"{_short(obj)}: {obj.get_state_display()}. {told}".strip(), messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:profiles_ticket_changelist"))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        context |= {"show_save_and_continue": False, "may_answer": self._may_answer(request)}
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="report")
    def said(self, ticket: Ticket) -> str:
        return Truncator(ticket.message).words(24)

    @admin.display(description="what the reader wrote")
    def words(self, ticket: Ticket) -> SafeString:
        return format_html('<div class="as-typed">{}</div>', ticket.message)

    @admin.display(description="reported")
    def reported(self, ticket: Ticket) -> str:
        return f"{ticket.created_at:%Y-%m-%d %H:%M} UTC, {self.age(ticket)}"

    @admin.display(description="age", ordering="created_at")
    def age(self, ticket: Ticket) -> str:
        days = ((ticket.closed_at or timezone.now()) - ticket.created_at).days
        told = f"{days} day{'' if days == 1 else 's'}" if days else "today"
        return told if ticket.waits else f"took {told if days else 'less than a day'}"

    @admin.display(description="state", ordering="state")
    def standing(self, ticket: Ticket) -> str:
        return str(ticket.get_state_display())

    @admin.display(description="in whose hands")
    def hand(self, ticket: Ticket) -> str:
        return named(ticket.handled_by) if ticket.handled_by else ""

    @admin.display(description="profile")
    def about(self, ticket: Ticket) -> SafeString | str:
        if ticket.profile is None:
            return "none"
        there = reverse("admin:profiles_profile_change", args=[ticket.profile_id])
        return format_html('<a href="{}">{}</a>', there, ticket.profile)

    @admin.display(description="answer")
    def said_back(self, ticket: Ticket) -> SafeString | str:
        return format_html('<div class="as-typed">{}</div>', ticket.answer) if ticket.answer else "none"

    @admin.display(description="correction")
    def corrected(self, ticket: Ticket) -> str:
        return str(ticket.correction) if ticket.correction else "none"

    @admin.display(description="mail")
    def mailed(self, ticket: Ticket) -> str:
        return mailed(ticket)


def _short(ticket: Ticket) -> str:
    return f"“{Truncator(ticket.message).words(WORDS)}”"


def mailed(ticket: Ticket) -> str:
    """What became of the answer's mail, in a sentence."""
    mail = contact.mail_of(ticket)
    if mail is None and not ticket.email:
        return "No address is on file, so nothing is mailed."
    if mail is None:
        return "Nothing is mailed to this address: it has had as many answers today as one address gets."
    if mail.dropped_at:
        return f"The mail was not sent: {mail.problem}"
    return f"Mailed, {mail.sent_at:%Y-%m-%d %H:%M} UTC." if mail.sent_at else "The mail leaves within seconds."
