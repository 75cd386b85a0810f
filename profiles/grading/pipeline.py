"""Marks → fan-out → one profile regraded → grade appended.

No edit is lost: an edit and its mark commit together; a grading transaction deletes exactly the marks its snapshot
shows and reads the evidence from that same snapshot, so a mark that is gone was read, and an edit that was not read
keeps its mark. Result and consumption commit together, so a crash gives both back.
"""

import json
import logging
import marshal
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from hashlib import blake2b
from typing import Any, NamedTuple

from django.conf import settings
from django.core.cache import cache as kept
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.db.utils import InterfaceError, OperationalError
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError
from psycopg.errors import SerializationFailure
from redis import ConnectionError as RedisConnectionError
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from config import prepared
from profiles.grading import causes, reading, working
from profiles.grading.method import METHOD_VERSION, ProfileVerdict, grade_profile
from profiles.models import Grade, GradingState, Mark, Profile
from profiles.models.verdict import packed

log = logging.getLogger(__name__)

EDITORS, BULK = 0, 1
BATCH = 32  # profiles in one transaction: an editor's edit waits behind so many at most
LOOKED_AT = 256  # so many are looked up at once, of either lane
EDITORS_TURNS = 3  # for each of the other lane's, so that a stream of edits never starves what follows from elsewhere
AUDITED_AT_ONCE = 500
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
SILENCE = 10.0  # seconds after a nudge that failed or dragged, so that saving waits on a sick broker once
DRAGGING = 0.5
_silent_until = 0.0


def nudge() -> None:
    """Tell the workers that there is something to grade. Whatever is lost here, the sweep finds."""
    global _silent_until
    if (started := time.monotonic()) < _silent_until:
        return
    try:
        if _redis(settings.REDIS_URL).set(NUDGED, 1, nx=True, ex=2):
            _send()
        well = time.monotonic() < started + DRAGGING
    except (RedisError, BrokerError, OSError) as error:
        log.warning("The workers could not be told of an edit (%s); the sweep will find it.", error)
        well = False
    if not well:
        _silent_until = time.monotonic() + SILENCE


def heard() -> None:
    """The nudge has arrived: an edit from now on needs one of its own."""
    try:
        _redis(settings.REDIS_URL).delete(NUDGED)
    except (RedisError, OSError):
        log.debug("Redis is away; the nudge expires by itself.")


@cache
def _redis(url: str) -> Redis:
    # Kept open: a connection for each save would cost more than the nudge itself. One that broke is made anew at once.
    again = Retry(NoBackoff(), retries=1, supported_errors=(RedisConnectionError,))
    return Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, retry=again)


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
        SELECT kind, node, (array_agg(DISTINCT change))[1:%(told)s] AS changes FROM taken GROUP BY kind, node
    ), reached AS (  -- UNION, not UNION ALL: a ring of derivations ends
        SELECT changed.kind, changed.node, source.id FROM changed
        JOIN profiles_source source ON (changed.kind = 'source' AND source.id = changed.node)
                                    OR (changed.kind = 'publisher' AND source.publisher_id = changed.node)
        UNION
        SELECT reached.kind, reached.node, derivation.source_id FROM reached
        JOIN profiles_derivation derivation ON derivation.origin_id = reached.id
    ), marked AS (
        INSERT INTO profiles_mark (profile_id, lane, at, change)
        SELECT profile_id, %(lane)s, clock_timestamp(), unnest(changes)
        FROM (SELECT DISTINCT citation.profile_id, kind, node
              FROM reached JOIN profiles_citation citation ON citation.source_id = reached.id) resting
        JOIN changed USING (kind, node)
    )
    SELECT count(*) FROM taken"""


def fan_out() -> int:
    """Turn touches into marks on the profiles that rest on them, directly or through what repeats them.

    Returns how many touches were taken. One statement, one snapshot; it never waits for another one.
    """
    with connection.cursor() as cursor:
        # Planning the walk takes longer than most grades do, and mostly there is nothing to walk from.
        cursor.execute("SELECT FROM profiles_touch LIMIT 1")
        if not cursor.rowcount:
            return 0
        cursor.execute(FAN_OUT, {"limit": TOUCHES_AT_ONCE, "lane": BULK, "told": causes.TOLD})
        return int(cursor.fetchone()[0])


# --- Which profiles --------------------------------------------------------------------------------------------------

# A profile that failed is left alone until its next try, or until somebody edits it: the edit may be the cure.
TO_BE_TRIED = """
        FROM profiles_mark mark JOIN profiles_gradingstate state USING (profile_id)
        WHERE state.method <= %(method)s
          AND (state.next_try_at IS NULL OR state.next_try_at <= now() OR mark.at > state.failed_at)"""
MARKED = f"""
    SELECT lane, profile_id FROM (
        SELECT mark.lane, mark.profile_id, row_number() OVER (PARTITION BY lane ORDER BY min(mark.at), profile_id) AS turn
        {TO_BE_TRIED}
        GROUP BY mark.lane, mark.profile_id) waiting
    WHERE turn <= %(limit)s ORDER BY turn"""  # noqa: S608  constants alone
DUE = """
    SELECT profile_id FROM profiles_gradingstate
    WHERE (due_on <= %(today)s OR as_of > %(today)s OR method < %(method)s)
      AND method <= %(method)s AND (next_try_at IS NULL OR next_try_at <= now())
    ORDER BY profile_id LIMIT %(limit)s"""
EDITORS_WAIT = (
    f"SELECT EXISTS (SELECT {TO_BE_TRIED} AND mark.lane = 0 AND mark.profile_id <> ALL(%(behind)s::bigint[]))"
)


def waiting() -> list[int]:
    """The next profiles to grade: editors' marks first, a share for the rest, then what age or a new method makes due."""
    marked = _rows(MARKED, limit=LOOKED_AT)
    editors, bulk = ([profile_id for lane, profile_id in marked if lane == wanted] for wanted in (EDITORS, BULK))
    due = [] if marked else _rows(DUE, today=today(), limit=LOOKED_AT)
    return list(dict.fromkeys(_in_turns(editors, bulk))) or [profile_id for (profile_id,) in due]


