"""What is done with an application. Each step locks it first, so that of two at once the second one finds what is.

Steps of officers name the version they looked at: whatever was changed since is decided on by nobody.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actions import NotVerified
from accounts.applications import documents, evidence, membership, states
from accounts.applications.documents import Upload
from accounts.applications.resources import Unclear, parse_domain, parse_resources
from accounts.applications.states import NotPossible, State, Step
from accounts.applications.telling import tell
from accounts.models import Application, ApplicationEvent, User, Version
from accounts.models.application import TEXTS
from config.audit import acting

ANSWER_WITHIN = timedelta(days=30)
NEEDED = {
    "organisation": gettext_lazy("Write the name of your organisation."),
    "resources": gettext_lazy("Name a resource that your organisation holds."),
    "role": gettext_lazy("Say what you do there."),
}


class ChangedMeanwhile(Exception):
    """The application is not any more what somebody looked at; its text is a sentence."""


class OwnApplication(Exception):
    """Nobody decides on what is their own."""


class NoEvidence(Exception):
    """Nothing shows yet that the applicant speaks for the organisation; its text is a sentence."""


class Incomplete(Exception):
    """What was written is not enough to be submitted; sentences by field."""

    def __init__(self, flaws: Mapping[str, str]) -> None:
        super().__init__(" ".join(flaws.values()))
        self.flaws = flaws


# --- Writing ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Written:
    """What somebody wrote into the form. No file: the one that is there stays, unless it is to go."""

    organisation: str = ""
    domain: str = ""
    resources: str = ""
    role: str = ""
    statement: str = ""
    upload: Upload | None = None
    without_document: bool = False

    def flaws(self) -> dict[str, str]:
        """What keeps this from being submitted: a sentence by field."""
        flaws = {field: str(sentence) for field, sentence in NEEDED.items() if not getattr(self, field).strip()}
        for field, parse in (("resources", parse_resources), ("domain", parse_domain)):
            try:
                if written := getattr(self, field).strip():
                    parse(written)
            except Unclear as unclear:
                flaws[field] = str(unclear)
        return flaws

    def in_our_writing(self) -> "Written":
        resources = "\n".join(resource.text for resource in parse_resources(self.resources))
        return replace(self, resources=resources, domain=parse_domain(self.domain) if self.domain.strip() else "")


def save(*, applicant: User, written: Written, seen: int) -> Application:
    """Keep what somebody has written so far, complete or not; what is the same already makes no new version.

    `seen` is the version that was before them, 0 for none. Raises ChangedMeanwhile where another window has saved since,
    NotPossible where there is nothing to apply for.
    """
    with _begun(applicant) as application:
        if application.stands not in states.WRITTEN_BY_APPLICANT:
            raise NotPossible(_("Your application has been submitted; submit the change as well."))
        _write(application, written, seen)
        return application


def submit(*, applicant: User, written: Written, seen: int) -> Application:
    """Hand in an application, the answer to a question about it, or a change of one that waits.

    Raises what `save` does, NotVerified, and Incomplete; then nothing is saved.
    """
    if flaws := written.flaws():
        raise Incomplete(flaws)
    if not EmailAddress.objects.filter(user=applicant, verified=True).exists():
        raise NotVerified(applicant.pk)
    with _begun(applicant) as application:
        changed = _write(application, written.in_our_writing(), seen)
        if application.stands == State.SUBMITTED and not changed:
            return application
        _step(application, Step.CHANGE if application.stands == State.SUBMITTED else Step.SUBMIT, by=applicant)
        evidence.ask_for(application)
        return application


def withdraw(*, applicant: User) -> Application:
    """Take an application back, sent or not. Raises NotPossible where there is none."""
    with acting(by=applicant):
        return _step(_open_one(applicant), Step.WITHDRAW, by=applicant)


def look_again(*, applicant: User) -> Application:
    """Have registries and DNS asked again now. Raises NotPossible, and AskedOften."""
    with acting(by=applicant):
        application = _open_one(applicant)
        if application.stands == State.DRAFT:
            raise NotPossible(_("Registries and DNS are asked once you have submitted the application."))
        evidence.ask_again(application)
        return application


@contextmanager
def _begun(applicant: User) -> Iterator[Application]:
    """The applicant's open application, locked; begun now where there is none."""
    _make_sure_there_is_one(applicant)
    with acting(by=applicant):
        yield _open_one(applicant)


def _open_one(applicant: User) -> Application:
    application = Application.objects.select_for_update().open().filter(applicant=applicant).first()
    if application is None:
        raise NotPossible(_("You have no open application; it may have been decided a moment ago."))
    return application


def _make_sure_there_is_one(applicant: User) -> None:
    if Application.objects.open().filter(applicant=applicant).exists():
        return
    found = membership.may_apply(applicant, at=timezone.now())
    if found.obstacle:
        raise NotPossible(found.obstacle)
    # Two windows at once: the other one began it.
    with suppress(IntegrityError), acting(by=applicant):
        Application.objects.create(applicant=applicant, renews=found.renews)


