from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from profiles import letters
from profiles.admin.meanwhile import SeesOthers
from profiles.admin.shared import DeskAdmin, TellsRefusals, listed, person_of
from profiles.admin.what_if import LetterWhatIf
from profiles.grading.record import SETTLED_MIN
from profiles.models import LetterChange, Opens, Person, Publisher, Settlement
from profiles.settling import Record, record_of

WHY = "Say why: readers see this sentence beside the letter."


class PublisherForm(forms.ModelForm):
    """A publisher with its letter. A changed letter needs a reason of its own; an A waits for another editor."""

    who: int | None = None
    letter_seen = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Publisher
        fields = ["reliability", "reliability_reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["letter_seen"] = self.instance.reliability if self.instance.pk else ""

    def clean(self) -> None:
        super().clean()
        given, stored = self.cleaned_data, self.instance
        if stored.pk and given.get("letter_seen") not in {"", stored.reliability}:
            raise forms.ValidationError(
                f"The letter went to Reliability {stored.reliability} meanwhile: {stored.reliability_reason} Look at it again."
            )
        letter, reason = given.get("reliability", stored.reliability), given.get("reliability_reason", "").strip()
        if letter != stored.reliability:
            self._check_reason(letter, reason)
        elif stored.reliability_reason and not reason:
            self.add_error("reliability_reason", WHY)

    def _check_reason(self, letter: str, reason: str) -> None:
        if not reason:
            self.add_error("reliability_reason", WHY)
        elif self.instance.pk and reason == self.instance.reliability_reason.strip():
            was = self.instance.reliability
            self.add_error(
                "reliability_reason", f"This is still the reason for Reliability {was}; say why it is {letter}."
            )
        there = letters.waiting(Opens.LETTER, publisher_id=self.instance.pk) if letter == letters.TOP else None
        if there and there.was == self.instance.reliability and there.proposed_by_id not in {self.who, None}:
            who = letters.named(there.proposed_by)
            self.add_error("reliability", f"{who} has proposed Reliability A already; accept or decline that.")


@admin.register(Publisher)
class PublisherAdmin(SeesOthers, TellsRefusals, LetterWhatIf, DeskAdmin):
    refusals = (letters.LetterMoved, letters.ProposedAlready)
    form = PublisherForm
    change_form_template = "admin/profiles/publisher/change_form.html"
    list_display = ["name", "reliability", "reliability_reason"]
    list_filter = ["reliability"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    readonly_fields = ["waiting", "record", "history"]

    def get_fields(self, request: HttpRequest, obj: Publisher | None = None) -> Any:
        letter = ["reliability", "reliability_reason"]
        seen = ["letter_seen"] if self.has_change_permission(request, obj) else []
        return ["name", "slug", "homepage", *letter, *seen, *self.readonly_fields]

    def get_form(self, request: HttpRequest, obj: Publisher | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.who = request.user.pk
        return form

    def save_model(self, request: HttpRequest, obj: Publisher, form: Any, change: bool) -> None:
        letter, reason = obj.reliability, obj.reliability_reason
        before = Publisher.objects.get(pk=obj.pk) if change else Publisher()
        obj.reliability, obj.reliability_reason = before.reliability, before.reliability_reason
        # Not the letter: written back as it was read, it would undo what another editor has done since.
        obj.save(update_fields=["name", "slug", "homepage"] if change else None)
        if letter != before.reliability:
            self._set_letter(request, obj, letter, reason)
        elif reason != before.reliability_reason:
            Publisher.objects.filter(pk=obj.pk).update(reliability_reason=reason)

    def _set_letter(self, request: HttpRequest, publisher: Publisher, letter: str, reason: str) -> None:
        was, by = publisher.reliability, person_of(request)
        waits = letters.set_letter(publisher_id=publisher.pk, letter=letter, reason=reason, by=by, was=was)
        if waits:
            messages.warning(request, f"{waits} waits for another editor. Until then Reliability {was} stands.")

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        if request.method == "POST" and "_record" in request.POST:
            return self._accept_record(request, object_id)
        return super().change_view(request, object_id, form_url, extra_context)

    def _accept_record(self, request: HttpRequest, object_id: str) -> HttpResponse:
        publisher, letter = self.get_object(request, object_id), request.POST.get("proposed_letter", "")
        if publisher is None:
            raise Http404
        if not self.has_change_permission(request, publisher):
            raise PermissionDenied
        try:
            waits = letters.accept_record(publisher_id=publisher.pk, letter=letter, by=person_of(request))
        except self.refusals as refused:
            messages.error(request, str(refused))
        else:
            done = (
                f"{waits} waits for another editor."
                if waits
                else f"{publisher} has Reliability {letter} from its record."
            )
            self.message_user(request, done, messages.WARNING if waits else messages.SUCCESS)
        return HttpResponseRedirect(request.get_full_path())

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        publisher = context.get("original")
        record = record_of(publisher.pk) if publisher else Record()
        offered = publisher and record.is_long_enough and record.letter != publisher.reliability
        context["proposed_letter"] = record.letter if offered and self.has_change_permission(request) else None
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="waiting")
    def waiting(self, publisher: Publisher) -> SafeString | str:
        there = letters.waiting(Opens.LETTER, publisher_id=publisher.pk) if publisher.pk else None
        if there is None:
            return "nothing"
        address = reverse("admin:profiles_proposal_change", args=[there.pk])
        said = f"Reliability A, proposed by {letters.named(there.proposed_by)}: {there.reason}"
        return format_html('<a href="{}">{}</a>', address, said)

    @admin.display(description="record")
    def record(self, publisher: Publisher) -> SafeString | str:
        record = record_of(publisher.pk) if publisher.pk else Record()
        if not record.answers:
            return f"Nothing settled yet: a letter needs {SETTLED_MIN} settled judgements."
        found = Settlement.objects.filter(pk__in=record.answers).select_related("judgement__profile")
        lines = [_answer(settlement, record.answers[settlement.pk]) for settlement in found]
        return format_html("<p>{}</p>{}", _proposes(record, publisher), listed(lines))

    @admin.display(description="letters until now")
    def history(self, publisher: Publisher) -> SafeString | str:
        changes = LetterChange.objects.filter(publisher_id=publisher.pk or 0).select_related("by", "accepted_by")
        return listed([format_html("{}", _change(one)) for one in changes]) if changes else "never changed"


def _proposes(record: Record, publisher: Publisher) -> str:
    counts = f"Right {record.right}, wrong {record.wrong} of {record.settled} settled; expected to be right {record.mean:.2f}."
    if not record.is_long_enough:
        return f"{counts} A record proposes a letter from {SETTLED_MIN} on."
    same = (
        ", which it has" if record.letter == publisher.reliability else f"; it has Reliability {publisher.reliability}"
    )
    return f"{counts} That proposes Reliability {record.letter}{same}."


def _answer(settlement: Settlement, right: bool | None) -> SafeString:
    word = {True: "Right", False: "Wrong", None: "On both sides, counts for neither"}[right]
    address = reverse("admin:profiles_settlement_change", args=[settlement.pk])
    said = f"{settlement.statement} ({settlement.get_outcome_display()}, known on {settlement.settled_on})"
    return format_html('{}: <a href="{}">{}</a>', word, address, said)


def _change(one: LetterChange) -> str:
    went = f"Reliability {one.was} → {one.letter}" if one.was else f"Reliability {one.letter}"
    people = [letters.named(one.by)] if one.by_id else []
    people += [f"accepted by {letters.named(one.accepted_by)}"] if one.accepted_by_id else []
    counts = "" if one.right is None else f", record {one.right} right {one.wrong} wrong"
    by = f" ({', '.join(people)})" if people else ""
    return f"{one.at:%Y-%m-%d %H:%M} UTC: {went}, {one.get_basis_display()}{by}{counts}. {one.reason}"


@admin.register(Person)
class PersonAdmin(DeskAdmin):
    list_display = ["name", "role"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}
