"""Applications on the desk: what waits first, everything that speaks for or against one, and the decision."""

from collections.abc import Callable, Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, F, Func, IntegerField, Min, Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.timesince import timesince

from accounts.applications import actions, documents, evidence, states
from accounts.applications.conflicts import conflicts_of, overlaps
from accounts.applications.states import NotPossible, State, Step
from accounts.models import Application, Document, User, Version
from config.audit import acting, record
from config.waiting import Waiting, told_by

CHANGE = "accounts.change_application"
VIEW = "accounts.view_application"
# Without parameters: searching makes the list one of DISTINCT rows, to which the same expression with others is another one.
WAITS_FIRST = Func(
    F("state"),
    template=f"array_position(ARRAY['{State.SUBMITTED}', '{State.NEEDS_INFORMATION}'], %(expressions)s::text)",
    output_field=IntegerField(),
)


class DecisionForm(forms.Form):
    """The reason of a decision, and the version it is about."""

    reason = forms.CharField(
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "cols": 80, "class": "vLargeTextField"}),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1)
    document_reviewed = forms.BooleanField(
        required=False, label="I have read the document, and it shows that the applicant speaks for the organisation."
    )

    def __init__(self, *args: Any, needs_reason: bool, label: str, has_document: bool, **options: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **options})
        self.fields["reason"].required = needs_reason
        self.fields["reason"].label = label
        if not has_document:
            del self.fields["document_reviewed"]


# What the three buttons ask, and what is said of the reason.
BUTTONS = {
    Step.APPROVE: (
        "Approve",
        "Why it is approved in spite of what stands below (the applicant reads it)",
        "A note to the applicant (optional)",
    ),
    Step.REFUSE: ("Refuse", "The reason (the applicant reads it)", "The reason (the applicant reads it)"),
    Step.ASK: ("Ask for more", "What the applicant should tell or show", "What the applicant should tell or show"),
}


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state.value, state.label) for state in State if state != State.DRAFT] + [("all", "All")]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [{**first, "display": "Open"}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Application]) -> QuerySet[Application]:
        if self.value() == "all":
            return queryset
        return queryset.filter(state=self.value()) if self.value() else queryset.filter(state__in=states.OPEN)


@admin.register(Application)
class ApplicationAdmin(admin.ModelAdmin):
    """Read by whoever may see applications, decided by whoever may change them. Nothing of it is edited here."""

    change_form_template = "admin/accounts/application/change_form.html"
    list_display = ["organisation", "applicant", "stands", "waits", "version", "shown_by"]
    list_display_links = ["organisation"]
    list_filter = [StateFilter]
    ordering = [WAITS_FIRST.asc(), "state_since"]
    search_fields = ["versions__organisation", "versions__domain", "versions__resources", "applicant__email"]
    list_select_related = ["applicant", "granted"]
    show_full_result_count = False
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Application]:
        newest = Version.objects.filter(number=F("application__version"))
        written: QuerySet[Application] = super().get_queryset(request)
        handed_in = written.filter(submitted_at__isnull=False)
        return handed_in.prefetch_related("checks", Prefetch("versions", newest, to_attr="newest"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Application | None = None) -> bool:
        return False  # the form shows; what may be done is asked by each button

    def has_delete_permission(self, request: HttpRequest, obj: Application | None = None) -> bool:
        return False

    # The list

    @admin.display(description="organisation")
    def organisation(self, application: Application) -> str:
        return next((text.organisation for text in application.newest), "") or str(application)  # type: ignore[attr-defined]

    @admin.display(description="state", ordering="state")
    def stands(self, application: Application) -> str:
        return application.stands.label

    @admin.display(description="since", ordering="state_since")
    def waits(self, application: Application) -> str:
        return f"{timesince(application.state_since, depth=1)} ({application.state_since:%Y-%m-%d})"

    @admin.display(description="shown by")
    def shown_by(self, application: Application) -> str:
        now = [check for check in application.checks.all() if check.version == application.version]
        matched = [
            f"{check.get_kind_display()}: {check.asked}" for check in now if check.outcome == check.Outcome.MATCHED
        ]
        if matched:
            return ", ".join(matched)
        return "being looked up" if any(check.is_waiting for check in now) else "nothing yet"

    # One application

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("document/<int:pk>/", wrap(self.document), name="accounts_application_document"),
            path("<int:object_id>/look-again/", wrap(self.look_again), name="accounts_application_look_again"),
        ]
        own += [
            path(f"<int:object_id>/{step}/", wrap(self._view_of(step)), name=f"accounts_application_{step}")
            for step in BUTTONS
        ]
        return own + super().get_urls()

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        application = self.get_object(request, object_id)
        told = _everything(request, application) if application and self.has_view_permission(request) else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **told})

    def document(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Somebody's document, for an officer; that it was opened goes into the audit."""
        if not request.user.has_perm(VIEW):
            raise PermissionDenied
        document = Document.objects.filter(pk=pk, application__submitted_at__isnull=False).first()
        if document is None:
            raise Http404
        record("document.opened", document.application, by=request.user, document=document.pk)
        return documents.answer(document)

    def look_again(self, request: HttpRequest, object_id: int) -> HttpResponse:
        application = self._decidable(request, object_id)
        if request.method == "POST" and application.is_open:
            with acting(by=request.user):
                evidence.ask_again(Application.objects.select_for_update().get(pk=application.pk), limited=False)
            messages.success(request, "The registries and DNS are asked again.")
        return HttpResponseRedirect(_address(application))

    def _view_of(self, step: Step) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, object_id: int) -> HttpResponse:
            return self._decide(request, self._decidable(request, object_id), step)

        return view

    def _decidable(self, request: HttpRequest, object_id: int) -> Application:
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        application = self.get_queryset(request).filter(pk=object_id).first()
        if application is None:
            raise Http404
        return application

    def _decide(self, request: HttpRequest, application: Application, step: Step) -> HttpResponse:
        """Show what would be decided about which version, and why; decide on the second click."""
        label, strict, loose = BUTTONS[step]
        needs_reason = step != Step.APPROVE or overlaps(application)
        text = application.text()
        form = DecisionForm(
            request.POST if request.method == "POST" else None,
            initial={"version": _version_seen(request, application)},
            needs_reason=needs_reason,
            label=strict if needs_reason else loose,
            has_document=step == Step.APPROVE and text.document is not None,
        )
        if form.is_valid():
            if _taken(request, application, step, form):
                return HttpResponseRedirect(reverse("admin:accounts_application_changelist"))
            return HttpResponseRedirect(_address(application))
        context = {
            **self.admin_site.each_context(request),
            **_everything(request, application),
            "title": f"{label}: {text.organisation}",
            "opts": self.opts,
            "original": application,
            "label": label,
            "form": form,
            "seen": _version_seen(request, application),
        }
        return TemplateResponse(request, "admin/accounts/application/decide.html", context)


