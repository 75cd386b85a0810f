"""Celery's doors: look up, call the pipeline, stop. A message carries no work, so doubling or losing one does no harm."""

import logging

from celery import shared_task

from config.aside import aside
from profiles import actions
from profiles.grading import pipeline

log = logging.getLogger(__name__)


@shared_task(name="profiles.grading.tasks.sweep")
def sweep() -> None:
    pipeline.heard()
    pipeline.sweep()
    actions.publish_due()  # last, for somebody may wait for the grade; whatever goes up brings a nudge of its own
    pipeline.swept()


@shared_task(name="profiles.grading.tasks.audit", time_limit=3600)
@aside
def audit() -> None:
    for difference in pipeline.audit():
        log.error("Audit: %s", difference)
