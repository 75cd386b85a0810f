"""What the accounts need done again and again."""

from datetime import timedelta

from django.utils import timezone

from accounts import closing
from accounts.applications import actions, documents, renewal
from config.chores import chore


@chore(every=timedelta(hours=1))
def close_accounts() -> int:
    return closing.close_due()


@chore(every=timedelta(hours=1))
def look_after_applications() -> None:
    """End applications whose applicant no longer answers, remind managers of memberships that end, and forget documents."""
    actions.expire_unanswered(at=timezone.now())
    renewal.remind(at=timezone.now())
    documents.forget_old(at=timezone.now())
