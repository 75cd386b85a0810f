"""What a grade would be if something on file were different, and which single step would raise it most.

Plain values in, plain values out: nothing is read here and nothing is written.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from profiles.grading.method import (
    SECOND_HAND,
    SUPPORTS,
    WEIGHT,
    Caution,
    Evidence,
    Judgement,
    JudgementVerdict,
    Link,
    ProfileVerdict,
    SourceId,
    Verdict,
    grade_profile,
)

if TYPE_CHECKING:
    from profiles.grading.reading import Case

UNJUDGED = 6
PROBABLY_TRUE = 2  # the digit a step assumes for what nobody has judged yet
MOST_TRIED = 50
MOST_EVIDENCE_GRADED = 20_000  # over all steps tried, so that a profile of a thousand citations answers too
ANOTHER = "another"

CITE, REST, JUDGE, FURTHER = "cite", "rest", "judge", "further"


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A profile's verdict as it is, and as it would be."""

    before: ProfileVerdict
    after: ProfileVerdict

    @property
    def moves(self) -> bool:
        return _outcome(self.before) != _outcome(self.after)

    @property
    def moves_band(self) -> bool:
        return (self.before.band, self.before.label) != (self.after.band, self.after.label)

    @property
    def new_warnings(self) -> tuple[Caution, ...]:
        return tuple(warning for warning in self.after.warnings if warning not in self.before.warnings)

    @property
    def moved_judgements(self) -> dict[str, tuple[JudgementVerdict, JudgementVerdict]]:
        both = {key: (one, self.after.judgements.get(key)) for key, one in self.before.judgements.items()}
        return {key: (was, now) for key, (was, now) in both.items() if now and _outcome(was) != _outcome(now)}


def _outcome(verdict: Verdict) -> tuple[float, str]:
    return verdict.score, verdict.breadth


def grade_case(case: "Case", *, on: date) -> ProfileVerdict:
    return grade_profile(case.judgements, evidence=case.evidence, on=on, known=case.known)


def what_if(before: "Case", after: "Case", *, on: date) -> WhatIf:
    """Grade a profile twice. Raises ConflictingEvidence where either could never be graded."""
    now = grade_case(before, on=on)
    return WhatIf(now, now if after == before else grade_case(after, on=on))


# Changes


def with_letter(case: "Case", publisher: str, letter: str) -> "Case":
    """Return the case with every source of this publisher under another reliability letter."""
    return _replaced(
        case,
        lambda one: one.publisher == publisher and one.reliability != letter,
        lambda one: replace(one, reliability=letter),
    )


def with_source(
    case: "Case", link: Link, *, reliability: str, published: date | None, above: Mapping[SourceId, Link]
) -> "Case":
    """Return the case with one source's links, publisher, letter and day as they would be.

    `above` describes what the source's new origins go back to.
    """
    if link.id not in case.known:
        return case
    changed = _replaced(
        case,
        lambda one: one.id == link.id,
        lambda one: replace(
            one,
            reliability=reliability,
            published=published,
            derived_from=link.derived_from,
            publisher=link.publisher,
        ),
    )
    return replace(changed, known={**above, **case.known, link.id: link})


def with_citations(
    case: "Case", judgements: Iterable[Judgement], evidence: Iterable[Evidence], known: Mapping[SourceId, Link]
) -> "Case":
    """Return the case resting on exactly these citations, with `known` for sources it did not reach before."""
    return replace(case, judgements=tuple(judgements), evidence=tuple(evidence), known={**known, **case.known})


def _replaced(case: "Case", wanted: Callable[[Evidence], bool], change: Callable[[Evidence], Evidence]) -> "Case":
    if not any(wanted(one) for one in _all(case)):
        return case
    return _mapped(case, lambda evidence: tuple(change(one) if wanted(one) else one for one in evidence))


def _mapped(case: "Case", change: Callable[[tuple[Evidence, ...]], tuple[Evidence, ...]]) -> "Case":
    judgements = tuple(replace(one, evidence=change(one.evidence)) for one in case.judgements)
    return replace(case, judgements=judgements, evidence=change(case.evidence))


def _all(case: "Case") -> Iterator[Evidence]:
    yield from case.evidence
    for judgement in case.judgements:
        yield from judgement.evidence


# The next best step


@dataclass(frozen=True, slots=True)
class NextStep:
    """One thing an editor could do, with the profile's score before and after.

    `kind` is "cite" (a source that reports here go back to), "rest" (the same, where the profile cites it for
    something else), "judge" (give a digit to a citation that has none) or "further" (cite one more independent
    source). What nobody has judged yet is taken as probably true; a source to be cited as direct, unless it repeats
    another one itself.
    """

    kind: str
    source: SourceId | None
    judgements: tuple[str, ...]
    direct: bool
    before: float
    after: float


