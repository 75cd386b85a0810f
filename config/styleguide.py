"""Every component on one page, from the templates and the style sheets that readers get, with values made up here.

For whoever changes how the site looks. It reads no table, and on a site that runs for readers it does not exist.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.tiers import Tier
from briefings.gate import OpenBriefing, Opened, OpenNote
from briefings.steps import Step
from briefings.teasers import page_of
from profiles.grading import method
from profiles.grading.scale import SCALE
from profiles.grading.working import as_json
from profiles.markup import render_markdown
from profiles.models import GradingState, Judgement
from profiles.pages import charts
from profiles.pages.confidence import Then, rests_on, show_carried, show_waterfall
from profiles.pages.deeper import Deeper
from profiles.pages.lines import Cited, Evidences, Known, as_evidence, show_sources
from profiles.pages.listing import Row
from profiles.pages.measured import measurements
from profiles.pages.profile import Card, Expectation, FacetCard, Move, show_judgements, sparkline
from profiles.pages.showing import ShownGrade, show_score, show_verdict

DAY = date(2026, 6, 1)
SCORES = (0.94, 0.81, 0.64, 0.42, 0.18, 0.03)  # one of each band, highest first
STATEMENTS = {
    "j1": "The registry hands out addresses and keeps the record of who holds them.",
    "j2": "Its vote of June was annulled by the officer who had called it.",
    "j3": "A single proxy was the reason.",
}
WORDS = "A registry is a record that everyone else relies on, and outsiders have no second book to consult."
COLOURS = ("paper", "raised", "sunken", "ink", "ink-soft", "rule", "rule-strong", "accent", "dispute", "mark")


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Show what there is to design with, in development only."""
    if not settings.DEBUG:
        raise Http404
    return render(request, "styleguide.html", values())


def values() -> dict[str, Any]:
    evidence = _evidence()
    told = as_json(_verdict(evidence))
    disputed = told["judgements"]["j2"]
    sources = show_sources(evidence, STATEMENTS, on=DAY)
    return {
        "colours": COLOURS,
        "scale": SCALE,
        "chips": [_shown(score) for score in SCORES],
        "cards": _cards(show_verdict(disputed)),
        "profile": {
            "name": "Example Registry",
            "slug": "example",
            "get_absolute_url": "/profiles/",
            "judgements": show_judgements(evidence, STATEMENTS, sources, GradingState(verdict=told)),
            "sources": sources,
            "facets": _facets(),
            "outlook": [Expectation(when, "Calm", WORDS) for when in ("Now", "This quarter", "This year")],
        },
        "waterfall": show_waterfall(disputed, evidence.names),
        "working": _working(disputed, evidence.names),
        "measurement": measurements()[0],
        "moves": _moves(),
        "rows": _rows(),
        "then": Then(DAY, date(2026, 5, 1), None, date(2026, 4, 2), date(2026, 8, 1)),
        "form": ExampleForm({"email": "nobody", "tier": "gold"}, label_suffix="", auto_id="example-%s"),
        **_panel(),
    }