def _write(application: Application, written: Written, seen: int) -> bool:
    """Keep it as the next version; return whether it is another than there was."""
    held = application.text()
    document = None if written.without_document else held.document
    if written.upload:
        document = documents.keep(application, written.upload)
    says = {name: getattr(written, name) for name in TEXTS}
    if application.version and held.says() == says | {"document_id": document.pk if document else None}:
        return False
    if seen != application.version:
        raise ChangedMeanwhile(
            _(
                "This application was changed in another window after you opened it here. Below is what you typed; "
                "send it again to keep that."
            )
        )
    application.version += 1
    application.save(update_fields=["version"])
    Version.objects.create(application=application, number=application.version, document=document, **says)
    return True


# --- Deciding ---------------------------------------------------------------------------------------------------------


def ask(*, application_id: int, version: int, by: User, question: str) -> Application:
    """Ask the applicant for more. Raises NotPossible, ChangedMeanwhile and OwnApplication, as do the two below."""
    with _decided(application_id, version, by, question) as application:
        return _step(application, Step.ASK, by=by, reason=question)


def refuse(*, application_id: int, version: int, by: User, reason: str) -> Application:
    with _decided(application_id, version, by, reason) as application:
        application.decided_by = by
        return _step(application, Step.REFUSE, by=by, reason=reason)


def approve(
    *, application_id: int, version: int, by: User, document_reviewed: bool = False, reason: str = ""
) -> Application:
    """Make the organisation a member for a year, or renew it, with the applicant on the manager's seat.

    Rests on a match found for this version, or on its document, which the officer says to have reviewed. Raises
    NoEvidence besides.
    """
    with _decided(application_id, version, by, reason) as application:
        states.after(application.state, Step.APPROVE)  # first: nothing is made of one that is closed
        text = application.text()
        rests_on = list(_rests_on(application, text, document_reviewed))
        if not rests_on:
            raise NoEvidence("Nothing shows yet that this person speaks for the organisation. Ask for more, or refuse.")
        application.granted = membership.enter(application, text, by=by, evidence="; ".join(rests_on))
        application.decided_by = by
        return _step(application, Step.APPROVE, by=by, reason=reason)


def _rests_on(application: Application, text: Version, document_reviewed: bool) -> Iterator[str]:
    for check in evidence.matches(application):
        yield f"{check.get_kind_display()}, {check.asked}, {check.answered_at:%Y-%m-%d}"
    if document_reviewed and text.document:
        yield f"document {text.document.pk}, reviewed"


@contextmanager
def _decided(application_id: int, version: int, by: User, reason: str) -> Iterator[Application]:
    with acting(by=by, reason=reason):
        application = Application.objects.select_for_update(of=("self",)).get(pk=application_id)
        if is_own(application, by):
            raise OwnApplication("This application is your own, or your organisation's. Another officer decides on it.")
        if application.version != version:
            raise ChangedMeanwhile(
                f"The applicant changed this after you opened it: you saw version {version}, it is version "
                f"{application.version} now. Nothing was decided; read it again."
            )
        yield application


def is_own(application: Application, officer: User) -> bool:
    """Whether somebody would decide on their own application, or on one of an organisation they have a seat of."""
    if application.applicant_id == officer.pk:
        return True
    renewed = application.renews
    return renewed is not None and membership.has_seat(officer, renewed, at=timezone.now())


# --- The clock --------------------------------------------------------------------------------------------------------


def expire_unanswered(*, at: datetime) -> int:
    """End what has waited too long for its applicant's answer; return how many that were."""
    asked_before = at - ANSWER_WITHIN
    late = Application.objects.filter(state=State.NEEDS_INFORMATION, state_since__lte=asked_before)
    return sum(_expire(number, asked_before) for number in late.values_list("pk", flat=True))


def _expire(number: int, asked_before: datetime) -> bool:
    with acting(reason="No answer for 30 days."):
        late = Application.objects.select_for_update(skip_locked=True).filter(
            pk=number, state=State.NEEDS_INFORMATION, state_since__lte=asked_before
        )
        application = late.first()
        if application:
            _step(application, Step.EXPIRE, by=None, reason="No answer for 30 days.")
        return application is not None


# --- One step ---------------------------------------------------------------------------------------------------------


def _step(application: Application, step: Step, *, by: User | None, reason: str = "") -> Application:
    """Take one step of the table, with its event and its mail, in the transaction that holds the lock."""
    was, to = application.stands, states.after(application.state, step)
    at = timezone.now()
    application.state = to
    if to != was:
        application.state_since = at
    if step == Step.SUBMIT:
        application.submitted_at = at
    application.save(update_fields=["state", "state_since", "submitted_at", "granted", "decided_by"])
    event = ApplicationEvent.objects.create(
        application=application,
        at=at,
        actor=by,
        step=step,
        was=was,
        became=to,
        version=application.version,
        reason=reason,
    )
    if to not in states.OPEN:
        evidence.stop(application)
    tell(event)
    return application
