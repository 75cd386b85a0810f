"""The sources of one profile as its page shows them: by independent line, repeats under the origin they repeat."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import get_language_info

from config import prepared
from config.addresses import address
from profiles.grading.method import CREDIBILITY, DISPUTES, SUPPORTS, Evidence, Line, Link, SourceId, grade_evidence
from profiles.grading.working import credibility_in_words, reliability_in_words, source_named
from profiles.models import Judgement, Profile, Stance
from profiles.pages.around import Around

CITED = """
    SELECT citation.id, citation.stance, citation.credibility, citation.direct, citation.establishes,
           source.id, source.title, source.url, source.archived_url, source.authors, source.published_on, source.language,
           publisher.id, publisher.name, publisher.slug, publisher.reliability
    FROM profiles_citation citation
    JOIN profiles_source source ON source.id = citation.source_id
    JOIN profiles_publisher publisher ON publisher.id = source.publisher_id
    WHERE citation.profile_id = %(profile)s ORDER BY citation.position, citation.id"""
# What prepares a draft shows in the preview of that draft alone; UNION, not UNION ALL: a ring of derivations ends. OFFSET
# 0: nobody can tell PostgreSQL how short the walk is, and it would read whole tables instead of looking up a few rows.
ABOVE = """
    WITH RECURSIVE above AS (
        SELECT derivation.* FROM profiles_derivation derivation
        WHERE derivation.source_id = ANY(%(sources)s::bigint[])
          AND (derivation.draft_of_id IS NULL OR derivation.draft_of_id = %(draft)s)
        UNION
        SELECT next.* FROM above
        JOIN LATERAL (
            SELECT derivation.* FROM profiles_derivation derivation
            WHERE derivation.source_id = above.origin_id
              AND (derivation.draft_of_id IS NULL OR derivation.draft_of_id = %(draft)s) OFFSET 0) AS next ON true)
    SELECT above.source_id, origin.*
    FROM above
    JOIN LATERAL (
        SELECT source.id, source.title, source.url, source.published_on, publisher.id, publisher.name, publisher.slug
        FROM profiles_source source JOIN profiles_publisher publisher ON publisher.id = source.publisher_id
        WHERE source.id = above.origin_id OFFSET 0) AS origin ON true
    ORDER BY above.source_id, above.position, above.id"""


@dataclass(frozen=True, slots=True)
class Cited:
    """A citation beside its source and the publisher of that."""

    id: int
    stance: str
    credibility: int
    direct: bool
    establishes: str
    source_id: int
    title: str
    url: str
    archived_url: str
    authors: Sequence[str]
    published_on: date | None
    language: str
    publisher_id: int
    publisher: str
    publisher_slug: str
    reliability: str


@dataclass(frozen=True, slots=True)
class Known:
    """A source that the reports lead to, whether it is cited here or not."""

    id: int
    title: str
    url: str
    published_on: date | None
    publisher_id: int
    publisher: str
    publisher_slug: str

    @property
    def publisher_url(self) -> str:
        return address("profiles:publisher_detail", self.publisher_slug)


@dataclass(frozen=True, slots=True)
class Evidences:
    """What a profile rests on, as read in two queries: its citations, and the origins above."""

    citations: Sequence[Cited]
    judgements: Sequence[Judgement]
    resting: Mapping[int, Sequence[Judgement]]  # by citation
    known: Mapping[int, Known]
    origins: Mapping[int, Sequence[int]]  # by source

    @property
    def names(self) -> dict[str, str]:
        """Titles by source id, as `working.explain_step` wants them."""
        named = {str(one.id): source_named(one.title, one.publisher) for one in self.known.values()}
        for citation in self.citations:
            named[str(citation.source_id)] = source_named(citation.title, citation.publisher)
        return named


def read_evidence(profile: Profile, around: Around, *, as_draft: bool = False) -> Evidences:
    """Read what the profile rests on, beside its judgements, which are read already.

    `as_draft` counts what its draft prepares as well, as publishing it will.
    """
    citations = [Cited(*row) for row in prepared.rows(CITED, profile=profile.pk)]
    known, origins = _read_origins([citation.source_id for citation in citations], profile.pk if as_draft else None)
    return Evidences(citations, around.judgements, around.resting, known, origins)


def _read_origins(sources: list[int], draft: int | None) -> tuple[dict[int, Known], dict[int, list[int]]]:
    known: dict[int, Known] = {}
    origins: dict[int, list[int]] = defaultdict(list)
    for source, *origin in prepared.rows(ABOVE, sources=sources, draft=draft):
        known[origin[0]] = Known(*origin)
        origins[source].append(origin[0])
    return known, origins


@dataclass(frozen=True, slots=True)
class Footnote:
    """A way from a source to a key judgement that rests on it."""

    number: int
    key: str
    statement: str

    @property
    def anchor(self) -> str:
        return f"judgement-{self.key}"


@dataclass(frozen=True, slots=True)
class Use:
    """One citation of a source: how far we believe it, what it establishes, and for which judgements."""

    citation_id: int
    stance: str
    credibility: int
    credibility_words: str
    direct: bool
    establishes: str
    judgements: tuple[Footnote, ...]
    left_out: bool  # no key judgement rests on it, though there are some


@dataclass(frozen=True, slots=True)
class ShownSource:
    """One source under its number on this page."""

    id: int
    number: int
    title: str
    url: str
    archived_url: str
    authors: tuple[str, ...]
    published_on: date | None
    language: str
    language_words: str
    publisher: str
    publisher_slug: str
    publisher_url: str
    reliability: str
    reliability_words: str
    uses: tuple[Use, ...]
    repeats: tuple[str, ...]  # titles and publishers of what it is derived from

    @property
    def anchor(self) -> str:
        return f"source-{self.number}"

    @property
    def is_repeat(self) -> bool:
        return bool(self.repeats)


@dataclass(frozen=True, slots=True)
class Missing:
    """An origin without a citation on this side: an empty frame with its name."""

    origin: Known
    cited_otherwise: bool


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One independent line: its origin on top, cited or only named, and every report that repeats it."""

    kind: str
    missing: tuple[Missing, ...]
    roots: tuple[ShownSource, ...]
    reports: tuple[ShownSource, ...]
    elsewhere: tuple[ShownSource, ...]  # reports of this origin that stand under another one already

    @property
    def has_several_roots(self) -> bool:
        return len(self.roots) > 1


