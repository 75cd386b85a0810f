"""The real processes on the test's own database: a Celery worker over Redis, and the drain loop that needs neither."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from urllib.parse import quote, urlencode

from django.db import connection

PATIENCE = 30.0  # seconds; what is checked is the outcome, not the speed


@contextmanager
def running(*command, **environment):
    """A process of ours on the test's own database, in a group of its own so that all of it can be stopped."""
    env = os.environ | {"DATABASE_URL": database_of_the_test(), **environment}
    process = subprocess.Popen([sys.executable, "-m", *command], env=env, start_new_session=True)
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def database_of_the_test():
    to = connection.settings_dict
    where = {"host": to["HOST"], **({"port": to["PORT"]} if to["PORT"] else {})}
    who = quote(to["USER"]) + (f":{quote(to['PASSWORD'])}" if to["PASSWORD"] else "")
    return f"postgresql://{who}@/{to['NAME']}?{urlencode(where)}"


def worker(**environment):
    options = ["--loglevel=WARNING", "--concurrency=1", "--without-mingle", "--without-gossip", "--pool=prefork"]
    return running("celery", "-A", "config", "worker", *options, ASSAY_PROCESS="worker", **environment)


def drain_loop(**environment):
    return running("django", "drain", "--loop", "--skip-checks", ASSAY_PROCESS="drain", **environment)


def wait_until(true, *, patience=PATIENCE):
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen")
