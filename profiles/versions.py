"""Which content the pages of one profile show: see config/content.py for what a version is."""

from config import content
from config.content import PROFILE, REVISION, SHARED

# The row of a grading state is its own version, by the transaction that wrote it. So counting need not know, in the
# middle of grading, which profiles a batch holds. A related profile shows no more of its state than the score.
OF_PROFILE = f"""
    SELECT concat_ws('.',
        coalesce((SELECT sum(n) FROM config_contentchange WHERE kind = {SHARED} AND thing = 0), 0),
        coalesce((SELECT sum(n) FROM config_contentchange WHERE kind = {PROFILE} AND thing = profile.id), 0),
        coalesce((SELECT sum(n) FROM config_contentchange WHERE kind = {REVISION} AND thing = revision.id), 0),
        coalesce(state.xmin::text, ''),
        EXISTS (SELECT FROM profiles_mark mark WHERE mark.profile_id = profile.id)::int,
        (SELECT coalesce(hashtextextended(string_agg(concat(other.id, ' ', others.score), ',' ORDER BY other.id), 0), 0)
         FROM profiles_profile other JOIN profiles_gradingstate others ON others.profile_id = other.id
         WHERE other.slug = ANY(revision.related) AND other.live_revision_id IS NOT NULL AND other.withdrawn_at IS NULL))
    FROM profiles_profile profile
    JOIN profiles_revision revision ON revision.id = profile.live_revision_id
    LEFT JOIN profiles_gradingstate state ON state.profile_id = profile.id
    WHERE profile.slug = %(slug)s AND profile.withdrawn_at IS NULL"""  # noqa: S608  constants alone


def of_profile(slug: str) -> str | None:
    """The version of the pages of the live profile at this address; None where none lives here."""
    return content.ask(OF_PROFILE, slug=slug)
