"""What is done again and again: notice what happened, and post what is to be told of it."""

from datetime import timedelta

from django.utils import timezone

from briefings.alerts import news, planning
from config.chores import chore


@chore(every=timedelta(seconds=10))
def tell() -> int:
    """Return how many mails were posted."""
    now = timezone.now()
    news.notice(at=now)
    return planning.plan_alerts(at=now) + planning.plan_newsletter(at=now)


@chore(every=timedelta(hours=1))
def tidy() -> None:
    planning.tidy(at=timezone.now())
