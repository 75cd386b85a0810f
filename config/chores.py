"""What must be done again and again: mails to send, deadlines that pass. Each is done by one process at a time.

When a chore was last done stands in PostgreSQL, so that a worker, a drain loop and a restart never do it twice as often,
and what was missed while everything stood still is done at the start. A chore looks for its work by itself and is safe
to break off: one whose process died is done again.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection

log = logging.getLogger(__name__)

DIED = timedelta(minutes=10)  # a chore that has not come to its end by then never will


@dataclass(frozen=True, slots=True)
class Chore:
    """Something that is done every so often."""

    name: str
    every: timedelta
    do: Callable[[], object]


CHORES: dict[str, Chore] = {}


def chore(*, every: timedelta) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Have a function without arguments called every so often. Apps keep theirs in `chores.py`, where they are found."""

    def register(do: Callable[[], object]) -> Callable[[], object]:
        name = f"{do.__module__}.{do.__qualname__}"
        CHORES[name] = Chore(name, every, do)
        return do

    return register


def run_due() -> int:
    """Do what is due and nobody else is doing; return how many chores that were."""
    return sum(_done(one) for one in list(CHORES.values()))


def _done(one: Chore) -> bool:
    if not _claim(one):
        return False
    try:
        one.do()
    except Exception:
        # One that fails must not keep the others from being done; it gets its next turn like after a success.
        log.exception("A chore failed: %s", one.name)
    _finish(one)
    return True


def _claim(one: Chore) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO config_choreturn AS turn (name, started_at) VALUES (%s, clock_timestamp())
            ON CONFLICT (name) DO UPDATE SET started_at = excluded.started_at, finished_at = NULL
            WHERE turn.started_at <= excluded.started_at - CASE WHEN turn.finished_at IS NULL THEN %s ELSE %s END * interval '1 second'
               OR turn.started_at > excluded.started_at + interval '1 minute'  -- the clock was set back
            RETURNING 1""",
            [one.name, DIED.total_seconds(), one.every.total_seconds()],
        )
        return cursor.fetchone() is not None


def _finish(one: Chore) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE config_choreturn SET finished_at = clock_timestamp() WHERE name = %s", [one.name])