@dataclass(frozen=True, slots=True)
class Sources:
    """The whole sources block. Numbers run through it in the order of the page."""

    supports: tuple[ShownLine, ...]
    disputes: tuple[ShownLine, ...]
    context: tuple[ShownSource, ...]

    def __iter__(self) -> Iterator[ShownSource]:
        for line in (*self.supports, *self.disputes):
            yield from line.roots
            yield from line.reports
        yield from self.context

    @property
    def count(self) -> int:
        return sum(1 for _ in self)


def show_sources(evidence: Evidences, statements: Mapping[str, str], *, on: date) -> Sources:
    """Group the sources by line over the whole profile, strongest first, and number them."""
    shelf = _Shelf(evidence, statements)
    supports = [shelf.line(line, SUPPORTS) for line in _lines(evidence, SUPPORTS, on)]
    disputes = [shelf.line(line, DISPUTES) for line in _lines(evidence, DISPUTES, on)]
    context = [shelf.source(id, Stance.CONTEXT) for id in shelf.cited[Stance.CONTEXT]]
    return Sources(tuple(supports), tuple(disputes), tuple(context))


def _lines(evidence: Evidences, side: str, on: date) -> tuple[Line, ...]:
    """Return the lines that the method itself sees when everything on this side stands together."""
    strongest: dict[int, Cited] = {}
    for citation in evidence.citations:
        if citation.stance == side:
            strongest[citation.source_id] = max(strongest.get(citation.source_id, citation), citation, key=_strength)
    links: dict[SourceId, Link] = {
        one.id: Link(one.id, str(one.publisher_id), tuple(evidence.origins.get(one.id, ())))
        for one in evidence.known.values()
    }
    return grade_evidence([as_evidence(one, evidence) for one in strongest.values()], on=on, known=links).lines


