"""Settling key judgements, and the record that follows for the publishers that took a side.

A settlement never moves the judgement's own grade: what was known at the time stays what was known.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import F, Q
from django.db.models.functions import Now

from profiles.actions import DESK, newest_revision
from profiles.grading.pipeline import editing, today
from profiles.grading.record import SETTLED_MIN, SIDES, letter_of, mean_of, was_right
from profiles.models import Judgement, Outcome, Profile, Settlement

SUPERSEDED = "Settled anew."


class SettledMeanwhile(Exception):
    """Somebody else has settled this judgement, or withdrawn its settlement, since it was looked at."""


class NotYet(Exception):
    """Nothing is settled by a day that has not come."""


# --- Settling ---------------------------------------------------------------------------------------------------------


def settle_judgement(
    *, judgement_id: int, outcome: str, on: date, reason: str, by: AbstractBaseUser | None, replaces: int | None = None
) -> Settlement:
    """Say what became of a judgement. `replaces` is the settlement that stands now, and is withdrawn by this one.

    Raises SettledMeanwhile where another one stands than the editor saw, NotYet for a day to come.
    """
    with editing(by=DESK):
        judgement = Judgement.objects.select_for_update(no_key=True).get(pk=judgement_id)
        standing = judgement.settlements.filter(withdrawn_at=None).first()
        if standing and (standing.outcome, standing.settled_on, standing.reason) == (outcome, on, reason):
            return standing
        if (standing.pk if standing else None) != replaces:
            raise SettledMeanwhile("Somebody else has settled this judgement meanwhile. Look at it again.")
        if on > today():
            raise NotYet("This day has not come yet; nothing is settled by it.")
        if standing:
            _withdraw(standing, SUPERSEDED, by)
        return Settlement.objects.create(
            judgement=judgement,
            statement=wording_of(judgement),
            outcome=outcome,
            settled_on=on,
            reason=reason,
            recorded_by_id=by.pk if by else None,
        )


def withdraw_settlement(*, settlement_id: int, because: str, by: AbstractBaseUser | None) -> Settlement:
    """Say that a settlement no longer stands, and why. It stays on file; one that is withdrawn already is left alone."""
    with editing(by=DESK):
        settlement = Settlement.objects.select_for_update(no_key=True).get(pk=settlement_id)
        if settlement.withdrawn_at is None:
            _withdraw(settlement, because, by)
        return settlement


def _withdraw(settlement: Settlement, because: str, by: AbstractBaseUser | None) -> None:
    settlement.withdrawn_at, settlement.withdrawn_because = Now(), because
    settlement.withdrawn_by_id = by.pk if by else None
    settlement.save(update_fields=["withdrawn_at", "withdrawn_because", "withdrawn_by"])
    settlement.refresh_from_db(fields=["withdrawn_at"])


def wording_of(judgement: Judgement) -> str:
    """What the judgement says: to readers, where they can read it; else in the newest text that states it."""
    for text in (judgement.profile.live_revision, newest_revision(judgement.profile)):
        if text and judgement.key in text.statements:
            return str(text.statements[judgement.key])
    return ""


# --- The record -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Record:
    """How often a publisher was right: for each settlement, and None where it stood on both sides."""

    answers: Mapping[int, bool | None] = field(default_factory=dict)

    @property
    def right(self) -> int:
        return sum(answer is True for answer in self.answers.values())

    @property
    def wrong(self) -> int:
        return sum(answer is False for answer in self.answers.values())

    @property
    def settled(self) -> int:
        return self.right + self.wrong

    @property
    def mean(self) -> float:
        return mean_of(self.right, self.wrong)

    @property
    def letter(self) -> str:
        return letter_of(self.right, self.wrong)

    @property
    def is_long_enough(self) -> bool:
        return self.settled >= SETTLED_MIN


def record_of(publisher_id: int) -> Record:
    return records_of([publisher_id]).get(publisher_id, Record())


def records_of(publisher_ids: Collection[int]) -> dict[int, Record]:
    """Return the records of these publishers, in one query; one without any is not in it.

    Only what a reader can check makes a record: standing settlements of judgements that a live profile states. A source
    that came out after the day of the settlement knew the outcome and does not count.
    """
    stances: dict[tuple[int, int], set[str]] = defaultdict(set)
    confirmed: dict[int, bool] = {}
    for publisher, settlement, outcome, stance in _sides_taken(publisher_ids):
        stances[publisher, settlement].add(stance)
        confirmed[settlement] = outcome == Outcome.CONFIRMED
    answers: dict[int, dict[int, bool | None]] = defaultdict(dict)
    for (publisher, settlement), taken in stances.items():
        answers[publisher][settlement] = was_right(taken, confirmed=confirmed[settlement])
    return {publisher: Record(answer) for publisher, answer in answers.items()}


def _sides_taken(publisher_ids: Collection[int]) -> Collection[tuple[int, int, str, str]]:
    # One filter for everything on the links: a second one would look at another link of the same judgement.
    of_links = Q(
        Q(judgement__links__source__published_on=None) | Q(judgement__links__source__published_on__lte=F("settled_on")),
        judgement__links__source__publisher__in=publisher_ids,
        judgement__links__citation__stance__in=SIDES,
        withdrawn_at=None,
        judgement__profile__in=Profile.objects.published(),
        judgement__profile__live_revision__statements__has_key=F("judgement__key"),
    )
    columns = ("judgement__links__source__publisher", "pk", "outcome", "judgement__links__citation__stance")
    return Settlement.objects.filter(of_links).order_by("-settled_on", "-pk").values_list(*columns)
