"""From tables to evidence: what the method needs of many profiles, in a constant number of queries."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from django.db import connection

from profiles.grading.method import Evidence, Judgement, Link, SourceId


@dataclass(frozen=True, slots=True)
class Case:
    """One profile as the method sees it."""

    profile_id: int
    live: bool
    judgements: tuple[Judgement, ...]
    evidence: tuple[Evidence, ...]
    known: Mapping[SourceId, Link]


# A judgement counts from the revision that states it; before anything is published, all of them do.
PROFILES = """
    SELECT profile.id, profile.live_revision_id IS NOT NULL AND profile.withdrawn_at IS NULL,
           CASE WHEN revision.id IS NULL THEN NULL ELSE ARRAY(SELECT jsonb_object_keys(revision.statements)) END
    FROM profiles_profile profile LEFT JOIN profiles_revision revision ON revision.id = profile.live_revision_id
    WHERE profile.id = ANY(%s) ORDER BY profile.id"""
JUDGEMENTS = """
    SELECT profile_id, id, key, essential, lasting FROM profiles_judgement WHERE profile_id = ANY(%s) ORDER BY position, id"""
CITATIONS = """
    SELECT citation.profile_id, citation.source_id, citation.credibility, citation.stance, citation.direct,
           ARRAY(SELECT link.judgement_id FROM profiles_judgementcitation link WHERE link.citation_id = citation.id)
    FROM profiles_citation citation WHERE citation.profile_id = ANY(%s) ORDER BY citation.id"""
DERIVATIONS = """
    WITH RECURSIVE above AS (
        SELECT derivation.* FROM profiles_derivation derivation WHERE derivation.source_id = ANY(%s)
        UNION
        SELECT derivation.* FROM above JOIN profiles_derivation derivation ON derivation.source_id = above.origin_id)
    SELECT source_id, origin_id, draft_of_id FROM above ORDER BY source_id, position, id"""
SOURCES = """
    SELECT source.id, source.publisher_id::text, publisher.reliability, source.published_on
    FROM profiles_source source JOIN profiles_publisher publisher ON publisher.id = source.publisher_id
    WHERE source.id = ANY(%s)"""


class _Source(NamedTuple):
    id: int
    publisher: str
    reliability: str
    published: date | None


def cases(profile_ids: list[int]) -> Iterator[Case]:
    """Yield one case for each of these profiles that exists, in order of their ids."""
    profiles = _rows(PROFILES, profile_ids)
    judgements, citations = _by_profile(JUDGEMENTS, profile_ids), _by_profile(CITATIONS, profile_ids)
    cited = {row[1] for rows in citations.values() for row in rows}
    derivations = _rows(DERIVATIONS, list(cited))
    wanted = cited | {origin for _source, origin, _draft in derivations}
    sources = {row[0]: _Source(*row) for row in _rows(SOURCES, list(wanted))}
    everybodys = _links(derivations, sources, None)
    drafts = {draft for _source, _origin, draft in derivations if draft is not None}
    for profile_id, live, stated in profiles:
        known = _links(derivations, sources, profile_id) if profile_id in drafts else everybodys
        counting = [row for row in judgements[profile_id] if stated is None or row[2] in stated]
        evidence = [(row[5], _evidence(row, sources[row[1]], known)) for row in citations[profile_id]]
        yield _case(profile_id, live, counting, evidence, known)


def _case(
    profile_id: int,
    live: bool,
    judgements: list[Any],
    evidence: list[tuple[list[int], Evidence]],
    known: Mapping[SourceId, Link],
) -> Case:
    return Case(
        profile_id=profile_id,
        live=live,
        judgements=tuple(
            Judgement(key, tuple(one for ids, one in evidence if judgement_id in ids), essential, lasting)
            for _profile, judgement_id, key, essential, lasting in judgements
        ),
        evidence=tuple(one for _ids, one in evidence),
        known=known,
    )


def _evidence(row: Any, source: _Source, known: Mapping[SourceId, Link]) -> Evidence:
    _profile, source_id, credibility, stance, direct, _judgements = row
    return Evidence(
        id=source_id,
        reliability=source.reliability,
        credibility=credibility,
        stance=stance,
        published=source.published,
        direct=direct,
        derived_from=known[source_id].derived_from,
        publisher=source.publisher,
    )


def _links(derivations: list[Any], sources: dict[int, _Source], profile_id: int | None) -> dict[SourceId, Link]:
    # What was prepared on another profile's draft moves nobody else's grade.
    origins: dict[int, list[int]] = defaultdict(list)
    for source, origin, draft_of in derivations:
        if (draft_of is None or draft_of == profile_id) and origin not in origins[source]:
            origins[source].append(origin)
    return {id: Link(id, source.publisher, tuple(origins.get(id, ()))) for id, source in sources.items()}


def _by_profile(query: str, profile_ids: list[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in _rows(query, profile_ids):
        found[row[0]].append(row)
    return found


def _rows(query: str, ids: list[int]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, [ids])
        rows: list[Any] = cursor.fetchall()
        return rows
