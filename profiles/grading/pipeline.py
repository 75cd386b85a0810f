"""Marks → fan-out → one profile regraded → grade appended.

No edit is lost: an edit and its mark commit together; a grading transaction deletes exactly the marks its snapshot
shows and reads the evidence from that same snapshot, so a mark that is gone was read, and an edit that was not read
keeps its mark. Result and consumption commit together, so a crash gives both back.
"""

import json
import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.db.utils import InterfaceError, OperationalError
from kombu.exceptions import OperationalError as BrokerError
from psycopg.errors import SerializationFailure
from psycopg.types.json import Jsonb
from redis import Redis, RedisError

from profiles.grading import causes, reading, working
from profiles.grading.method import METHOD_VERSION, ProfileVerdict, grade_profile
from profiles.models import Grade, GradingState, Mark, Profile

log = logging.getLogger(__name__)

EDITORS, BULK = 0, 1
BATCH = 500
BULK_SHARE = 100  # of each batch, so that a stream of edits never starves what follows from elsewhere
TOUCHES_AT_ONCE = 300
TOUCHING_ROUNDS = 10
ATTEMPTS = 3
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=1)


# --- An edit ---------------------------------------------------------------------------------------------------------


@contextmanager
def editing(*, by: str, lane: int = EDITORS) -> Iterator[None]:
    """One transaction whose marks say where they come from; the workers hear of it once it has committed."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('assay.by', %s, true), set_config('assay.lane', %s, true)", [by, str(lane)]
            )
        transaction.on_commit(nudge)
        yield


NUDGED = "assay:nudged"
SILENCE = 10.0  # seconds after a failed nudge, so that saving never waits on a broken broker twice
_silent_until = 0.0


def nudge() -> None:
    """Tell the workers that there is something to grade. Whatever is lost here, the sweep finds."""
    global _silent_until
    if time.monotonic() < _silent_until:
        return
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as redis:
            fresh = redis.set(NUDGED, 1, nx=True, ex=2)
        if fresh:
            _send()
    except (RedisError, BrokerError, OSError) as error:
        _silent_until = time.monotonic() + SILENCE
        log.warning("The workers could not be told of an edit (%s); the sweep will find it.", error)


def heard() -> None:
    """The nudge has arrived: an edit from now on needs one of its own."""
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as redis:
            redis.delete(NUDGED)
    except (RedisError, OSError):
        log.debug("Redis is away; the nudge expires by itself.")


def _send() -> None:
    from config.celery import app

    app.send_task("profiles.grading.tasks.sweep")


# --- Fan-out ---------------------------------------------------------------------------------------------------------

FAN_OUT = """
    WITH RECURSIVE taken AS (
        DELETE FROM profiles_touch WHERE id IN (
            SELECT id FROM profiles_touch ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
        RETURNING kind, node, at, change
    ), changed AS (  -- one walk per node, however often it was touched
        SELECT kind, node, min(at) AS at, min(change::text)::jsonb AS change FROM taken GROUP BY kind, node
    ), reached AS (  -- UNION, not UNION ALL: a ring of derivations ends
        SELECT changed.kind, changed.node, source.id FROM changed
        JOIN profiles_source source ON (changed.kind = 'source' AND source.id = changed.node)
                                    OR (changed.kind = 'publisher' AND source.publisher_id = changed.node)
        UNION
        SELECT reached.kind, reached.node, derivation.source_id FROM reached
        JOIN profiles_derivation derivation ON derivation.origin_id = reached.id
    ), marked AS (
        INSERT INTO profiles_mark (profile_id, lane, at, change)
        SELECT DISTINCT ON (citation.profile_id, kind, node) citation.profile_id, %(lane)s, clock_timestamp(), changed.change
        FROM reached JOIN profiles_citation citation ON citation.source_id = reached.id JOIN changed USING (kind, node)
    )
    SELECT count(*) FROM taken"""


def fan_out() -> int:
    """Turn touches into marks on the profiles that rest on them, directly or through what repeats them.

    Returns how many touches were taken. One statement, one snapshot; it never waits for another one.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FAN_OUT, {"limit": TOUCHES_AT_ONCE, "lane": BULK})
        return int(cursor.fetchone()[0])


# --- Which profiles --------------------------------------------------------------------------------------------------

