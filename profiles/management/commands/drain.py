import logging
import signal
import threading
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection
from django.db.utils import InterfaceError, OperationalError

from config import chores
from profiles import actions
from profiles.grading import pipeline

log = logging.getLogger(__name__)

PAUSE = 5.0  # seconds between two looks: without Redis this is how long an edit may wait


class Command(BaseCommand):
    help = "Publish what is due and grade whatever is pending, without Celery."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--loop", action="store_true", help="look again every few seconds until stopped, and do chores"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["loop"]:
            self.stdout.write(f"{drain()} graded.")
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        beside = threading.Thread(target=_do_chores, args=[stop], daemon=True)
        beside.start()  # a mail server that does not answer must not keep a grade waiting
        _again_and_again(_look, stop)
        beside.join(PAUSE)


def drain() -> int:
    """Publish what is due, then grade until nothing is pending; return how many profiles were graded."""
    actions.publish_due()
    total = 0
    while graded := pipeline.sweep():
        total += graded
    return total


def _look() -> None:
    actions.publish_due()
    pipeline.sweep()
    pipeline.swept()


def _do_chores(stop: threading.Event) -> None:
    _again_and_again(chores.run_due, stop)
    connection.close()


def _again_and_again(look: Callable[[], object], stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            look()
        except (OperationalError, InterfaceError) as error:
            log.warning("The database did not answer (%s); trying again.", str(error).strip())
            connection.close()
        stop.wait(PAUSE)
