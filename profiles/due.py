"""Publishing on time. Whoever has texts that go by stages says here how one of them goes up."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Q
from django.db.models.functions import Now
from django.db.utils import InterfaceError, OperationalError

from config.audit import acting
from profiles import stages
from profiles.checks import NotPublishable
from profiles.grading.pipeline import editing
from profiles.models import Stage
from profiles.models.stage import Staged
from profiles.stages import Text

BROKEN = "Something went wrong while it was to be published; the log of the worker says what."

log = logging.getLogger(__name__)


class PutsUp(Protocol):
    """Checks a locked text and shows it. Raises NotPublishable."""

    def __call__(self, text: Text, /, *, by: AbstractBaseUser | None) -> None: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of text: its model, and how one is locked and goes up.

    `take` locks it only if it meets the condition and nobody else has it; `locked` waits for it.
    """

    texts: type[Staged]
    take: Callable[[int, Q], Text | None]
    locked: Callable[[int], Text]
    put_up: PutsUp

    def due(self, condition: Q) -> list[int]:
        due = self.texts._default_manager.filter(condition).order_by("goes_live_at", "pk")
        return list(due.values_list("pk", flat=True))


_kinds: list[Kind] = []


def published_on_time(kind: Kind) -> None:
    """Let the sweep publish what is scheduled of this kind."""
    if kind not in _kinds:
        _kinds.append(kind)


def publish_due(*, at: datetime | None = None) -> int:
    """Put up every draft whose minute has come by the database's clock; return how many.

    Any number of workers may do so at once: whoever has the draft locked publishes it, the others pass on. One that has
    flaws by now, or that raises, stays down and says so on the desk; it keeps none of the others.
    """
    due = Q(stage=Stage.SCHEDULED, goes_live_at__lte=at or Now())
    return sum(_publish(kind, pk, due) for kind in _kinds for pk in kind.due(due))


def _publish(kind: Kind, pk: int, due: Q) -> bool:
    try:
        with editing(by="desk"):
            return _put_up_if_due(kind, pk, due)
    except (OperationalError, InterfaceError):
        raise  # the database is away: that is nobody's flaw
    except NotPublishable as refused:
        _hold(kind, pk, str(refused))
    except Exception:
        log.exception("%s %d could not be published on time.", kind.texts.__name__, pk)
        _hold(kind, pk, BROKEN)
    return False


def _put_up_if_due(kind: Kind, pk: int, due: Q) -> bool:
    draft = kind.take(pk, due)
    if draft is None:
        return False  # another worker has it, or an editor is saving it: the next sweep looks again
    scheduler = draft.steps.filter(stage=Stage.SCHEDULED).select_related("by")[0].by
    with acting(by=scheduler, reason=f"As scheduled for {draft.goes_live_at:%Y-%m-%d %H:%M} UTC."):
        kind.put_up(draft, by=scheduler)
    return True


def _hold(kind: Kind, pk: int, because: str) -> None:
    with editing(by="desk"):
        draft = kind.locked(pk)
        if draft.stage == Stage.SCHEDULED:
            stages.hold(draft, because=because)
