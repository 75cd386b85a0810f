"""Where the marks of our charts stand. Templates draw them, and say the same in a table or a sentence beside them."""

from collections.abc import Sequence
from dataclasses import dataclass

from profiles.grading.scale import SCALE, Band


@dataclass(frozen=True, slots=True)
class Segment:
    """One band on the ruler or behind the step chart: where it starts, how far it goes, where its letters stand."""

    band: Band
    start: float
    length: float

    @property
    def middle(self) -> float:
        return round(self.start + self.length / 2, 1)


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled place on an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Ruler:
    """The published scale from left to right, with a marker on the score."""

    width: int
    segments: tuple[Segment, ...]
    ticks: tuple[Tick, ...]
    marker: float


@dataclass(frozen=True, slots=True)
class Dot:
    """One grade in a chart of the history: where it stands, and which of the grades it is."""

    x: float
    y: float
    seq: int


@dataclass(frozen=True, slots=True)
class History:
    """Grades from left to right, one step each: every change is as wide as any other, whatever time lay between."""

    width: int
    height: int
    line: str
    dots: tuple[Dot, ...]
    bands: tuple[Segment, ...]
    left: int

    @property
    def room(self) -> int:
        return self.width - self.left


@dataclass(frozen=True, slots=True)
class Bar:
    """What one step does to the score, on a track from 0 to 1."""

    width: int
    start: float
    length: float
    direction: str


@dataclass(frozen=True, slots=True)
class Whisker:
    """One band in a reliability diagram: how sure it was, how often it was right, and how far chance may have moved that."""

    band: Band
    n: int
    x: float
    y: float
    low: float
    high: float

    @property
    def few(self) -> bool:
        return self.n < 10


@dataclass(frozen=True, slots=True)
class Reliability:
    """How sure against how often right, both from 0 to 1. On the diagonal they are the same."""

    side: int
    left: int
    right: int
    top: int
    bottom: int
    ticks: tuple[tuple[Tick, Tick], ...]
    whiskers: tuple[Whisker, ...]


RULER_WIDTH = 300
BAR_WIDTH = 200
THINNEST = 1.5
EDGE = 6
RELIABILITY_SIDE, RELIABILITY_ROOM = 260, 34


def ruler(score: float) -> Ruler:
    return Ruler(
        width=RULER_WIDTH,
        segments=_segments(RULER_WIDTH),
        ticks=tuple(Tick(round(RULER_WIDTH * at, 1), label) for at, label in _boundaries()),
        marker=round(RULER_WIDTH * score, 1),
    )


def _segments(length: int) -> tuple[Segment, ...]:
    """Return the bands from the lowest upwards. A band ends where the next begins, so that no gap is drawn."""
    lowest_first = list(reversed(SCALE))
    ends = [band.floor for band in lowest_first[1:]] + [100]
    return tuple(
        Segment(band, round(length * band.floor / 100, 1), round(length * (end - band.floor) / 100, 1))
        for band, end in zip(lowest_first, ends, strict=True)
    )


def _boundaries() -> list[tuple[float, str]]:
    inner = [(band.floor / 100, f".{band.floor:02d}") for band in reversed(SCALE) if band.floor]
    return [(0.0, "0"), *inner, (1.0, "1")]


def history(scores: Sequence[tuple[int, float]], *, width: int, height: int, left: int = EDGE) -> History:
    """Return the steps of these grades, (number, score) each, oldest first; the last one reaches to the right edge."""
    room = width - left - EDGE
    depth = height - 2 * EDGE
    dots = tuple(
        Dot(round(left + room * place / len(scores), 1), round(EDGE + depth * (1 - score), 1), seq)
        for place, (seq, score) in enumerate(scores)
    )
    return History(width, height, _steps(dots, width - EDGE), dots, _falling(depth), left)


def _steps(dots: Sequence[Dot], end: float) -> str:
    if not dots:
        return ""
    path = f"M{dots[0].x} {dots[0].y}"
    for dot in dots[1:]:
        path += f"H{dot.x}V{dot.y}"
    return f"{path}H{end}"


def _falling(depth: int) -> tuple[Segment, ...]:
    # On paper the scale runs upwards, in SVG downwards.
    return tuple(
        Segment(one.band, round(EDGE + depth - one.start - one.length, 1), one.length) for one in _segments(depth)
    )


def bar(before: float, after: float) -> Bar:
    low, high = sorted((before, after))
    length = max(THINNEST, BAR_WIDTH * (high - low))
    start = min(BAR_WIDTH * low, BAR_WIDTH - length)
    direction = "same" if before == after else "up" if after > before else "down"
    return Bar(BAR_WIDTH, round(start, 1), round(length, 1), direction)


def reliability(shares: Sequence[tuple[Band, int, float, float, float, float]]) -> Reliability:
    """Return the diagram of these bands: (band, cases, mean score, share that was right, its interval) each."""
    left, right, top, bottom = RELIABILITY_ROOM, RELIABILITY_SIDE - EDGE, EDGE, RELIABILITY_SIDE - RELIABILITY_ROOM

    def across(at: float) -> float:
        return round(left + (right - left) * at, 1)

    def up(at: float) -> float:
        return round(bottom - (bottom - top) * at, 1)

    whiskers = tuple(
        Whisker(band, n, across(mean), *map(up, share_and_interval)) for band, n, mean, *share_and_interval in shares
    )
    ticks = tuple((Tick(across(at), label), Tick(up(at), label)) for at, label in ((0, "0"), (0.5, "0.5"), (1, "1")))
    return Reliability(RELIABILITY_SIDE, left, right, top, bottom, ticks, whiskers)
