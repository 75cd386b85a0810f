"""A publisher's letter, and what opens band A: nobody does that alone.

A letter A, `direct` on a citation of an A publisher, and a source with direct citations that comes under one are proposed
by one editor and accepted by another. Every other letter takes effect at once.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Model
from django.db.models.functions import Now
from django.utils.translation import gettext_noop as _

from profiles.actions import DESK
from profiles.grading.pipeline import editing
from profiles.models import Basis, Citation, Decision, Opens, Proposal, Publisher, Reliability, Source
from profiles.settling import Record, record_of
from profiles.stages import named as named

TOP = Reliability.A
# Stored in English, as every reason is; pages say it in the reader's language.
OF_ITS_RECORD = _("Of %(settled)s settled judgements it was right on %(right)s and wrong on %(wrong)s.")
Row = TypeVar("Row", bound=Model)


class LetterMoved(Exception):
    """The letter, or the record it was to come from, is not what the editor saw any more."""


class ReasonMissing(Exception):
    """A letter is set for a reason, which readers see."""


class ProposedAlready(Exception):
    """Another editor has proposed the same and waits: that one can be accepted or declined."""


class NotAccepted(Exception):
    """Why this person cannot decide this proposal now. It stays as it is."""


# --- Letters ----------------------------------------------------------------------------------------------------------


def set_letter(
    *,
    publisher_id: int,
    letter: str,
    reason: str,
    by: AbstractBaseUser,
    basis: str = Basis.EDITOR,
    was: str | None = None,
) -> Proposal | None:
    """Give a publisher a letter; return the proposal that waits where it is an A, None where the letter stands.

    `was` is the letter the editor saw. Raises LetterMoved, ReasonMissing and ProposedAlready.
    """
    with editing(by=DESK):
        publisher = _locked(publisher_id)
        if was is not None and publisher.reliability != was:
            raise LetterMoved(f"{publisher} went to Reliability {publisher.reliability} meanwhile. Look at it again.")
        if publisher.reliability == letter:
            return None
        if not reason.strip():
            raise ReasonMissing("Say why: readers see this sentence beside the letter.")
        if letter == TOP:
            about = f"{publisher}: from Reliability {publisher.reliability} to Reliability A"
            return _propose(
                Proposal(
                    opens=Opens.LETTER, publisher=publisher, was=publisher.reliability, basis=basis, reason=reason
                ),
                about,
                by,
            )
        _write_letter(publisher, letter, reason, Told(basis, by))
        return None


def accept_record(*, publisher_id: int, letter: str, by: AbstractBaseUser) -> Proposal | None:
    """Give a publisher the letter its record proposes; `letter` is the one the editor saw. Answers as set_letter does."""
    with editing(by=DESK):
        publisher, record = _locked(publisher_id), record_of(publisher_id)
        if not record.is_long_enough or record.letter != letter:
            raise LetterMoved(f"The record of {publisher} no longer proposes Reliability {letter}. Look at it again.")
        return set_letter(
            publisher_id=publisher_id, letter=letter, reason=reason_from(record), by=by, basis=Basis.RECORD
        )


def reason_from(record: Record) -> str:
    return OF_ITS_RECORD % {"settled": record.settled, "right": record.right, "wrong": record.wrong}


def _locked(publisher_id: int) -> Publisher:
    return Publisher.objects.select_for_update(no_key=True).get(pk=publisher_id)


@dataclass(frozen=True, slots=True)
class Told:
    """What the log is told of a letter besides the letter."""

    basis: str
    by: AbstractBaseUser | None
    accepted_by: AbstractBaseUser | None = None


def _write_letter(publisher: Publisher, letter: str, reason: str, told: Told) -> None:
    publisher.reliability, publisher.reliability_reason = letter, reason
    with _telling(told, record_of(publisher.pk)):
        publisher.save(update_fields=["reliability", "reliability_reason"])


@contextmanager
def _telling(told: Told, record: Record) -> Iterator[None]:
    """The trigger that keeps the log reads this, and the next change of the transaction must not."""
    people = {"by": told.by, "accepted_by": told.accepted_by}
    known = {"basis": told.basis, "right": record.right, "wrong": record.wrong}
    _tell(json.dumps(known | {name: one.pk for name, one in people.items() if one}))
    yield
    _tell("")


def _tell(what: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('assay.letter', %s, true)", [what])


# --- What opens band A besides the letter -----------------------------------------------------------------------------


def hold_back(citations: Iterable[Citation]) -> list[Citation]:
    """Take `direct` back from citations about to be saved where it would open band A; return those.

    Call it inside the transaction that saves them, then propose each. One that was direct for this source stays so.
    """
    asked = [citation for citation in citations if citation.direct]
    top = _of_top_publishers(citation.source_id for citation in asked)
    there = dict(Citation.objects.filter(pk__in=[one.pk for one in asked], direct=True).values_list("pk", "source_id"))
    held = [one for one in asked if one.source_id in top and there.get(one.pk) != one.source_id]
    for citation in held:
        citation.direct = False
    return held


def _of_top_publishers(source_ids: Iterable[int]) -> set[int]:
    # Locked in one order: whoever moves one of these sources to another publisher waits, or is waited for.
    sources = Source.objects.select_for_update(no_key=True, of=("self",)).select_related("publisher").order_by("pk")
    return {source.pk for source in sources.filter(pk__in=set(source_ids)) if source.publisher.reliability == TOP}


def propose_direct(*, citation_id: int, by: AbstractBaseUser) -> Proposal:
    """Propose that a citation of an A publisher is direct. Raises ProposedAlready."""
    with editing(by=DESK):
        citation = Citation.objects.select_related("source__publisher", "profile").get(pk=citation_id)
        publisher = citation.source.publisher
        about = f"{citation.profile}: “{citation.source}” of {publisher} as direct"
        return _propose(
            Proposal(opens=Opens.DIRECT, citation=citation, source=citation.source, publisher=publisher), about, by
        )


def hold_publisher(source: Source) -> Publisher | None:
    """Give a source about to be saved its old publisher back where the new one would open band A; return the new one.

    Call it inside the transaction that saves it, then propose the move.
    """
    stored = Source.objects.select_for_update(no_key=True, of=("self",)).select_related("publisher").get(pk=source.pk)
    wanted = source.publisher
    opens = wanted.reliability == TOP and stored.publisher.reliability != TOP
    if not opens or not Citation.objects.filter(source=source, direct=True).exists():
        return None
    source.publisher = stored.publisher
    return wanted


def propose_move(*, source_id: int, publisher_id: int, by: AbstractBaseUser) -> Proposal:
    """Propose that a source with direct citations comes under an A publisher. Raises ProposedAlready."""
    with editing(by=DESK):
        source = Source.objects.select_related("publisher").get(pk=source_id)
        publisher = Publisher.objects.get(pk=publisher_id)
        about = f"“{source}”: from {source.publisher} to {publisher}, with its direct citations"
        return _propose(
            Proposal(opens=Opens.MOVE, source=source, publisher=publisher, moved_from=source.publisher), about, by
        )


# --- Four eyes --------------------------------------------------------------------------------------------------------

SUBJECTS: dict[Opens, tuple[type[Model], str]] = {
    Opens.LETTER: (Publisher, "publisher_id"),
    Opens.DIRECT: (Citation, "citation_id"),
    Opens.MOVE: (Source, "source_id"),
}


def waiting(opens: str, **about: object) -> Proposal | None:
    """The proposal of this kind that waits on this publisher, source or citation."""
    proposals = Proposal.objects.filter(opens=opens, decision="", **about)
    return proposals.select_related("proposed_by").first()


def _propose(proposal: Proposal, about: str, by: AbstractBaseUser) -> Proposal:
    _model, subject = SUBJECTS[Opens(proposal.opens)]
    there = waiting(proposal.opens, **{subject: getattr(proposal, subject)})
    same = there and (there.source_id, there.was) == (proposal.source_id, proposal.was)
    if there and same and there.proposed_by_id not in {by.pk, None}:
        raise ProposedAlready(f"Proposed already by {named(there.proposed_by)}, and waiting: accept or decline that.")
    if there:
        _decide(there, Decision.OVERTAKEN, by, "Proposed anew.")
    proposal.about, proposal.proposed_by_id = about, by.pk
    proposal.save()
    return proposal


def accept_proposal(*, proposal_id: int, by: AbstractBaseUser) -> Proposal:
    """Do what was proposed; where the matter has changed since, say so in its place and do nothing else.

    Raises NotAccepted where it is one's own or decided already, or where it cannot be done as it is.
    """
    with editing(by=DESK):
        _lock_subject(proposal_id)
        proposal = _still_waiting(proposal_id)
        if proposal.proposed_by_id == by.pk:
            raise NotAccepted("You proposed this yourself; it takes another editor to accept it.")
        overtaken = ACCEPT[Opens(proposal.opens)](proposal, by)
        _decide(proposal, Decision.OVERTAKEN if overtaken else Decision.ACCEPTED, by, overtaken)
        return proposal


def decline_proposal(*, proposal_id: int, by: AbstractBaseUser, because: str = "") -> Proposal:
    """Leave everything as it is. One's own can be taken back this way. Raises NotAccepted where it is decided already."""
    with editing(by=DESK):
        proposal = _still_waiting(proposal_id)
        _decide(proposal, Decision.DECLINED, by, because)
        return proposal


