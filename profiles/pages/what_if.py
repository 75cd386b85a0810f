"""What the desk's panel shows: grades as they are and as they would be, from what is filled in and not saved.

Call everything here inside one read-only snapshot: it reads a few times, and what it reads must belong together.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Max, Q, QuerySet

from profiles.grading import method, reading, what_if
from profiles.grading.method import ConflictingEvidence, Evidence, Link, SourceId, Verdict
from profiles.grading.pipeline import today
from profiles.grading.reading import Case
from profiles.grading.scale import band_of
from profiles.grading.what_if import CITE, FURTHER, REST, NextStep, WhatIf
from profiles.grading.working import breadth_in_words, explain_warning, label_in_words, source_named
from profiles.intake.supposing import Supposed
from profiles.models import Citation, Derivation, Judgement, JudgementCitation, Profile, Publisher, Source
from profiles.pages.showing import ShownGrade

MOST_LOOKED_AT = 2000
AT_ONCE = 100
SECONDS = 2.5  # an editor waits for this; whoever is left when it is over is said to be left
MOST_SHOWN = 25
MOST_WARNINGS = 5

Change = Callable[[Case], Case]
Names = Mapping[str, str]

# --- What is filled in ------------------------------------------------------------------------------------------------


class Use(NamedTuple):
    """A citation as it would be saved, and the judgements that would rest on it."""

    citation: Citation
    judgements: frozenset[int]


class Origin(NamedTuple):
    """A derivation as it would be saved; one that is not on file yet has no id."""

    position: int
    id: int | None
    source: int


@dataclass(frozen=True, slots=True)
class FilledSource:
    """What a grade reads of a source, as it would be saved."""

    id: int
    publisher: int
    published: date | None
    origins: tuple[Origin, ...]


def stored_uses(profile: Profile) -> dict[int, Use]:
    resting: dict[int, set[int]] = defaultdict(set)
    links = JudgementCitation.objects.filter(citation__profile=profile)
    for citation, judgement in links.values_list("citation_id", "judgement_id"):
        resting[citation].add(judgement)
    return {one.pk: Use(one, frozenset(resting[one.pk])) for one in Citation.objects.filter(profile=profile)}


def stored_judgements(profile: Profile) -> dict[int, Judgement]:
    return {one.pk: one for one in Judgement.objects.filter(profile=profile)}


def stored_source(source: Source) -> FilledSource:
    derivations = Derivation.objects.filter(source=source, draft_of=None)
    origins = tuple(Origin(*row) for row in derivations.values_list("position", "pk", "origin_id"))
    publisher, published = Source.objects.values_list("publisher_id", "published_on").get(pk=source.pk)
    return FilledSource(source.pk, publisher, published, origins)


# --- From what is filled in to the case it makes ----------------------------------------------------------------------


def recited(profile: Profile, judgements: Iterable[Judgement], uses: Iterable[Use]) -> Change:
    """Return the change to a profile that would have exactly these judgements and citations."""
    uses = list(uses)
    sources = {use.citation.source_id for use in uses}
    described, above = _describe(sources), _Above(sources)
    stated = profile.live_revision.statements if profile.live_revision else None
    in_order = sorted(judgements, key=lambda one: (one.position, one.pk is None, one.pk or 0))
    counting = [one for one in in_order if stated is None or one.key in stated]

    def change(case: Case) -> Case:
        known = above.links(case.profile_id)
        cited = [(use.judgements, _cited(use.citation, described, known)) for use in uses]
        claims = [
            method.Judgement(
                one.key, tuple(evidence for ids, evidence in cited if one.pk in ids), one.essential, one.lasting
            )
            for one in counting
        ]
        return what_if.with_citations(case, claims, [evidence for _ids, evidence in cited], known)

    return change


def resourced(filled: FilledSource, new: Mapping[SourceId, Link] | None = None) -> Change:
    """Return the change to every profile that a source with these facts and links would make.

    `new` describes origins that are not on file yet.
    """
    above = _Above([origin.source for origin in filled.origins])
    letter = Publisher.objects.values_list("reliability", flat=True).get(pk=filled.publisher)
    prepared: dict[int, list[Origin]] = defaultdict(list)
    drafts = Derivation.objects.filter(source=filled.id, draft_of__isnull=False)
    for draft_of, *origin in drafts.values_list("draft_of_id", "position", "pk", "origin_id"):
        prepared[draft_of].append(Origin(*origin))

    def change(case: Case) -> Case:
        origins = sorted((*filled.origins, *prepared.get(case.profile_id, ())), key=_place)
        link = Link(filled.id, str(filled.publisher), tuple(dict.fromkeys(origin.source for origin in origins)))
        links = {**above.links(case.profile_id), **(new or {})}
        return what_if.with_source(case, link, reliability=letter, published=filled.published, above=links)

    return change


def relettered(publisher: Publisher, letter: str) -> Change:
    return lambda case: what_if.with_letter(case, str(publisher.pk), letter)


def linked(source: Source, origins: Sequence[Supposed], *, draft: Profile | None) -> Change:
    """Return the change that links to these origins would make, behind those that are there; for one draft alone."""
    links = Derivation.objects.filter(source=source)
    there = set(links.filter(Q(draft_of=None) | Q(draft_of=draft)).values_list("origin_id", flat=True))
    further = [one for one in origins if one.id not in there]
    if not further:
        return unchanged
    last = links.aggregate(last=Max("position"))["last"]
    filled = stored_source(source)
    added = (Origin(number, None, one.id) for number, one in enumerate(further, 0 if last is None else last + 1))
    new: dict[SourceId, Link] = {one.id: Link(one.id, one.publisher) for one in further if one.is_new}
    change = resourced(replace(filled, origins=(*filled.origins, *added)), new)
    return change if draft is None else lambda case: change(case) if case.profile_id == draft.pk else case


def unchanged(case: Case) -> Case:
    return case


def _place(origin: Origin) -> tuple[int, bool, int]:
    return origin.position, origin.id is None, origin.id or 0


def _describe(sources: Collection[SourceId]) -> dict[SourceId, Evidence]:
    """Return the sources as evidence, with what a citation would take over from them; links apart."""
    found = Source.objects.filter(pk__in=sources)
    rows = found.values_list("pk", "publisher__reliability", "published_on", "publisher_id")
    return {pk: Evidence(pk, letter, published=on, publisher=str(owner)) for pk, letter, on, owner in rows}


def _cited(citation: Citation, described: Mapping[SourceId, Evidence], known: Mapping[SourceId, Link]) -> Evidence:
    source = described[citation.source_id]
    return Evidence(
        id=source.id,
        reliability=source.reliability,
        credibility=citation.credibility,
        stance=citation.stance,
        published=source.published,
        direct=citation.direct,
        derived_from=known[source.id].derived_from,
        publisher=source.publisher,
    )


# UNION, not UNION ALL: a ring of derivations ends.
ABOVE = """
    WITH RECURSIVE above AS (
        SELECT derivation.* FROM profiles_derivation derivation WHERE derivation.source_id = ANY(%s)
        UNION
        SELECT derivation.* FROM above JOIN profiles_derivation derivation ON derivation.source_id = above.origin_id)
    SELECT source_id, origin_id, draft_of_id FROM above ORDER BY source_id, position, id"""


class _Above:
    """These sources and all they go back to, as each profile sees it: what a draft prepares counts for that draft."""

    def __init__(self, sources: Collection[int]) -> None:
        self.derivations = _rows(ABOVE, [list(sources)])
        reached = {*sources, *(origin for _source, origin, _draft in self.derivations)}
        self.publishers = dict(Source.objects.filter(pk__in=reached).values_list("pk", "publisher_id"))
        self.drafts = {draft for _source, _origin, draft in self.derivations if draft}
        self.everybodys = self._links(None)

    def links(self, profile_id: int) -> dict[SourceId, Link]:
        return self._links(profile_id) if profile_id in self.drafts else self.everybodys

    def _links(self, profile_id: int | None) -> dict[SourceId, Link]:
        origins: dict[int, dict[SourceId, None]] = defaultdict(dict)
        for source, origin, draft_of in self.derivations:
            if draft_of in (None, profile_id):
                origins[source][origin] = None
        return {pk: Link(pk, str(owner), tuple(origins.get(pk, ()))) for pk, owner in self.publishers.items()}


# --- Who rests on it --------------------------------------------------------------------------------------------------

CITE_PUBLISHER = "SELECT source.id FROM profiles_source source WHERE source.publisher_id = %(id)s"
CITE_SOURCE = """
    WITH RECURSIVE reached (id) AS (
        SELECT %(id)s::bigint
        UNION
        SELECT derivation.source_id FROM reached
        JOIN profiles_derivation derivation ON derivation.origin_id = reached.id)
    SELECT id FROM reached"""
RESTING = """
    SELECT profile.id, count(*) OVER () FROM profiles_profile profile
    WHERE profile.id IN (SELECT citation.profile_id FROM profiles_citation citation WHERE citation.source_id IN ({sources}))
      AND (%(only)s::bigint IS NULL OR profile.id = %(only)s)
    ORDER BY profile.live_revision_id IS NULL OR profile.withdrawn_at IS NOT NULL, profile.id LIMIT %(limit)s"""


class Resting(NamedTuple):
    """The first profiles that rest on something, live ones before drafts, and how many there are."""

    ids: tuple[int, ...]
    total: int


def resting_on_source(source: Source, *, only: Profile | None = None) -> Resting:
    """Return who cites a source, or anything that goes back to it."""
    return _resting(CITE_SOURCE, source.pk, only=only)


def resting_on_publisher(publisher: Publisher) -> Resting:
    """Return who cites a publisher's sources. What only goes back to them is graded without its letter."""
    return _resting(CITE_PUBLISHER, publisher.pk)


