"""How much a page costs: `make bench-pages`. The real web server, asked over connections that stay open.

What counts is the processor time of the web workers, PostgreSQL and Redis for each answer, in turns with a view that asks
nothing, in a Django project as it begins: on a machine that others use as well the clock tells little.
"""

import argparse
import os
import socket
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, islice, takewhile
from pathlib import Path
from urllib.parse import quote

import brotli

from benchmarks import client, house, nginx
from benchmarks.client import Request
from benchmarks.grading import drain, execute, one, rows, say, settle
from config import env
from config.processes import Part, spawn, wait_until
from config.stack import PROCESSES

EDITS = 100
BURST = 4000
BROWSER = {"Accept-Encoding": "gzip, deflate, br", "Accept": "text/html"}
RICH = "/profiles/ripe-ncc/"  # of the demo: every part of a page has something in it
RESULTS = env.ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- bench-pages: begin -->", "<!-- bench-pages: end -->"


@dataclass(frozen=True)
class Case:
    """One kind of request; `each` makes the next one, `before` is done ahead of each round."""

    name: str
    number: int
    each: Callable[[], Request]
    target: float | None = None
    before: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Cost:
    """What answers of one kind cost, in milliseconds of the processor for each."""

    p50: float
    p99: float
    web: float = 0.0
    database: float = 0.0
    redis: float = 0.0

    @property
    def whole(self) -> float:
        return self.web + self.database + self.redis


def main() -> int:
    options = _options()
    house.hear_the_end()
    with house.servers() as folder:
        fill(options.profiles)
        collect_static()
        port = free_port()
        with serving(folder, port) as web:
            parts = {"web": web.process.pid, "database": house.postmaster(folder), "redis": house.redis_server(folder)}
            table = "\n".join(measure(port, parts, options, folder))
    print(table)
    if options.write:
        write(table)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profiles", type=int, default=10_000, help="the size of the corpus; 10,000 for the record")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help=f"put the table into {RESULTS.name}")
    return parser.parse_args()


# --- The site ---------------------------------------------------------------------------------------------------------


def fill(profiles: int) -> None:
    from django.core.management import call_command

    say(f"Loading the demo and making {profiles} profiles, and grading them.")
    call_command("load_demo", quiet=True)
    call_command("generate", profiles=profiles, citations=8, judgements=3, seed=1, stdout=sys.stderr)
    execute("ANALYZE")
    drain()
    execute("VACUUM ANALYZE")
    for statement in ("ALTER SYSTEM SET autovacuum = off", "SELECT pg_reload_conf()", "CHECKPOINT"):
        execute(statement)  # what it does for other reasons must not be counted as ours


def collect_static() -> None:
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def serving(folder: Path, port: int) -> Iterator[Part]:
    """The web server as `make run` starts it, with a bare view beside the site."""
    command = [sys.executable, *PROCESSES["web"][:-1], "benchmarks.served:application"]
    environ = {
        **os.environ,
        "MALLOC_ARENA_MAX": "2",
        "ASSAY_PROCESS": "web",
        "GRANIAN_HOST": "127.0.0.1",
        "GRANIAN_PORT": str(port),
    }
    part = spawn("web", command, folder / "logs" / "web.log", environ=environ)
    try:
        if not wait_until(lambda: part.gone or answers(port)) or part.gone:
            sys.exit(f"The web server did not start; see {part.log}.")
        yield part
    finally:
        part.ask_to_stop()
        part.wait_or_kill(5)


def answers(port: int) -> bool:
    try:
        with client.connections(port, 1) as (connection,):
            connection.ask(Request("/livez"))
        return True
    except (OSError, client.Wrong):
        return False


# --- What is asked ----------------------------------------------------------------------------------------------------


