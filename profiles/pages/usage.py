"""How often pages and briefings were opened, for the desk: by day as a chart and a table, and by profile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import F, Q, Sum

from profiles.models import DailyCount

SPANS = (7, 30, 90, 365)
USUAL = 30
PROFILES = 100
WIDTH, HEIGHT, LEFT, FOOT = 720, 180, 44, 20
SUMS = {f"{what}s": Sum("number", filter=Q(what=what)) for what in DailyCount.What.values}


@dataclass(frozen=True, slots=True)
class Day:
    """One day: how often pages and briefings were opened."""

    day: date
    pages: int
    briefings: int


@dataclass(frozen=True, slots=True)
class Bar:
    """A day in the chart: the pages as a bar, the briefings as a narrower one before it."""

    day: Day
    x: float
    width: float
    pages: float
    briefings: float

    @property
    def inner_x(self) -> float:
        return round(self.x + self.width / 4, 1)

    @property
    def inner_width(self) -> float:
        return round(self.width / 2, 1)

    @property
    def pages_top(self) -> float:
        return round(HEIGHT - FOOT - self.pages, 1)

    @property
    def briefings_top(self) -> float:
        return round(HEIGHT - FOOT - self.briefings, 1)


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars from left to right, oldest first; the axis ends at a round number."""

    bars: tuple[Bar, ...]
    most: int
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    ground: int = HEIGHT - FOOT


@dataclass(frozen=True, slots=True)
class Row:
    """One profile over the whole span."""

    slug: str
    name: str
    pages: int
    briefings: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What the desk shows of one span."""

    span: int
    days: tuple[Day, ...]
    rows: tuple[Row, ...]
    chart: Chart

    @property
    def pages(self) -> int:
        return sum(day.pages for day in self.days)

    @property
    def briefings(self) -> int:
        return sum(day.briefings for day in self.days)

    @property
    def newest_first(self) -> list[Day]:
        return list(reversed(self.days))


def usage_of(span: int, *, until: date) -> Usage:
    """Return what was counted in so many days, the last one being `until`."""
    since = until - timedelta(days=span - 1)
    counts = DailyCount.objects.filter(day__gt=since - timedelta(days=1), day__lte=until)
    by_day = {
        day: (pages or 0, briefings or 0)
        for day, pages, briefings in counts.order_by().values_list("day").annotate(**SUMS)
    }
    days = tuple(Day(day, *by_day.get(day, (0, 0))) for day in (since + timedelta(days=n) for n in range(span)))
    rows: Any = (  # the names of the sums come from a table, which the types do not follow
        counts.order_by()
        .values(slug=F("profile__slug"), name=F("profile__live_revision__name"))
        .annotate(**SUMS)
        .order_by(F("pages").desc(nulls_last=True), "slug")[:PROFILES]
    )
    return Usage(span, days, tuple(_row(**row) for row in rows), chart_of(days))


def _row(slug: str, name: str | None, pages: int | None, briefings: int | None) -> Row:
    return Row(slug, name or f"{slug} (not published)", pages or 0, briefings or 0)


def chart_of(days: Sequence[Day]) -> Chart:
    most = round_up(max((max(day.pages, day.briefings) for day in days), default=0))
    step = (WIDTH - LEFT) / max(1, len(days))
    room = HEIGHT - FOOT - 8
    bars = tuple(
        Bar(
            day,
            x=round(LEFT + step * place + step * 0.1, 1),
            width=round(step * 0.8, 1),
            pages=round(room * day.pages / most, 1),
            briefings=round(room * day.briefings / most, 1),
        )
        for place, day in enumerate(days)
    )
    return Chart(bars, most)


def round_up(number: int) -> int:
    """The next of 10, 20, 50, 100, 200 …"""
    top = 10
    for factor in (2, 2.5, 2) * 12:
        if top >= number:
            break
        top = int(top * factor)
    return top


def asked_span(asked: Mapping[str, str]) -> int:
    """The span somebody asked for, if it is one that is offered."""
    days = asked.get("days", "")
    return int(days) if days in {str(span) for span in SPANS} else USUAL
