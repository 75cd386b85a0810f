"""What the working of a grade shows: every stored step, what carries the grade, and how it got where it is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from config.addresses import address
from profiles.grading.method import DISPUTES, METHOD_VERSION, SUPPORTS
from profiles.grading.working import (
    by_hand,
    explain_step,
    explain_warning,
    only_support,
    source_named,
    without_each_line,
)
from profiles.models import Grade, Profile, Source
from profiles.pages import charts
from profiles.pages.profile import MOVES, Card, Move, dots_of, read_moves, show_card, sparkline
from profiles.pages.showing import ShownBand, ShownGrade, show_scale, show_score, show_verdict

HISTORY = 200
CHARTED = 40  # more would stand on top of each other
CARRIED = 24  # of each side; what weaker lines carry is not seen in two decimals
Told = Mapping[str, Any]
Names = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One step of the working: a sentence, its sum, the score before and after, and a bar between them."""

    text: str
    by_hand: str
    before: str
    after: str
    bar: charts.Bar

    @property
    def sums(self) -> list[str]:
        return self.by_hand.split("; ")


@dataclass(frozen=True, slots=True)
class Waterfall:
    """How the score of one judgement comes about; of the whole profile, where it has no judgements."""

    key: str
    statement: str
    essential: bool
    lasting: bool
    decides: bool
    grade: ShownGrade
    steps: tuple[ShownStep, ...]

    @property
    def anchor(self) -> str:
        return f"judgement-{self.key}" if self.key else "working"

    @property
    def has_arithmetic(self) -> bool:
        return any(step.by_hand for step in self.steps)


@dataclass(frozen=True, slots=True)
class CarriedLine:
    """One line of evidence, and the score that the others alone would give."""

    name: str
    disputes: bool
    without: ShownGrade
    difference: str
    bar: charts.Bar


@dataclass(frozen=True, slots=True)
class Then:
    """A day that a reader asked about, when the grade that stood was given, and the days of the moves around it."""

    day: date
    given: date | None
    first: date | None
    earlier: date | None
    later: date | None


@dataclass(frozen=True, slots=True)
class ConfidencePage:
    """Everything the page of a grade's working repeats; `then` where it is the grade of an earlier day."""

    name: str
    profile_url: str
    url: str
    canonical: str
    then: Then | None
    card: Card
    opening: str
    waterfalls: tuple[Waterfall, ...]
    warnings: tuple[str, ...]
    rests_on: str
    carried: tuple[CarriedLine, ...]
    more_carried: int
    moves: tuple[Move, ...]
    more_moves: bool
    chart: charts.History | None
    scale: tuple[ShownBand, ...]
    method: int
    newest_method: int
    due: date | None

    @property
    def dots(self) -> list[tuple[charts.Dot, Move]]:
        return dots_of(self.chart, self.moves)


@dataclass(frozen=True, slots=True)
class _Standing:
    """A verdict, and what was said of it on the day it stood."""

    told: Told
    statements: Mapping[str, str]
    method: int
    card: Card
    moves: Sequence[Move]
    then: Then | None


class NoSuchDay(ValueError):
    """What a reader asked for is no day, or one that is still to come; the message says which."""


