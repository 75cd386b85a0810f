"""How well the method does on past cases: read them, forecast each, compare with what turned out to be true.

Plain values only: no database, no clock. The format of the file and the words for the measures are in
docs/methodology.md.
"""

import json
import math
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

from profiles.grading import method
from profiles.grading.method import CONTEXT, DISPUTES, SUPPORTS, Evidence, grade_evidence
from profiles.grading.record import letter_of
from profiles.grading.scale import SCALE, Band, band_of, hundredths

MOST_PROBLEMS = 50
BINS = 10
Z_95 = 1.959963984540054
TRIALS, DRAWS = 1000, 2_000_000  # a table of more than 2,000 cases gets fewer trials, but never fewer than a hundred

JUDGED_TRUE = 0.5  # at this forecast or above the answer counts as yes


@dataclass(frozen=True, slots=True)
class Case:
    """A claim that has been settled, with the notes that were on file about it. A group stays in one fold."""

    id: str
    group: str
    truth: bool
    as_of: date
    notes: tuple[Evidence, ...]
    lettered: bool = True  # whether any note came with a reliability letter


# Reading: one case a line


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a line, and what would be right. Lists count from 0 in the names of fields."""

    line: int
    field: str
    right: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.field + ': ' if self.field else ''}{self.right}"


class BadCases(ValueError):
    """Some lines are not cases; `problems` tells which and why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class _Wrong(ValueError):
    def __init__(self, field: str, right: str) -> None:
        super().__init__(f"{field}: {right}")
        self.field, self.right = field, right


CASE_FIELDS = ("case", "group", "truth", "as_of", "notes")
NOTE_FIELDS = ("id", "publisher", "reliability", "credibility", "stance", "published", "direct", "derived_from")
STANCES = (SUPPORTS, DISPUTES, CONTEXT)


def read_cases(lines: Iterable[str]) -> list[Case]:
    """Return the cases, one for each line that is not empty; raise `BadCases` with every line that is wrong."""
    cases: list[Case] = []
    stands_on: dict[str, int] = {}
    problems: list[Problem] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            case = _case(_mapping(line))
            if (first := stands_on.setdefault(case.id, number)) != number:
                raise _Wrong(
                    "case", f"{_shown(case.id)} stands on line {first} already; give each case a name of its own"
                )
            cases.append(case)
        except _Wrong as wrong:
            problems.append(Problem(number, wrong.field, wrong.right))
    if problems:
        raise BadCases(problems)
    return cases


def _mapping(line: str) -> Mapping[str, Any]:
    try:
        found = json.loads(line, object_pairs_hook=_each_once)
    except _Wrong:
        raise
    except (ValueError, RecursionError) as error:
        said = f" ({error})" if isinstance(error, json.JSONDecodeError) else ""
        raise _Wrong("", f"this is not JSON{said}; write one case as one JSON object on one line") from None
    if not isinstance(found, dict):
        raise _Wrong("", f"{_shown(found)} is not a case; write one JSON object with {_listed(CASE_FIELDS)}")
    return found


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Wrong(_plain(name), "stands here twice; write it once")
        found[name] = value
    return found


def _case(told: Mapping[str, Any]) -> Case:
    _known_fields(told, CASE_FIELDS, "")
    name = _text(told, "case", "case")
    notes = told.get("notes")
    if not isinstance(notes, list):
        raise _Wrong("notes", f"{_given(told, 'notes')}; write a list of notes, or [] where nothing was on file")
    return Case(
        id=name,
        group=_text(told, "group", "group", default=name),
        truth=_yes_or_no(told, "truth", "truth"),
        as_of=_day(told, "as_of", "as_of"),
        notes=_notes(notes),
        lettered=any(note.get("reliability") is not None for note in notes),
    )