def _lock_subject(proposal_id: int) -> None:
    # Before the proposal, as proposing does: in the other order two editors could wait for each other.
    proposal = Proposal.objects.get(pk=proposal_id)
    model, subject = SUBJECTS[Opens(proposal.opens)]
    _there(model, getattr(proposal, subject))


def _still_waiting(proposal_id: int) -> Proposal:
    proposal = Proposal.objects.select_for_update(no_key=True).get(pk=proposal_id)
    if proposal.decision:
        who = named(proposal.decided_by)
        raise NotAccepted(f"{proposal.get_decision_display().capitalize()} by {who} already.")
    return proposal


def _decide(proposal: Proposal, decision: str, by: AbstractBaseUser, because: str) -> None:
    proposal.decision, proposal.decided_at, proposal.decided_because = decision, Now(), because
    proposal.decided_by_id = by.pk
    proposal.save(update_fields=["decision", "decided_at", "decided_because", "decided_by"])


def _there(model: type[Row], pk: int | None) -> Row | None:
    return model._default_manager.select_for_update(no_key=True).filter(pk=pk or 0).first()


def _accept_letter(proposal: Proposal, by: AbstractBaseUser) -> str:
    publisher = _there(Publisher, proposal.publisher_id)
    if publisher is None:
        return "The publisher has been removed."
    if publisher.reliability == TOP:
        return f"{publisher} has Reliability A already."
    if publisher.reliability != proposal.was:
        return f"{publisher} went to Reliability {publisher.reliability} meanwhile; propose it anew if it still holds."
    if proposal.basis == Basis.RECORD and record_of(publisher.pk).letter != TOP:
        return f"The record of {publisher} no longer proposes Reliability A."
    _write_letter(publisher, TOP, proposal.reason, Told(proposal.basis, proposal.proposed_by, by))
    return ""


def _accept_direct(proposal: Proposal, by: AbstractBaseUser) -> str:
    citation = _there(Citation, proposal.citation_id)
    if citation is None:
        return "The citation has been removed."
    if citation.source_id != proposal.source_id:
        return "The citation is of another source now; propose it anew if it still holds."
    if citation.direct:
        return "The citation is direct already."
    citation.direct = True
    citation.save(update_fields=["direct"])
    return ""


def _accept_move(proposal: Proposal, by: AbstractBaseUser) -> str:
    source = _there(Source, proposal.source_id)
    publisher = _there(Publisher, proposal.publisher_id)
    if source is None or publisher is None:
        return "The source or the publisher has been removed."
    if source.publisher_id != proposal.moved_from_id:
        return "The source is filed under another publisher now; propose it anew if it still holds."
    source.publisher = publisher
    try:
        source.clean()
    except ValidationError as error:
        raise NotAccepted(" ".join(error.messages)) from None
    source.save(update_fields=["publisher"])
    return ""


ACCEPT = {Opens.LETTER: _accept_letter, Opens.DIRECT: _accept_direct, Opens.MOVE: _accept_move}
