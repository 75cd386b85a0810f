"""Taking in articles on the desk: paste, look at what was read and proposed, decide."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from profiles.admin.shared import PUBLISH, person_of
from profiles.admin.what_if import WhatIf, first_error
from profiles.intake import actions
from profiles.intake.actions import CannotLink, DecidedMeanwhile, Decision, Filing, NotReady, NotTaken
from profiles.intake.filing import day_of, origins_for, publisher_named, source_on_file, title_for
from profiles.intake.supposing import supposed
from profiles.letters import named
from profiles.models import Intake, IntakeProposal, Profile, Progress, Publisher, Source
from profiles.models.source import URL_KEY_BYTES
from profiles.pages.intake import GONE, bodies_of, marked_text, shown
from profiles.pages.what_if import Panel, panel_of_links
from profiles.public import public_sources
from profiles.urlkeys import url_key

FOR_EDITORS = "A live profile rests on this source, so an editor links it. Shown is the grade after that."
LATER, ACCEPT, REJECT, NEW = "later", "accept", "reject", "new"
WORKING = (Progress.QUEUED, Progress.FETCHING)


def drafts() -> QuerySet[Profile]:
    return Profile.objects.filter(Q(live_revision=None) | Q(withdrawn_at__isnull=False)).order_by("slug")


class PasteForm(forms.Form):
    """What an editor pastes: addresses, or texts."""

    pasted = forms.CharField(
        label="Addresses, or the text of an article",
        widget=forms.Textarea(attrs={"rows": 16, "cols": 90}),
        help_text="One address a line, or a text, whose first line may be its address. Several texts stand apart by a "
        "line of dashes (---).",
    )
    profile = forms.ModelChoiceField(
        drafts(), required=False, empty_label="no draft", label="For the draft", help_text=Intake._meta.get_field("profile").help_text
    )  # fmt: skip


def _address(**kwargs: Any) -> forms.URLField:
    return forms.URLField(label="Address", required=False, max_length=2000, assume_scheme="https", **kwargs)


class OneALine(forms.CharField):
    """A list, one entry a line, for names may hold commas."""

    widget = forms.Textarea(attrs={"rows": 3, "cols": 60})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> list[str]:
        names = list(dict.fromkeys(" ".join(line.split()) for line in (value or "").splitlines() if line.strip()))
        if too_long := next((name for name in names if len(name) > 200), None):
            raise ValidationError(f"A name has at most 200 characters; “{too_long[:40]}…” has {len(too_long)}.")
        return names


class FilingForm(forms.Form):
    """The source as it shall be filed: what was read, put right by an editor."""

    title = forms.CharField(max_length=500, widget=forms.TextInput(attrs={"size": 70}))
    publisher = forms.CharField(max_length=200, help_text="One that is new is filed with Reliability F.")
    authors = OneALine(required=False, help_text="One name a line.")
    published_on = forms.DateField(
        required=False, widget=forms.DateInput(attrs={"type": "date"}), help_text="Leave empty when it does not say."
    )
    language = forms.CharField(
        max_length=35, required=False, help_text="A language tag such as en or zh-Hans.", widget=forms.TextInput(attrs={"size": 10})
    )  # fmt: skip
    url = _address()
    profile = forms.ModelChoiceField(
        drafts(), required=False, empty_label="no draft", label="For the draft", help_text=Intake._meta.get_field("profile").help_text
    )  # fmt: skip

    def clean_url(self) -> str:
        return _short_enough(self.cleaned_data["url"])

    @property
    def known(self) -> Filing:
        """What of it can be read already; enough to find the source again."""
        self.is_valid()
        given = self.cleaned_data
        title, publisher, url = (given.get(name) or "" for name in ("title", "publisher", "url"))
        return Filing(title, publisher, given.get("published_on"), url)

    @property
    def filing(self) -> Filing:
        given = {name: value for name, value in self.cleaned_data.items() if name != "profile"}
        return Filing(**given | {"authors": tuple(given["authors"])})


def _short_enough(url: str) -> str:
    if len((url_key(url) or "").encode()) > URL_KEY_BYTES:
        raise ValidationError(f"This address is longer than {URL_KEY_BYTES} bytes.")
    return url


class DecisionForm(forms.Form):
    """What becomes of one proposal: the origin it is linked to, on file already or described here."""

    decision = forms.ChoiceField(
        choices=[(LATER, "Later"), (ACCEPT, "Accept"), (REJECT, "Reject")], widget=forms.RadioSelect, initial=LATER
    )
    origin = forms.ChoiceField(label="It repeats")
    title = forms.CharField(max_length=500, required=False, widget=forms.TextInput(attrs={"size": 60}))
    publisher = forms.CharField(max_length=200, required=False)
    published_on = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))
    url = _address(help_text="Where it is on file already, its address is enough.")

    def __init__(self, data: Any, proposal: IntakeProposal) -> None:
        self.proposal = proposal
        offered = origins_for(proposal)
        known = publisher_named(proposal.name) if proposal.name else None
        super().__init__(
            data,
            prefix=f"p{proposal.pk}",
            initial={
                "origin": str(offered[0].pk) if offered and proposal.other_id else NEW,
                "title": title_for(proposal),
                "publisher": known.name if known else proposal.name if proposal.name != "somebody" else "",
                "published_on": day_of(proposal),
            },
        )
        self._origin.choices = [
            *((str(one.pk), _named(one)) for one in offered),
            (NEW, "another source, described below"),
        ]

    @property
    def _origin(self) -> Any:
        return self.fields["origin"]

    def clean_url(self) -> str:
        return _short_enough(self.cleaned_data["url"])

    def clean(self) -> None:
        given = self.cleaned_data
        if given.get("decision") != ACCEPT or given.get("origin") != NEW or "url" in self.errors:
            return
        if there := self._on_file():
            given["origin"] = str(there.pk)
            return
        for field, sentence in {"title": "Give the origin a title.", "publisher": "Say who published it."}.items():
            if not given.get(field) and field not in self.errors:
                self.add_error(field, sentence)

    def _on_file(self) -> Source | None:
        url = self.cleaned_data.get("url")
        return source_on_file(url=url, publisher=None, title="", published_on=None) if url else None

    @property
    def decided(self) -> Decision | None:
        given = self.cleaned_data
        if given["decision"] == LATER:
            return None
        if given["decision"] == REJECT:
            return Decision(self.proposal.pk, accepted=False)
        if given["origin"] != NEW:
            return Decision(self.proposal.pk, accepted=True, origin_id=int(given["origin"]))
        origin = Filing(given["title"], given["publisher"], given["published_on"], given["url"])
        return Decision(self.proposal.pk, accepted=True, origin=origin)


def _named(source: Source) -> str:
    day = f", {source.published_on}" if source.published_on else ""
    return f"“{source.title[:90]}”, {source.publisher}{day}"


@admin.register(Intake)
class IntakeAdmin(WhatIf):
    list_display = ["article", "publisher_name", "state", "waiting", "added"]
    list_filter = ["progress"]
    list_select_related = ["added_by", "source"]
    search_fields = ["title", "url", "publisher_name"]
    list_per_page = 50
    # What a source is found again by, and what is decided on each proposal.
    what_if_watches = '[name="title"], [name="publisher"], [name="published_on"], [name="url"], [name="profile"], [name^="p"][name*="-"]'

    def get_queryset(self, request: HttpRequest) -> QuerySet[Intake]:
        undecided = Count("proposals", filter=Q(proposals__decision=""))
        found: QuerySet[Intake] = super().get_queryset(request).annotate(undecided=undecided)
        return found

    @admin.display(description="article", ordering="title")
    def article(self, intake: Intake) -> str:
        return str(intake)

    @admin.display(description="progress", ordering="progress")
    def state(self, intake: Intake) -> str:
        said = str(intake.get_progress_display())
        return f"{said}: {intake.problem}" if intake.progress == Progress.FAILED else said

    @admin.display(description="proposals that wait")
    def waiting(self, intake: Intake) -> int:
        return int(getattr(intake, "undecided", 0))

    @admin.display(description="added", ordering="added_at")
    def added(self, intake: Intake) -> str:
        return f"{named(intake.added_by)}, {intake.added_at:%Y-%m-%d %H:%M} UTC"

    # --- Paste ---

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        asked = {"pasted": f"{request.GET['address'][:2000]}\n\n"} if "address" in request.GET else {}
        form = PasteForm(request.POST if request.method == "POST" else None, initial=asked)
        if form.is_valid() and (done := self._take(request, form)):
            return done
        context = {"title": "Take in articles", "form": form, "fetches": actions.fetches()}
        return self._shown(request, "paste", context)

    def _take(self, request: HttpRequest, form: PasteForm) -> HttpResponse | None:
        given = form.cleaned_data
        try:
            taken = actions.take(pasted=given["pasted"], by=person_of(request), profile=given["profile"])
        except NotTaken as refused:
            form.add_error("pasted", str(refused))
            return None
        if len(taken) == 1:
            return HttpResponseRedirect(reverse("admin:profiles_intake_change", args=[taken[0].pk]))
        self.message_user(request, f"{len(taken)} articles are on their way.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:profiles_intake_changelist"))

    # --- Review ---

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> HttpResponse:  # fmt: skip
        intake = self.get_object(request, object_id)
        if intake is None:
            raise Http404
        if not self.has_view_or_change_permission(request, intake):
            raise PermissionDenied
        if request.method != "POST":
            return self._review(request, intake, *self._forms(None, intake))
        if not self.has_change_permission(request, intake):
            raise PermissionDenied
        return self._answer(request, intake)

    def _forms(self, data: Any, intake: Intake) -> tuple[FilingForm | None, list[DecisionForm]]:
        """A filed source is changed on its own form; a decision that comes for a decided proposal is told so."""
        names = ["title", "authors", "published_on", "language", "url", "profile"]
        read = {"publisher": intake.publisher_name, **{name: getattr(intake, name) for name in names}}
        filing = None if intake.source else FilingForm(data, initial=read)
        proposals = intake.proposals.select_related("other__source", "intake", "origin__publisher", "decided_by")
        asked = [one for one in proposals if not one.decision or f"p{one.pk}-decision" in (data or {})]
        return filing, [DecisionForm(data, one) for one in asked]

    def _answer(self, request: HttpRequest, intake: Intake) -> HttpResponse:
        if "_dismiss" in request.POST:
            actions.dismiss(intake_id=intake.pk)
            return self._back(request, f"“{intake}” is put aside, its text is forgotten.")
        if "_again" in request.POST:
            actions.try_again(intake_id=intake.pk)
            return HttpResponseRedirect(request.path)
        filing, decisions = self._forms(request.POST, intake)
        valid = [form.is_valid() for form in [*([filing] if filing else []), *decisions]]
        if all(valid) and (done := self._take_in(request, intake, filing, decisions)):
            return done
        return self._review(request, intake, filing, decisions)

    def _take_in(
        self, request: HttpRequest, intake: Intake, filing: FilingForm | None, forms: list[DecisionForm]
    ) -> HttpResponse | None:
        decisions = [form.decided for form in forms if form.decided]
        try:
            source = actions.take_in(
                intake_id=intake.pk,
                filing=filing.filing if filing else _as_filed(intake),
                decisions=decisions,
                by=person_of(request),
                may_publish=request.user.has_perm(PUBLISH),
                profile=filing.cleaned_data["profile"] if filing else intake.profile,
            )
        except (NotReady, DecidedMeanwhile) as refused:
            self.message_user(request, str(refused), messages.ERROR)
            return HttpResponseRedirect(request.path)
        except CannotLink as refused:
            next(form for form in forms if form.proposal.pk == refused.proposal_id).add_error("origin", str(refused))
            return None
        except ValidationError as error:
            _tell(filing, error)
            return None
        return self._back(request, _done(source, decisions))

    def suppose(self, request: HttpRequest, obj: Intake) -> Panel:
        """Which grades would move with what is accepted on the page as it is filled in?"""
        filing, decisions = self._forms(request.POST, obj)
        if not self.has_change_permission(request, obj):
            decisions = []
        known = filing.known if filing else None
        source = actions.on_file(known) if known else obj.source
        draft = _draft(filing.cleaned_data.get("profile") if filing else obj.profile)
        accepted, notes = _accepted(decisions)
        origins = [one for one in supposed(accepted) if not source or one.id != source.pk]
        if draft and source and origins:
            notes.append(f"For the draft {draft.slug}: what is linked counts for it alone until it is published.")
        if origins and _is_for_editors(request, source, draft):
            notes.append(FOR_EDITORS)
        return panel_of_links(source, origins, draft=draft, notes=notes)

    def _back(self, request: HttpRequest, said: SafeString | str) -> HttpResponse:
        self.message_user(request, said, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:profiles_intake_changelist"))

    def _review(
        self, request: HttpRequest, intake: Intake, filing: FilingForm | None, decisions: list[DecisionForm]
    ) -> HttpResponse:
        proposals = list(intake.proposals.select_related("other", "origin", "decided_by"))
        bodies = bodies_of(intake, proposals)
        body = bodies.get(intake.pk, "")
        context = {
            "title": str(intake),
            "intake": intake,
            "working": intake.progress in WORKING,
            "ready": intake.progress in actions.OPEN,
            "filing": filing,
            "errors": any(form.errors for form in [*([filing] if filing else []), *decisions] if form.is_bound),
            "asked": [(shown(form.proposal, bodies), form) for form in decisions],
            "decided": [shown(one, bodies) for one in proposals if one.decision],
            "paragraphs": marked_text(body, proposals),
            "gone": GONE,
            "on_file": list(_on_file(intake)),
            "has_change_permission": self.has_change_permission(request, intake),
            "what_if": self.what_if_of(intake) if decisions else None,
        }
        return self._shown(request, "review", context)

    def _shown(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        whole = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return TemplateResponse(request, f"admin/profiles/intake/{name}.html", whole)


def _draft(profile: Profile | None) -> Profile | None:
    return profile if profile and not profile.is_live else None


def _accepted(forms: list[DecisionForm]) -> tuple[list[Decision], list[str]]:
    """Return what is accepted and can be read, and a sentence for each that is accepted and cannot."""
    accepted, notes = [], []
    for number, form in enumerate(forms, 1):
        valid = form.is_valid()
        if form.cleaned_data.get("decision") != ACCEPT:
            continue
        if form.proposal.decision:
            notes.append(f"Proposal {number} was decided meanwhile, so it is left out.")
        elif not valid:
            notes.append(f"Proposal {number} is not complete, so it is left out: {first_error(form)}")
        elif form.decided:
            accepted.append(form.decided)
    return accepted, notes


def _is_for_editors(request: HttpRequest, source: Source | None, draft: Profile | None) -> bool:
    if source is None or draft or request.user.has_perm(PUBLISH):
        return False
    return public_sources().filter(pk=source.pk).exists()


def _as_filed(intake: Intake) -> Filing:
    return Filing(title=intake.title, publisher=intake.publisher_name)


def _tell(filing: FilingForm | None, error: ValidationError) -> None:
    for field, sentences in getattr(error, "message_dict", {"__all__": error.messages}).items():
        if filing:
            filing.add_error(field if field in filing.fields else None, sentences)


def _done(source: Source, decisions: list[Decision]) -> SafeString:
    linked = sum(one.accepted for one in decisions)
    address = reverse("admin:profiles_source_change", args=[source.pk])
    said = f"with {linked} origin{'' if linked == 1 else 's'} linked" if linked else "with no origin linked"
    return format_html('<a href="{}">“{}”</a> is on file, {}.', address, source, said)


def _on_file(intake: Intake) -> Iterator[str]:
    """What filing would find again, in sentences."""
    if intake.source_id:
        return
    publisher: Publisher | None = publisher_named(intake.publisher_name)
    if intake.publisher_name and publisher:
        yield f"{publisher} is on file, Reliability {publisher.reliability}."
    elif intake.publisher_name:
        yield f"{intake.publisher_name} is not on file; it will be, with Reliability F until somebody judges it."
    there = source_on_file(
        url=intake.url, publisher=publisher, title=intake.title, published_on=intake.published_on
    )  # fmt: skip
    if there:
        yield f"This source is on file already, as “{there}”; it stays as it is, and what you accept is linked to it."