def _in_turns(editors: list[int], bulk: list[int]) -> Iterator[int]:
    for turn, profile_id in enumerate(bulk):
        yield from editors[turn * EDITORS_TURNS : (turn + 1) * EDITORS_TURNS]
        yield profile_id
    yield from editors[len(bulk) * EDITORS_TURNS :]


def _an_editor_waits(behind: list[int]) -> bool:
    return bool(_rows(EDITORS_WAIT, behind=behind)[0][0])


def _rows(query: str, **parameters: Any) -> list[Any]:
    return prepared.rows(query, method=METHOD_VERSION, **parameters)


def today() -> date:
    """The database's day, in UTC: the one clock that all workers share."""
    return prepared.rows("SELECT (now() AT TIME ZONE 'UTC')::date")[0][0]  # type: ignore[no-any-return]


# --- Grading ---------------------------------------------------------------------------------------------------------


def sweep(*, seconds: float = 10.0) -> int:
    """Fan out and grade until nothing waits or the time is up; return how many profiles were graded."""
    graded, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        touches = _fan_out_some()
        done = _grade_some(waiting(), until)
        graded += done
        if not done and not touches:
            break
    _drop_marks_of_the_dead()
    return graded


LAST_SWEEP = "last-sweep"


def swept() -> None:
    """Note that somebody has looked for work, for whoever wonders whether anybody does."""
    kept.set(LAST_SWEEP, timezone.now().isoformat(), timeout=None)


def last_sweep() -> datetime | None:
    """When that was; None while Redis is away, or before the first time."""
    noted = kept.get(LAST_SWEEP)
    return datetime.fromisoformat(noted) if noted else None


def _grade_some(profile_ids: list[int], until: float) -> int:
    graded = 0
    for start in range(0, len(profile_ids), BATCH):
        graded += regrade(profile_ids[start : start + BATCH])
        if time.monotonic() > until or _an_editor_waits(behind=profile_ids):
            break
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
    """Grade those of these profiles that wait, together if possible; return how many were graded.

    One that raises is recorded, backs off and never blocks the others.
    """
    if not profile_ids:
        return 0
    try:
        return _regrade_together(profile_ids)
    except (OperationalError, InterfaceError):
        raise  # the database is away: that is nobody's poison
    except Exception as error:
        if len(profile_ids) == 1:
            _record_failure(profile_ids[0], error)
            return 0
        half = len(profile_ids) // 2
        return regrade(profile_ids[:half]) + regrade(profile_ids[half:])


