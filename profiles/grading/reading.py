"""From tables to evidence: what the method needs of many profiles, in a constant number of queries."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from config import prepared
from config.prepared import Question
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
    WHERE profile.id = ANY(%s::bigint[]) ORDER BY profile.id"""
JUDGEMENTS = """
    SELECT profile_id, id, key, essential, lasting FROM profiles_judgement WHERE profile_id = ANY(%s::bigint[]) ORDER BY position, id"""
SOURCE = "source.id, source.publisher_id::text, publisher.reliability, source.published_on"
CITATIONS = f"""
    SELECT citation.profile_id, citation.credibility, citation.stance, citation.direct,
           ARRAY(SELECT link.judgement_id FROM profiles_judgementcitation link WHERE link.citation_id = citation.id),
           {SOURCE}
    FROM profiles_citation citation
    JOIN profiles_source source ON source.id = citation.source_id
    JOIN profiles_publisher publisher ON publisher.id = source.publisher_id
    WHERE citation.profile_id = ANY(%s::bigint[]) ORDER BY citation.id"""  # noqa: S608  constants alone
# UNION, not UNION ALL: a ring of derivations ends. OFFSET 0: nobody can tell PostgreSQL how short the walk is, and it
# would read whole tables instead of looking up a few rows.
DERIVATIONS = f"""
    WITH RECURSIVE cited AS (
        SELECT DISTINCT source_id FROM profiles_citation WHERE profile_id = ANY(%s::bigint[])
    ), above AS (
        SELECT derivation.* FROM cited JOIN LATERAL (
            SELECT * FROM profiles_derivation WHERE source_id = cited.source_id OFFSET 0) AS derivation ON true
        UNION
        SELECT derivation.* FROM above JOIN LATERAL (
            SELECT * FROM profiles_derivation WHERE source_id = above.origin_id OFFSET 0) AS derivation ON true)
    SELECT above.source_id, above.draft_of_id, origin.* FROM above JOIN LATERAL (
        SELECT {SOURCE} FROM profiles_source source JOIN profiles_publisher publisher ON publisher.id = source.publisher_id
        WHERE source.id = above.origin_id OFFSET 0) AS origin ON true
    ORDER BY above.source_id, above.position, above.id"""  # noqa: S608  constants alone


class _Source(NamedTuple):
    id: int
    publisher: str
    reliability: str
    published: date | None


def cases(profile_ids: list[int]) -> Iterator[Case]:
    """Yield one case for each of these profiles that exists, in order of their ids."""
    asked = [Question(query, [profile_ids]) for query in (PROFILES, JUDGEMENTS, CITATIONS, DERIVATIONS)]
    profiles, judged, cited, derivations = prepared.answers(asked)
    judgements, citations = _by_profile(judged), _by_profile(cited)
    sources = {row[-4]: _Source(*row[-4:]) for row in (*cited, *derivations)}
    everybodys = _links(derivations, sources, None)
    drafts = {draft for _source, draft, *_origin in derivations if draft is not None}
    for profile_id, live, stated in profiles:
        known = _links(derivations, sources, profile_id) if profile_id in drafts else everybodys
        counting = [row for row in judgements[profile_id] if stated is None or row[2] in stated]
        evidence = [(row[4], _evidence(row, known)) for row in citations[profile_id]]
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


def _evidence(row: Any, known: Mapping[SourceId, Link]) -> Evidence:
    _profile, credibility, stance, direct, _judgements, *described = row
    source = _Source(*described)
    return Evidence(
        id=source.id,
        reliability=source.reliability,
        credibility=credibility,
        stance=stance,
        published=source.published,
        direct=direct,
        derived_from=known[source.id].derived_from,
        publisher=source.publisher,
    )


def _links(derivations: list[Any], sources: dict[int, _Source], profile_id: int | None) -> dict[SourceId, Link]:
    # What was prepared on another profile's draft moves nobody else's grade.
    origins: dict[int, list[int]] = defaultdict(list)
    for source, draft_of, origin, *_described in derivations:
        if (draft_of is None or draft_of == profile_id) and origin not in origins[source]:
            origins[source].append(origin)
    return {id: Link(id, source.publisher, tuple(origins.get(id, ()))) for id, source in sources.items()}


def _by_profile(rows: list[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(row)
    return found