def _notes(told: list[Any]) -> tuple[Evidence, ...]:
    notes: dict[Any, Evidence] = {}
    for place, one in enumerate(told):
        where = f"notes[{place}]"
        if not isinstance(one, dict):
            raise _Wrong(where, f"{_shown(one)} is not a note; write a JSON object with {_listed(NOTE_FIELDS)}")
        note = _note(one, where)
        if note.id in notes:
            raise _Wrong(f"{where}.id", f"{_shown(note.id)} is another note's; give each note of a case its own")
        notes[note.id] = note
    return tuple(notes.values())


def _note(told: Mapping[str, Any], where: str) -> Evidence:
    _known_fields(told, NOTE_FIELDS, f"{where}.")
    name = _text(told, "id", f"{where}.id")
    return Evidence(
        id=name,
        publisher=_text(told, "publisher", f"{where}.publisher", default="") or None,
        reliability=_one_of(told, "reliability", f"{where}.reliability", sorted(method.WEIGHT), default="F"),
        credibility=_one_of(told, "credibility", f"{where}.credibility", sorted(method.CREDIBILITY), default=6),
        stance=_one_of(told, "stance", f"{where}.stance", STANCES),
        published=_day(told, "published", f"{where}.published") if told.get("published") is not None else None,
        direct=_yes_or_no(told, "direct", f"{where}.direct", default=False),
        derived_from=_origins(told, f"{where}.derived_from", name),
    )


def _origins(told: Mapping[str, Any], where: str, own: str) -> tuple[str, ...]:
    origins = [] if told.get("derived_from") is None else told["derived_from"]
    if not isinstance(origins, list) or not all(isinstance(one, str) and one for one in origins):
        raise _Wrong(where, f'{_given(told, "derived_from")}; write a list of note ids, such as ["n0"]')
    if own in origins:
        raise _Wrong(where, f"{_shown(own)} cannot be derived from itself; take it out")
    if len(set(origins)) < len(origins):
        raise _Wrong(where, "names one note twice; write each once")
    return tuple(origins)


def _known_fields(told: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for name in told:
        if name not in known:
            raise _Wrong(f"{where}{_plain(name)}"[:80], f"there is no such field; the fields are {_listed(known)}")


def _text(told: Mapping[str, Any], name: str, where: str, default: str | None = None) -> str:
    value = told.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or not value:
        raise _Wrong(where, f'{_given(told, name)}; write a name in quotes, such as "n1"')
    return value


def _yes_or_no(told: Mapping[str, Any], name: str, where: str, default: bool | None = None) -> bool:
    value = told.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, bool):
        raise _Wrong(where, f"{_given(told, name)}; write true or false, without quotes")
    return value


def _one_of(told: Mapping[str, Any], name: str, where: str, allowed: Sequence[Any], default: Any = None) -> Any:
    value = told.get(name)
    if value is None and default is not None:
        return default
    # True equals 1, and is no credibility digit.
    if isinstance(value, bool) or value not in allowed or isinstance(value, float):
        raise _Wrong(where, f"{_given(told, name)}; write one of {', '.join(map(json.dumps, allowed))}")
    return value


def _day(told: Mapping[str, Any], name: str, where: str) -> date:
    value = told.get(name)
    try:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise _Wrong(where, f'{_given(told, name)}; write a day such as "2024-12-01"')


def _given(told: Mapping[str, Any], name: str) -> str:
    return f"{_shown(told[name])} does not fit" if name in told else "is missing"


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _plain(name: str) -> str:
    # A name out of a file must not move the cursor of whoever reads the message.
    return name if name.isprintable() else json.dumps(name)[1:-1]


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


# Letters from the other folds


def with_learned_letters(cases: Sequence[Case], *, folds: int, seed: int) -> list[Case]:
    """Return the cases with each publisher's letter as its record in the other folds proposes it."""
    fold_of = _folds(cases, folds, seed)
    letters = {
        fold: _letters([case for case in cases if fold_of[case.group] != fold]) for fold in set(fold_of.values())
    }
    return [_lettered(case, letters[fold_of[case.group]]) for case in cases]


def _folds(cases: Iterable[Case], folds: int, seed: int) -> dict[str, int]:
    groups = sorted({case.group for case in cases})
    random.Random(seed).shuffle(groups)  # noqa: S311  repeatable, not secret
    return {group: place % folds for place, group in enumerate(groups)}


