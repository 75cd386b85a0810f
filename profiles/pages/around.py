"""What stands around a profile in other tables, read in one question: six of them took longer than the rest of the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from config import prepared
from profiles.models import Correction, Judgement, Profile, Revision

AROUND = """
    SELECT
        (SELECT json_agg(json_build_array(value.facet, term.slug, term.name, value.rationale))
         FROM profiles_facetvalue value JOIN profiles_term term ON term.id = value.term_id
         WHERE value.revision_id = %(revision)s),
        (SELECT json_agg(json_build_object('id', id, 'key', key, 'position', position, 'essential', essential,
                                           'lasting', lasting) ORDER BY position, id)
         FROM profiles_judgement WHERE profile_id = %(profile)s AND key = ANY(%(stated)s::text[])),
        (SELECT json_agg(json_build_array(citation_id, judgement_id))
         FROM profiles_judgementcitation WHERE profile_id = %(profile)s),
        (SELECT json_agg(json_build_array(said.id, said.on, said.text, later.id, later.on) ORDER BY said.on DESC, said.id DESC)
         FROM profiles_correction said LEFT JOIN profiles_correction later ON later.id = said.superseded_by_id
         WHERE said.profile_id = %(profile)s),
        (SELECT json_agg(json_build_array(other.slug, text.name, text.kind, state.score::text))
         FROM profiles_profile other JOIN profiles_revision text ON text.id = other.live_revision_id
         LEFT JOIN profiles_gradingstate state ON state.profile_id = other.id
         WHERE other.slug = ANY(%(related)s::text[]) AND other.withdrawn_at IS NULL)"""


@dataclass(frozen=True, slots=True)
class Filed:
    """One answer to a facet."""

    facet: str
    slug: str
    term: str
    rationale: str


@dataclass(frozen=True, slots=True)
class Related:
    """A live profile that this one names."""

    slug: str
    name: str
    kind: str
    score: str | None


@dataclass(frozen=True, slots=True)
class Around:
    """The judgements in page order, which of them rest on which citation, and what else one page needs of others."""

    filed: Sequence[Filed]
    judgements: Sequence[Judgement]
    resting: Mapping[int, Sequence[Judgement]]  # by citation
    corrections: tuple[Correction, ...]
    related: Sequence[Related]


def read_around(profile: Profile, text: Revision) -> Around:
    asked: dict[str, Any] = {"stated": list(text.statements), "related": text.related}
    (told,) = prepared.rows(AROUND, profile=profile.pk, revision=text.pk, **asked)
    filed, judged, links, corrections, related = (found or [] for found in told)
    judgements = [Judgement(profile=profile, **one) for one in judged]
    return Around(
        filed=[Filed(*one) for one in filed],
        judgements=judgements,
        resting=_resting(judgements, links),
        corrections=tuple(_correction(profile, *one) for one in corrections),
        related=sorted((Related(*one) for one in related), key=lambda one: text.related.index(one.slug)),
    )


def _resting(judgements: Sequence[Judgement], links: Sequence[tuple[int, int]]) -> dict[int, list[Judgement]]:
    citations: dict[int, list[int]] = {}
    for citation, judgement in links:
        citations.setdefault(judgement, []).append(citation)
    resting: dict[int, list[Judgement]] = {}
    for one in judgements:
        for citation in citations.get(one.pk, ()):
            resting.setdefault(citation, []).append(one)
    return resting


def _correction(profile: Profile, id: int, on: str, text: str, later_id: int | None, later_on: str) -> Correction:
    later = Correction(id=later_id, on=date.fromisoformat(later_on)) if later_id else None
    return Correction(id=id, profile=profile, on=date.fromisoformat(on), text=text, superseded_by=later)
