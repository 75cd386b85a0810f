"""A publisher as its page shows it: the letter, where it comes from, and the record behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from config.inwords import told_again
from profiles.grading import record as rule
from profiles.grading.working import reliability_in_words
from profiles.letters import OF_ITS_RECORD
from profiles.models import Basis, LetterChange, Outcome, Publisher, Settlement
from profiles.settling import Record, record_of

AT_ONCE = 50
BASES = {
    Basis.EDITOR: gettext_lazy("set by an editor"),
    Basis.RECORD: gettext_lazy("from its record"),
    Basis.IMPORT: gettext_lazy("set by an import"),
    Basis.OPERATOR: gettext_lazy("set by the operator"),
}


@dataclass(frozen=True, slots=True)
class ShownLetter:
    """The letter of now; `since` is None where nothing on file says when it was set."""

    letter: str
    in_words: str
    since: datetime | None
    how: str
    reason: str


@dataclass(frozen=True, slots=True)
class ShownChange:
    """A letter that was set, without the names of who set it."""

    at: datetime
    was: str
    letter: str
    how: str
    reason: str


@dataclass(frozen=True, slots=True)
class ShownSettlement:
    """A settled judgement, which side the publisher took, and whether it was right."""

    statement: str
    profile: str
    url: str
    took: str
    answer: str
    outcome: str
    on: date
    reason: str


@dataclass(frozen=True, slots=True)
class ShownRecord:
    """How often the publisher was right, and the letter that proposes; `latest` are the last ones settled."""

    settled: int
    right: int
    wrong: int
    both_sides: int
    mean: str
    proposes: str
    in_words: str
    missing: int
    latest: Sequence[ShownSettlement]

    @property
    def total(self) -> int:
        return self.settled + self.both_sides


@dataclass(frozen=True, slots=True)
class Rule:
    """The numbers by which a record proposes a letter, so that the page cannot say others."""

    settled_min: int = rule.SETTLED_MIN
    right_before: str = f"{rule.RIGHT_BEFORE:g}"
    settled_before: str = f"{rule.SETTLED_BEFORE:g}"
    least: tuple[tuple[str, str], ...] = tuple((letter, f"{mean:.2f}") for letter, mean in rule.LEAST_MEAN.items())


@dataclass(frozen=True, slots=True)
class PublisherPage:
    letter: ShownLetter
    record: ShownRecord
    changes: Sequence[ShownChange]
    rule: Rule


def publisher_page(publisher: Publisher) -> PublisherPage:
    changes = [_change(one) for one in LetterChange.objects.filter(publisher=publisher)]
    return PublisherPage(_letter(publisher, changes), _record(publisher), changes, Rule())


def _letter(publisher: Publisher, changes: Sequence[ShownChange]) -> ShownLetter:
    letter, last = publisher.reliability, changes[0] if changes else None
    known = last if last and last.letter == letter else None
    return ShownLetter(
        letter=letter,
        in_words=reliability_in_words(letter),
        since=known.at if known else None,
        how=known.how if known else "",
        reason=_reason(publisher.reliability_reason),
    )


def _change(change: LetterChange) -> ShownChange:
    return ShownChange(change.at, change.was, change.letter, _how(change), _reason(change.reason))


def _reason(stored: str) -> str:
    """Whose record gave the letter was given the reason by us; every other reason is an editor's own."""
    return told_again(stored, [OF_ITS_RECORD])


def _how(change: LetterChange) -> str:
    counts = {"right": change.right, "wrong": change.wrong}
    if change.basis == Basis.RECORD:
        how = _("from its record of %(right)d right, %(wrong)d wrong") % counts
    elif change.right or change.wrong:
        how = _("set by an editor when its record was %(right)d right, %(wrong)d wrong") % counts
    else:
        how = str(BASES[Basis(change.basis)])
    return _("%(how)s, accepted by a second editor") % {"how": how} if change.accepted_by_id else how


def _record(publisher: Publisher) -> ShownRecord:
    record = record_of(publisher.pk)
    return ShownRecord(
        settled=record.settled,
        right=record.right,
        wrong=record.wrong,
        both_sides=len(record.answers) - record.settled,
        mean=f"{record.mean:.2f}",
        proposes=record.letter if record.is_long_enough else "",
        in_words=reliability_in_words(record.letter),
        missing=max(0, rule.SETTLED_MIN - record.settled),
        latest=_latest(record),
    )


def _latest(record: Record) -> list[ShownSettlement]:
    latest = Settlement.objects.filter(pk__in=list(record.answers)[:AT_ONCE]).only(*SHOWN)
    settlements = latest.select_related("judgement__profile__live_revision")
    return [_settlement(one, record.answers[one.pk]) for one in settlements]


SHOWN = (
    "outcome",
    "settled_on",
    "reason",
    "judgement__key",
    "judgement__profile__slug",
    "judgement__profile__live_revision__name",
    "judgement__profile__live_revision__statements",
)


def _settlement(settlement: Settlement, right: bool | None) -> ShownSettlement:
    # A record is made of live judgements alone; the wording is the one that readers find on the profile.
    judgement = settlement.judgement
    profile = judgement.profile
    text = profile.live_revision
    confirmed = settlement.outcome == Outcome.CONFIRMED
    return ShownSettlement(
        statement=text.statements[judgement.key],  # type: ignore[union-attr]
        profile=text.name,  # type: ignore[union-attr]
        url=f"{profile.get_absolute_url()}#judgement-{judgement.key}",
        took=_took(right, confirmed),
        answer={True: _("Right"), False: _("Wrong"), None: _("Neither")}[right],
        outcome=pgettext("outcome", "confirmed") if confirmed else pgettext("outcome", "refuted"),
        on=settlement.settled_on,
        reason=settlement.reason,
    )


def _took(right: bool | None, confirmed: bool) -> str:
    if right is None:
        return _("took both sides")
    return _("supported it") if right == confirmed else _("disputed it")