def _letters(cases: Iterable[Case]) -> dict[str, str]:
    """Return the letter of each publisher: right is who supported what was true or disputed what was false."""
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for case in cases:
        for publisher, stance in {(note.publisher, note.stance) for note in case.notes}:
            if publisher is not None and stance != CONTEXT:
                (right if (stance == SUPPORTS) == case.truth else wrong)[publisher] += 1
    return {publisher: letter_of(right[publisher], wrong[publisher]) for publisher in right | wrong}


def _lettered(case: Case, letters: Mapping[str, str]) -> Case:
    notes = tuple(replace(note, reliability=letters.get(note.publisher or "", "F")) for note in case.notes)
    return replace(case, notes=notes)


# Forecasts

Forecast = tuple[float, bool]  # what was forecast, from 0 to 1, and whether it was true


def forecast_by_method(cases: Iterable[Case], *, caps: bool = True, age: bool = True) -> list[Forecast]:
    return [(_score(case, caps, age), case.truth) for case in cases]


def _score(case: Case, caps: bool, age: bool) -> float:
    verdict = grade_evidence(case.notes, on=case.as_of, lasting=not age)
    last = verdict.steps[-1]
    return hundredths(last.before) / 100 if last.kind == "cap" and not caps else verdict.score


def forecast_by_majority(cases: Iterable[Case]) -> list[Forecast]:
    """The share of the notes for or against that are for; without any, nobody knows."""
    return [(_share(case), case.truth) for case in cases]


def _share(case: Case) -> float:
    stances = Counter(note.stance for note in case.notes)
    taking_sides = stances[SUPPORTS] + stances[DISPUTES]
    return round(stances[SUPPORTS] / taking_sides, 6) if taking_sides else 0.5


def forecast_by_count(cases: Iterable[Case]) -> list[Forecast]:
    """As if every supporting note halved the doubt, whoever it repeats."""
    return [(1 - 0.5 ** sum(note.stance == SUPPORTS for note in case.notes), case.truth) for case in cases]


def with_repeats(case: Case, count: int, *, linked: bool = True) -> Case:
    """Return the case with one supporting note, a root if there is one, repeated by publishers nobody has judged."""
    supporting = [note for note in case.notes if note.stance == SUPPORTS]
    if not supporting:
        return case
    repeated = next((note for note in supporting if not note.derived_from), supporting[0])
    # The notes of a file have texts for ids, so a number is nobody's.
    repeats = (
        Evidence(
            id=number,
            publisher=f"{number}. of those who repeat {repeated.id}",
            credibility=repeated.credibility,
            published=repeated.published,
            derived_from=(repeated.id,) if linked else (),
        )
        for number in range(1, count + 1)
    )
    return replace(case, notes=(*case.notes, *repeats))


# Measures


@dataclass(frozen=True, slots=True)
class InBand:
    """The cases whose forecast lies in one band: how many, the mean forecast, and the share that was true.

    `low` and `high` are the 95% Wilson interval of that share. Without a case there is no share.
    """

    band: Band
    n: int
    mean: float | None
    right: float | None
    low: float | None
    high: float | None


Tally = tuple[tuple[float, int, int], ...]  # each forecast that was made, how often, and how often it was true


@dataclass(frozen=True, slots=True)
class Measured:
    """How good some forecasts were. `perfect_ece` is what a forecaster without fault would show with these very
    forecasts, by the luck of the draw: the mean of many trials, and what 95 of 100 trials stay below."""

    n: int
    accuracy: float
    brier: float
    ece: float
    perfect_ece: float
    perfect_ece_95: float
    bands: tuple[InBand, ...]
    tally: Tally


def measure(forecasts: Iterable[Forecast], *, seed: int) -> Measured:
    """Return how good these forecasts were. At least one is needed."""
    made: Counter[float] = Counter()
    true: Counter[float] = Counter()
    for forecast, truth in forecasts:
        made[forecast] += 1
        true[forecast] += truth
    return measure_tally(tuple((forecast, made[forecast], true[forecast]) for forecast in sorted(made)), seed=seed)