# A profile that failed is left alone until its next try, or until somebody edits it: the edit may be the cure.
MARKED = """
    SELECT mark.profile_id FROM profiles_mark mark JOIN profiles_gradingstate state USING (profile_id)
    WHERE mark.lane = %(lane)s AND state.method <= %(method)s
      AND (state.next_try_at IS NULL OR state.next_try_at <= now() OR mark.at > state.failed_at)
    GROUP BY mark.profile_id ORDER BY min(mark.at), mark.profile_id LIMIT %(limit)s"""
DUE = """
    SELECT profile_id FROM profiles_gradingstate
    WHERE (due_on <= %(today)s OR as_of > %(today)s OR method < %(method)s)
      AND method <= %(method)s AND (next_try_at IS NULL OR next_try_at <= now())
    ORDER BY due_on NULLS LAST, profile_id LIMIT %(limit)s"""


def waiting() -> list[int]:
    """The next profiles to grade: editors' marks first, a share for the rest, then what age or a new method makes due."""
    editors = _ids(MARKED, lane=EDITORS, limit=BATCH - BULK_SHARE)
    bulk = _ids(MARKED, lane=BULK, limit=BATCH - len(editors))
    found = list(dict.fromkeys(editors + bulk))
    return found or _ids(DUE, today=today(), limit=BATCH)


def _ids(query: str, **parameters: Any) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(query, {"method": METHOD_VERSION, **parameters})
        return [row[0] for row in cursor.fetchall()]