def _everything(request: HttpRequest, application: Application) -> dict[str, Any]:
    """All that bears on a decision, for the page that shows it."""
    officer = request.user
    assert isinstance(officer, User)
    text = application.text()
    return {
        "application": application,
        "title": text.organisation,
        "subtitle": None,
        "text": text,
        "checks": application.checks.order_by("-version", "kind", "asked", "-asked_at"),
        "events": application.events.select_related("actor").order_by("at", "pk"),
        "conflicts": conflicts_of(application, officer=officer),
        "buttons": _buttons(application, officer),
        "own": actions.is_own(application, officer),
        "may_look_again": application.is_open and officer.has_perm(CHANGE),
    }


def _buttons(application: Application, officer: User) -> list[dict[str, str]]:
    if not officer.has_perm(CHANGE) or actions.is_own(application, officer):
        return []
    return [
        {
            "label": label,
            "url": f"{reverse(f'admin:accounts_application_{step}', args=[application.pk])}?version={application.version}",
        }
        for step, (label, *_words) in BUTTONS.items()
        if states.may(application.state, step)
    ]


def _version_seen(request: HttpRequest, application: Application) -> int:
    asked = request.POST.get("version") or request.GET.get("version") or ""
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else application.version


def _taken(request: HttpRequest, application: Application, step: Step, form: DecisionForm) -> bool:
    officer = request.user
    assert isinstance(officer, User)
    said = form.cleaned_data
    what: dict[str, Any] = {"application_id": application.pk, "version": said["version"], "by": officer}
    try:
        if step == Step.ASK:
            actions.ask(**what, question=said["reason"])
        elif step == Step.REFUSE:
            actions.refuse(**what, reason=said["reason"])
        else:
            reviewed = bool(said.get("document_reviewed"))
            actions.approve(**what, reason=said["reason"], document_reviewed=reviewed)
    except (NotPossible, actions.ChangedMeanwhile, actions.OwnApplication, actions.NoEvidence) as refused:
        messages.error(request, f"Not decided: {refused}")
        return False
    application.refresh_from_db()
    messages.success(
        request, f"{application.text().organisation}: {application.stands.label}. The applicant gets a mail."
    )
    return True


def _address(application: Application) -> str:
    return reverse("admin:accounts_application_change", args=[application.pk])


# --- The home of the desk ---------------------------------------------------------------------------------------------


def needs(request: HttpRequest) -> Iterator[Waiting]:
    """One query: how many applications wait for a decision, and since when the oldest of them."""
    if not request.user.has_perm(CHANGE):
        return
    said = Application.objects.filter(state=State.SUBMITTED).aggregate(count=Count("pk"), since=Min("state_since"))
    there = reverse("admin:accounts_application_changelist")
    yield Waiting("application to decide", "applications to decide", said["count"], there, said["since"])


told_by(needs)