def _resting(sources: str, pk: int, *, only: Profile | None = None) -> Resting:
    asked = {"id": pk, "only": only.pk if only else None, "limit": MOST_LOOKED_AT}
    rows = _rows(RESTING.format(sources=sources), asked)
    return Resting(tuple(row[0] for row in rows), rows[0][1] if rows else 0)


def _rows(query: str, parameters: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        rows: list[Any] = cursor.fetchall()
        return rows


# --- The panel --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moved:
    """A grade as it is and as it would be: of a profile, or of one of its judgements."""

    name: str
    before: ShownGrade
    after: ShownGrade
    profile_id: int | None = None
    live: bool = True

    @property
    def same(self) -> bool:
        return self.before == self.after

    @property
    def same_score(self) -> bool:
        return self.before.score == self.after.score

    @property
    def moves_band(self) -> bool:
        return self.before.band != self.after.band


@dataclass(frozen=True, slots=True)
class One:
    """What there is to say of a single profile."""

    grade: Moved
    decides: str
    judgements: tuple[Moved, ...]
    next_step: str


@dataclass(frozen=True, slots=True)
class Many:
    """What there is to say of all profiles that rest on something; where nothing is changed, how many there are."""

    total: int
    looked_at: int = 0
    moved: int = 0
    moved_band: int = 0
    shown: tuple[Moved, ...] = ()

    @property
    def more(self) -> int:
        return self.moved - len(self.shown)


@dataclass(frozen=True, slots=True)
class Panel:
    """Everything the panel repeats."""

    notes: tuple[str, ...] = ()
    one: One | None = None
    many: Many | None = None
    warnings: tuple[str, ...] = ()


def panel_of_citations(
    profile: Profile, judgements: Iterable[Judgement], uses: Iterable[Use], notes: Iterable[str] = ()
) -> Panel:
    """Show what a profile's grade would be with exactly these judgements and citations."""
    judgements = list(judgements)
    keys = [one.key for one in judgements]
    if twice := next((key for key in keys if keys.count(key) > 1), None):
        return Panel(notes=(*notes, f"Two judgements have the key {twice}, so this cannot be graded."))
    return _panel_of_one(profile.pk, recited(profile, judgements, uses), notes)


def panel_of_source(source: Source, filled: FilledSource, notes: Iterable[str] = ()) -> Panel:
    """Show what the grades that rest on a source would be."""
    change = unchanged if filled == stored_source(source) else resourced(filled)
    return _panel_of_resting(resting_on_source(source), change, notes)


def panel_of_letter(publisher: Publisher, letter: str, notes: Iterable[str] = ()) -> Panel:
    """Show what the grades that rest on a publisher would be under this letter."""
    stored = Publisher.objects.values_list("reliability", flat=True).get(pk=publisher.pk)
    change = unchanged if letter == stored else relettered(publisher, letter)
    return _panel_of_resting(resting_on_publisher(publisher), change, notes)


def panel_of_links(
    source: Source | None, origins: Sequence[Supposed], *, draft: Profile | None, notes: Iterable[str] = ()
) -> Panel:
    """Show which grades would move if an article were filed as this source and linked to these origins too."""
    if source is None:
        return Panel(notes=("This source is not on file yet: no profile rests on it, so no grade can move.", *notes))
    names = {str(one.id): one.name for one in origins if one.is_new}
    return _panel_of_many(
        resting_on_source(source, only=draft), linked(source, origins, draft=draft), notes, names
    )  # fmt: skip


def _panel_of_resting(resting: Resting, change: Change, notes: Iterable[str]) -> Panel:
    if resting.total == 1:
        return _panel_of_one(resting.ids[0], change, notes)
    return _panel_of_many(resting, change, notes)


def _panel_of_one(profile_id: int, change: Change, notes: Iterable[str]) -> Panel:
    day = today()
    case = next(reading.cases([profile_id]))
    after = change(case)
    try:
        compared = what_if.what_if(case, after, on=day)
    except ConflictingEvidence:
        twice = "A source is cited twice where it can answer only once, so this cannot be graded."
        return Panel(notes=(*notes, twice))
    origins = _on_file(after)
    step = what_if.next_step(after, on=day, on_file=origins)
    profile = Profile.objects.select_related("live_revision").get(pk=profile_id)
    names = _names(profile, [*_sources_in(compared), *([step.source] if step else [])])
    return Panel(
        notes=tuple(notes),
        one=One(
            grade=_moved(profile, compared),
            decides=_decides(compared, names),
            judgements=tuple(_moved_judgements(compared, names)),
            next_step=_step_in_words(step, names) if step else "",
        ),
        warnings=_warnings([compared], names),
    )


def _on_file(case: Case) -> dict[SourceId, Evidence]:
    described = _describe(list(what_if.uncited_origins(case)))
    return {
        pk: Evidence(
            pk,
            one.reliability,
            published=one.published,
            derived_from=case.known[pk].derived_from,
            publisher=one.publisher,
        )
        for pk, one in described.items()
    }


def _panel_of_many(resting: Resting, change: Change, notes: Iterable[str], new: Names | None = None) -> Panel:
    if change is unchanged:
        return Panel(notes=tuple(notes), many=Many(resting.total))
    moved, looked_at = _across(resting.ids, change)
    shown = sorted(moved.items(), key=lambda found: _how_far(found[1]), reverse=True)[:MOST_SHOWN]
    profiles = Profile.objects.select_related("live_revision").in_bulk([pk for pk, _ in shown])
    moves = tuple(_moved(profiles[pk], one) for pk, one in shown)
    graded = [one for one in moved.values() if one.moves]
    names = {**_titles([source for one in moved.values() for source in _sources_in(one)]), **(new or {})}
    return Panel(
        notes=tuple(notes),
        many=Many(
            total=resting.total,
            looked_at=looked_at,
            moved=len(graded),
            moved_band=sum(one.moves_band for one in graded),
            shown=tuple(one for one in moves if not one.same),
        ),
        warnings=_warnings(moved.values(), names),
    )


def _across(ids: Sequence[int], change: Change) -> tuple[dict[int, WhatIf], int]:
    """Return what would move or be warned of, by profile, and how many were looked at before the time was up."""
    day, until = today(), time.monotonic() + SECONDS
    moved: dict[int, WhatIf] = {}
    for start in range(0, len(ids), AT_ONCE):
        if start and time.monotonic() > until:
            return moved, start
        for case in reading.cases(list(ids[start : start + AT_ONCE])):
            compared = _compare(case, change(case), day)
            if compared and (compared.moves or compared.new_warnings):
                moved[case.profile_id] = compared
    return moved, len(ids)


def _compare(case: Case, after: Case, day: date) -> WhatIf | None:
    if after is case:
        return None
    try:
        return what_if.what_if(case, after, on=day)
    except ConflictingEvidence:
        return None  # it cannot be graded now either; the desk shows that beside the profile


def _how_far(one: WhatIf) -> tuple[bool, bool, float]:
    return one.moves_band, one.moves, abs(one.after.score - one.before.score)


# --- In words ---------------------------------------------------------------------------------------------------------


def _moved(profile: Profile, compared: WhatIf) -> Moved:
    return Moved(_name(profile), _shown(compared.before), _shown(compared.after), profile.pk, profile.is_live)


def _moved_judgements(compared: WhatIf, names: Names) -> Iterator[Moved]:
    """Yield the judgements that move, but for the one that decides before and after: its grade is the profile's."""
    decides = {compared.before.least_sure, compared.after.least_sure}
    for key, (before, after) in compared.moved_judgements.items():
        if decides != {key}:
            yield Moved(_statement(key, names), _shown(before), _shown(after))


def _shown(verdict: Verdict) -> ShownGrade:
    band = band_of(verdict.score)
    breadth = breadth_in_words(verdict.lines)
    return ShownGrade(f"{verdict.score:.2f}", band, label_in_words(band.label), breadth, verdict.disputed)


def _decides(compared: WhatIf, names: Names) -> str:
    now, then = compared.before.least_sure, compared.after.least_sure
    if then is None:
        return ""
    if now is None or now == then:
        return f"{_statement(then, names)} decides: it is the least sure essential judgement."
    return f"{_statement(then, names)} would decide, as the least sure essential judgement, instead of {_statement(now, names)}."


def _statement(key: str, names: Names) -> str:
    return f"“{names.get(f'judgement:{key}') or key}”"


def _step_in_words(step: NextStep, names: Names) -> str:
    score = f"{step.before:.2f} → {step.after:.2f}"
    letters = f"Grade {band_of(step.after).letters}"
    return f"{_what_to_do(step, names)}: {score} ({letters}). {_assumption(step)}"


def _what_to_do(step: NextStep, names: Names) -> str:
    if step.kind == FURTHER:
        return "Cite a further independent source"
    name = names.get(str(step.source)) or f"source {step.source}"
    if step.kind == CITE:
        return f"Cite {name} itself"
    if step.kind == REST:
        return f"Let {' and '.join(_statement(key, names) for key in step.judgements)} rest on {name} too"
    return f"Judge the credibility of {name}"


def _assumption(step: NextStep) -> str:
    if step.kind == FURTHER:
        return "Assumed: it is direct, probably true (2), and of a publisher nobody has judged yet (F)."
    if step.kind == REST:
        return "Assumed: what it says there is as credible here."
    if step.kind == CITE and step.direct:
        return "Assumed: it is direct and probably true (2)."
    if step.kind == CITE:
        return "Assumed: it is probably true (2), at second hand, because it repeats another source itself."
    return "So it would be if it proves probably true (2); nobody has judged it yet (6)."


def _warnings(compared: Iterable[WhatIf], names: Names) -> tuple[str, ...]:
    found = [explain_warning(warning, names) for one in compared for warning in one.new_warnings]
    return tuple(dict.fromkeys(found))[:MOST_WARNINGS]


def _sources_in(compared: WhatIf) -> list[SourceId]:
    return [int(str(one.parameters["source"])) for one in compared.new_warnings if "source" in one.parameters]


def _name(profile: Profile) -> str:
    return profile.live_revision.name if profile.live_revision else profile.slug


def _names(profile: Profile, sources: Iterable[SourceId | None]) -> dict[str, str]:
    text = profile.live_revision or profile.draft
    statements = text.statements if text else {}
    # The sentence they are quoted in brings its own full stop.
    said = {f"judgement:{key}": statement.removesuffix(".") for key, statement in statements.items()}
    return said | _titles(sources)


def _titles(sources: Iterable[SourceId | None]) -> dict[str, str]:
    found: QuerySet[Source] = Source.objects.filter(pk__in={one for one in sources if isinstance(one, int)})
    rows = found.values_list("pk", "title", "publisher__name")
    return {str(pk): source_named(title, publisher) for pk, title, publisher in rows}