def today() -> date:
    """The database's day, in UTC: the one clock that all workers share."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT (now() AT TIME ZONE 'UTC')::date")
        return cursor.fetchone()[0]  # type: ignore[no-any-return]


# --- Grading ---------------------------------------------------------------------------------------------------------


def sweep(*, seconds: float = 10.0) -> int:
    """Fan out and grade until nothing waits or the time is up; return how many profiles were graded."""
    graded, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        touches = _fan_out_some()
        done = regrade(waiting())
        graded += done
        if not done and not touches:
            break
    _drop_marks_of_the_dead()
    return graded


def _drop_marks_of_the_dead() -> None:
    # A profile that was deleted cannot be graded; its last marks would look pending for ever.
    with connection.cursor() as cursor:
        cursor.execute("""
            DELETE FROM profiles_mark mark
            WHERE NOT EXISTS (SELECT FROM profiles_profile profile WHERE profile.id = mark.profile_id)""")


def _fan_out_some() -> int:
    # Several at a time, so that a profile on which many touches land is graded once and not after each handful;
    # but not all of them, or an editor would wait behind an import.
    taken = 0
    for _round in range(TOUCHING_ROUNDS):
        taken += (now := fan_out())
        if now < TOUCHES_AT_ONCE:
            break
    return taken


def regrade(profile_ids: Sequence[int]) -> int:
    """Grade these profiles, together if possible; return how many were graded.

    One that raises is recorded, backs off and never blocks the others.
    """
    if not profile_ids:
        return 0
    try:
        return _regrade_together(profile_ids)
    except (OperationalError, InterfaceError):
        raise  # the database is away: that is nobody's poison
    except Exception as error:
        if len(profile_ids) > 1:
            return sum(regrade([profile_id]) for profile_id in profile_ids)
        _record_failure(profile_ids[0], error)
        return 0


def _regrade_together(profile_ids: Sequence[int]) -> int:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic():
                return _grade_in_one_snapshot(profile_ids)
        except OperationalError as error:
            if not isinstance(error.__cause__, SerializationFailure):
                raise
            log.info("Somebody else graded one of these meanwhile (attempt %d of %d).", attempt, ATTEMPTS)
    return 0  # the marks are still there: the sweep comes by


@dataclass(frozen=True, slots=True)
class _Graded:
    state: GradingState
    verdict: ProfileVerdict
    told: dict[str, Any]
    last: dict[str, Any] | None
    moved: bool
    changes: list[dict[str, Any]]


def _grade_in_one_snapshot(profile_ids: Sequence[int]) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    # The lock comes first: at this isolation level it fixes the snapshot that marks and evidence are read from.
    states = _lock(profile_ids)
    if not states:
        return 0
    changes = _take_marks(list(states))
    day = today()
    graded = _judge(states, changes, day)
    _write_states(graded, day)
    _append_grades([one for one in graded if one.moved], day)
    return len(graded)


def _lock(profile_ids: Sequence[int]) -> dict[int, GradingState]:
    locked = (
        GradingState.objects.select_for_update(no_key=True, skip_locked=True)
        .filter(
            profile_id__in=profile_ids,
            # A worker of an older method never flips back what a newer one has graded.
            method__lte=METHOD_VERSION,
        )
        .defer("verdict")
    )
    return {state.profile_id: state for state in locked}


def _take_marks(profile_ids: list[int]) -> dict[int, list[dict[str, Any]]]:
    changes: dict[int, list[dict[str, Any]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM profiles_mark WHERE profile_id = ANY(%s) RETURNING id, profile_id, change::text", [profile_ids]
        )
        for _id, profile_id, change in sorted(cursor.fetchall(), key=lambda row: row[0]):
            changes[profile_id].append(json.loads(change))
    return changes


def _judge(states: dict[int, GradingState], changes: dict[int, list[dict[str, Any]]], day: date) -> list[_Graded]:
    last = _last_grades(states)
    graded = []
    for case in reading.cases(list(states)):
        state = states[case.profile_id]
        verdict = grade_profile(case.judgements, evidence=case.evidence, on=day, known=case.known)
        told = working.as_json(verdict)
        before = last.get(case.profile_id)
        moved = case.live and _differs(told, before)
        graded.append(_Graded(state, verdict, told, before, moved, changes.get(case.profile_id, [])))
    return graded


def _last_grades(states: dict[int, GradingState]) -> dict[int, dict[str, Any]]:
    numbers = {(profile_id, state.seq) for profile_id, state in states.items() if state.seq}
    found = Grade.objects.filter(
        profile_id__in=[profile_id for profile_id, _seq in numbers], seq__in={seq for _, seq in numbers}
    )
    return {grade.profile_id: grade.verdict for grade in found if (grade.profile_id, grade.seq) in numbers}


def outcome(told: dict[str, Any]) -> tuple[Any, ...]:
    """What a grade says, without the decimals that age moves daily: two verdicts with the same outcome are one grade."""
    judgements = {key: (one["score"], one["band"], one["breadth"]) for key, one in told["judgements"].items()}
    lines = sorted((line["side"], line["key"], line["kind"], line["lead"]) for line in told["lines"])
    return told["score"], told["band"], told["breadth"], judgements, lines


def _differs(told: dict[str, Any], last: dict[str, Any] | None) -> bool:
    return last is None or outcome(told) != outcome(last)


WRITE_STATES = """
    UPDATE profiles_gradingstate state
    SET seq = new.seq, as_of = %(day)s, graded_at = clock_timestamp(), method = %(method)s, due_on = new.due_on,
        score = new.score, verdict = new.verdict, failures = 0, next_try_at = NULL, failed_at = NULL, last_error = ''
    FROM unnest(%(ids)s::bigint[], %(was)s::int[], %(was_as_of)s::date[], %(seq)s::int[], %(due)s::date[],
                %(score)s::numeric[], %(verdict)s::jsonb[]) AS new (profile_id, was, was_as_of, seq, due_on, score, verdict)
    WHERE state.profile_id = new.profile_id AND state.seq = new.was AND state.as_of IS NOT DISTINCT FROM new.was_as_of"""


def _write_states(graded: list[_Graded], day: date) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            WRITE_STATES,
            {
                "day": day,
                "method": METHOD_VERSION,
                "ids": [one.state.profile_id for one in graded],
                "was": [one.state.seq for one in graded],
                "was_as_of": [one.state.as_of for one in graded],
                "seq": [one.state.seq + one.moved for one in graded],
                "due": [one.verdict.due for one in graded],
                "score": [one.verdict.score for one in graded],
                "verdict": [Jsonb(one.told) for one in graded],
            },
        )
        # A state that is not what was locked has been graded by somebody else: nothing of this batch may stand.
        if cursor.rowcount != len(graded):
            raise RuntimeError("a grading state changed under its lock")


def _append_grades(moved: list[_Graded], day: date) -> None:
    told = causes.of([_moved(one) for one in moved])
    Grade.objects.bulk_create(
        Grade(
            profile_id=one.state.profile_id,
            seq=one.state.seq + 1,
            as_of=day,
            method=METHOD_VERSION,
            score=f"{one.verdict.score:.2f}",
            verdict=one.told,
            causes=cause,
        )
        for one, cause in zip(moved, told, strict=True)
    )


def _moved(one: _Graded) -> causes.Moved:
    before = one.last["least_sure"] if one.last else None
    return causes.Moved(
        profile_id=one.state.profile_id,
        changes=one.changes,
        first=one.last is None,
        old_method=one.state.method,
        new_method=METHOD_VERSION,
        least_sure=(before, one.told["least_sure"]),
    )


def _record_failure(profile_id: int, error: Exception) -> None:
    log.exception("Grading profile %s failed", profile_id, exc_info=error)
    with transaction.atomic():
        state = GradingState.objects.select_for_update(no_key=True).filter(pk=profile_id).first()
        if state is None:
            return
        pause = min(FIRST_PAUSE * 2 ** min(state.failures, 12), LONGEST_PAUSE)
        GradingState.objects.filter(pk=profile_id).update(
            failures=F("failures") + 1,
            failed_at=Now(),
            next_try_at=Now() + pause,
            last_error=f"{type(error).__name__}: {error}"[:1000],
        )


# --- Looking after it ------------------------------------------------------------------------------------------------


MISSING_STATES = """
    INSERT INTO profiles_gradingstate (profile_id, seq)
    SELECT profile.id, coalesce((SELECT max(seq) FROM profiles_grade grade WHERE grade.profile_id = profile.id), 0)
    FROM profiles_profile profile WHERE profile.id = ANY(%s) ON CONFLICT DO NOTHING"""


def mark(profile_ids: Iterable[int], *, change: dict[str, Any], lane: int = BULK) -> None:
    """Ask for these profiles to be graded again; one that has lost its state gets a new one, after its last grade."""
    ids = list(profile_ids)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(MISSING_STATES, [ids])
        Mark.objects.bulk_create(Mark(profile_id=profile_id, lane=lane, change=change) for profile_id in ids)


@dataclass(frozen=True, slots=True)
class Difference:
    """A stored grade that is not what grading from scratch gives."""

    slug: str
    what: str
    stored: object
    recomputed: object

    def __str__(self) -> str:
        return f"{self.slug}: {self.what} is stored as {self.stored}, recomputed as {self.recomputed}"


def audit(profile_ids: Sequence[int] | None = None) -> Iterator[Difference]:
    """Recompute from scratch in one snapshot, as of the database's today, and yield whatever differs from what is stored."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        day = today()
        ids = (
            list(Profile.objects.order_by("pk").values_list("pk", flat=True))
            if profile_ids is None
            else list(profile_ids)
        )
        for start in range(0, len(ids), BATCH):
            yield from _audit_batch(ids[start : start + BATCH], day)


