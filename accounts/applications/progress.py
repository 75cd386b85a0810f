"""Where somebody's application stands, in words: what happened, what happens next, and how long that takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.applications import txt
from accounts.applications.actions import ANSWER_WITHIN
from accounts.applications.states import State, Step
from accounts.applications.wording import answer_in_words
from accounts.models import Application, ApplicationEvent, Check, User, Version

WORDS = {
    State.DRAFT: (_("A draft"), _("Nobody but you sees it until you submit it.")),
    State.SUBMITTED: (
        _("Waiting for a decision"),
        _("A membership officer reads it and decides within five working days. You get a mail."),
    ),
    State.NEEDS_INFORMATION: (
        _("We need to know more"),
        _("Change what you wrote or add a document, then send it again."),
    ),
    State.APPROVED: (
        _("Approved"),
        _("Your organisation is a member. You can invite two colleagues from your account page."),
    ),
    State.REFUSED: (_("Refused"), _("You may apply again when the reason no longer holds.")),
    State.WITHDRAWN: (
        pgettext_lazy("an application", "Withdrawn"),
        _("You took it back. You can apply again at any time."),
    ),
    State.EXPIRED: (
        _("Ended without an answer"),
        _("We asked you something and heard nothing for 30 days. You can apply again."),
    ),
}


@dataclass(frozen=True, slots=True)
class Progress:
    """What an applicant is shown of their application."""

    application: Application
    text: Version
    checks: Sequence[Check]
    reason: str

    @property
    def state(self) -> State:
        return self.application.stands

    @property
    def headline(self) -> str:
        return str(WORDS[self.state][0])

    @property
    def next(self) -> str:
        return str(WORDS[self.state][1])

    @property
    def is_open(self) -> bool:
        return self.application.is_open

    @property
    def is_news(self) -> bool:
        """Whether it still concerns somebody: one that is a member by it, or took it back, knows."""
        return self.state not in (State.APPROVED, State.WITHDRAWN)

    @property
    def is_draft(self) -> bool:
        return self.state == State.DRAFT

    @property
    def waits_for_us(self) -> bool:
        return self.state == State.SUBMITTED

    @property
    def waits_for_applicant(self) -> bool:
        return self.state == State.NEEDS_INFORMATION

    @property
    def answer_until(self) -> datetime:
        return self.application.state_since + ANSWER_WITHIN

    @property
    def record(self) -> str:
        return txt.record_of(self.text.domain)

    @property
    def record_value(self) -> str:
        return txt.value_of(self.application.token)


def progress_of(user: User) -> Progress | None:
    """Return the open application of somebody, else the last one; drafts that were thrown away count for nothing."""
    found = Application.objects.filter(applicant=user).exclude(state=State.WITHDRAWN, submitted_at=None)
    application = found.order_by("-created_at").first()
    if application is None:
        return None
    return Progress(application, application.text(), _checks(application), _reason(application))


def _checks(application: Application) -> list[Check]:
    """The checks of the newest version as their applicant reads them; not to be saved."""
    checks = list(application.checks.filter(version=application.version).order_by("kind", "asked", "-asked_at"))
    for check in checks:
        check.answer = answer_in_words(check.answer)
    return checks


def _reason(application: Application) -> str:
    """What the officer said at the step that led to where it stands."""
    said = ApplicationEvent.objects.filter(
        application=application, became=application.state, step__in=[Step.ASK, Step.REFUSE, Step.APPROVE]
    )
    return said.order_by("-at", "-pk").values_list("reason", flat=True).first() or ""
