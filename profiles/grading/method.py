"""Evidence in, verdict out: how sure we are, counted by independent lines of evidence and not by links.

Plain values only: no database, no clock. The rules in prose are in docs/methodology.md; a change to any number
or rule here is a new METHOD_VERSION.

    side    supports or disputes; context takes no part
    root    an evidence that is derived from nothing we know of
    report  an evidence that is derived from something
    line    what counts once: the roots of one publisher, or the reports of one origin that is not cited here
    repeat  a report that belongs to a line and adds nothing to it
"""

import math
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from operator import mul
from typing import Any, NamedTuple, TypeVar

from profiles.grading.scale import band_of, hundredths

METHOD_VERSION = 1

SourceId = int | str
Parameter = str | int | float | bool | None

# How often a direct, fresh and credible source with this letter is right, and what that weighs.
RIGHT = {"A": 0.92, "B": 0.80, "C": 0.70, "F": 0.65, "D": 0.40, "E": 0.10}
WEIGHT = {letter: -math.log1p(-chance) for letter, chance in RIGHT.items()}
# Digit 1 counts as 2: "confirmed by others" is what the lines count, and it must not count twice.
CREDIBILITY = {1: 1.0, 2: 1.0, 3: 0.8, 6: 0.8, 4: 0.35, 5: 0.1}
# Below 0.416 a direct source nobody has judged outweighs the best second-hand report, so filing an origin never costs.
SECOND_HAND = 0.4
# The price of the ties we do not see between lines that look independent. A hundred ranks on, no digit is left to move.
DISCOUNT = 0.7
DISCOUNTS = tuple(DISCOUNT**rank for rank in range(100))
SHARES = tuple(round(share, 6) for share in DISCOUNTS)
DISPUTE = 2.0
FRESH_DAYS = 365
HALF_LIFE_DAYS = 1095
OLDEST = 0.25
FADED_DAYS = 2 * HALF_LIFE_DAYS
NEVER_LATE = -(10**9)
UNDATED = 0.5
LIFTING_AGE = 0.5
DISPUTED_CAP = 0.74
INDIRECT_CAP = 0.89
CERTAIN_CAP = 0.99
HORIZON_DAYS = 7305
# Later lines count for less than 0.0002 of their weight; they share one step, or 100,000 lines would be 100,000 steps.
TOLD_ONE_BY_ONE = 24

SUPPORTS = "supports"
DISPUTES = "disputes"
CONTEXT = "context"
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


class ConflictingEvidence(ValueError):
    """Two different things were said of one source where only one can hold."""