def _audit_batch(ids: list[int], day: date) -> Iterator[Difference]:
    states = {state.profile_id: state for state in GradingState.objects.filter(pk__in=ids).select_related("profile")}
    last = _last_grades(states)
    for profile_id in ids:
        if profile_id not in states:
            yield Difference(f"profile {profile_id}", "grading state", "missing", "wanted")
    for case in reading.cases(list(states)):
        state = states[case.profile_id]
        verdict = grade_profile(case.judgements, evidence=case.evidence, on=day, known=case.known)
        told = working.as_json(verdict)
        yield from _compare(state.profile.slug, "state", state.verdict, told, same_day=state.as_of == day)
        if case.live:
            yield from _compare(state.profile.slug, "last grade", last.get(case.profile_id), told, same_day=False)


def _compare(
    slug: str, where: str, stored: dict[str, Any] | None, told: dict[str, Any], *, same_day: bool
) -> Iterator[Difference]:
    if stored is None:
        yield Difference(slug, where, "nothing", told["score"])
        return
    names = ("score", "band", "breadth", "judgements", "lines")
    for name, was, now in zip(names, outcome(stored), outcome(told), strict=True):
        # Which of two sources of one line leads may change with age alone; it says nothing new until the score does.
        if name == "lines" and not same_day:
            was, now = ([line[:3] for line in lines] for lines in (was, now))
        if was != now:
            yield Difference(slug, f"{where}: {name}", was, now)


@dataclass(frozen=True, slots=True)
class Health:
    """How the grading fares: what waits, since when (in seconds), and what keeps failing."""

    marks: int
    touches: int
    oldest_seconds: float
    failing: int


def health() -> Health:
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT (SELECT count(*) FROM profiles_mark), (SELECT count(*) FROM profiles_touch),
                   coalesce(extract(epoch FROM clock_timestamp() - least(
                       (SELECT min(at) FROM profiles_mark), (SELECT min(at) FROM profiles_touch))), 0)::float,
                   (SELECT count(*) FROM profiles_gradingstate WHERE failures > 0)""")
        return Health(*cursor.fetchone())
