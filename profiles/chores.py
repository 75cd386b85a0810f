"""What must be done for the profiles again and again; found by itself."""

from datetime import timedelta

from config.chores import chore
from profiles import contact, figures, uploads, usage
from profiles.intake import actions, links


@chore(every=timedelta(hours=6))
def forget_old_addresses() -> None:
    """Tickets that ended half a year ago lose name and address."""
    contact.forget_old()


@chore(every=timedelta(minutes=1))
def render_figures() -> None:
    """Renditions that no worker was told of: a figure from a dossier, or one uploaded while Redis was away."""
    figures.render_some()


@chore(every=timedelta(hours=6))
def clear_figures() -> None:
    """Figures that no text has used for a month, and their files."""
    figures.clear()


@chore(every=timedelta(minutes=5))
def store_counts() -> None:
    """How often pages and briefings were opened, from Redis into the database."""
    usage.store_counts()


# --- What is taken in -------------------------------------------------------------------------------------------------


@chore(every=timedelta(seconds=15))
def read_an_article() -> None:
    """Read what no message told of: Redis was away, whoever was reading died, or there was other work to be done."""
    if actions.read_next() and actions.another_waits():
        actions.tell_worker()


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
