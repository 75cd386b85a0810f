"""Servers and processes for one measurement: a durable PostgreSQL and a Redis of its own, gone afterwards."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config import embedded, env
from config.processes import Part, spawn, stop
from config.stack import PROCESSES

SCALE = 10  # of pgbench: a million accounts


@contextmanager
def servers() -> Iterator[Path]:
    """Start both servers, name them in the environment, and set Django up on an empty, migrated database."""
    folder = Path(tempfile.mkdtemp(prefix="assay-bench-"))
    folder.chmod(0o711)
    parts: list[Part] = []
    try:
        parts += _start(folder)
        _set_up(folder)
        yield folder
    finally:
        stop(parts)
        for rest in ((folder / "postgres").resolve(), folder, env.run_dir(folder)):
            shutil.rmtree(rest, ignore_errors=True)


def _start(folder: Path) -> list[Part]:
    # When each transaction committed is what the latencies are read from; the server learns to keep it at its start.
    first = embedded.start_postgres(folder)
    psql(folder, "ALTER SYSTEM SET track_commit_timestamp = on")
    stop([first])
    redis = embedded.start_redis(folder)
    return [embedded.start_postgres(folder), *([redis] if redis else [])]


def _set_up(folder: Path) -> None:
    mode = {"DATA_DIR": str(folder), "DEMO": "1", "SECRET_KEY": "for-a-benchmark-" * 4}
    own = env.read(mode)
    os.environ |= {
        **mode,
        "DATABASE_URL": own.database_url,
        "REDIS_URL": own.redis_url,
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def psql(folder: Path, statement: str) -> str:
    program = embedded.postgres_programs() / "psql"
    asked = [program, *_to(folder), "-qAt", "-c", statement, "assay"]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout


def _to(folder: Path) -> list[str]:
    return ["-h", str(env.run_dir(folder) / "pg"), "-U", "assay"]


def pgbench(folder: Path, seconds: int) -> float:
    """Return the transactions a second of pgbench's simple-update with two clients, on this very server."""
    program = str(embedded.postgres_programs() / "pgbench")
    if "pgbench_accounts" not in psql(folder, "SELECT tablename FROM pg_tables"):
        subprocess.run([program, *_to(folder), "-i", "-q", "-s", str(SCALE), "assay"], check=True, capture_output=True)
    asked = [program, *_to(folder), "-N", "-n", "-c", "2", "-j", "2", "-T", str(seconds), "assay"]
    said = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    return float(next(line.split()[2] for line in said.splitlines() if line.startswith("tps")))


@contextmanager
def editing_all_over(folder: Path, *, edits: int, clients: int = 4) -> Iterator[subprocess.Popen[bytes]]:
    """Edit citations anywhere, one a transaction, as fast as that many writers can."""
    program = str(embedded.postgres_programs() / "pgbench")
    script = folder / "edits.sql"
    last = psql(folder, "SELECT max(id) FROM profiles_citation").strip()
    edit = "UPDATE profiles_citation SET credibility = 1 + credibility % 6 WHERE id = :one;"
    script.write_text(f"\\set one random(1, {last})\n{edit}\n")
    size = ["-n", "-c", str(clients), "-t", str(edits // clients)]
    process = subprocess.Popen([program, *_to(folder), *size, "-f", str(script), "assay"], stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextmanager
def running(*names: str, folder: Path) -> Iterator[list[Part]]:
    """Run these processes of the site (`worker`, `beat`, `web`) as `make run` does."""
    parts = [
        spawn(name, [sys.executable, *PROCESSES[name]], folder / "logs" / f"{name}.log", environ=_environ(name))
        for name in names
    ]
    try:
        yield parts
    finally:
        for part in parts:
            part.ask_to_stop()
        for part in parts:
            part.wait_or_kill(5)


def _environ(name: str) -> dict[str, str]:
    return {**os.environ, "ASSAY_PROCESS": name}


def memory_of(part: Part) -> dict[int, int]:
    """Return the proportional memory, in KiB, of each child of a process."""
    return {pid: _proportional(pid) for pid in _children(part.process.pid)}


def _proportional(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def hear_the_end() -> None:
    """Let SIGTERM leave through `finally`, so that no server outlives us."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


# --- What processes use -----------------------------------------------------------------------------------------------


def postmaster(folder: Path) -> int:
    return int(embedded.postmaster_line((folder / "postgres").resolve(), 0))


def redis_server(folder: Path) -> int:
    import redis

    with redis.Redis.from_url(env.embedded_redis(folder)) as server:
        return int(server.info("server")["process_id"])


def processor_time(pid: int) -> float:
    """Return the seconds of processor time that a process and everything below it has used so far."""
    # What has ended is in the account of its parent, in hundredths of a second; the living tell it to the nanosecond.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ended = sum(map(int, fields[13:15])) / os.sysconf("SC_CLK_TCK")
    return ended + sum(time.clock_gettime(_clock_of(one)) for one in [pid, *_below(pid)])


def _clock_of(pid: int) -> int:
    # As the kernel numbers them. It counts threads that have ended, of which /proc says nothing any more.
    return ~pid << 3 | 2


def memory_below(pid: int) -> int:
    """Return the proportional memory, in KiB, of a process and everything below it."""
    return sum(_proportional(one) for one in [pid, *_below(pid)])


def memory_by_process(pid: int) -> dict[int, int]:
    return {one: _proportional(one) // 1024 for one in [pid, *_below(pid)]}


def _below(pid: int) -> list[int]:
    children = _children(pid)
    return children + [one for child in children for one in _below(child)]