def measure_tally(tally: Tally, *, seed: int) -> Measured:
    """Return the same from the tally alone, which is all that the measures rest on."""
    n = sum(made for _, made, _ in tally)
    trials = _perfect_trials(tally, seed)
    return Measured(
        n=n,
        accuracy=_rounded(sum(true if forecast >= JUDGED_TRUE else made - true for forecast, made, true in tally) / n),
        brier=_rounded(math.fsum(true * (1 - at) ** 2 + (made - true) * at**2 for at, made, true in tally) / n),
        ece=_rounded(_ece(tally)),
        perfect_ece=_rounded(math.fsum(trials) / len(trials)),
        perfect_ece_95=_rounded(trials[math.ceil(0.95 * len(trials)) - 1]),
        bands=tuple(_in_band(band, tally) for band in SCALE),
        tally=tally,
    )


def _rounded(value: float) -> float:
    # Six decimals, so that machines whose last bit differs print the same.
    return round(value, 6)


def _ece(tally: Tally) -> float:
    """Return the expected calibration error: how far forecast and share lie apart, on average over the bins."""
    apart = [0.0] * BINS
    for forecast, made, true in tally:
        apart[min(int(forecast * BINS + 1e-9), BINS - 1)] += forecast * made - true
    return math.fsum(map(abs, apart)) / sum(made for _, made, _ in tally)


