"""Score to letters and label: the published scale, once."""

import math
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of the published scale. Floor and ceiling are hundredths, and both belong to the band."""

    letters: str
    label: str
    floor: int
    ceiling: int
    slug: str

    @property
    def span(self) -> str:
        return f"{self.floor / 100:.2f}–{self.ceiling / 100:.2f}"


SCALE: tuple[Band, ...] = (
    Band("A", "High — direct sources", 90, 100, "a"),
    Band("A/B", "Strong", 75, 89, "a-b"),
    Band("B/C", "Medium", 55, 74, "b-c"),
    Band("C/D", "Weak–medium", 35, 54, "c-d"),
    Band("D", "Weak signal", 10, 34, "d"),
    Band("D", "Internal monitoring", 0, 9, "internal"),
)


def hundredths(score: float) -> int:
    # The tiny push keeps a half a half: 0.145 is held as 0.14499999999999999 and would round down on its own.
    return math.floor(100 * score + 0.5 + 1e-9)


def band_of(score: float | Decimal) -> Band:
    """Return the band of a score from 0 to 1; an unrounded score is rounded first, as the page does."""
    points = hundredths(float(score))
    if not 0 <= points <= 100:
        raise ValueError(f"a score lies between 0 and 1, not at {score}")
    return next(band for band in SCALE if points >= band.floor)
