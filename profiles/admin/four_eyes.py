"""What opens band A and waits for another editor: the list, and what the forms say when they hold something back."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from profiles import letters
from profiles.admin.shared import PUBLISH, DeskAdmin, EditorsOnly, person_of
from profiles.letters import named
from profiles.models import Citation, Decision, Proposal, Publisher, Source

HELD = "for {} has Reliability A: saved without it, and proposed to another editor."


class WaitingFilter(admin.SimpleListFilter):
    title = "decision"
    parameter_name = "decision"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("decided", "decided"), ("all", "all")]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [{**first, "display": "waiting"}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Proposal]) -> QuerySet[Proposal]:
        if self.value() == "all":
            return queryset
        return queryset.exclude(decision="") if self.value() == "decided" else queryset.filter(decision="")


@admin.register(Proposal)
class ProposalAdmin(EditorsOnly, DeskAdmin):
    change_form_template = "admin/profiles/proposal/change_form.html"
    list_display = ["about", "reason", "proposed", "decided"]
    list_filter = [WaitingFilter, "opens"]
    search_fields = ["about", "reason"]
    actions = ["accept", "decline"]
    fields = ["about", "reason", "basis", "now", "proposed", "decided"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Proposal]:
        # Joined, so that a citation that has gone is none instead of an error.
        proposals: QuerySet[Proposal] = super().get_queryset(request)
        return proposals.select_related("publisher", "source", "citation", "proposed_by", "decided_by")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Proposal | None = None) -> bool:
        return False

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(PUBLISH)

    @admin.action(description="Accept the chosen proposals", permissions=["publish"])
    def accept(self, request: HttpRequest, proposals: QuerySet[Proposal]) -> None:
        for proposal in proposals:
            self._decide(request, proposal, letters.accept_proposal)

    @admin.action(description="Decline the chosen proposals", permissions=["publish"])
    def decline(self, request: HttpRequest, proposals: QuerySet[Proposal]) -> None:
        for proposal in proposals:
            self._decide(request, proposal, letters.decline_proposal)

    def _decide(self, request: HttpRequest, proposal: Proposal, decide: Callable[..., Proposal], **fields: str) -> None:
        try:
            decided = decide(proposal_id=proposal.pk, by=person_of(request), **fields)
        except letters.NotAccepted as refused:
            self.message_user(request, f"{proposal.about}: {refused}", messages.ERROR)
            return
        overtaken = decided.decision == Decision.OVERTAKEN
        why = f" {decided.decided_because}" if overtaken else ""
        level = messages.WARNING if overtaken else messages.SUCCESS
        self.message_user(request, f"{proposal.about}: {decided.get_decision_display()}.{why}", level)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        chosen = {"_accept", "_decline"} & request.POST.keys()
        if chosen:
            return self._answer(request, object_id, chosen)
        return super().change_view(request, object_id, form_url, extra_context)

    def _answer(self, request: HttpRequest, object_id: str, chosen: set[str]) -> HttpResponse:
        if not request.user.has_perm(PUBLISH):
            raise PermissionDenied
        proposal = self.get_object(request, object_id)
        if proposal and "_accept" in chosen:
            self._decide(request, proposal, letters.accept_proposal)
        elif proposal:
            self._decide(request, proposal, letters.decline_proposal, because=request.POST.get("because", "").strip())
        return HttpResponseRedirect(reverse("admin:profiles_proposal_changelist"))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        proposal = context["original"]
        context["own"] = proposal.proposed_by_id == request.user.pk
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="proposed", ordering="proposed_at")
    def proposed(self, proposal: Proposal) -> str:
        return f"{named(proposal.proposed_by)}, {proposal.proposed_at:%Y-%m-%d %H:%M} UTC"

    @admin.display(description="decision")
    def decided(self, proposal: Proposal) -> str:
        if proposal.decided_at is None:
            return "waiting"
        said = f"{proposal.get_decision_display()} by {named(proposal.decided_by)}, {proposal.decided_at:%Y-%m-%d %H:%M} UTC"
        return f"{said}: {proposal.decided_because}" if proposal.decided_because else said

    @admin.display(description="as it is now")
    def now(self, proposal: Proposal) -> SafeString | str:
        shown = [
            format_html('<a href="{}">{}</a>, Reliability {}', _address(one), one, one.reliability)
            for one in [proposal.publisher]
            if one
        ]
        shown += [format_html('<a href="{}">{}</a>', _address(one), one) for one in [proposal.source] if one]
        shown += [
            format_html('<a href="{}">the profile that cites it</a>, {}', _profile(one), _directness(one))
            for one in [proposal.citation]
            if one
        ]
        return SafeString(" · ".join(shown)) or "removed meanwhile"


def _address(one: Publisher | Source) -> str:
    return reverse(f"admin:profiles_{one._meta.model_name}_change", args=[one.pk])


def _profile(citation: Citation) -> str:
    return reverse("admin:profiles_profile_change", args=[citation.profile_id])


def _directness(citation: Citation) -> str:
    return "direct" if citation.direct else "at second hand"


def propose_direct(request: HttpRequest, held: Iterable[Citation]) -> None:
    """Propose what was held back from the citations of a form, and say so."""
    for citation in held:
        propose = partial(letters.propose_direct, citation_id=citation.pk, by=person_of(request))
        _say(request, f"“{citation.source}” as direct", citation.source.publisher, propose)


def propose_move(request: HttpRequest, source: Source, publisher: Publisher) -> None:
    """Propose the publisher that was held back from a source, and say so."""
    propose = partial(letters.propose_move, source_id=source.pk, publisher_id=publisher.pk, by=person_of(request))
    _say(request, f"“{source}” under {publisher}", publisher, propose)


def _say(request: HttpRequest, what: str, publisher: Publisher, propose: Callable[[], Proposal]) -> None:
    try:
        propose()
    except letters.ProposedAlready as refused:
        messages.warning(request, f"{what}: {refused}")
    else:
        messages.warning(request, f"{what} waits, {HELD.format(publisher)}")
