"""Which follow hears of which piece of news."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db import connection

from briefings.alerts.models import Follow, News
from profiles.models import FacetValue, Profile

# As the grading walks, but upwards: a profile rests on what it cites for or against, and on what that repeats.
RESTS_ON = """
    WITH RECURSIVE under (profile_id, source_id) AS (
        SELECT profile_id, source_id FROM profiles_citation WHERE profile_id = ANY(%s) AND stance <> 'context'
        UNION
        SELECT under.profile_id, derivation.origin_id FROM under
        JOIN profiles_derivation derivation
          ON derivation.source_id = under.source_id AND derivation.draft_of_id IS NULL)
    SELECT DISTINCT profile_id, publisher_id FROM under JOIN profiles_source source ON source.id = under.source_id"""


class Hearing:
    """Answers for some news which follow wants it; asks the database once, whatever the number of follows."""

    def __init__(self, news: Sequence[News]) -> None:
        self.news = news
        profile_ids = sorted({one.profile_id for one in news if one.profile_id})
        self.terms = _sets(_terms_of(profile_ids))
        self.publishers = _sets(_publishers_under(profile_ids))

    def heard_by(self, follow: Follow, *, after: int) -> list[News]:
        """What this follow is told of the news that came after that one, oldest first."""
        return [one for one in self.news if one.pk > after and self._wants(follow, one)]

    def _wants(self, follow: Follow, one: News) -> bool:
        if one.kind == News.Kind.LETTER:
            return not one.first and follow.publisher_id == one.publisher_id
        assert one.profile_id is not None
        if follow.profile_id:
            return not one.first and follow.profile_id == one.profile_id
        if follow.publisher_id:
            moved = one.kind == News.Kind.GRADE and not one.first
            return moved and follow.publisher_id in self.publishers[one.profile_id]
        # Under a term a new profile is news, with its briefing; what had been wrong before anybody could read it is not.
        filed = follow.term_id in self.terms[one.profile_id]
        return filed and not (one.first and one.kind == News.Kind.CORRECTION)


def _terms_of(profile_ids: list[int]) -> Iterable[tuple[int, int]]:
    live = Profile.objects.filter(pk__in=profile_ids).values("live_revision")
    values = FacetValue.objects.filter(revision__in=live)
    return values.values_list("revision__profile", "term") if profile_ids else []


def _publishers_under(profile_ids: list[int]) -> Iterable[tuple[int, int]]:
    if not profile_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(RESTS_ON, [profile_ids])
        found: list[tuple[int, int]] = cursor.fetchall()
        return found


def _sets(pairs: Iterable[tuple[int, int]]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for key, value in pairs:
        found[key].add(value)
    return found
