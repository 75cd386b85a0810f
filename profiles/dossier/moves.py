"""What else an import moves: the live profiles that rest on the shared rows it changed."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection

from profiles.dossier.load import Loaded
from profiles.grading import reading
from profiles.grading.method import grade_profile
from profiles.grading.pipeline import today
from profiles.models import Profile

RESTING = """
    WITH RECURSIVE reached (id) AS (
        SELECT id FROM profiles_source WHERE id = ANY(%(sources)s) OR publisher_id = ANY(%(publishers)s)
        UNION
        SELECT derivation.source_id FROM reached
        JOIN profiles_derivation derivation ON derivation.origin_id = reached.id AND derivation.draft_of_id IS NULL)
    SELECT DISTINCT citation.profile_id FROM reached JOIN profiles_citation citation ON citation.source_id = reached.id"""


@dataclass(frozen=True, slots=True)
class Move:
    """A profile that rests on what changed: its score as it stands, and as it will be."""

    slug: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.slug}: {self.before}" + (f" → {self.after}" if self.after != self.before else " (stays)")


def others_resting_on(loaded: Loaded) -> list[Profile]:
    """Return the live profiles, other than the one imported, that rest on a shared row that changed."""
    if not loaded.publishers and not loaded.sources:
        return []
    ids = resting_on(sources=loaded.sources, publishers=loaded.publishers)
    return list(Profile.objects.published().filter(pk__in=ids).exclude(pk=loaded.profile.pk).order_by("slug"))


def resting_on(*, sources: Iterable[int] = (), publishers: Iterable[int] = ()) -> list[int]:
    """Return the profiles that rest on these sources and publishers, directly or through what repeats them."""
    with connection.cursor() as cursor:
        cursor.execute(RESTING, {"sources": list(sources), "publishers": list(publishers)})
        return [row[0] for row in cursor.fetchall()]


def moves_of(profiles: Iterable[Profile]) -> list[Move]:
    """Grade these as the evidence stands in this transaction, and compare with the grades that readers see."""
    found = Profile.objects.select_related("state").in_bulk([profile.pk for profile in profiles])
    moves, day = [], today()
    for case in reading.cases(list(found)):
        profile = found[case.profile_id]
        verdict = grade_profile(case.judgements, evidence=case.evidence, on=day, known=case.known)
        before = profile.state.score
        moves.append(
            Move(profile.slug, "not graded yet" if before is None else f"{before:.2f}", f"{verdict.score:.2f}")
        )
    return sorted(moves, key=lambda move: move.slug)
