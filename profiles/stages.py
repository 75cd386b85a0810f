"""The way of a text from whoever writes it to its readers, one step at a time.

Each step takes a text that is locked, inside the transaction that takes it, and leaves a row that says who took it and why.
Nobody approves a text they have a hand in, unless there is no other editor; then the step says so.
"""

from datetime import datetime
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection
from django.utils import timezone

from profiles.models.stage import JUDGED, Stage

PUBLISH = "profiles.publish_profile"

# A text with its `steps` beside it: a revision of a profile, or of a briefing. Django has no type for "of some such model".
Text = Any


class Refused(Exception):
    """Why this step was not taken, as a sentence for whoever tried."""


class NotAtThisStage(Refused):
    """The text stands elsewhere by now."""


class ChangedMeanwhile(Refused):
    """The words are not those that were read."""


class OwnWork(Refused):
    """Somebody would approve what they wrote."""


class ReasonMissing(Refused):
    """This step is taken for a reason."""


class NotInTheFuture(Refused):
    """A text is scheduled for a time that is still to come."""


def send_to_review(text: Text, *, by: AbstractBaseUser | None) -> None:
    """Say that a draft is ready to be read by an editor."""
    if text.stage != Stage.IN_REVIEW:
        _expect(text, Stage.DRAFT)
        step(text, Stage.IN_REVIEW, by=by)


def take_back(text: Text, *, by: AbstractBaseUser | None) -> None:
    """Go on writing what was sent to review."""
    if text.stage != Stage.DRAFT:
        _expect(text, Stage.IN_REVIEW)
        step(text, Stage.DRAFT, by=by)


def send_back(text: Text, *, by: AbstractBaseUser | None, because: str) -> None:
    """Return a text to its writer, with what is missing. Raises ReasonMissing."""
    if not because.strip():
        raise ReasonMissing("Say what is missing: its author reads this sentence.")
    _expect(text, Stage.IN_REVIEW, *JUDGED)
    step(text, Stage.DRAFT, by=by, reason=because.strip(), returned=because.strip())


def approve(text: Text, *, by: AbstractBaseUser | None, seen: int | None = None) -> None:
    """Approve the words as they are; `seen` is the edit that was read. Raises ChangedMeanwhile, OwnWork, NotAtThisStage."""
    if seen is not None and seen != text.edit:
        raise ChangedMeanwhile("The draft was changed after you opened it, so nothing was approved. Read it again.")
    if text.stage in JUDGED:
        return
    _expect(text, Stage.DRAFT, Stage.IN_REVIEW)
    step(text, Stage.APPROVED, by=by, alone=by is not None and _is_alone_with(text, by))


def _is_alone_with(text: Text, by: AbstractBaseUser) -> bool:
    if by.pk not in text.hands:
        return False
    if other_editors(text.hands):
        raise OwnWork("You wrote on this text yourself; it takes another editor to approve it.")
    return True


def other_editors(hands: list[int]) -> bool:
    """Tell whether there is an editor who had no hand in it."""
    editors = ModelBackend().with_perm(PUBLISH)
    return bool(editors.filter(is_staff=True).exclude(pk__in=hands).exists())


def schedule(text: Text, *, by: AbstractBaseUser | None, at: datetime) -> None:
    """Let an approved text go up at that minute. Raises NotInTheFuture, NotAtThisStage."""
    minute = at.replace(second=0, microsecond=0)
    if text.stage == Stage.SCHEDULED and text.goes_live_at == minute:
        return
    _expect(text, *JUDGED)
    if minute <= now():
        raise NotInTheFuture(f"{minute:%Y-%m-%d %H:%M} UTC has passed; it is {now():%Y-%m-%d %H:%M} UTC.")
    step(text, Stage.SCHEDULED, by=by, goes_live_at=minute)


def unschedule(text: Text, *, by: AbstractBaseUser | None, reason: str = "") -> None:
    """Let an approved text wait until somebody says when."""
    if text.stage != Stage.APPROVED:
        _expect(text, Stage.SCHEDULED)
        step(text, Stage.APPROVED, by=by, reason=reason)


def hold(text: Text, *, because: str) -> None:
    """Leave down what was to go up now. Its approval stands; whoever opens the desk sees why."""
    step(text, Stage.APPROVED, by=None, reason=because, returned=because)


def approver_of(text: Text) -> int | None:
    """Who approved these very words."""
    before = [Stage.DRAFT, Stage.IN_REVIEW]
    found: int | None = (
        text.steps.filter(stage=Stage.APPROVED, was__in=before, edit=text.edit).values_list("by", flat=True).first()
    )
    return found


def step(
    text: Text,
    to: Stage,
    *,
    by: AbstractBaseUser | None,
    reason: str = "",
    returned: str = "",
    goes_live_at: datetime | None = None,
    alone: bool = False,
) -> None:
    note(text, text.stage, to, by=by, reason=reason, goes_live_at=goes_live_at, alone=alone)
    text.stage, text.goes_live_at, text.returned_because = to, goes_live_at, returned
    text.save(update_fields=["stage", "goes_live_at", "returned_because"])


def note(text: Text, was: str, to: str, *, by: AbstractBaseUser | None, **about: Any) -> None:
    """Leave the row that tells of a step."""
    text.steps.create(at=timezone.now(), was=was, stage=to, by_id=by.pk if by else None, edit=text.edit, **about)


def _expect(text: Text, *stages: Stage) -> None:
    if text.stage not in stages:
        raise NotAtThisStage(f"This text is {Stage(text.stage).label} by now. Look at it again.")


def now() -> datetime:
    """The database's clock, which all workers share."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        return cursor.fetchone()[0]  # type: ignore[no-any-return]


def named(user: object) -> str:
    """How the desk calls a colleague; whoever has left is somebody."""
    return str(getattr(user, "name", "") or user or "somebody who has left")
