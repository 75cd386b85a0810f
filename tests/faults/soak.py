"""`make soak MINUTES=30`: random edits, crashes, kills, stops and flushes on servers of its own, then what is wrong, if anything.

On a database of its own, which is thrown away: on the server of DATABASE_URL if that is set, else on an embedded one.
"""

import os
import random
import secrets
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import django
import psycopg

from config import embedded, env
from config.processes import Unavailable, last_lines, stop
from config.stack import hear_signals

MINUTES = 5.0


def main(arguments):
    minutes = float(arguments[0]) if arguments else MINUTES
    seed = int(arguments[1]) if len(arguments) > 1 else random.randrange(1_000_000)
    hear_signals()
    print(f"Soaking for {minutes:g} minutes with SEED={seed}.", flush=True)
    try:
        with ExitStack() as stack:
            folder = stack.enter_context(folder_of_its_own())
            redis_url = start_servers(folder, stack)
            return tell(soak(minutes, seed, redis_url, folder), folder)
    except Unavailable as error:
        sys.exit(f"assay: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


@contextmanager
def folder_of_its_own():
    folder = Path(tempfile.mkdtemp(prefix="assay-soak-"))
    folder.chmod(0o711)  # root's PostgreSQL passes through as another user
    try:
        yield folder
    finally:
        for part in ((folder / "postgres").resolve(), folder, env.run_dir(folder)):
            shutil.rmtree(part, ignore_errors=True)


def start_servers(folder, stack):
    """Set the environment up for the settings, which nothing has read yet; return where Redis is, if there is one."""
    server = os.environ.get("DATABASE_URL")
    for name in env.NAMES:
        os.environ.pop(name, None)
    os.environ.update(DATA_DIR=str(folder), SECRET_KEY=secrets.token_urlsafe(50))
    os.environ.update(DJANGO_SETTINGS_MODULE="config.settings", ASSAY_PROCESS="command")
    if server:
        os.environ["DATABASE_URL"] = stack.enter_context(database_of_its_own(server))
    else:
        start(embedded.start_postgres(folder, durable=False), stack)
    return env.embedded_redis(folder) if start(embedded.start_redis(folder, durable=False), stack) else None


def start(part, stack):
    if part:
        stack.callback(stop, [part])
    return part


@contextmanager
def database_of_its_own(url):
    name = f"assay_soak_{secrets.token_hex(4)}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(url)._replace(path=f"/{name}").geturl()
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def soak(minutes, seed, redis_url, folder):
    subprocess.run([sys.executable, "manage.py", "migrate", "--no-input", "-v0"], check=True)
    django.setup()
    from tests.faults.storm import storm  # it needs the models

    return storm(seconds=minutes * 60, seed=seed, redis_url=redis_url, folder=folder)


def tell(tally, folder):
    """Print what happened; return the exit code, which is 1 if anything is wrong."""
    counts = {"edits": tally.edits.total(), "deadlocks": tally.refused.pop("DeadlockDetected", 0)}
    counts |= {f"refused: {why}": count for why, count in tally.refused.most_common()}
    counts |= {**tally.done, "crash in a grading": tally.crashes, "grades": tally.grades, "wrong": len(tally.wrongs)}
    for what, count in counts.items():
        print(f"{what:<32}{count:>8}")
    if tally.wrongs:
        print(*tally.wrongs, "", "The last words of those who graded:", last_lines(folder / "log", 40), sep="\n")
    return 1 if tally.wrongs else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
