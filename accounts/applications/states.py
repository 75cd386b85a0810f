"""Where an application stands, and which step leads from where to where. Plain values; knows no database."""

from collections.abc import Iterable
from enum import StrEnum

from django.utils.translation import gettext_lazy as _


class State(StrEnum):
    """Where an application stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    NEEDS_INFORMATION = "needs-information"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"

    @property
    def label(self) -> str:
        return self.value.replace("-", " ").capitalize()


class Step(StrEnum):
    """What somebody does with an application."""

    SUBMIT = "submit"
    CHANGE = "change"
    ASK = "ask"
    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"


TABLE: dict[tuple[State, Step], State] = {
    (State.DRAFT, Step.SUBMIT): State.SUBMITTED,
    (State.DRAFT, Step.WITHDRAW): State.WITHDRAWN,
    (State.SUBMITTED, Step.CHANGE): State.SUBMITTED,
    (State.SUBMITTED, Step.ASK): State.NEEDS_INFORMATION,
    (State.SUBMITTED, Step.APPROVE): State.APPROVED,
    (State.SUBMITTED, Step.REFUSE): State.REFUSED,
    (State.SUBMITTED, Step.WITHDRAW): State.WITHDRAWN,
    # While the applicant is still writing the answer there is nothing to decide on but that they may stop.
    (State.NEEDS_INFORMATION, Step.SUBMIT): State.SUBMITTED,
    (State.NEEDS_INFORMATION, Step.REFUSE): State.REFUSED,
    (State.NEEDS_INFORMATION, Step.WITHDRAW): State.WITHDRAWN,
    (State.NEEDS_INFORMATION, Step.EXPIRE): State.EXPIRED,
}
OPEN = (State.DRAFT, State.SUBMITTED, State.NEEDS_INFORMATION)
WAITS_FOR_US = (State.SUBMITTED,)
WRITTEN_BY_APPLICANT = (State.DRAFT, State.NEEDS_INFORMATION)
CHOICES = [(state.value, state.label) for state in State]
STEPS = [(step.value, step.value) for step in Step]


TOO_LATE = {
    State.DRAFT: _("This application is a draft; that cannot be done with it any more."),
    State.SUBMITTED: _("This application is submitted; that cannot be done with it any more."),
    State.NEEDS_INFORMATION: _("This application is waiting for information; that cannot be done with it any more."),
    State.APPROVED: _("This application is approved; that cannot be done with it any more."),
    State.REFUSED: _("This application is refused; that cannot be done with it any more."),
    State.WITHDRAWN: _("This application is withdrawn; that cannot be done with it any more."),
    State.EXPIRED: _("This application is expired; that cannot be done with it any more."),
}


class NotPossible(Exception):
    """The application stands where this step does not lead from; its text is a sentence."""


def after(state: str, step: Step) -> State:
    """Return where a step leads, or raise NotPossible."""
    try:
        return TABLE[State(state), step]
    except KeyError:
        raise NotPossible(str(TOO_LATE[State(state)])) from None


def may(state: str, step: Step) -> bool:
    return (State(state), step) in TABLE


def moves() -> Iterable[tuple[str, str]]:
    """Every change of state there is, for the database to hold to."""
    return sorted({(state.value, to.value) for (state, _step), to in TABLE.items() if state != to})
