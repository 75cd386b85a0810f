"""A grade as pages show it: a number and words, never a colour alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from profiles.grading.scale import SCALE, Band, band_of
from profiles.grading.working import breadth_in_words, label_in_words


@dataclass(frozen=True, slots=True)
class ShownGrade:
    """A score with its band. `breadth` and `disputed` are known where the verdict is at hand.

    `in_english` is the breadth as the verdict has it, for pictures and machines, which are the same in every language.
    """

    score: str
    band: Band
    label: str
    breadth: str = ""
    disputed: bool = False
    in_english: str = ""

    @property
    def number(self) -> float:
        return float(self.score)


@dataclass(frozen=True, slots=True)
class ShownBand:
    """A band of the published scale."""

    span: str
    letters: str
    label: str
    slug: str


def show_scale() -> tuple[ShownBand, ...]:
    return tuple(ShownBand(band.span, band.letters, label_in_words(band.label), band.slug) for band in SCALE)


def show_score(score: Decimal | float | None) -> ShownGrade | None:
    """Return what a chip needs; None before the first grade."""
    if score is None:
        return None
    band = band_of(score)
    return ShownGrade(f"{score:.2f}", band, label_in_words(band.label))


def show_verdict(told: Mapping[str, Any]) -> ShownGrade:
    """Return a stored verdict, of a profile or of one judgement, as pages show it."""
    band = band_of(told["score"])
    return ShownGrade(
        f"{told['score']:.2f}",
        band,
        label_in_words(band.label),
        breadth_in_words(told["lines"]),
        told["disputed"],
        told.get("breadth", ""),
    )