def uncited_origins(case: "Case") -> dict[SourceId, tuple[str, ...]]:
    """Return every source that supporting reports go back to without resting on it, with the judgements concerned."""
    found: dict[SourceId, list[str]] = {}
    for key, evidence in _bodies(case).items():
        for source in sorted(_above(evidence, case.known) - {one.id for one in evidence}, key=str):
            found.setdefault(source, []).append(key)
    return {source: tuple(keys) for source, keys in found.items()}


def next_step(case: "Case", *, on: date, on_file: Mapping[SourceId, Evidence]) -> NextStep | None:
    """Return the step that raises the profile's score most, or None.

    `on_file` describes the uncited origins. To file what the reports go back to comes first; only where that raises
    nothing an unjudged digit, and a further source last.
    """
    now = grade_case(case, on=on)
    for steps in (_cite(case, on_file), _judge(case, now), _further(case, now, on)):
        found = [_told(step, now, grade_case(after, on=on)) for step, after in _few(steps, case)]
        best = max(found, key=lambda step: (step.after, step.kind == REST), default=None)
        if best and best.after > best.before:
            return best
    return None


_Tried = tuple[NextStep, "Case"]


def _told(step: NextStep, now: ProfileVerdict, after: ProfileVerdict) -> NextStep:
    return replace(step, before=now.score, after=after.score)


def _few(steps: Iterable[_Tried], case: "Case") -> Iterator[_Tried]:
    most = min(MOST_TRIED, max(1, MOST_EVIDENCE_GRADED // (len(case.evidence) + 1)))
    yield from (step for step, _ in zip(steps, range(most), strict=False))


def _cite(case: "Case", on_file: Mapping[SourceId, Evidence]) -> Iterator[_Tried]:
    """Yield the citing of each uncited origin, heaviest first."""
    cited = {one.id: one for one in case.evidence if one.stance == SUPPORTS}
    tried = []
    for source, keys in uncited_origins(case).items():
        if source in cited:
            tried.append((NextStep(REST, source, keys, cited[source].direct, 0, 0), cited[source]))
        elif source in on_file:
            one = on_file[source]
            direct = not one.derived_from
            assumed = replace(one, stance=SUPPORTS, credibility=PROBABLY_TRUE, direct=direct)
            tried.append((NextStep(CITE, source, keys, direct, 0, 0), assumed))
    tried.sort(key=lambda found: _force(found[1]), reverse=True)
    for step, one in tried:
        yield step, _with_one_more(case, one, step.judgements)


def _force(one: Evidence) -> float:
    return WEIGHT[one.reliability] * (1 if one.direct else SECOND_HAND)


def _judge(case: "Case", now: ProfileVerdict) -> Iterator[_Tried]:
    """Yield the judging of each citation without a digit that leads a line of what decides the grade."""
    leads = {line.lead for line in now.lines if line.side == SUPPORTS}
    evidence = _bodies(case)[now.least_sure or ""]
    for one in (one for one in evidence if one.id in leads and one.credibility == UNJUDGED):
        judged = replace(one, credibility=PROBABLY_TRUE)
        keys = tuple(key for key, body in _bodies(case).items() if one in body)
        yield NextStep(JUDGE, one.id, keys, one.direct, 0, 0), _swapped(case, one, judged)


def _further(case: "Case", now: ProfileVerdict, on: date) -> Iterator[_Tried]:
    """Yield one more independent source, direct and unjudged, under every judgement that holds the score down."""
    keys = tuple(key for key, one in now.judgements.items() if one.essential and one.score == now.score) or ("",)
    another = Evidence(id=ANOTHER, credibility=PROBABLY_TRUE, published=on, direct=True)
    yield NextStep(FURTHER, None, keys, True, 0, 0), _with_one_more(case, another, keys)


def _swapped(case: "Case", old: Evidence, new: Evidence) -> "Case":
    return _replaced(case, lambda one: one == old, lambda one: new)


def _with_one_more(case: "Case", one: Evidence, keys: Collection[str]) -> "Case":
    judgements = tuple(
        replace(judgement, evidence=(*judgement.evidence, one)) if judgement.key in keys else judgement
        for judgement in case.judgements
    )
    return replace(case, judgements=judgements, evidence=(*case.evidence, one))


def _bodies(case: "Case") -> dict[str, tuple[Evidence, ...]]:
    """Return the evidence of each judgement; of the profile itself, under an empty key, where it has none."""
    return {one.key: one.evidence for one in case.judgements} or {"": case.evidence}


def _above(evidence: Iterable[Evidence], known: Mapping[SourceId, Link]) -> set[SourceId]:
    reached: set[SourceId] = set()
    waiting = [origin for one in evidence if one.stance == SUPPORTS for origin in one.derived_from]
    while waiting:
        source = waiting.pop()
        if source not in reached:
            reached.add(source)
            waiting.extend(known[source].derived_from if source in known else ())
    return reached