def _regrade_together(profile_ids: Sequence[int]) -> int:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            day = today()
            with transaction.atomic():
                return _grade_in_one_snapshot(profile_ids, day)
        except OperationalError as error:
            if not isinstance(error.__cause__, SerializationFailure):
                raise
            log.info("Somebody else graded one of these meanwhile (attempt %d of %d).", attempt, ATTEMPTS)
    return 0  # the marks are still there: the sweep comes by


class _State(NamedTuple):
    """A grading state while it is locked."""

    profile_id: int
    seq: int
    as_of: date | None
    method: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class _Graded:
    """What grading gave. `kept` is the verdict to store, unless it is the one that is stored already."""

    state: _State
    verdict: ProfileVerdict
    told: dict[str, Any]
    kept: dict[str, Any]
    fingerprint: str
    live: bool
    changes: list[dict[str, Any]]

    @property
    def same(self) -> bool:
        return bool(self.fingerprint) and self.fingerprint == self.state.fingerprint


def _grade_in_one_snapshot(profile_ids: Sequence[int], day: date) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    # The lock comes first: at this isolation level it fixes the snapshot that marks and evidence are read from.
    states = _lock(profile_ids, day)
    if not states:
        return 0
    changes = _take_marks(list(states))
    states |= _forget([profile_id for profile_id, said in changes.items() if any(map(_is_doubt, said))])
    graded = list(_judge(states, changes, day))
    moved = list(_that_moved(graded))
    _write_states(graded, {one.state.profile_id for one, _before in moved}, day)
    if moved:
        _append_grades(moved, day)
    return len(graded)


# Only what still waits in this snapshot: another worker may have graded some of these since they were looked up.
# And a worker of an older method never flips back what a newer one has graded.
LOCK = """
    SELECT profile_id, seq, as_of, method, fingerprint FROM profiles_gradingstate state
    WHERE profile_id = ANY(%(ids)s::bigint[]) AND method <= %(method)s
      AND (method < %(method)s OR due_on <= %(today)s OR as_of > %(today)s
           OR EXISTS (SELECT FROM profiles_mark mark WHERE mark.profile_id = state.profile_id))
    FOR NO KEY UPDATE SKIP LOCKED"""


def _lock(profile_ids: Sequence[int], day: date) -> dict[int, _State]:
    return {row[0]: _State(*row) for row in _rows(LOCK, ids=list(profile_ids), today=day)}


TAKE_MARKS = """
    DELETE FROM profiles_mark WHERE profile_id = ANY(%(ids)s::bigint[]) RETURNING id, profile_id, change::text"""


def _take_marks(profile_ids: list[int]) -> dict[int, list[dict[str, Any]]]:
    changes: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for _id, profile_id, change in sorted(prepared.rows(TAKE_MARKS, ids=profile_ids), key=lambda row: row[0]):
        changes[profile_id].append(json.loads(change))
    return changes


# Whoever asks for a grade again doubts what is stored: the verdict must be written and not compared by its fingerprint,
# and the next grade is numbered after those that are there.
FORGET = """
    UPDATE profiles_gradingstate state
    SET fingerprint = '',
        seq = coalesce((SELECT max(grade.seq) FROM profiles_grade grade WHERE grade.profile_id = state.profile_id), 0)
    WHERE profile_id = ANY(%s) RETURNING profile_id, seq, as_of, method, fingerprint"""


def _is_doubt(change: dict[str, Any]) -> bool:
    return change.get("on") == "operator"


def _forget(profile_ids: list[int]) -> dict[int, _State]:
    if not profile_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(FORGET, [profile_ids])
        return {row[0]: _State(*row) for row in cursor.fetchall()}


def _judge(states: dict[int, _State], changes: dict[int, list[dict[str, Any]]], day: date) -> Iterator[_Graded]:
    for case in reading.cases(list(states)):
        verdict = grade_profile(case.judgements, evidence=case.evidence, on=day, known=case.known)
        told = working.as_json(verdict)
        kept = packed(told)
        yield _Graded(
            state=states[case.profile_id],
            verdict=verdict,
            told=told,
            kept=kept,
            # Of what is not live no grade is appended, so the same verdict may be news once it is.
            fingerprint=_fingerprint(kept) if case.live else "",
            live=case.live,
            changes=changes.get(case.profile_id, []),
        )


_as_text = json.JSONEncoder(separators=(",", ":")).encode


