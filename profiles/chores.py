"""What is done again and again for what is taken in."""

from datetime import timedelta

from config.chores import chore
from profiles import uploads
from profiles.intake import actions, links


@chore(every=timedelta(seconds=15))
def read_an_article() -> None:
    """Read what no message told of: Redis was away, or whoever was reading died."""
    actions.read_next()


@chore(every=timedelta(hours=6))
def forget_texts() -> None:
    actions.forget_texts()


@chore(every=timedelta(hours=1))
def forget_uploads() -> None:
    uploads.forget_old()


@chore(every=timedelta(minutes=1))
def check_links() -> None:
    if links.checks_links():
        links.check_links()