def asked_day(text: str, *, today: date) -> date | None:
    """Return the day that was asked for, None where none was."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    # Other ways of writing the same day would be other addresses of the same page.
    if day is None or day.isoformat() != text:
        raise NoSuchDay(_("“%(text)s” is not a day. Write one such as 2025-03-01.") % {"text": text[:40]})
    if day > today:
        raise NoSuchDay(_("%(day)s is still to come. A grade can be shown as it stood, up to today.") % {"day": text})
    return day


def confidence_page(profile: Profile, *, on: date | None = None) -> ConfidencePage:
    """Read the working of a profile from `profile_page.read_profile`, as it is or as it stood at the end of a day."""
    assert profile.live_revision is not None, "only a published profile has a page"
    standing = _standing_now(profile) if on is None else _standing_on(profile, on)
    told = standing.told
    names = names_in(told, standing.statements)
    url = address("profiles:profile_confidence", profile.slug)
    shown = standing.moves[:HISTORY]
    # What is left without a line is worked out by the method of today.
    carried = tuple(show_carried(told, names)) if told and standing.method == METHOD_VERSION else ()
    return ConfidencePage(
        name=profile.live_revision.name,
        profile_url=profile.get_absolute_url(),
        url=url,
        canonical=settings.SITE_URL + url,
        then=standing.then,
        card=standing.card,
        opening=_opening(told, names),
        waterfalls=tuple(_waterfalls(told, standing.statements, names)),
        warnings=warnings_in(told, names),
        rests_on=rests_on(told, names),
        carried=carried,
        more_carried=len(told["lines"]) - len(carried) if carried else 0,
        moves=tuple(shown),
        more_moves=len(standing.moves) > HISTORY,
        chart=_chart(shown[:CHARTED]),
        scale=show_scale(),
        method=standing.method,
        newest_method=METHOD_VERSION,
        due=date.fromisoformat(told["due"]) if told.get("due") else None,
    )


def _standing_now(profile: Profile) -> _Standing:
    moves = read_moves(profile, HISTORY + 1)
    return _Standing(
        told=profile.state.verdict or {},
        statements=profile.live_revision.statements if profile.live_revision else {},
        method=profile.state.method,
        card=show_card(profile, moves[:MOVES]),
        moves=moves,
        then=None,
    )


def _standing_on(profile: Profile, day: date) -> _Standing:
    end = _midnight(day) + timedelta(days=1)
    grade = profile.grades.filter(graded_at__lt=end).order_by("-seq").first()
    moves = read_moves(profile, HISTORY + 1, until=grade.seq) if grade else []
    return _Standing(
        told=grade.verdict if grade else {},
        statements=_statements_before(end, profile),
        method=grade.method if grade else 0,
        card=_card_then(grade, moves[:MOVES]),
        moves=moves,
        then=_then(profile, day, grade),
    )


def graded_until(profile: Profile, day: date | None) -> int:
    """Return the number of the grade that stands, or stood at the end of that day; 0 for none."""
    if day is None:
        return profile.state.seq
    end = _midnight(day) + timedelta(days=1)
    return profile.grades.filter(graded_at__lt=end).order_by("-seq").values_list("seq", flat=True).first() or 0


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _statements_before(end: datetime, profile: Profile) -> dict[str, str]:
    """Return the wording that was live then, as far as the revisions tell; what they do not tell, as it is worded now."""
    now = profile.live_revision.statements if profile.live_revision else {}
    then = profile.revisions.filter(approved_at__lt=end).order_by("-approved_at", "-number").first()
    return {**now, **(then.statements if then else {})}


def _card_then(grade: Grade | None, moves: Sequence[Move]) -> Card:
    shown = show_verdict(grade.verdict) if grade else None
    return Card(
        grade=shown,
        updating=False,
        as_of=grade.as_of if grade else None,
        graded_at=grade.graded_at if grade else None,
        ruler=charts.ruler(shown.number) if shown else None,
        sparkline=sparkline(moves),
        moves=tuple(moves),
    )


def _then(profile: Profile, day: date, grade: Grade | None) -> Then:
    graded = profile.grades.values_list("graded_at", flat=True)
    shown_since = _midnight(grade.graded_at.date()) if grade else None
    return Then(
        day=day,
        given=_day(grade.graded_at) if grade else None,
        first=_day(graded.order_by("seq").first()),
        earlier=_day(graded.filter(graded_at__lt=shown_since).order_by("-seq").first()) if shown_since else None,
        later=_day(graded.filter(graded_at__gte=_midnight(day) + timedelta(days=1)).order_by("seq").first()),
    )


def _day(at: datetime | None) -> date | None:
    return at.astimezone(UTC).date() if at else None


def names_in(told: Told, statements: Mapping[str, str]) -> Names:
    """Return what sentences about a verdict call the sources and judgements it names."""
    named = _named(told)
    found = Source.objects.filter(pk__in=named).values_list("pk", "title", "publisher__name")
    gone = dict.fromkeys(map(str, named), _("a source that is no longer on file"))
    return gone | {str(pk): source_named(title, publisher) for pk, title, publisher in found} | _statements(statements)


def _named(told: Told) -> set[int]:
    bodies = (told, *told.get("judgements", {}).values())
    said = [step["parameters"] for body in bodies for step in body.get("steps", ())]
    said += [warning["parameters"] for warning in told.get("warnings", ())]
    said += told.get("lines", ())
    return {int(about[role]) for about in said for role in ("lead", "origin", "stronger", "source") if about.get(role)}


def warnings_in(told: Told, names: Names) -> tuple[str, ...]:
    """Return the warnings of a verdict as sentences, each once."""
    return tuple(dict.fromkeys(explain_warning(warning, names) for warning in told.get("warnings", ())))


def rests_on(told: Told, names: Names) -> str:
    """Say what the grade would be without its one line of support; "" where the deciding judgement has more, or none."""
    lead = only_support(told.get("lines", ()))
    if lead is None:
        return ""
    return _("This grade rests on one line of evidence: without %(name)s it would be 0.00.") % {"name": names[lead]}


def _statements(statements: Mapping[str, str]) -> dict[str, str]:
    # The sentence they are quoted in brings its own full stop.
    return {f"judgement:{key}": statement.removesuffix(".") for key, statement in statements.items()}


def _opening(told: Told, names: Names) -> str:
    steps = told.get("steps", ())
    return explain_step(steps[0], names) if steps and steps[0]["kind"] == "least-sure" else ""


def _waterfalls(told: Told, statements: Mapping[str, str], names: Names) -> Iterable[Waterfall]:
    """Yield the judgements in page order; the deciding one keeps its place and is marked."""
    judgements = told.get("judgements", {})
    for key, one in judgements.items():
        if key in statements:
            yield show_waterfall(one, names, key=key, statement=statements[key], decides=key == told["least_sure"])
    if told and not judgements:
        yield show_waterfall(told, names)


def show_waterfall(told: Told, names: Names, *, key: str = "", statement: str = "", decides: bool = True) -> Waterfall:
    """Return a stored verdict as the steps that led to it; without a key, that of the whole profile."""
    sums = by_hand(told["steps"])
    return Waterfall(
        key=key,
        statement=statement,
        essential=told.get("essential", True),
        lasting=told.get("lasting", False),
        decides=decides,
        grade=show_verdict(told),
        steps=tuple(_step(*one, names) for one in zip(told["steps"], sums, strict=True)),
    )


def _step(step: Told, arithmetic: str, names: Names) -> ShownStep:
    return ShownStep(
        text=explain_step(step, names),
        by_hand=arithmetic,
        before=f"{step['before']:.3f}",
        after=f"{step['after']:.3f}",
        bar=charts.bar(step["before"], step["after"]),
    )


def show_carried(told: Told, names: Names) -> Iterable[CarriedLine]:
    """Yield the lines of a verdict, each with the score that would be left without it."""
    left = without_each_line(told["lines"])
    for side in (SUPPORTS, DISPUTES):
        for line, score in [one for one in left if one.line.side == side][:CARRIED]:
            without = show_score(score)
            assert without is not None
            yield CarriedLine(
                name=names[str(line.lead)],
                disputes=side == DISPUTES,
                without=without,
                difference=_signed(round(100 * (score - told["score"]))),
                bar=charts.bar(told["score"], score),
            )


def _signed(points: int) -> str:
    if not points:
        return "±0.00"
    return f"{'+' if points > 0 else '−'}{abs(points) / 100:.2f}"


def _chart(moves: Sequence[Move]) -> charts.History | None:
    if not moves:
        return None
    scores = [(move.seq, move.grade.number) for move in reversed(moves)]
    return charts.history(scores, width=640, height=220, left=44)