def _fingerprint(kept: dict[str, Any]) -> str:
    # Not of the JSON, whose writing takes as long as the grading. Format 2 gives equal bytes for equal values.
    return blake2b(marshal.dumps(kept, 2), digest_size=16).hexdigest()


def _that_moved(graded: list[_Graded]) -> Iterator[tuple[_Graded, dict[str, Any] | None]]:
    """Yield those that say something else than their last grade, together with that."""
    news = [one for one in graded if one.live and not one.same]
    if not news:
        return
    last = _last_grades({one.state.profile_id: one.state.seq for one in news if one.state.seq})
    for one in news:
        before = last.get(one.state.profile_id)
        if before is None or outcome(one.told) != outcome(before):
            yield one, before


def _last_grades(numbers: dict[int, int]) -> dict[int, dict[str, Any]]:
    """Return the last verdict recorded for each profile, of which `numbers` gives the grade's."""
    found = Grade.objects.filter(profile_id__in=numbers, seq__in=set(numbers.values()))
    return {grade.profile_id: grade.verdict for grade in found if numbers[grade.profile_id] == grade.seq}


def outcome(told: dict[str, Any]) -> tuple[Any, ...]:
    """What a grade says, without the decimals that age moves daily: two verdicts with the same outcome are one grade."""
    judgements = {key: (one["score"], one["band"], one["breadth"]) for key, one in told["judgements"].items()}
    lines = sorted((line["side"], line["key"], line["kind"], line["lead"]) for line in told["lines"])
    return told["score"], told["band"], told["breadth"], judgements, lines


WRITE_STATES = """
    UPDATE profiles_gradingstate state
    SET seq = new.seq, as_of = %(day)s, graded_at = clock_timestamp(), method = %(method)s, due_on = new.due_on,
        score = new.score, verdict = coalesce(new.verdict, state.verdict), fingerprint = new.fingerprint,
        failures = 0, next_try_at = NULL, failed_at = NULL, last_error = ''
    FROM jsonb_to_recordset(%(new)s::jsonb) AS new (profile_id bigint, was int, was_as_of date, seq int, due_on date,
        score numeric, verdict jsonb, fingerprint text)
    WHERE state.profile_id = new.profile_id AND state.seq = new.was AND state.as_of IS NOT DISTINCT FROM new.was_as_of"""


def _write_states(graded: list[_Graded], moved: set[int], day: date) -> None:
    new = _as_text([_new_state(one, one.state.profile_id in moved) for one in graded])
    with connection.cursor() as cursor:
        cursor.execute(WRITE_STATES, {"day": day, "method": METHOD_VERSION, "new": new})
        # A state that is not what was locked has been graded by somebody else: nothing of this batch may stand.
        if cursor.rowcount != len(graded):
            raise RuntimeError("a grading state changed under its lock")


def _new_state(one: _Graded, moved: bool) -> dict[str, Any]:
    state, verdict = one.state, one.verdict
    fields = {
        "profile_id": state.profile_id,
        "was": state.seq,
        "was_as_of": state.as_of and state.as_of.isoformat(),
        "seq": state.seq + moved,
        "due_on": verdict.due and verdict.due.isoformat(),
        "score": verdict.score,
        "fingerprint": one.fingerprint,
    }
    return fields if one.same else fields | {"verdict": one.kept}


def _append_grades(moved: list[tuple[_Graded, dict[str, Any] | None]], day: date) -> None:
    told = causes.of([_moved(one, before) for one, before in moved])
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
        for (one, _before), cause in zip(moved, told, strict=True)
    )


def _moved(one: _Graded, before: dict[str, Any] | None) -> causes.Moved:
    return causes.Moved(
        profile_id=one.state.profile_id,
        changes=one.changes,
        first=before is None,
        old_method=one.state.method,
        new_method=METHOD_VERSION,
        least_sure=(before["least_sure"] if before else None, one.told["least_sure"]),
        hidden=not one.state.fingerprint,
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
        for start in range(0, len(ids), AUDITED_AT_ONCE):
            yield from _audit_batch(ids[start : start + AUDITED_AT_ONCE], day)


def _audit_batch(ids: list[int], day: date) -> Iterator[Difference]:
    states = {state.profile_id: state for state in GradingState.objects.filter(pk__in=ids).select_related("profile")}
    last = _last_grades({profile_id: state.seq for profile_id, state in states.items()})
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
