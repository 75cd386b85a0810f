"""Celery's door into the intake. A message carries no work, so doubling or losing one does no harm."""

from celery import shared_task

from config.aside import aside
from profiles.intake import actions


@shared_task(name="profiles.intake.tasks.read_waiting", time_limit=60)
def read_waiting() -> None:
    """Read one article, and come back for the next: grading has its turn in between."""
    if aside(actions.read_next)():
        read_waiting.delay()
