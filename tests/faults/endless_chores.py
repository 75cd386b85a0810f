"""Chores that come to no end: `celery -A tests.faults.endless_chores`."""

import time
from pathlib import Path

from celery.signals import worker_process_init
from django.conf import settings

from config.celery import app

__all__ = ["BEGUN", "app"]

BEGUN = Path(settings.DATA_DIR) / "endless-chores"
LONG = 500.0  # seconds, more than any test waits


def begin():
    with BEGUN.open("a") as begun:
        begun.write("x")
    time.sleep(LONG)


@worker_process_init.connect
def adopt_in_a_worker(**_signal):
    from config import chores

    chores.run_due = begin
