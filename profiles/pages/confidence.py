"""What the working of a grade shows: every stored step, what carries the grade, and how it got where it is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.urls import reverse

from profiles.grading.method import DISPUTES
from profiles.grading.scale import SCALE, Band
from profiles.grading.working import explain_step, explain_warning, without_each_line
from profiles.models import Profile
from profiles.pages import charts
from profiles.pages.lines import read_evidence
from profiles.pages.profile import Card, Move, read_moves, show_card
from profiles.pages.showing import ShownGrade, show_score, show_verdict

MOVES = 200
Told = Mapping[str, Any]
Names = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One step of the working: a sentence, the score before and after, and a bar between them."""

    text: str
    before: str
    after: str
    bar: charts.Bar


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


@dataclass(frozen=True, slots=True)
class CarriedLine:
    """One line of evidence, and the score that the others alone would give."""

    name: str
    disputes: bool
    without: ShownGrade
    difference: str
    bar: charts.Bar


@dataclass(frozen=True, slots=True)
class ConfidencePage:
    """Everything the page of a grade's working repeats."""

    name: str
    profile_url: str
    url: str
    canonical: str
    card: Card
    opening: str
    waterfalls: tuple[Waterfall, ...]
    warnings: tuple[str, ...]
    carried: tuple[CarriedLine, ...]
    moves: tuple[Move, ...]
    more_moves: bool
    chart: charts.History | None
    scale: tuple[Band, ...]
    method: int
    due: date | None

    @property
    def dots(self) -> list[tuple[charts.Dot, Move]]:
        moves = {move.seq: move for move in self.moves}
        return [(dot, moves[dot.seq]) for dot in self.chart.dots] if self.chart else []


def confidence_page(profile: Profile) -> ConfidencePage:
    """Read the working of a profile from `profile_page.read_profile`."""
    assert profile.live_revision is not None, "only a published profile has a page"
    state, statements = profile.state, profile.live_revision.statements
    told: Told = state.verdict or {}
    names = names_in(profile, statements)
    moves = read_moves(profile, MOVES + 1)
    shown = moves[:MOVES]
    url = reverse("profiles:profile_confidence", args=[profile.slug])
    return ConfidencePage(
        name=profile.live_revision.name,
        profile_url=profile.get_absolute_url(),
        url=url,
        canonical=settings.SITE_URL + url,
        card=show_card(profile, shown),
        opening=_opening(told, names),
        waterfalls=tuple(_waterfalls(told, statements, names)),
        warnings=warnings_in(told, names),
        carried=tuple(_carried(told, names)) if told else (),
        moves=tuple(shown),
        more_moves=len(moves) > MOVES,
        chart=_chart(shown),
        scale=SCALE,
        method=state.method,
        due=state.due_on,
    )


def names_in(profile: Profile, statements: Mapping[str, str]) -> Names:
    """Return what sentences about a verdict call its sources and judgements."""
    return {**read_evidence(profile, statements).names, **_statements(statements)}


def warnings_in(told: Told, names: Names) -> tuple[str, ...]:
    """Return the warnings of a verdict as sentences, each once."""
    return tuple(dict.fromkeys(explain_warning(warning, names) for warning in told.get("warnings", ())))


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
            yield _waterfall(one, names, key=key, statement=statements[key], decides=key == told["least_sure"])
    if told and not judgements:
        yield _waterfall(told, names)


def _waterfall(told: Told, names: Names, *, key: str = "", statement: str = "", decides: bool = True) -> Waterfall:
    return Waterfall(
        key=key,
        statement=statement,
        essential=told.get("essential", True),
        lasting=told.get("lasting", False),
        decides=decides,
        grade=show_verdict(told),
        steps=tuple(_step(step, names) for step in told["steps"]),
    )


def _step(step: Told, names: Names) -> ShownStep:
    return ShownStep(
        text=explain_step(step, names),
        before=f"{step['before']:.3f}",
        after=f"{step['after']:.3f}",
        bar=charts.bar(step["before"], step["after"]),
    )


def _carried(told: Told, names: Names) -> Iterable[CarriedLine]:
    for line, score in without_each_line(told["lines"]):
        without = show_score(score)
        assert without is not None
        yield CarriedLine(
            name=names.get(str(line.lead)) or f"source {line.lead}",
            disputes=line.side == DISPUTES,
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
