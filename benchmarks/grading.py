"""How fast grades move: `make bench-grading`. The real worker, task and method, beside pgbench on the same server.

Every figure is a median of a few rounds or a percentile; ratios are taken within this one run.
"""

import argparse
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import house

CITATIONS = 8
ROUNDS = 3
EDITED = 300
EDITORS = 5
WRITERS = 4
PATIENCE = 600.0


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    found: str
    target: str


def main() -> int:
    options = _options()
    house.hear_the_end()
    with house.servers() as folder:
        print("| what | found | target |\n|---|---|---|")
        for row in measure(folder, options.profiles):
            print(f"| {row.what} | {row.found} | {row.target} |", flush=True)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profiles", type=int, default=10_000, help="the size of the corpus; 10,000 for the record")
    return parser.parse_args()


def measure(folder: Path, profiles: int) -> Iterable[Row]:
    say(f"Making {profiles} profiles with {CITATIONS} citations each, and grading them for the first time.")
    fill(profiles)
    yield from in_batches(folder, profiles)
    with house.running("worker", "beat", folder=folder):
        yield from latency(min(1000, profiles // 2))
        yield from burst(profiles)
        yield from large_import()
        yield from hub(profiles)
    yield saving()
    yield memory(folder, profiles)


# --- Regrading in batches ---------------------------------------------------------------------------------------------


def in_batches(folder: Path, profiles: int) -> Iterable[Row]:
    say("Regrading in batches.")
    with house.running("worker", "beat", folder=folder):
        settle()
        before = house.pgbench(folder, 10)
        same = [profiles / seconds_to_settle(mark_all) for _ in range(ROUNDS)]
        anew = [profiles / seconds_to_settle(mark_all_as_new) for _ in range(ROUNDS)]
        moved = [profiles / seconds_to_settle(change_every_letter) for _ in range(ROUNDS)]
        after = house.pgbench(folder, 10)
    tps = (before + after) / 2
    yield Row("pgbench simple-update, 2 clients", f"{tps:,.0f} transactions/s", "")
    for what, rates, target in (
        ("regrade in batches, nothing new to write", same, "≥ 5× pgbench"),
        ("the same, every verdict written again", anew, ""),
        ("the same, every publisher's letter changed", moved, ""),
    ):
        rate = statistics.median(rates)
        yield Row(what, f"{rate:,.0f} profiles/s, {rate / tps:.1f}× pgbench", target)
    for what, rates in (("nothing new to write", same), ("every verdict written again", anew)):
        yield Row(
            f"full rebuild of {profiles:,} profiles, {what}", f"{profiles / statistics.median(rates):.1f} s", "≤ 10 s"
        )


def mark_all() -> None:
    from profiles.grading import pipeline
    from profiles.models import Profile

    with pipeline.editing(by="operator"):
        pipeline.mark(Profile.objects.values_list("pk", flat=True), change={})


def mark_all_as_new() -> None:
    execute("UPDATE profiles_gradingstate SET fingerprint = 'anew'")
    mark_all()


def change_every_letter() -> None:
    from profiles.grading import pipeline

    with pipeline.editing(by="desk"):
        execute("UPDATE profiles_publisher SET reliability = translate(reliability, 'ABCDEF', 'BCDEFA')")


# --- From an edit to its grade ----------------------------------------------------------------------------------------


def latency(bulk: int) -> Iterable[Row]:
    say("From an edit to its grade.")
    execute("CHECKPOINT")  # what came before must not be written out now
    quiet = milliseconds(edit_one_by_one(range(EDITED), pause=0.03))
    yield Row("edit committed → grade committed, idle", percentiles(quiet), "p99 ≤ 30 ms")
    stop = threading.Event()
    keeper = threading.Thread(target=keep_bulk_work_waiting, args=(stop, bulk))
    keeper.start()
    edited = edit_one_by_one(range(EDITED, 2 * EDITED), pause=0.03)
    stop.set()
    keeper.join()
    busy = milliseconds(edited)
    yield Row(f"the same behind {bulk:,} profiles of bulk work", percentiles(busy), "p99 ≤ 50 ms")


def keep_bulk_work_waiting(stop: threading.Event, bulk: int) -> None:
    """Keep that many profiles marked in the bulk lane, whatever the workers take."""
    from django.db import connection

    while not stop.is_set():
        waiting = one("SELECT count(DISTINCT profile_id) FROM profiles_mark WHERE lane = 1")
        if waiting < bulk:
            execute(
                """INSERT INTO profiles_mark (profile_id, lane, at, change)
                   SELECT profile_id, 1, clock_timestamp(), '{}' FROM profiles_gradingstate
                   WHERE profile_id NOT IN (SELECT profile_id FROM profiles_citation WHERE id = ANY(%s))
                   ORDER BY random() LIMIT %s""",
                [first_citations()[: 2 * EDITED], bulk - waiting],
            )
        time.sleep(0.02)
    connection.close()


def burst(profiles: int) -> Iterable[Row]:
    say("A burst of edits.")
    edits = min(4000, profiles)
    runs = task_runs()
    started = time.monotonic()
    threads, edited = [], [[] for _ in range(WRITERS)]
    for number in range(WRITERS):
        chosen = range(number, edits, WRITERS)
        threads.append(in_thread(lambda found=edited[number], chosen=chosen: found.extend(edit_one_by_one(chosen))))
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - started
    settle()
    found = milliseconds([one for part in edited for one in part])
    share = (task_runs() - runs) / edits
    yield Row(
        f"the same in a burst of {edits:,} edits ({edits / seconds:,.0f} a second)", percentiles(found), "p99 ≤ 100 ms"
    )
    yield Row("task runs in the burst", f"{share:.1%} of the edits", "≤ 10%")


def edit_one_by_one(numbers: Iterable[int], pause: float = 0.0) -> list[int]:
    """Edit one citation each of these profiles, as the desk does; return the citations."""
    from profiles.grading import pipeline
    from profiles.models import Citation

    edited = []
    for number in numbers:
        citation = first_citations()[number]
        with pipeline.editing(by="desk"):
            Citation.objects.filter(pk=citation).update(credibility=1 + (int(time.time() * 1000) + number) % 6)
        edited.append(citation)
        time.sleep(pause)
    return edited


_first: list[int] = []


def first_citations() -> list[int]:
    if not _first:
        _first.extend(row[0] for row in rows("SELECT min(id) FROM profiles_citation GROUP BY profile_id ORDER BY 1"))
    return _first


def milliseconds(citations: list[int]) -> list[float]:
    """Return how long after each edit's commit the commit of its grade came, by the server's own clock."""
    settle()
    return [
        float(row[0])
        for row in rows(
            """SELECT 1000 * extract(epoch FROM pg_xact_commit_timestamp(state.xmin) - pg_xact_commit_timestamp(citation.xmin))
               FROM profiles_citation citation JOIN profiles_gradingstate state USING (profile_id)
               WHERE citation.id = ANY(%s)""",
            [citations],
        )
        if row[0] > 0  # below zero nothing had changed: the digit was the same as before
    ]


def percentiles(values: list[float]) -> str:
    ordered = sorted(values)
    at = lambda share: ordered[min(len(ordered) - 1, int(share * len(ordered)))]  # noqa: E731
    return f"p50 {at(0.5):.0f}, p99 {at(0.99):.0f}, worst {ordered[-1]:.0f} ms (n {len(ordered)})"


# --- Large things -----------------------------------------------------------------------------------------------------


def large_import(citations: int = 100_000) -> Iterable[Row]:
    """Import very many citations into one profile in one transaction, while editors save other profiles."""
    from profiles.models import Grade, Profile

    say("A large import.")
    profile = Profile.objects.create(slug="very-large")
    add_text(profile)
    settle()
    before = Grade.objects.filter(profile=profile).count()
    stop, saves = threading.Event(), []
    editors = [in_thread(lambda number=number: saves.extend(save_until(stop, number))) for number in range(EDITORS)]
    import_citations(profile.pk, citations)
    imported = time.monotonic()
    wait(lambda: not one("SELECT count(*) FROM profiles_mark WHERE profile_id = %s", [profile.pk]))
    graded = time.monotonic() - imported
    stop.set()
    for editor in editors:
        editor.join()
    settle()
    grades = Grade.objects.filter(profile=profile).count() - before
    saved = sorted(saves)
    p95 = saved[int(0.95 * len(saved))]
    yield Row(
        f"{citations:,} citations imported into one profile: graded after",
        f"{graded:.1f} s, {grades} grades",
        "≤ 60 s, ≤ 3 grades",
    )
    yield Row(f"a save of {EDITORS} editors meanwhile", f"p95 {1000 * p95:.0f} ms (n {len(saved)})", "p95 < 1 s")


def add_text(profile: Any) -> None:
    from django.utils import timezone

    from profiles.models import Revision

    text = Revision.objects.create(profile=profile, number=1, name="Very Large", approved_at=timezone.now())
    profile.live_revision = text
    profile.save()


def import_citations(profile_id: int, citations: int) -> None:
    from profiles.grading import pipeline

    with pipeline.editing(by="import", lane=pipeline.BULK):
        execute(
            """INSERT INTO profiles_source (publisher_id, title, authors, url, published_on, language, archived_url)
               SELECT (SELECT min(id) FROM profiles_publisher) + n %% 40, 'Imported ' || n, '{}', '', '2026-01-01', '', ''
               FROM generate_series(1, %s) n""",
            [citations],
        )
        execute(
            """INSERT INTO profiles_citation (profile_id, source_id, position, stance, credibility, direct, establishes)
               SELECT %s, id, 0, 'supports', 2, id %% 3 = 0, '' FROM profiles_source WHERE title LIKE 'Imported %%'""",
            [profile_id],
        )


def save_until(stop: threading.Event, number: int) -> list[float]:
    found = []
    while not stop.is_set():
        started = time.monotonic()
        edit_one_by_one([number])
        found.append(time.monotonic() - started)
        time.sleep(0.1)
    return found


def hub(profiles: int) -> Iterable[Row]:
    """Edit a source that very many profiles cite, then something else at once."""
    from profiles.grading import pipeline
    from profiles.models import Source

    say("A source that everybody cites.")
    source = one("SELECT min(id) FROM profiles_source")
    with pipeline.editing(by="import", lane=pipeline.BULK):
        execute(
            """INSERT INTO profiles_citation (profile_id, source_id, position, stance, credibility, direct, establishes)
               SELECT profile_id, %s, 9, 'supports', 2, true, '' FROM profiles_gradingstate""",
            [source],
        )
        execute(
            """INSERT INTO profiles_judgementcitation (judgement_id, citation_id)
               SELECT judgement.id, citation.id FROM profiles_citation citation
               JOIN profiles_judgement judgement USING (profile_id) WHERE citation.source_id = %s AND citation.position = 9
               ON CONFLICT DO NOTHING""",
            [source],
        )
    settle()
    started = time.monotonic()
    with pipeline.editing(by="desk"):
        Source.objects.filter(pk=source).update(published_on="2019-05-05")
    other = milliseconds_of_one(edit_one_by_one([min(5000, profiles - 1)])[0])
    settle()
    seconds = time.monotonic() - started
    yield Row(f"a source cited by {profiles:,} profiles edited: all graded after", f"{seconds:.1f} s", "")
    yield Row("an unrelated edit meanwhile: graded after", f"{other:.0f} ms", "≤ 5 s")


def milliseconds_of_one(citation: int) -> float:
    profile = one("SELECT profile_id FROM profiles_citation WHERE id = %s", [citation])
    started = time.monotonic()
    wait(lambda: not one("SELECT count(*) FROM profiles_mark WHERE lane = 0 AND profile_id = %s", [profile]))
    return 1000 * (time.monotonic() - started)


# --- What it costs ----------------------------------------------------------------------------------------------------


def saving(saves: int = 1000) -> Row:
    """Save the same citations with and without what grading adds: triggers, settings, the nudge."""
    say("What it costs.")
    plain, graded = [], []
    for turn in range(2 * ROUNDS):
        if turn % 2:
            execute("ALTER TABLE profiles_citation DISABLE TRIGGER USER")
            plain.append(median_save(saves // ROUNDS, saved_plainly))
            execute("ALTER TABLE profiles_citation ENABLE TRIGGER USER")
        else:
            graded.append(median_save(saves // ROUNDS, lambda number: edit_one_by_one([number])))
    drain()
    extra = statistics.median(graded) - statistics.median(plain)
    return Row(
        "what grading adds to a save", f"{1000 * extra:.1f} ms (to {1000 * statistics.median(plain):.1f} ms)", "≤ 2 ms"
    )


def median_save(saves: int, save: Callable[[int], Any]) -> float:
    took = []
    for number in range(saves):
        started = time.perf_counter()
        save(number)
        took.append(time.perf_counter() - started)
    return statistics.median(took)


def saved_plainly(number: int) -> None:
    from django.db import transaction

    from profiles.models import Citation

    with transaction.atomic():
        Citation.objects.filter(pk=first_citations()[number]).update(credibility=1 + number % 6)


def memory(folder: Path, profiles: int, regrades: int = 100_000) -> Row:
    sizes = []
    with house.running("worker", "beat", folder=folder) as (worker, _beat):
        for _round in range(max(4, regrades // profiles)):
            seconds_to_settle(mark_all_as_new)
            with suppress(OSError):
                sizes.append(sum(house.memory_of(worker).values()) / 1024)
    told = " → ".join(f"{sizes[at]:.0f}" for at in (1, len(sizes) // 2, -1))
    return Row(
        f"memory of the pool over {profiles * len(sizes):,} regrades: early, midway, last", f"{told} MiB", "flat"
    )


# --- Tools ------------------------------------------------------------------------------------------------------------


def fill(profiles: int) -> None:
    from django.core.management import call_command

    call_command("generate", profiles=profiles, citations=CITATIONS, judgements=1, seed=1, stdout=sys.stderr)
    execute("ANALYZE")
    drain()
    execute("VACUUM ANALYZE")


def drain() -> None:
    from profiles.management.commands.drain import drain

    drain()


def settle() -> None:
    wait(lambda: not one("SELECT (SELECT count(*) FROM profiles_mark) + (SELECT count(*) FROM profiles_touch)"))


def seconds_to_settle(cause: Callable[[], None]) -> float:
    settle()
    started = time.monotonic()
    cause()
    settle()
    return time.monotonic() - started


def wait(true: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > until:
            sys.exit("The grading did not settle; the logs of the worker say why.")
        time.sleep(0.05)


def task_runs() -> int:
    """Return how often the workers have run the sweep since they started."""
    from config.celery import app

    answers = app.control.inspect(timeout=5).stats() or {}
    return sum(sum(answer["total"].values()) for answer in answers.values())


def in_thread(work: Callable[[], Any]) -> threading.Thread:
    from django.db import connection

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def execute(statement: str, parameters: list[Any] | None = None) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def rows(statement: str, parameters: list[Any] | None = None) -> list[Any]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found: list[Any] = cursor.fetchall()
        return found


def one(statement: str, parameters: list[Any] | None = None) -> Any:
    return rows(statement, parameters)[0][0]


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
