"""Celery as never-stale.md runs it: a message is only a nudge; what must be graded stands in PostgreSQL."""

import os

from celery import Celery
from celery.beat import ScheduleEntry, Scheduler
from celery.schedules import crontab
from django.conf import settings
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

WAITING_MESSAGES_MAX = 20  # beyond this nobody is taking them, and another one would say nothing new


class ModestScheduler(Scheduler):
    """Beat that stops talking when nobody listens: without a worker the queue would grow by a message a second."""

    def apply_async(self, entry: ScheduleEntry, *args: object, **kwargs: object) -> object:
        if self._waiting() >= WAITING_MESSAGES_MAX:
            return None
        return super().apply_async(entry, *args, **kwargs)

    def _waiting(self) -> int:
        with self.app.connection_for_write() as connection:
            try:
                return int(connection.default_channel.client.llen(self.app.conf.task_default_queue))
            except (OperationalError, AttributeError):
                return 0


app = Celery("assay")
app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": 300,
        "unacked_restore_throttle": 1,
        "socket_timeout": 1 if settings.PROCESS in {"web", "command"} else 10,
        "socket_connect_timeout": 1,
        "socket_keepalive": True,
        "max_retries": 1 if settings.PROCESS in {"web", "command"} else None,
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
    worker_max_tasks_per_child=1000,
    worker_max_memory_per_child=400_000,
    worker_hijack_root_logger=False,
    worker_soft_shutdown_timeout=10,
    timezone="UTC",
    beat_scheduler="config.celery:ModestScheduler",
    beat_max_loop_interval=1,
    beat_schedule={
        "sweep": {"task": "profiles.grading.tasks.sweep", "schedule": 1.0},
        "audit": {"task": "profiles.grading.tasks.audit", "schedule": crontab(hour=3, minute=17)},
    },
)
app.autodiscover_tasks(["profiles.grading"])