class ExampleForm(forms.Form):
    """Every kind of field, filled in wrongly."""

    name = forms.CharField(help_text="As it should stand on the page.")
    email = forms.EmailField(label="Email address")
    about = forms.CharField(label="What should we look at?", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    tier = forms.ChoiceField(choices=[(tier.slug, tier.title) for tier in Tier])
    terms = forms.BooleanField(label="I have read the terms")


# --- Evidence, as if it had been filed ----------------------------------------------------------------------------------


def _evidence() -> Evidences:
    """A direct source, two reports of an origin that is not cited, a dispute and some context."""
    study = Known(1, "A study that is only quoted", "", date(2026, 4, 1), 1, "Example Institute", "institute")
    citations = (
        _cited(2, "The filing", "A", "Example Court", direct=True, credibility=1),
        _cited(3, "What the wire made of it", "B", "Example Wire", language="fr"),
        _cited(4, "A retelling with a headline that goes on for longer than one line is wide", "C", "Example Daily"),
        _cited(5, "A denial", "B", "Example Registry", direct=True, stance="disputes"),
        _cited(
            6,
            "How such votes are held",
            "C",
            "Example Quarterly",
            stance="context",
            establishes="The rules of the house.",
        ),
    )
    judgements = [Judgement(pk=number, key=key) for number, key in enumerate(STATEMENTS, 1)]
    first, second, _third = judgements
    return Evidences(
        citations=citations,
        judgements=judgements,
        resting={2: [first, second], 3: [first, second], 4: [first], 5: [second]},
        known={1: study},
        origins={3: (1,), 4: (1,)},
    )


def _cited(id: int, title: str, letter: str, publisher: str, **fields: Any) -> Cited:
    usual: dict[str, Any] = {
        "stance": "supports",
        "credibility": 2,
        "direct": False,
        "establishes": WORDS,
        "language": "",
    }
    return Cited(
        id=id,
        source_id=id,
        title=title,
        url=f"https://example.org/{id}",
        archived_url="",
        authors=(),
        published_on=DAY,
        publisher_id=id,
        publisher=publisher,
        publisher_slug=publisher.lower().replace(" ", "-"),
        reliability=letter,
        **usual | fields,
    )


def _verdict(evidence: Evidences) -> method.ProfileVerdict:
    """The method's own answer; the last judgement is still to be graded."""
    links = [method.Link(1, "1")]
    graded = [judgement for judgement in evidence.judgements if judgement.key != "j3"]
    bodies = [method.Judgement(one.key, _filed_for(one, evidence), essential=True) for one in graded]
    return method.grade_profile(bodies, on=DAY, known=links)


def _filed_for(judgement: Judgement, evidence: Evidences) -> tuple[method.Evidence, ...]:
    filed = [one for one in evidence.citations if judgement in evidence.resting.get(one.id, ())]
    return tuple(as_evidence(citation, evidence) for citation in filed)


# --- What is made of it -------------------------------------------------------------------------------------------------


def _shown(score: float) -> ShownGrade:
    shown = show_score(score)
    assert shown is not None
    return shown


def _cards(disputed: ShownGrade) -> list[tuple[str, Card]]:
    strong = show_verdict(as_json(method.grade_evidence(_two_voices(), on=DAY)))
    nothing = show_verdict(as_json(method.grade_evidence([], on=DAY)))
    return [
        ("settled", _card(strong, _moves())),
        ("updating", _card(strong, _moves(), updating=True)),
        ("disputed", _card(disputed)),
        ("internal", _card(nothing)),
        ("first", _card(None, updating=True)),
        ("none", _card(None)),
    ]


def _two_voices() -> list[method.Evidence]:
    return [
        method.Evidence(number, "B", 2, published=DAY, direct=number == 1, publisher=str(number)) for number in (1, 2)
    ]


def _card(grade: ShownGrade | None, moves: Sequence[Move] = (), *, updating: bool = False) -> Card:
    return Card(
        grade=grade,
        updating=updating,
        as_of=DAY if grade else None,
        graded_at=None,
        ruler=charts.ruler(grade.number) if grade else None,
        sparkline=sparkline(moves),
        moves=tuple(moves),
    )


def _moves() -> list[Move]:
    told = [(0.47, "The profile was published."), (0.64, "“The filing” is cited."), (0.81, "Example Wire is B now.")]
    before = ["", *(f"{score:.2f}" for score, _why in told)]
    return [
        Move(seq, datetime(2026, seq, 1, 9, tzinfo=UTC), date(2026, seq, 1), 1, _shown(score), before[seq - 1], (why,))
        for seq, (score, why) in enumerate(told, 1)
    ][::-1]


def _working(told: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    moves = _moves()
    chart = charts.history([(move.seq, move.grade.number) for move in reversed(moves)], width=640, height=220, left=44)
    return {
        "name": "Example Registry",
        "rests_on": rests_on(told, names),
        "carried": list(show_carried(told, names)),
        "chart": chart,
        "dots": list(zip(chart.dots, reversed(moves), strict=True)),
        "moves": moves,
    }


def _rows() -> list[Row]:
    changed = datetime(2026, 6, 1, 9, tzinfo=UTC)
    told = [("Graded", Decimal("0.81"), False), ("Being updated", Decimal("0.42"), True), ("Being graded", None, True)]
    return [
        Row(
            slug="example",
            url="/profiles/",
            working_url="/methodology/",
            name=f"{name} Registry",
            standfirst=WORDS,
            kind="Registry",
            kind_slug="registry",
            region="Africa",
            score=score,
            updating=updating,
            changed_at=changed,
        )
        for name, score, updating in told
    ]


def _facets() -> list[FacetCard]:
    told = [("Category", "Registry"), ("Region", "Africa"), ("Impact", "High")]
    return [FacetCard(facet, facet.lower(), term, term.lower(), "/profiles/", WORDS) for facet, term in told]


def _panel() -> dict[str, Any]:
    """The member panel as a member of the Circle sees it: one part open, one still locked."""
    circle, alliance = Tier.STRATEGIC_CIRCLE, Tier.LEADERSHIP_ALLIANCE
    locked = Deeper(
        "What it means for holders",
        WORDS,
        ("Three cases", "What to do"),
        alliance.title,
        alliance.slug,
        page_of(alliance),
        False,
    )
    return {
        "name": "Example Registry",
        "opened": Opened(
            [OpenBriefing("What lies behind the vote", circle, render_markdown(WORDS))],
            [OpenNote(0, "The filing", "Example Court", circle, render_markdown(WORDS))],
        ),
        "locked": [locked],
        "step": Step("The Alliance is for companies that hold addresses.", "Apply for the Alliance", "/membership/"),
    }
