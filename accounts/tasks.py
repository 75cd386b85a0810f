"""Celery's door: one question to a registry or to DNS for each message. Which one stands in PostgreSQL."""

from celery import shared_task

from accounts.applications import evidence
from config.aside import aside


@shared_task(name="accounts.tasks.look_at_evidence")
@aside
def look_at_evidence() -> None:
    evidence.look_at_next()
