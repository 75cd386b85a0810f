"""The real processes on the test's own database: Celery workers over Redis, beat, and the drain loop that needs neither."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
import redis
from django.db import connection

from config import cache, embedded, env
from config.celery import app
from config.processes import die_with_parent
from profiles.grading import pipeline

PATIENCE = 120.0  # seconds; what is checked is the outcome, not the speed
SERVED_BY_POSTGRES = 5432
POOL_OF_ONE = ["--loglevel=WARNING", "--concurrency=1", "--without-mingle", "--without-gossip", "--pool=prefork"]


# --- Processes --------------------------------------------------------------------------------------------------------


@contextmanager
def running(*command, **environment):
    """A process of ours on the test's own database, in a group of its own so that all of it can be stopped."""
    env = os.environ | {"DATABASE_URL": database_of_the_test(), **environment}
    process = spawn([sys.executable, "-m", *command], env=env)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):  # it may have ended by itself, which is for the test to notice
            tell(process, signal.SIGKILL)
        process.wait()


def spawn(command, **options):
    # A run of the tests that is killed takes nobody along by itself, and whoever is left keeps their database in use.
    die_too = partial(die_with_parent, signal.SIGKILL)
    return subprocess.Popen(command, start_new_session=True, preexec_fn=die_too, **options)


def worker(*options, app="config", **environment):
    return running("celery", "-A", app, "worker", *POOL_OF_ONE, *options, ASSAY_PROCESS="worker", **environment)


def beat(**environment):
    return running(
        "celery", "-A", "config", "beat", "--loglevel=WARNING", "--pidfile=", ASSAY_PROCESS="beat", **environment
    )


def drain_loop(**environment):
    return running("django", "drain", "--loop", "--skip-checks", ASSAY_PROCESS="drain", **environment)


def impatient_drain_loop(**environment):
    return running("tests.faults.impatient", ASSAY_PROCESS="drain", **environment)


def tell(process, number):
    """Send a signal to the process and to all it has started."""
    os.killpg(process.pid, number)


def children(process):
    """The numbers of the processes that this one has started: for a worker, those that grade."""
    told = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(number) for number in told.split()]


def wait_until(true, *, what="it", patience=PATIENCE):
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if true():
            return
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen")


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


def database_of_the_test(*, port=None, **options):
    """The address of the test's own database, at its server or behind a door on that port."""
    to = connection.settings_dict
    where = {"host": to["HOST"], **({"port": to["PORT"]} if to["PORT"] else {})}
    if port:
        where = {"host": "127.0.0.1", "port": port}
    who = quote(to["USER"]) + (f":{quote(to['PASSWORD'])}" if to["PASSWORD"] else "")
    return f"postgresql://{who}@/{to['NAME']}?{urlencode({**where, **options})}"


# A worker's own timeouts, the one that a zombie loses its lock by made short.
IMPATIENT = "-c statement_timeout=20s -c idle_in_transaction_session_timeout=1s"


def door_of_postgres():
    """Where the test's own server listens, for a door to stand before it."""
    to = connection.settings_dict
    if to["HOST"].startswith("/"):
        return f"{to['HOST']}/.s.PGSQL.{to['PORT'] or SERVED_BY_POSTGRES}"
    return to["HOST"] or "127.0.0.1", int(to["PORT"] or SERVED_BY_POSTGRES)


@contextmanager
def elsewhere():
    """A connection of somebody else, in a transaction of its own."""
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as other:
        yield other


@contextmanager
def held_at(table, mode):
    """Nobody gets past this table: whoever is grading stands still in the middle of it."""
    with elsewhere() as other:
        other.execute(f"LOCK TABLE {table} IN {mode} MODE")
        yield


OTHERS = "datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"


def others(*, having="true"):
    """How many other connections there are to the test's own database, in that state."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM pg_stat_activity WHERE {OTHERS} AND {having}")
        return cursor.fetchone()[0]


def somebody_stands_still():
    return others(having="wait_event_type = 'Lock'") > 0


def somebody_is_idle():
    return others(having="state = 'idle in transaction'") > 0


def end_the_others():
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OTHERS}")


# --- Redis ------------------------------------------------------------------------------------------------------------


class OwnRedis:
    """A Redis of the test's own, which can be emptied and killed without harm to anybody else."""

    def __init__(self, folder):
        self.path = Path(folder) / "redis.sock"
        self.url = f"unix://{self.path}"
        self.client = redis.Redis(unix_socket_path=str(self.path), socket_timeout=5)
        self.process = None
        self.start()

    def start(self):
        program = embedded.redis_program()
        assert program, "the tests of faults need a redis-server"
        options = [
            "--port",
            "0",
            "--unixsocket",
            self.path,
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            self.path.parent,
        ]
        self.process = spawn([program, *options], stdout=subprocess.DEVNULL)
        wait_until(lambda: embedded.ask_redis(self.path, b"PING") == b"+PONG")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def queue(self):
        """What is left of messages: those waiting and those taken and not yet done."""
        return self.client.llen("assay"), self.client.hlen("unacked"), self.client.zcard("unacked_index")


@contextmanager
def own_redis():
    folder = tempfile.mkdtemp(prefix="assay-redis-")  # not the test's own folder: the path of a socket must be short
    server = OwnRedis(folder)
    try:
        yield server
    finally:
        server.client.close()
        server.kill()
        shutil.rmtree(folder)


def let_the_site_use(url, *, settings, monkeypatch):
    """Point this process at another Redis: nudges, Celery's own connections and the cache."""
    settings.REDIS_URL = url
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": url}}
    monkeypatch.setattr(app.conf, "broker_url", env.broker_url(url))
    monkeypatch.setattr(app, "_pool", None)
    monkeypatch.setattr(app.amqp, "_producer_pool", None)
    monkeypatch.setattr(pipeline, "_silent_until", 0.0)
    monkeypatch.setattr(cache, "_silent_until", 0.0)
