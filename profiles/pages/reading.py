"""A live profile with what hangs on it by one: its text, who wrote it, its figure and its grade, in one question."""

from collections.abc import Iterator
from typing import Any

from config import prepared
from config.prepared import Columns
from profiles.models import Figure, GradingState, Person, Profile, Revision
from profiles.public import not_live

PROFILE = Columns(Profile, "profile")
# The words it is found by are half of its bytes, and no page shows them.
TEXT = Columns(Revision, "text", but=["words"])
STATE = Columns(GradingState, "state")
AUTHOR, REVIEWER = Columns(Person, "author"), Columns(Person, "reviewer")
FIGURE = Columns(Figure, "figure")
LIVE = f"""
    SELECT EXISTS (SELECT FROM profiles_mark mark WHERE mark.profile_id = profile.id),
           {PROFILE.sql}, {TEXT.sql}, {STATE.sql}, {AUTHOR.sql}, {REVIEWER.sql}, {FIGURE.sql}
    FROM profiles_profile profile
    JOIN profiles_revision text ON text.id = profile.live_revision_id
    LEFT JOIN profiles_gradingstate state ON state.profile_id = profile.id
    LEFT JOIN profiles_person author ON author.id = text.author_id
    LEFT JOIN profiles_person reviewer ON reviewer.id = text.reviewer_id
    LEFT JOIN profiles_figure figure ON figure.id = text.figure_id
    WHERE profile.slug = %(slug)s AND profile.withdrawn_at IS NULL"""  # noqa: S608  columns of ours alone


def read_profile(slug: str) -> Profile:
    """Return the live profile, and in `updating` whether it waits to be graded; raise as `public.profile_at` does."""
    found = prepared.rows(LIVE, slug=slug)
    if not found:
        raise not_live(slug)
    updating, *row = found[0]
    return _profile(iter(row), updating)


def _profile(row: Iterator[Any], updating: bool) -> Profile:
    profile, text, state = PROFILE.next(row), TEXT.next(row), STATE.next(row)
    assert profile is not None
    assert text is not None
    text.author, text.reviewer, text.figure = AUTHOR.next(row), REVIEWER.next(row), FIGURE.next(row)
    profile.live_revision = text
    if state is not None:
        profile.state = state
    profile.updating = updating  # type: ignore[attr-defined]
    return profile
