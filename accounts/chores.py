"""What the accounts need done again and again."""

from datetime import timedelta

from accounts import closing
from config.chores import chore


@chore(every=timedelta(hours=1))
def close_accounts() -> int:
    return closing.close_due()