def _perfect_trials(tally: Tally, seed: int) -> list[float]:
    """Return what ECE a perfect forecaster would show in each trial, smallest first."""
    chance = random.Random(seed)  # noqa: S311  repeatable, not secret
    n = sum(made for _, made, _ in tally)
    trials = max(100, min(TRIALS, DRAWS // n))
    return sorted(_ece(tuple(_drawn(tally, chance))) for _ in range(trials))


def _drawn(tally: Tally, chance: random.Random) -> Iterator[tuple[float, int, int]]:
    for forecast, made, _ in tally:
        yield forecast, made, sum(chance.random() < forecast for _ in range(made))


def _in_band(band: Band, tally: Tally) -> InBand:
    rows = [row for row in tally if band_of(row[0]) == band]
    n = sum(made for _, made, _ in rows)
    if not n:
        return InBand(band, 0, None, None, None, None)
    true = sum(true for _, _, true in rows)
    mean = math.fsum(forecast * made for forecast, made, _ in rows) / n
    return InBand(band, n, _rounded(mean), _rounded(true / n), *map(_rounded, wilson(true, n)))


def wilson(true: int, n: int) -> tuple[float, float]:
    """Return the 95% Wilson interval of a share."""
    share, z2 = true / n, Z_95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, middle - half), min(1.0, middle + half)


# The whole of it


@dataclass(frozen=True, slots=True)
class Injected:
    """What repeats of one supporting note in every case did: the Brier score and the mean forecast of what was false,
    before and after, and in how many cases the forecast moved."""

    name: str
    brier_before: float
    brier_after: float
    false_before: float | None
    false_after: float | None
    moved: int


@dataclass(frozen=True, slots=True)
class Options:
    folds: int = 10
    seed: int = 1
    caps: bool = True
    age: bool = True
    learn_letters: bool = False
    inject: int = 0


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was measured, and how. `letters` says where they came from: given, learned or none."""

    options: Options
    letters: str
    groups: int
    measured: Mapping[str, Measured]
    injected: tuple[Injected, ...]


METHOD, MAJORITY, COUNT = "method", "majority_share", "naive_count"


def calibrate(cases: Sequence[Case], options: Options) -> Calibration:
    """Measure the method on these cases, and beside it the majority and the count of links. At least one is needed."""
    letters = "learned" if options.learn_letters else "given" if any(case.lettered for case in cases) else "none"
    if options.learn_letters:
        cases = with_learned_letters(cases, folds=options.folds, seed=options.seed)
    return Calibration(
        options=options,
        letters=letters,
        groups=len({case.group for case in cases}),
        measured={name: measure(made, seed=options.seed) for name, made in _forecasts(cases, options).items()},
        injected=tuple(_injected(cases, options)) if options.inject else (),
    )


def _forecasts(cases: Sequence[Case], options: Options) -> dict[str, list[Forecast]]:
    return {
        METHOD: forecast_by_method(cases, caps=options.caps, age=options.age),
        MAJORITY: forecast_by_majority(cases),
        COUNT: forecast_by_count(cases),
    }


def _injected(cases: Sequence[Case], options: Options) -> Iterator[Injected]:
    before = _forecasts(cases, options)
    linked = _forecasts([with_repeats(case, options.inject) for case in cases], options)
    unlinked = _forecasts([with_repeats(case, options.inject, linked=False) for case in cases], options)
    yield _compared(METHOD, before[METHOD], linked[METHOD])
    yield _compared(f"{METHOD}_without_links", before[METHOD], unlinked[METHOD])
    yield _compared(MAJORITY, before[MAJORITY], linked[MAJORITY])
    yield _compared(COUNT, before[COUNT], linked[COUNT])


def _compared(name: str, before: Sequence[Forecast], after: Sequence[Forecast]) -> Injected:
    moved = sum(one != other for one, other in zip(before, after, strict=True))
    return Injected(name, _brier(before), _brier(after), _mean_of_false(before), _mean_of_false(after), moved)


def _brier(forecasts: Sequence[Forecast]) -> float:
    return _rounded(math.fsum((forecast - truth) ** 2 for forecast, truth in forecasts) / len(forecasts))


def _mean_of_false(forecasts: Iterable[Forecast]) -> float | None:
    of_false = [forecast for forecast, truth in forecasts if not truth]
    return _rounded(math.fsum(of_false) / len(of_false)) if of_false else None


# As data


def as_json(calibration: Calibration) -> dict[str, Any]:
    """Return what was measured in plain JSON types: the method on top, what it is compared with beside it."""
    options = {one.name: getattr(calibration.options, one.name) for one in fields(Options)}
    told = {name: _measured_as_json(measured) for name, measured in calibration.measured.items()}
    return {
        "method": method.METHOD_VERSION,
        "constants": constants(),
        "options": {**options, "letters": calibration.letters},
        "groups": calibration.groups,
        **told.pop(METHOD),
        **told,
        "injected": {one.name: _injected_as_json(one) for one in calibration.injected},
    }


def constants() -> dict[str, Any]:
    """Return the method's numbers, so that what was measured says with which."""
    return {
        "right": dict(method.RIGHT),
        "credibility": {str(digit): factor for digit, factor in sorted(method.CREDIBILITY.items())},
        "second_hand": method.SECOND_HAND,
        "discount": method.DISCOUNT,
        "dispute": method.DISPUTE,
        "fresh_days": method.FRESH_DAYS,
        "half_life_days": method.HALF_LIFE_DAYS,
        "oldest": method.OLDEST,
        "undated": method.UNDATED,
        "lifting_age": method.LIFTING_AGE,
        "caps": [method.DISPUTED_CAP, method.INDIRECT_CAP, method.CERTAIN_CAP],
    }


def _measured_as_json(measured: Measured) -> dict[str, Any]:
    return {
        "n": measured.n,
        "accuracy": measured.accuracy,
        "Brier": measured.brier,
        "ECE": measured.ece,
        "perfect_ECE": measured.perfect_ece,
        "perfect_ECE_95": measured.perfect_ece_95,
        "bands": [_band_as_json(one) for one in measured.bands],
        "tally": [list(row) for row in measured.tally],
    }


def _band_as_json(one: InBand) -> dict[str, Any]:
    told = {name: getattr(one, name) for name in ("n", "mean", "right", "low", "high")}
    return {"span": one.band.span, "band": one.band.letters, "label": one.band.label, **told}


def _injected_as_json(one: Injected) -> dict[str, Any]:
    return {part.name: getattr(one, part.name) for part in fields(Injected) if part.name != "name"}
