"""Celery as never-stale.md runs it: a message is only a nudge; what must be graded stands in PostgreSQL."""

import gc
import logging
import os
import sys
from collections.abc import Callable
from queue import Empty
from typing import Any

from celery import Celery
from celery.beat import ScheduleEntry, Scheduler
from celery.schedules import crontab
from celery.signals import task_postrun, task_prerun, worker_process_init
from django.conf import settings
from django.db import close_old_connections
from kombu.exceptions import OperationalError
from kombu.transport import redis as transport
from redis import RedisError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

log = logging.getLogger(__name__)

PATIENT = settings.PROCESS in {"worker", "beat"}  # nobody waits for these
SWEEP_SECONDS = 0.5  # an edit by plain SQL waits this long at most; an edit on the desk is nudged and does not wait
CHORES_SECONDS = 5.0
EVIDENCE_SECONDS = 5.0  # one question each time: a slow registry keeps one process, and only for ten seconds
NO_MESSAGE = (ValueError, TypeError, LookupError, AttributeError, RecursionError)  # what misreading one raises
WAITING_MESSAGES_MAX = 20  # beyond this nobody is taking them, and another one would say nothing new


class ModestScheduler(Scheduler):
    """Beat that stops talking when nobody listens: without a worker the queue would grow by two messages a second."""

    def apply_async(self, entry: ScheduleEntry, *args: object, **kwargs: object) -> object:
        return super().apply_async(entry, *args, **kwargs) if self._somebody_listens() else None

    def _somebody_listens(self) -> bool:
        try:
            with self.app.pool.acquire(block=True) as connection:
                queue = self.app.conf.task_default_queue
                return bool(connection.default_channel.client.llen(queue) < WAITING_MESSAGES_MAX)
        except (OperationalError, RedisError, OSError) as error:
            log.warning("Redis is away (%s); the drain loop grades meanwhile.", error)
            return False


class SturdyChannel(transport.Channel):
    """A channel that drops whatever is no message of ours: kombu's own would end the worker, and a nudge carries no work."""

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[no-untyped-call]
        except NO_MESSAGE as error:
            log.warning("What lay in the queue is no message (%r); dropped.", error)
            raise Empty from None

    def basic_consume(
        self, queue: str, no_ack: bool, callback: Callable[[Any], None], consumer_tag: str, **options: Any
    ) -> Any:
        def receive(message: Any) -> None:
            try:
                callback(message)
            except NO_MESSAGE as error:
                # Left as it is, it would count as work in progress, and the worker would wait for itself.
                log.warning("A message asks for nothing we know (%r); dropped.", error)
                message.reject()

        return super().basic_consume(queue, no_ack, receive, consumer_tag, **options)  # type: ignore[no-untyped-call]


transport.Transport.Channel = SturdyChannel

app = Celery("assay")
app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # a worker that gave up would be alive and grade nothing
    broker_transport_options={
        "visibility_timeout": 300,
        "unacked_restore_throttle": 1,
        "socket_timeout": 10 if PATIENT else 1,
        "socket_connect_timeout": 1,
        "max_retries": None if PATIENT else 0,  # kombu's own are four seconds, in which somebody waits for a save
        "socket_keepalive": True,
    },
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_publish_retry=False,
    task_serializer="json",
    accept_content=["json"],
    task_time_limit=20,
    task_default_queue="assay",
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=10_000,  # for each new one the grading stands still for a fifth of a second
    worker_max_memory_per_child=400_000,
    worker_hijack_root_logger=False,
    worker_soft_shutdown_timeout=10,
    timezone="UTC",
    beat_scheduler="config.celery:ModestScheduler",
    beat_max_loop_interval=SWEEP_SECONDS,
    beat_schedule={
        "sweep": {"task": "profiles.grading.tasks.sweep", "schedule": SWEEP_SECONDS},
        "chores": {"task": "config.tasks.do_chores", "schedule": CHORES_SECONDS},
        "evidence": {"task": "accounts.tasks.look_at_evidence", "schedule": EVIDENCE_SECONDS},
        "audit": {"task": "profiles.grading.tasks.audit", "schedule": crontab(hour=3, minute=17)},
    },
)
# By itself Celery connects anew for each message, to a server that then knows none of our tables: half of an edit's way to
# its grade. The name is from before its settings were in small letters.
app.conf.CELERY_DB_REUSE_MAX = sys.maxsize
app.autodiscover_tasks(["profiles.grading", "profiles.intake", "profiles", "config", "accounts"])


@task_prerun.connect
@task_postrun.connect
def keep_connections_that_work(**_: object) -> None:
    """As Django does around a request: a connection goes when it is old, or when something went wrong on it."""
    close_old_connections()


@worker_process_init.connect
def spare_the_collector(**_: object) -> None:
    # Going through all of Django again and again took a tenth of the grading.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
