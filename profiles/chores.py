"""What must be done for the profiles again and again; found by itself."""

from datetime import timedelta

from config.chores import chore
from profiles import contact


@chore(every=timedelta(hours=6))
def forget_old_addresses() -> None:
    """Tickets that ended half a year ago lose name and address."""
    contact.forget_old()
