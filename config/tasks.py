"""Celery's doors into what is done again and again."""

from celery import shared_task

from config import chores
from config.aside import aside


@shared_task(name="config.tasks.do_chores", time_limit=600)
@aside
def do_chores() -> None:
    chores.run_due()