def measure(port: int, parts: dict[str, int], options: argparse.Namespace, folder: Path) -> Iterable[str]:
    say(f"Memory by process: {house.memory_by_process(parts['web'])}")
    memory_idle = house.memory_below(parts["web"])
    wanted = cases(port, options.profiles)
    costs = in_turns(port, parts, wanted, options.rounds)
    bare = costs["bare view"].whole
    yield "| answer | processor time, ms | of it web | PostgreSQL | Redis | × bare view | target | p50, p99 ms |"
    yield "|---|---|---|---|---|---|---|---|"
    for case in wanted:
        cost = costs[case.name]
        target = f"≤ {case.target}" + (": **missed**" if cost.whole / bare > case.target else "") if case.target else ""
        yield (
            f"| {case.name} | {cost.whole:.2f} | {cost.web:.2f} | {cost.database:.2f} | {cost.redis:.2f} "
            f"| {cost.whole / bare:.2f} | {target} | {cost.p50:.1f}, {cost.p99:.1f} |"
        )
    yield ""
    yield from behind_nginx(port, folder, options.rounds)
    idle = percentiles(islice(edits_until_seen(port), EDITS))
    yield f"From an edit committed to its new bytes at the origin, idle: {idle}; target p99 ≤ 100 ms."
    yield in_a_burst(port, folder)
    yield (
        f"The web server's processes hold {memory_idle / 1024:.0f} MiB (PSS) after start and "
        f"{house.memory_below(parts['web']) / 1024:.0f} MiB at the end (target ≤ 150 MiB)."
    )


def cases(port: int, profiles: int) -> list[Case]:
    slugs = [slug for (slug,) in rows("SELECT slug FROM profiles_profile ORDER BY id LIMIT 2000")]
    words = [name.split()[0] for (name,) in rows("SELECT name FROM profiles_revision ORDER BY id DESC LIMIT 2000")]
    turn = count()
    slug_of = lambda: slugs[next(turn) % len(slugs)]  # noqa: E731
    etag = tag_of(port, RICH)
    member = {**BROWSER, "Cookie": f"sessionid={session_of_a_member()}"}
    return [
        Case("bare view", 1000, lambda: Request("/bare/")),
        Case("the same without any middleware", 1000, lambda: Request("/barest/")),
        Case("the site's /livez, behind all middleware", 500, lambda: Request("/livez")),
        Case("hit", 1000, lambda: Request(RICH, BROWSER), 1.1),
        Case("304", 1000, lambda: Request(RICH, {**BROWSER, "If-None-Match": etag}, 304), 0.9),
        Case("miss: a profile of the demo", 100, lambda: forgetting(RICH), 8),
        Case("miss: a generated profile", 100, lambda: forgetting(f"/profiles/{slug_of()}/"), 8),
        Case("miss: list of 20", 60, lambda: forgetting("/profiles/"), 11),
        Case("miss: front page", 60, lambda: forgetting("/"), None),
        Case(
            f"search over {profiles:,} profiles, never asked before",
            60,
            lambda: Request(f"/profiles/?q={quote(words[next(turn) % len(words)])}", BROWSER),
            16,
            before=forget,
        ),
        Case("briefing, signed in", 200, lambda: Request(f"{RICH}briefing/", member), 12),
    ]


def forget() -> None:
    """Make every page one that has never been made."""
    from config.content import leap

    leap()


def tidy() -> None:
    """What a chore does every five seconds: without it, what each version is the sum of grows and grows."""
    from config.content import fold

    while one("SELECT count(*) > count(DISTINCT (kind, thing)) FROM config_contentchange"):
        fold()
    execute("VACUUM ANALYZE config_contentchange")


def forgetting(path: str) -> Request:
    forget()
    return Request(path, BROWSER)


def tag_of(port: int, path: str) -> str:
    with client.connections(port, 1) as (connection,):
        return connection.ask(Request(path, BROWSER))[0]["etag"]


def session_of_a_member() -> str:
    from django.test import Client
    from django.utils import timezone

    from accounts.access import tier_of
    from accounts.models import User
    from accounts.tiers import Tier

    member = next(u for u in User.objects.all() if tier_of(u, at=timezone.now()) == Tier.LEADERSHIP_ALLIANCE)
    browser = Client()
    browser.force_login(member)
    return str(browser.cookies["sessionid"].value)


def behind_nginx(site: int, folder: Path, rounds: int) -> Iterable[str]:
    """A kept page from nginx's own cache, beside the same bytes as a file."""
    if not nginx.program():
        yield "Behind nginx: not measured, for there is none here (NGINX names one)."
        return
    with client.connections(site, 1) as (connection,):
        page = connection.ask(Request(RICH, BROWSER))[1]
    port = free_port()
    with nginx.in_front_of(site, page=page, folder=folder / "nginx", port=port) as part:
        wanted = [
            Case("cached", 5000, lambda: Request(RICH, BROWSER)),
            Case("file", 5000, lambda: Request(nginx.FILE, BROWSER)),
        ]
        costs = in_turns(port, {"web": part.process.pid}, wanted, rounds)
    cached, file = costs["cached"].web, costs["file"].web
    yield (
        f"Behind nginx's cache a page costs nginx {cached:.3f} ms and us nothing; as a file it costs {file:.3f} ms: "
        f"{file / cached:.0%} of nginx static (target ≥ 75%)."
    )
    yield ""


