"""Workers that crash: in one grading of ten the process kills itself, with the marks taken and nothing written yet.

For Celery this is an app like `config`; by itself it is the drain loop.
"""

import os
import random
import signal
import sys
from pathlib import Path

from config.celery import app
from profiles.grading import reading

__all__ = ["app"]

ODDS = 0.1
FOLDER = "CRASHES_NOTED_IN"  # each crash adds a line to `crashes` there, and whatever is said goes to `log`

chance = random.SystemRandom()  # a worker's children would all inherit one seed
read = reading.cases


def crash():
    with (folder / "crashes").open("a") as notes:
        notes.write(f"{os.getpid()}\n")
    os.kill(os.getpid(), signal.SIGKILL)


def speak_into(log):
    for stream in (sys.stdout, sys.stderr):
        os.dup2(log.fileno(), stream.fileno())


def read_or_crash(profile_ids):
    crashes_at = chance.choice(["the start", "the end"]) if chance.random() < ODDS else ""
    if crashes_at == "the start":
        crash()
    yield from read(profile_ids)
    if crashes_at == "the end":
        crash()


folder = Path(os.environ[FOLDER])
speak_into((folder / "log").open("a"))
reading.cases = read_or_crash

if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    execute_from_command_line([*sys.argv, "drain", "--loop", "--skip-checks"])
