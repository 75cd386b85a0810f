"""What is done again and again for articles that are taken in."""

from datetime import timedelta

from config.chores import chore
from profiles.intake import actions


@chore(every=timedelta(seconds=15))
def read_an_article() -> None:
    """Read what no message told of: Redis was away, or whoever was reading died."""
    actions.read_next()


@chore(every=timedelta(hours=6))
def forget_texts() -> None:
    actions.forget_texts()