@dataclass(frozen=True, slots=True)
class Link:
    """A source we know that is not cited here: it takes part by its links and its publisher only."""

    id: SourceId
    publisher: str | None = None
    derived_from: tuple[SourceId, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """A citation with its source as the method sees it. The first of `derived_from` is the principal origin."""

    id: SourceId
    reliability: str = "F"
    credibility: int = 6
    stance: str = SUPPORTS
    published: date | None = None
    direct: bool = False
    derived_from: tuple[SourceId, ...] = ()
    publisher: str | None = None

    def __post_init__(self) -> None:
        if self.reliability not in WEIGHT:
            raise ValueError(f"reliability is a letter from A to F, not {self.reliability!r}")
        if self.credibility not in CREDIBILITY:
            raise ValueError(f"credibility is a digit from 1 to 6, not {self.credibility!r}")
        if self.stance not in (SUPPORTS, DISPUTES, CONTEXT):
            raise ValueError(f"stance is supports, disputes or context, not {self.stance!r}")


@dataclass(frozen=True, slots=True)
class Judgement:
    """A claim to be graded over the evidence attached to it."""

    key: str
    evidence: tuple[Evidence, ...]
    essential: bool = False
    lasting: bool = False


class Step(NamedTuple):
    """One move of the score, for `working.explain_step` to word. Source ids in the parameters are strings."""

    kind: str
    parameters: Mapping[str, Parameter]
    before: float
    after: float


class Caution(NamedTuple):
    """Something the desk should look at, for `working.explain_warning` to word."""

    kind: str
    parameters: Mapping[str, Parameter]


class Line(NamedTuple):
    """One independent line of evidence.

    `kind` is "root" (graded on a root), "report" (known only through reports of an origin not cited here) or "ring"
    (reports that go back to each other). `lead` is the evidence it is graded on, `weight` what that weighs,
    `origins` the roots, or the origins the reports go back to. `lifts`: a supporting line with a root that opens
    band A. `holds`: a disputing line that keeps the score at or below 0.74.
    """

    key: str
    kind: str
    side: str
    lead: SourceId
    direct: bool
    weight: float
    origins: tuple[SourceId, ...]
    origin_cited: bool
    repeats: tuple[SourceId, ...]
    members: tuple[SourceId, ...]
    lifts: bool = False
    holds: bool = False

    @property
    def origin(self) -> SourceId:
        return self.origins[0]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The method's answer about one body of evidence. Lines stand strongest first, supporting before disputing."""

    score: float
    band: str
    label: str
    breadth: str
    disputed: bool
    steps: tuple[Step, ...]
    lines: tuple[Line, ...]
    warnings: tuple[Caution, ...]
    due: date | None
    method: int


@dataclass(frozen=True, slots=True)
class JudgementVerdict(Verdict):
    """The verdict on one judgement of a profile."""

    essential: bool
    lasting: bool


@dataclass(frozen=True, slots=True)
class ProfileVerdict(Verdict):
    """The verdict of the least sure essential judgement; warnings and `due` look at all judgements."""

    judgements: Mapping[str, JudgementVerdict]
    least_sure: str | None


def grade_evidence(
    evidence: Iterable[Evidence],
    *,
    on: date,
    known: Iterable[Link] | Mapping[SourceId, Link] = (),
    lasting: bool = False,
) -> Verdict:
    """Return how sure this evidence makes us on that day."""
    cited = _one_each(evidence)
    return _grade(cited.values(), _Sources(cited, _by_id(known)), on, lasting)


def grade_profile(
    judgements: Sequence[Judgement],
    *,
    evidence: Iterable[Evidence] = (),
    on: date,
    known: Iterable[Link] | Mapping[SourceId, Link] = (),
) -> ProfileVerdict:
    """Return the verdict of the least sure essential judgement, with all judgements in page order.

    The first judgement is essential whatever its flag. Without judgements, `evidence` is graded; with judgements it
    lends its links, and a warning says what is attached to none.
    """
    evidence = list(evidence)
    if not judgements:
        alone = grade_evidence(evidence, on=on, known=known)
        return ProfileVerdict(**_fields(alone), judgements={}, least_sure=None)
    sources = _Sources(_all_cited(judgements, evidence), _by_id(known))
    graded: dict[str, JudgementVerdict] = {}
    for judgement in judgements:
        if judgement.key in graded:
            raise ValueError(f"two judgements have the key {judgement.key!r}")
        own = _grade(_one_each(judgement.evidence).values(), sources, on, judgement.lasting)
        essential = judgement.essential or not graded
        graded[judgement.key] = JudgementVerdict(**_fields(own), essential=essential, lasting=judgement.lasting)
    return _least_sure(judgements, graded, evidence)


def score_of(lines: Iterable[Line]) -> float:
    """Return the score that these lines give; of a verdict's own lines, the verdict's score."""
    supports, disputes = _sides(lines)
    support = discounted(line.weight for line in supports)
    dispute = DISPUTE * discounted(line.weight for line in disputes)
    return _rounded(_belief(support, dispute), _cap(_lifted(supports), _held(disputes)))


def scores_without(lines: Iterable[Line]) -> list[tuple[Line, float]]:
    """Return each line with the score that the others alone would give."""
    supports, disputes = _sides(lines)
    support = discounted(line.weight for line in supports)
    dispute = DISPUTE * discounted(line.weight for line in disputes)
    lifting = sum(line.lifts for line in supports)
    holding = sum(line.holds for line in disputes)
    found = []
    for line, rest in _left_without(supports):
        cap = _cap(lifting > line.lifts, holding > 0)
        found.append((line, _rounded(_belief(rest, dispute), cap)))
    for line, rest in _left_without(disputes):
        cap = _cap(lifting > 0, holding > line.holds)
        found.append((line, _rounded(_belief(support, DISPUTE * rest), cap)))
    return found


# What we know of the sources


class _Sources:
    """The links and publishers of every source we know. What is cited speaks for itself."""

    def __init__(self, cited: Mapping[SourceId, Evidence], known: Mapping[SourceId, Link]) -> None:
        self.cited = cited
        self.known = known

    def origins_of(self, source: SourceId) -> tuple[SourceId, ...]:
        found = self.cited.get(source) or self.known.get(source)
        return found.derived_from if found else ()

    def publisher_of(self, source: SourceId) -> str | None:
        found = self.cited.get(source) or self.known.get(source)
        return found.publisher if found else None


_Known = TypeVar("_Known", Evidence, Link)


def _one_each(sources: Iterable[_Known]) -> dict[SourceId, _Known]:
    found: dict[SourceId, _Known] = {}
    for source in sources:
        first = found.setdefault(source.id, source)
        if first is not source and first != source:
            raise ConflictingEvidence(f"source {source.id!r} stands here twice, and differs")
    return found


def _by_id(known: Iterable[Link] | Mapping[SourceId, Link]) -> Mapping[SourceId, Link]:
    return known if isinstance(known, Mapping) else _one_each(known)


def _all_cited(judgements: Sequence[Judgement], evidence: Iterable[Evidence]) -> dict[SourceId, Evidence]:
    """Return one evidence for each source. Stance and digit may differ between judgements, the source may not."""
    found: dict[SourceId, Evidence] = {}
    for one in (*(one for judgement in judgements for one in judgement.evidence), *evidence):
        first = found.setdefault(one.id, one)
        if first is not one and (first.derived_from, first.publisher) != (one.derived_from, one.publisher):
            raise ConflictingEvidence(f"source {one.id!r} has other links or another publisher elsewhere")
    return found


def natural(source: SourceId) -> tuple[str, str]:
    """Return a key that puts n2 before n10 and is the same in every process."""
    if isinstance(source, int):
        return f"{source:020d}", ""
    return re.sub("[0-9]+", lambda digits: digits[0].zfill(20), source), source


def _in_order(sources: Collection[SourceId]) -> tuple[SourceId, ...]:
    return tuple(sorted(sources, key=natural)) if len(sources) > 1 else tuple(sources)


# Links: walked with loops, because a chain may be longer than the interpreter's stack


_Links = Mapping[SourceId, Sequence[SourceId]]


def _reach(starts: Iterable[SourceId], links: _Links) -> set[SourceId]:
    reached = set(starts)
    waiting = list(reached)
    while waiting:
        for following in links.get(waiting.pop(), ()):
            if following not in reached:
                reached.add(following)
                waiting.append(following)
    return reached


def _upwards(reports: Iterable[SourceId], sources: _Sources) -> dict[SourceId, tuple[SourceId, ...]]:
    """Return every source that the reports lead to, with what it is derived from."""
    links: dict[SourceId, tuple[SourceId, ...]] = {}
    waiting = list(reports)
    while waiting:
        source = waiting.pop()
        if source not in links:
            links[source] = sources.origins_of(source)
            waiting.extend(links[source])
    return links


def _reversed(links: _Links) -> dict[SourceId, list[SourceId]]:
    found: dict[SourceId, list[SourceId]] = defaultdict(list)
    for source, origins in links.items():
        for origin in origins:
            found[origin].append(source)
    return found


def _on_rings(links: _Links) -> set[SourceId]:
    """Return the sources that lead back to themselves (Kosaraju: walk up, then take the groups walking down)."""
    down = _reversed(links)
    taken: set[SourceId] = set()
    rings: set[SourceId] = set()
    for source in reversed(_finished(links)):
        if source in taken:
            continue
        group = [source]
        taken.add(source)
        for member in group:
            fresh = {report for report in down.get(member, ()) if report not in taken}
            taken |= fresh
            group.extend(fresh)
        if len(group) > 1 or source in links[source]:
            rings.update(group)
    return rings


def _finished(links: _Links) -> list[SourceId]:
    """Return all sources in the order in which a depth-first walk is done with them."""
    seen: set[SourceId] = set()
    done: list[SourceId] = []
    for start in links:
        path: list[tuple[SourceId, Iterator[SourceId]]] = []
        following: SourceId | None = start if start not in seen else None
        while following is not None or path:
            if following is not None:
                seen.add(following)
                path.append((following, iter(links[following])))
            following = next((origin for origin in path[-1][1] if origin not in seen), None)
            if following is None:
                done.append(path.pop()[0])
    return done


def _principal_origin(report: SourceId, links: _Links, found: dict[SourceId, SourceId]) -> SourceId:
    """Follow first links to a source without any, or to a ring, which is named by its smallest id."""
    path: dict[SourceId, None] = {}
    at = report
    while at not in found and at not in path:
        path[at] = None
        if not links[at]:
            found[at] = at
        else:
            at = links[at][0]
    if at not in found:
        walked = list(path)
        found[at] = min(walked[walked.index(at) :], key=natural)
    origin = found[at]
    found.update(dict.fromkeys(path, origin))
    return origin


# Lines


@dataclass(slots=True)
class _Draft:
    """A line while it is put together: roots with repeats, or reports. `origins` says what a report goes back to."""

    key: str
    roots: list[Evidence] = field(default_factory=list)
    repeats: list[Evidence] = field(default_factory=list)
    reports: list[Evidence] = field(default_factory=list)
    origins: dict[SourceId, SourceId] = field(default_factory=dict)
    only_rings: bool = True


def _line_key(source: SourceId, publisher: str | None) -> str:
    return f"publisher:{publisher}" if publisher else f"source:{source}"


def _draft_lines(side: Sequence[Evidence], sources: _Sources) -> tuple[list[_Draft], set[SourceId]]:
    """Return the lines of one side, and which of its evidences stand on a ring."""
    drafts: dict[str, _Draft] = {}
    for root in side:
        if not root.derived_from:
            key = _line_key(root.id, root.publisher)
            drafts.setdefault(key, _Draft(key)).roots.append(root)
    reports = {one.id: one for one in side if one.derived_from}
    if not reports:
        return list(drafts.values()), set()
    links = _upwards(reports, sources)
    unplaced = _place_repeats(drafts.values(), reports, _reversed(links))
    origins: dict[SourceId, SourceId] = {}
    for report in unplaced:
        _place_report(report, _principal_origin(report.id, links, origins), links, drafts, sources)
    return list(drafts.values()), _on_rings(links) & reports.keys()


def _place_repeats(drafts: Iterable[_Draft], reports: Mapping[SourceId, Evidence], down: _Links) -> list[Evidence]:
    """Put each report under every root it leads to; return those that lead to none."""
    placed: set[SourceId] = set()
    for draft in drafts:
        starts = [root.id for root in draft.roots if root.id in down]
        repeats = _reach(starts, down) & reports.keys() if starts else set()
        draft.repeats = [reports[source] for source in repeats]
        placed |= repeats
    return [report for source, report in reports.items() if source not in placed]


def _place_report(
    report: Evidence, origin: SourceId, links: _Links, drafts: dict[str, _Draft], sources: _Sources
) -> None:
    key = _line_key(origin, sources.publisher_of(origin))
    draft = drafts.setdefault(key, _Draft(key))
    (draft.repeats if draft.roots else draft.reports).append(report)
    draft.origins[report.id] = origin
    # With one real origin among its rings it is a line of reports: there is something to file.
    draft.only_rings &= bool(links[origin])


# Weights


def _force(one: Evidence) -> float:
    """Return what an evidence weighs while fresh. A report is second-hand whatever its flag says."""
    direct = one.direct and not one.derived_from
    return WEIGHT[one.reliability] * CREDIBILITY[one.credibility] * (1.0 if direct else SECOND_HAND)


def _late(published: date, on: date) -> int:
    """Return how many days this is past its fresh year; below zero while it is fresh."""
    return on.toordinal() - published.toordinal() - FRESH_DAYS


def _faded(late: int) -> float:
    if late <= 0:
        return 1.0
    return math.pow(0.5, late / HALF_LIFE_DAYS) if late < FADED_DAYS else OLDEST


def _age(one: Evidence, on: date, ageless: bool) -> float:
    if ageless:
        return 1.0
    return _faded(_late(one.published, on)) if one.published else UNDATED


def _lifts(root: Evidence) -> bool:
    """Whether this root, while it is fresh enough, opens band A."""
    return root.direct and root.reliability == "A" and root.credibility not in (4, 5)


class _Weighed(NamedTuple):
    line: Line
    lead: Evidence
    draft: _Draft


def _weigh(draft: _Draft, on: date, ageless: bool) -> _Weighed:
    """Grade a line on what weighs most on that day; of equals the direct one leads, then the last id."""
    graded_on = draft.roots or draft.reports
    weighed = [(_force(one) * _age(one, on, ageless), one) for one in graded_on]
    weight, lead = weighed[0]
    if len(weighed) > 1:
        weight, lead = max(weighed, key=lambda found: (found[0], found[1].direct, natural(found[1].id)))
    lifts = any(_lifts(root) and _age(root, on, ageless) >= LIFTING_AGE for root in draft.roots)
    return _Weighed(_line(draft, lead, weight, lifts), lead, draft)


def _line(draft: _Draft, lead: Evidence, weight: float, lifts: bool) -> Line:
    rooted = bool(draft.roots)
    supporting = lead.stance == SUPPORTS
    reports = draft.repeats or draft.reports
    members = [*draft.roots, *reports]
    return Line(
        key=draft.key,
        kind="root" if rooted else "ring" if draft.only_rings else "report",
        side=lead.stance,
        lead=lead.id,
        direct=lead.direct and rooted,
        weight=weight,
        origins=_in_order([root.id for root in draft.roots] or set(draft.origins.values())),
        origin_cited=rooted,
        repeats=_in_order([one.id for one in reports if one is not lead]),
        members=_in_order([one.id for one in members]),
        lifts=lifts and supporting,
        holds=not supporting and any(one.reliability not in "DE" for one in members),
    )


def _weigh_side(drafts: Iterable[_Draft], on: date, ageless: bool) -> list[_Weighed]:
    weighed = [_weigh(draft, on, ageless) for draft in drafts]
    return sorted(weighed, key=lambda one: (one.line.weight, one.line.direct, natural(one.lead.id)), reverse=True)


# The formula


def _terms(weights: Iterable[float]) -> Iterator[float]:
    return map(mul, DISCOUNTS, sorted(weights, reverse=True))


def discounted(weights: Iterable[float]) -> float:
    # fsum, because a plain sum depends on what stands around a number, and one more line could then take a hair away.
    return math.fsum(_terms(weights))


def _belief(support: float, dispute: float) -> float:
    """Return score0. Twelve decimals, so that machines whose last bit of exp() differs store the same working."""
    if not dispute:
        return round(-math.expm1(-support), 12)
    odds = math.expm1(support) * math.exp(-dispute)
    return round(odds / (1 + odds), 12)


def _cap(lifted: bool, held: bool) -> tuple[str, float]:
    if held:
        return "disputed", DISPUTED_CAP
    return ("certain", CERTAIN_CAP) if lifted else ("indirect", INDIRECT_CAP)


def _rounded(belief: float, cap: tuple[str, float]) -> float:
    return hundredths(min(belief, cap[1])) / 100


def _sides(lines: Iterable[Line]) -> tuple[list[Line], list[Line]]:
    lines = list(lines)
    return [line for line in lines if line.side == SUPPORTS], [line for line in lines if line.side == DISPUTES]


def _lifted(supports: Iterable[Line]) -> bool:
    return any(line.lifts for line in supports)


def _held(disputes: Iterable[Line]) -> bool:
    return any(line.holds for line in disputes)


def _left_without(lines: Iterable[Line]) -> Iterator[tuple[Line, float]]:
    """Yield each line with the discounted sum of the others; those behind it move up a rank."""
    ranked = sorted(lines, key=lambda line: line.weight, reverse=True)
    counted = [line.weight for line in ranked[: len(DISCOUNTS) + 1]]
    beyond = discounted(counted)
    for rank, line in enumerate(ranked):
        yield line, discounted(counted[:rank] + counted[rank + 1 :]) if rank < len(counted) else beyond


# Due


class _Fading(NamedTuple):
    """What age works on: who may lead each supporting line, as (weight when fresh, days late), and what opens band A."""

    lines: list[list[tuple[float, int]]]
    lifting: list[int]
    held: bool
    dispute: float

    def score_after(self, days: int) -> float:
        weights = [_weight_after(days, leads) for leads in self.lines]
        lifted = any(_faded(late + days) >= LIFTING_AGE for late in self.lifting)
        return _rounded(_belief(discounted(weights), self.dispute), _cap(lifted, self.held))


def _weight_after(days: int, leads: list[tuple[float, int]]) -> float:
    if len(leads) == 1:
        ((force, late),) = leads
        return force * _faded(late + days)
    return max([force * _faded(late + days) for force, late in leads])


def _fading(supports: Iterable[_Weighed], disputes: Iterable[_Weighed], on: date) -> _Fading:
    drafts = [one.draft for one in supports]
    return _Fading(
        lines=[_freshest([_fades(one, on) for one in draft.roots or draft.reports]) for draft in drafts],
        lifting=[_fades(root, on)[1] for draft in drafts for root in draft.roots if _lifts(root)],
        held=_held(one.line for one in disputes),
        dispute=DISPUTE * discounted(one.line.weight for one in disputes),
    )


def _freshest(leads: list[tuple[float, int]]) -> list[tuple[float, int]]:
    """Return the freshest of each weight: the others can never lead."""
    if len(leads) == 1:
        return leads
    found: dict[float, int] = {}
    for force, late in leads:
        found[force] = min(late, found.get(force, late))
    return list(found.items())


def _fades(one: Evidence, on: date) -> tuple[float, int]:
    return (_force(one), _late(one.published, on)) if one.published else (_force(one) * UNDATED, NEVER_LATE)


def _due(fading: _Fading, score: float, on: date) -> date | None:
    """Return the first later day on which age alone changes the rounded score, which never rises with time."""
    lates = [late for leads in fading.lines for _, late in leads]
    # Nothing moves before the first leaves its fresh year, nor after the last has faded as far as it goes.
    same = max(0, -max(lates, default=NEVER_LATE))
    end = min(HORIZON_DAYS, FADED_DAYS - min(lates, default=NEVER_LATE), date.max.toordinal() - on.toordinal())
    stride = 16
    while same < end and fading.score_after(min(same + stride, end)) == score:
        same += stride
        stride *= 2
    if same >= end:
        return None
    changed = min(same + stride, end)
    while changed - same > 1:
        middle = (same + changed) // 2
        if fading.score_after(middle) == score:
            same = middle
        else:
            changed = middle
    return date.fromordinal(on.toordinal() + changed)


# The verdict


def _grade(evidence: Iterable[Evidence], sources: _Sources, on: date, lasting: bool) -> Verdict:
    evidence = list(evidence)
    supporting = [one for one in evidence if one.stance == SUPPORTS]
    disputing = [one for one in evidence if one.stance == DISPUTES]
    support_drafts, support_rings = _draft_lines(supporting, sources)
    dispute_drafts, dispute_rings = _draft_lines(disputing, sources)
    supports = _weigh_side(support_drafts, on, lasting)
    disputes = _weigh_side(dispute_drafts, on, ageless=True)
    lines = tuple(one.line for one in (*supports, *disputes))
    steps = _steps(supports, disputes, on, lasting)
    score = hundredths(steps[-1].after) / 100
    band = band_of(score)
    return Verdict(
        score=score,
        band=band.letters,
        label=band.label,
        breadth=_breadth(lines),
        disputed=bool(disputes),
        steps=steps,
        lines=lines,
        warnings=(
            *_cautions(supporting, supports, support_rings),
            *_cautions(disputing, disputes, dispute_rings),
        ),
        due=None if lasting else _due(_fading(supports, disputes, on), score, on),
        method=METHOD_VERSION,
    )


_VERDICT = [one.name for one in fields(Verdict)]


def _fields(verdict: Verdict) -> dict[str, Any]:
    return {name: getattr(verdict, name) for name in _VERDICT}


def _least_sure(
    judgements: Sequence[Judgement], graded: Mapping[str, JudgementVerdict], evidence: Sequence[Evidence]
) -> ProfileVerdict:
    essential = [key for key, verdict in graded.items() if verdict.essential]
    key = min(essential, key=lambda key: graded[key].score)
    least = graded[key]
    named: dict[str, Parameter] = {"judgement": key, "essential": len(essential), "headline": key == judgements[0].key}
    changed = {
        "steps": (Step("least-sure", named, 0.0, 0.0), *least.steps),
        "warnings": _profile_cautions(judgements, graded, evidence),
        "due": min((verdict.due for verdict in graded.values() if verdict.due), default=None),
    }
    return ProfileVerdict(**(_fields(least) | changed), judgements=graded, least_sure=key)


# Steps


_Move = tuple[str, Mapping[str, Parameter], float]


def _steps(supports: Sequence[_Weighed], disputes: Sequence[_Weighed], on: date, lasting: bool) -> tuple[Step, ...]:
    moves = [*_support_moves(supports, on, lasting), *_dispute_moves(disputes, supports)]
    reason, cap = _cap(_lifted(one.line for one in supports), _held(one.line for one in disputes))
    if moves[-1][2] > cap:
        moves.append(("cap", {"reason": reason, "cap": cap}, cap))
    steps: list[Step] = []
    for kind, parameters, after in moves:
        steps.append(Step(kind, parameters, steps[-1].after if steps else 0.0, after))
    return tuple(steps)


def _support_moves(supports: Sequence[_Weighed], on: date, lasting: bool) -> Iterator[_Move]:
    if not supports:
        yield "no-support", {}, 0.0
    terms = list(_terms(one.line.weight for one in supports))
    for rank, one in enumerate(supports[:TOLD_ONE_BY_ONE]):
        yield "support", _parameters(one, rank, on, lasting), _belief(math.fsum(terms[: rank + 1]), 0.0)
    if len(supports) > TOLD_ONE_BY_ONE:
        yield "more-support", _more(supports, terms), _belief(math.fsum(terms), 0.0)


def _dispute_moves(disputes: Sequence[_Weighed], supports: Sequence[_Weighed]) -> Iterator[_Move]:
    if disputes and not supports:
        yield "nothing-to-dispute", {"lines": len(disputes)}, 0.0
        return
    support = discounted(one.line.weight for one in supports)
    terms = list(_terms(one.line.weight for one in disputes))
    for rank, one in enumerate(disputes[:TOLD_ONE_BY_ONE]):
        said = {**_parameters(one, rank), "times": DISPUTE}
        yield "dispute", said, _belief(support, DISPUTE * math.fsum(terms[: rank + 1]))
    if len(disputes) > TOLD_ONE_BY_ONE:
        more = {**_more(disputes, terms), "times": DISPUTE}
        yield "more-dispute", more, _belief(support, DISPUTE * math.fsum(terms))


def _more(side: Sequence[_Weighed], terms: Sequence[float]) -> dict[str, Parameter]:
    return {"lines": len(side) - TOLD_ONE_BY_ONE, "adds": round(math.fsum(terms[TOLD_ONE_BY_ONE:]), 12)}


def _parameters(one: _Weighed, rank: int, on: date = date.min, ageless: bool = True) -> dict[str, Parameter]:
    """Tell a line with every factor of its weight, so that a stored step can be checked by hand in any later version."""
    line, lead, draft = one
    return {
        "line": line.key,
        "line_kind": line.kind,
        "lead": str(lead.id),
        "reliability": lead.reliability,
        "credibility": lead.credibility,
        "direct": line.direct,
        "origin": None if line.origin_cited else str(draft.origins[lead.id]),
        "roots": len(draft.roots),
        "repeats": len(line.repeats),
        "stronger": _stronger_repeat(one, on, ageless) if draft.repeats else None,
        "published": lead.published.isoformat() if lead.published else None,
        "ageless": ageless,
        "letter_weight": round(WEIGHT[lead.reliability], 6),
        "digit_factor": CREDIBILITY[lead.credibility],
        "hand_factor": 1.0 if line.direct else SECOND_HAND,
        "age": round(_age(lead, on, ageless), 6),
        "place": rank + 1,
        "share": SHARES[rank],
        "weight": round(line.weight, 6),
    }


def _stronger_repeat(one: _Weighed, on: date, ageless: bool) -> str | None:
    """Name the repeat that would count for more than the root its line is graded on, if there is one."""
    weighed = [(_force(report) * _age(report, on, ageless), natural(report.id), report) for report in one.draft.repeats]
    weight, _, report = max(weighed, key=lambda found: found[:2])
    return str(report.id) if weight > one.line.weight else None


# Breadth


def _number(count: int) -> str:
    return NUMBERS[count] if count < len(NUMBERS) else str(count)


def _breadth(lines: Sequence[Line]) -> str:
    """Say how many independent sources there are. `working.breadth_in_words` says the same in the reader's language."""
    supports, disputes = _sides(lines)
    count = len(supports)
    said = f"{_number(count)} independent source{'' if count == 1 else 's'}"
    said += _of_them_direct(sum(line.direct for line in supports), count)
    said += _at_second_hand(sum(not line.origin_cited for line in supports), count)
    further = len({repeat for line in supports for repeat in line.repeats})
    if further:
        said += f" ({_number(further)} further report{'' if further == 1 else 's'} of the same)"
    return f"{said}; disputed by {_number(len(disputes))}" if disputes else said


def _of_them_direct(direct: int, count: int) -> str:
    if not direct:
        return ""
    if direct < count:
        return f", {_number(direct)} of them direct"
    return {1: ", direct", 2: ", both direct"}.get(count, ", all direct")


def _at_second_hand(reported: int, count: int) -> str:
    """Say how many lines have no root on file; without a number, all of them."""
    if not reported:
        return ""
    return ", known only at second hand" if reported == count else f", {_number(reported)} known only at second hand"


# Warnings


def _cautions(side: Sequence[Evidence], lines: Sequence[_Weighed], rings: Collection[SourceId]) -> Iterator[Caution]:
    """Yield what the desk should look at; of uncited origins, the principal ones of reports without a root on file."""
    cited = {one.id for one in side}
    found: dict[str, Collection[SourceId]] = {
        "direct-but-derived": [one.id for one in side if one.direct and one.derived_from],
        "ring": rings,
        "confirmed-alone": [one.id for one in side if one.credibility == 1] if len(lines) == 1 else (),
        "origin-not-cited": {origin for line in lines for origin in line.draft.origins.values()} - cited,
        "reliable-but-improbable": [one.id for one in side if (one.reliability, one.credibility) == ("A", 5)],
        "unreliable-but-confirmed": [one.id for one in side if (one.reliability, one.credibility) == ("E", 1)],
    }
    for kind, sources in found.items():
        for source in _in_order(sources):
            yield Caution(kind, {"source": str(source), "side": side[0].stance})


def _profile_cautions(
    judgements: Sequence[Judgement], graded: Mapping[str, JudgementVerdict], evidence: Sequence[Evidence]
) -> tuple[Caution, ...]:
    """Return the warnings of all judgements, each once, and what only the whole profile shows."""
    found = [caution for verdict in graded.values() for caution in verdict.warnings]
    for judgement in judgements:
        if graded[judgement.key].essential and not judgement.evidence:
            found.append(Caution("judgement-not-cited", {"judgement": judgement.key}))
    attached = {one.id for judgement in judgements for one in judgement.evidence}
    loose = {one.id for one in evidence if one.stance != CONTEXT} - attached
    found += [Caution("not-attached", {"source": str(source)}) for source in _in_order(loose)]
    return tuple({(one.kind, *sorted(one.parameters.items())): one for one in found}.values())