# --- What it costs ----------------------------------------------------------------------------------------------------


def in_turns(port: int, parts: dict[str, int], wanted: Sequence[Case], rounds: int) -> dict[str, Cost]:
    """Ask each kind in turn, a few rounds of all of them, so that whatever else runs disturbs all alike."""
    spent: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    took: dict[str, list[float]] = defaultdict(list)
    for case in wanted:
        ask(port, case, case.number // 5)
    for number in range(rounds):
        say(f"Round {number + 1} of {rounds}.")
        for case in wanted:
            tidy()
            case.before()
            before = {name: house.processor_time(pid) for name, pid in parts.items()}
            took[case.name] += ask(port, case, case.number)
            for name, pid in parts.items():
                spent[case.name][name] += house.processor_time(pid) - before[name]
    return {case.name: _cost(spent[case.name], took[case.name]) for case in wanted}


def ask(port: int, case: Case, number: int) -> list[float]:
    # What was forgotten must be asked for before more is forgotten, so such a kind is asked one by one.
    alone = case.name.startswith("miss")
    with client.connections(port, 1 if alone else client.CONNECTIONS) as opened:
        if alone:
            return [took for _ in range(number) for took in client.ask_all(opened, [case.each()])]
        return client.ask_all(opened, [case.each() for _ in range(number)])


def _cost(spent: dict[str, float], took: list[float]) -> Cost:
    each = {name: 1000 * seconds / len(took) for name, seconds in spent.items()}
    ordered = sorted(1000 * seconds for seconds in took)
    return Cost(**each, p50=statistics.median(ordered), p99=ordered[int(0.99 * len(ordered))])


def edits_until_seen(port: int) -> Iterator[float]:
    """Edit, and ask again and again until the page says so; yield the seconds from the commit. Never ends by itself."""
    citation = one(
        "SELECT c.id FROM profiles_citation c JOIN profiles_profile p ON p.id = c.profile_id WHERE p.slug = 'ripe-ncc' LIMIT 1"
    )
    with client.connections(port, 1) as (connection,):
        for number in count():
            words = f"Edit {time.time_ns()} of {number}."
            execute("UPDATE profiles_citation SET establishes = %s WHERE id = %s", [words, citation])
            committed = time.perf_counter()
            while words.encode() not in shown(connection):
                pass
            yield time.perf_counter() - committed


def shown(connection: client.Connection) -> bytes:
    headers, body = connection.ask(Request(RICH, BROWSER))
    return bytes(brotli.decompress(body)) if headers.get("content-encoding") == "br" else body


def in_a_burst(port: int, folder: Path) -> str:
    """The same while others edit as fast as they can, and the worker grades what they edit."""
    say("A burst of edits.")
    with house.running("worker", "beat", folder=folder):
        settle()
        began = time.monotonic()
        with house.editing_all_over(folder, edits=BURST) as editors:
            seen = list(takewhile(lambda _: editors.poll() is None, edits_until_seen(port)))
        seconds = time.monotonic() - began
    rate = f"{BURST:,} edits elsewhere, {BURST / seconds:,.0f} a second"
    return f"The same in a burst of {rate}, graded meanwhile: {percentiles(seen)}; target p99 ≤ 250 ms."


def percentiles(seconds: Iterable[float]) -> str:
    ordered = sorted(1000 * one for one in seconds)
    return f"p50 {statistics.median(ordered):.1f}, p99 {ordered[int(0.99 * len(ordered))]:.1f} ms (n {len(ordered)})"


# --- The record -------------------------------------------------------------------------------------------------------


def write(table: str) -> None:
    text = RESULTS.read_text()
    head, _, rest = text.partition(BEGIN)
    _old, _, tail = rest.partition(END)
    RESULTS.write_text(f"{head}{BEGIN}\n{table}\n{END}{tail}")


if __name__ == "__main__":
    sys.exit(main())