def _strength(citation: Cited) -> tuple[bool, float]:
    return citation.direct, CREDIBILITY[citation.credibility]


def as_evidence(citation: Cited, evidence: Evidences) -> Evidence:
    """Return a citation as the method sees it."""
    return Evidence(
        id=citation.source_id,
        reliability=citation.reliability,
        credibility=citation.credibility,
        stance=citation.stance,
        published=citation.published_on,
        direct=citation.direct,
        derived_from=tuple(evidence.origins.get(citation.source_id, ())),
        publisher=str(citation.publisher_id),
    )


class _Shelf:
    """Hands out sources under running numbers, each once a side."""

    def __init__(self, evidence: Evidences, statements: Mapping[str, str]) -> None:
        self.evidence = evidence
        self.names = evidence.names
        self.cited: dict[str, dict[int, list[Cited]]] = defaultdict(dict)
        for citation in evidence.citations:
            self.cited[citation.stance].setdefault(citation.source_id, []).append(citation)
        self.footnotes = {
            judgement.pk: Footnote(number, judgement.key, statements[judgement.key])
            for number, judgement in enumerate(evidence.judgements, 1)
        }
        self.shown: dict[tuple[str, int], ShownSource] = {}

    def line(self, line: Line, side: str) -> ShownLine:
        repeats = {id for id in line.members if self.evidence.origins.get(int(id))} if line.origin_cited else set()
        roots = [id for id in line.members if line.origin_cited and id not in repeats]
        reports = [id for id in line.members if id not in roots]
        placed = [id for id in reports if (side, int(id)) in self.shown]
        return ShownLine(
            kind=line.kind,
            missing=() if line.origin_cited else self._missing(line),
            roots=tuple(self.source(int(id), side) for id in _led(roots, line)),
            elsewhere=tuple(self.shown[side, int(id)] for id in placed),
            reports=tuple(self.source(int(id), side) for id in _led(reports, line) if id not in placed),
        )

    def _missing(self, line: Line) -> tuple[Missing, ...]:
        if line.kind == "ring":
            return ()
        cited = {source for sources in self.cited.values() for source in sources}
        return tuple(Missing(self.evidence.known[int(id)], id in cited) for id in line.origins)

    def source(self, id: int, stance: str) -> ShownSource:
        citations = self.cited[stance][id]
        source = citations[0]
        shown = ShownSource(
            id=id,
            number=len(self.shown) + 1,
            title=source.title,
            url=source.url,
            archived_url=source.archived_url,
            authors=tuple(author for author in source.authors if author != source.publisher),
            published_on=source.published_on,
            language=source.language,
            language_words=language_in_words(source.language),
            publisher=source.publisher,
            publisher_slug=source.publisher_slug,
            publisher_url=address("profiles:publisher_detail", source.publisher_slug),
            reliability=source.reliability,
            reliability_words=reliability_in_words(source.reliability),
            uses=tuple(self._use(citation) for citation in citations),
            repeats=tuple(self.names[str(origin)] for origin in self.evidence.origins.get(id, ())),
        )
        self.shown[stance, id] = shown
        return shown

    def _use(self, citation: Cited) -> Use:
        judgements = self.evidence.resting.get(citation.id, ())
        return Use(
            citation_id=citation.id,
            stance=citation.stance,
            credibility=citation.credibility,
            credibility_words=credibility_in_words(citation.credibility),
            direct=citation.direct,
            establishes=citation.establishes,
            judgements=tuple(self.footnotes[one.pk] for one in judgements),
            left_out=bool(self.evidence.judgements) and not judgements,
        )


def _led(members: Iterable[int | str], line: Line) -> list[int | str]:
    return sorted(members, key=lambda id: id != line.lead)


def language_in_words(tag: str) -> str:
    """Return the name of a language tag; a tag Django does not know stands for itself."""
    if not tag:
        return ""
    try:
        return str(get_language_info(tag.lower())["name_translated"])
    except KeyError:
        return tag
