"""The method's own numbers, as the methodology page prints them, and examples that the method itself works out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from profiles.grading import method
from profiles.grading.method import DISPUTES, Evidence, Line, Link, grade_evidence
from profiles.grading.scale import SCALE, Band, band_of
from profiles.grading.working import breadth_in_words, credibility_in_words, label_in_words, reliability_in_words
from profiles.pages.measured import MEASURED_ON, Measurement, Way, measurements, without_links

TODAY = date(2026, 6, 30)
FRESH = date(2026, 6, 1)


@dataclass(frozen=True, slots=True)
class Step:
    """One band of the published scale."""

    band: Band

    @property
    def label(self) -> str:
        return label_in_words(self.band.label)


@dataclass(frozen=True, slots=True)
class Letter:
    """A reliability letter, what it weighs, and what one source alone would score with it."""

    letter: str
    weight: str
    direct: str
    second_hand: str

    @property
    def in_words(self) -> str:
        return reliability_in_words(self.letter)


@dataclass(frozen=True, slots=True)
class Digit:
    """A credibility digit and the share of its weight a source keeps with it."""

    digit: int
    factor: str

    @property
    def in_words(self) -> str:
        return credibility_in_words(self.digit)


@dataclass(frozen=True, slots=True)
class Example:
    """A body of evidence in words, and the grade it earns."""

    words: str | Promise
    score: str
    band: Band
    lines: Sequence[Line]

    @property
    def breadth(self) -> str:
        return breadth_in_words(self.lines)


@dataclass(frozen=True, slots=True)
class Constants:
    """The method's numbers, rounded for reading. Taken from the method, so the page cannot say something else."""

    version: int = method.METHOD_VERSION
    second_hand: str = f"{method.SECOND_HAND:g}"
    discount: str = f"{method.DISCOUNT:g}"
    dispute: str = f"{method.DISPUTE:g}"
    fresh_days: int = method.FRESH_DAYS
    half_life_days: int = method.HALF_LIFE_DAYS
    oldest: str = f"{method.OLDEST:g}"
    undated: str = f"{method.UNDATED:g}"
    lifting_age: str = f"{method.LIFTING_AGE:g}"
    disputed_cap: str = f"{method.DISPUTED_CAP:.2f}"
    indirect_cap: str = f"{method.INDIRECT_CAP:.2f}"
    certain_cap: str = f"{method.CERTAIN_CAP:.2f}"


@dataclass(frozen=True, slots=True)
class Methodology:
    """Everything the methodology page takes from the method and from what was measured."""

    constants: Constants
    scale: Sequence[Step]
    letters: Sequence[Letter]
    digits: Sequence[Digit]
    examples: Sequence[Example]
    measurements: Sequence[Measurement]
    without_links: Way
    measured_on: date


@cache
def methodology() -> Methodology:
    return Methodology(
        constants=Constants(),
        scale=[Step(band) for band in SCALE],
        letters=[_letter(letter) for letter in method.RIGHT],
        digits=[Digit(digit, f"{method.CREDIBILITY[digit]:g}") for digit in sorted(method.CREDIBILITY)],
        examples=[_example(words, *evidence) for words, evidence in EXAMPLES],
        measurements=measurements(),
        without_links=without_links(),
        measured_on=MEASURED_ON,
    )


def _letter(letter: str) -> Letter:
    alone = [_score(_source("a", letter, direct=direct)) for direct in (True, False)]
    return Letter(letter, f"{method.WEIGHT[letter]:.3f}", *alone)


def _source(name: str, letter: str, *, direct: bool = False, credibility: int = 2, **fields: object) -> Evidence:
    options = {"published": FRESH, **fields}
    return Evidence(id=name, reliability=letter, credibility=credibility, direct=direct, **options)  # type: ignore[arg-type]


def _score(*evidence: Evidence) -> str:
    return f"{grade_evidence(evidence, on=TODAY).score:.2f}"


def _example(words: str | Promise, *evidence: Evidence) -> Example:
    # Origins that are named and not cited here: the method knows of them by their links alone.
    named = {origin for one in evidence for origin in one.derived_from} - {one.id for one in evidence}
    verdict = grade_evidence(evidence, on=TODAY, known=[Link(origin) for origin in named])
    return Example(words, f"{verdict.score:.2f}", band_of(verdict.score), verdict.lines)


def _old(days: int) -> date:
    return TODAY - timedelta(days=days)


EXAMPLES: tuple[tuple[str | Promise, list[Evidence]], ...] = (
    (_("Nothing on file"), []),
    (_("One report at second hand, Reliability B"), [_source("a", "B")]),
    (
        _("The same report and five papers that repeat it, each Reliability A"),
        [_source("a", "B"), *(_source(f"b{n}", "A", derived_from=("a",)) for n in range(5))],
    ),
    (_("Three reports at second hand from three origins, each Reliability B"), [_source(one, "B") for one in "abc"]),
    (
        _("Fifty reports at second hand from fifty origins, each Reliability A"),
        [_source(f"a{n}", "A") for n in range(50)],
    ),
    (
        _("One direct source nobody has judged, Reliability F and digit 6"),
        [_source("a", "F", direct=True, credibility=6)],
    ),
    (_("One direct source, Reliability A"), [_source("a", "A", direct=True)]),
    (_("The same, six years old"), [_source("a", "A", direct=True, published=_old(6 * 365))]),
    (_("The same, undated"), [_source("a", "A", direct=True, published=None)]),
    (
        _("A direct source of Reliability A, one of B, and a report of C from elsewhere"),
        [_source("a", "A", direct=True), _source("b", "B", direct=True), _source("c", "C")],
    ),
    (
        _("A direct source of Reliability A, disputed at second hand by Reliability F"),
        [_source("a", "A", direct=True), _source("b", "F", stance=DISPUTES)],
    ),
    (
        _("A direct source of Reliability B, disputed by another direct one of Reliability B"),
        [_source("a", "B", direct=True), _source("b", "B", direct=True, stance=DISPUTES)],
    ),
)
