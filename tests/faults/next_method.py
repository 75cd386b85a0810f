"""The next version of the method, as a release that changes a number brings it: `celery -A tests.faults.next_method`."""

import math

from celery.signals import worker_process_init

from config.celery import app
from profiles.grading import method

__all__ = ["NEXT", "SCORE", "adopt", "app"]

NEXT = method.METHOD_VERSION + 1
RIGHT = 0.75  # how often a direct source of Reliability B is right, says the next version
SCORE = "0.75"
WEIGHT = method.WEIGHT | {"B": -math.log1p(-RIGHT)}


def adopt(put=setattr):
    from profiles.grading import pipeline

    put(method, "WEIGHT", WEIGHT)
    put(method, "METHOD_VERSION", NEXT)
    put(pipeline, "METHOD_VERSION", NEXT)


@worker_process_init.connect
def adopt_in_a_worker(**_signal):
    adopt()
