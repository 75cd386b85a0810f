"""What the profile page shows: frozen values, read in a constant number of queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from config import inwords, prepared
from config.addresses import address
from config.site import site
from profiles.grading.causes import explain_cause
from profiles.markup import render_markdown
from profiles.models import (
    Correction,
    Facet,
    Figure,
    GradingState,
    Kind,
    Person,
    Profile,
    Revision,
    Stance,
    Term,
)
from profiles.pages import charts
from profiles.pages.around import Filed, Related, read_around
from profiles.pages.citing import Reference
from profiles.pages.deeper import Deeper, lies_behind
from profiles.pages.lines import Evidences, ShownSource, Sources, read_evidence, show_sources
from profiles.pages.sharing import ShareCard, share_card
from profiles.pages.showing import ShownBand, ShownGrade, show_scale, show_score, show_verdict
from profiles.search import being_updated

MOVES = 8  # told on the page; the working has the rest
RESTS = {
    Stance.SUPPORTS: gettext_lazy("Rests on"),
    Stance.DISPUTES: gettext_lazy("disputed by"),
    Stance.CONTEXT: gettext_lazy("context from"),
}
GRADES = """
    SELECT seq, graded_at, as_of, method, score, causes::json FROM profiles_grade
    WHERE profile_id = %(profile)s AND (%(until)s::int IS NULL OR seq <= %(until)s) ORDER BY seq DESC LIMIT %(limit)s"""
FORMATS = ("avif", "webp", "jpeg")  # a browser takes the first one that it knows
OUTLOOK = {"now": gettext_lazy("Now"), "quarter": gettext_lazy("This quarter"), "year": gettext_lazy("This year")}


@dataclass(frozen=True, slots=True)
class Move:
    """One grade of the history: what it was, what it became, and why."""

    seq: int
    graded_at: datetime
    as_of: date
    method: int
    grade: ShownGrade
    before: str
    causes: tuple[str, ...]

    @property
    def anchor(self) -> str:
        return f"grade-{self.seq}"


@dataclass(frozen=True, slots=True)
class Card:
    """The confidence card. `updating` while an edit waits to be graded: the score is then the last one, and says so."""

    grade: ShownGrade | None
    updating: bool
    as_of: date | None
    graded_at: datetime | None
    ruler: charts.Ruler | None
    sparkline: charts.History | None
    moves: tuple[Move, ...]

    @property
    def dots(self) -> list[tuple[charts.Dot, Move]]:
        return dots_of(self.sparkline, self.moves)


@dataclass(frozen=True, slots=True)
class Footnote:
    """A way from a key judgement to a source it rests on."""

    number: int
    anchor: str
    how: str
    title: str


@dataclass(frozen=True, slots=True)
class ShownJudgement:
    """One key judgement with its own grade; `decides` where the profile is no surer than this one."""

    key: str
    statement: str
    essential: bool
    lasting: bool
    decides: bool
    grade: ShownGrade | None
    footnotes: tuple[Footnote, ...]

    @property
    def anchor(self) -> str:
        return f"judgement-{self.key}"


@dataclass(frozen=True, slots=True)
class FacetCard:
    """The answer to one facet, and why."""

    facet: str
    facet_slug: str
    term: str
    term_slug: str
    url: str
    rationale: str


@dataclass(frozen=True, slots=True)
class Section:
    heading: str
    body: SafeString


@dataclass(frozen=True, slots=True)
class Expectation:
    """One column of the outlook."""

    when: str
    headline: str
    body: str


@dataclass(frozen=True, slots=True)
class Format:
    """One format a figure is offered in, at several widths for browsers to choose from."""

    type: str
    srcset: str


@dataclass(frozen=True, slots=True)
class ShownFigure:
    """A figure with its words. Until a worker has made the renditions there are none, and the page shows it as it came."""

    url: str
    formats: tuple[Format, ...]
    width: int
    height: int
    alt: str
    caption: str
    credit: str
    background: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Glance:
    """The institution in a few words."""

    kind: str
    base: str
    focus: str
    homepage: str
    number_resources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RelatedProfile:
    slug: str
    name: str
    url: str
    kind: str
    grade: ShownGrade | None


@dataclass(frozen=True, slots=True)
class ProfilePage:
    """Everything the page of one profile repeats."""

    slug: str
    name: str
    aliases: tuple[str, ...]
    kind: str
    kind_url: str
    standfirst: str
    author: Person | None
    reviewer: Person | None
    first_published: date | None
    last_verified: date | None
    next_review: date | None
    changed_at: datetime | None
    url: str
    canonical: str
    share: ShareCard
    image: str
    picture: str
    card: Card
    scale: tuple[ShownBand, ...]
    judgements: tuple[ShownJudgement, ...]
    figure: ShownFigure | None
    facets: tuple[FacetCard, ...]
    sections: tuple[Section, ...]
    glance: Glance
    what_it_does: tuple[str, ...]
    why_it_matters: tuple[str, ...]
    criticality: str
    horizon: str
    what_to_watch: tuple[str, ...]
    outlook: tuple[Expectation, ...]
    sources: Sources
    moves: tuple[Move, ...]
    more_moves: bool
    corrections: tuple[Correction, ...]
    deeper: tuple[Deeper, ...]
    related: tuple[RelatedProfile, ...]
    reference: Reference


def preview_of(revision: Revision) -> Profile:
    """Return the profile of a text as if this text were live; nothing of it is to be saved."""
    profiles = Profile.objects.select_related("state").annotate(updating=being_updated())
    profile = profiles.get(pk=revision.profile_id)
    profile.live_revision = revision
    return profile


def profile_page(profile: Profile, *, as_draft: bool = False) -> ProfilePage:
    """Read the rest of the page of a profile from `reading.read_profile` or `preview_of`, which annotate it."""
    text, state = _text(profile), profile.state
    around = read_around(profile, text)
    evidence = read_evidence(profile, around, as_draft=as_draft)
    sources = show_sources(evidence, text.statements, on=state.as_of or timezone.now().date())
    moves = read_moves(profile, MOVES + 1)
    facets = _facets(around.filed)
    card = show_card(profile, moves[:MOVES])
    share = _share(profile, text, card, facets)
    url = profile.get_absolute_url()
    return ProfilePage(
        slug=profile.slug,
        name=text.name,
        aliases=tuple(text.aliases),
        kind=text.get_kind_display(),
        kind_url=f"{address('profiles:profile_list')}?kind={text.kind}",
        standfirst=text.standfirst,
        author=text.author,
        reviewer=text.reviewer,
        first_published=profile.first_published,
        last_verified=profile.last_verified,
        next_review=profile.next_review,
        # The last grade, not the last grading: one that finds nothing new is no change.
        changed_at=max(filter(None, [text.approved_at, *(move.graded_at for move in moves[:1])]), default=None),
        url=url,
        canonical=settings.SITE_URL + url,
        share=share,
        image=settings.SITE_URL + share.path,
        picture=_picture(text.figure),
        card=card,
        scale=show_scale(),
        judgements=show_judgements(evidence, text.statements, sources, state),
        figure=_figure(text, text.figure),
        facets=facets,
        sections=tuple(Section(one["heading"], render_markdown(one["body"])) for one in text.sections),
        glance=_glance(text, facets),
        what_it_does=tuple(text.what_it_does),
        why_it_matters=tuple(text.why_it_matters),
        criticality=text.get_operational_criticality_display(),
        horizon=text.get_time_horizon_display(),
        what_to_watch=tuple(text.what_to_watch),
        outlook=_outlook(text),
        sources=sources,
        moves=tuple(moves[:MOVES]),
        more_moves=len(moves) > MOVES,
        corrections=around.corrections,
        deeper=tuple(lies_behind(profile.pk)),
        related=_related(around.related),
        reference=_reference(profile, text, card),
    )


def _text(profile: Profile) -> Revision:
    assert profile.live_revision is not None, "only a published profile has a page"
    return profile.live_revision


def show_card(profile: Profile, moves: Sequence[Move]) -> Card:
    state = profile.state
    grade = show_verdict(state.verdict) if state.verdict else None
    return Card(
        grade=grade,
        updating=profile.updating,  # type: ignore[attr-defined]
        as_of=state.as_of,
        graded_at=state.graded_at,
        ruler=charts.ruler(grade.number) if grade else None,
        sparkline=sparkline(moves),
        moves=tuple(moves),
    )


def sparkline(moves: Sequence[Move]) -> charts.History | None:
    """Return the last moves as a line; one grade alone is not a history."""
    if len(moves) < 2:
        return None
    return charts.history([(move.seq, move.grade.number) for move in reversed(moves)], width=300, height=56)


def dots_of(chart: charts.History | None, moves: Sequence[Move]) -> list[tuple[charts.Dot, Move]]:
    """Return each dot of a chart with the grade that it stands for."""
    by_number = {move.seq: move for move in moves}
    return [(dot, by_number[dot.seq]) for dot in chart.dots] if chart else []


def read_moves(profile: Profile, limit: int, *, until: int | None = None) -> list[Move]:
    """Return the newest grades of the profile (up to that number), newest first, each with the score before it."""
    grades = prepared.rows(GRADES, profile=profile.pk, until=until, limit=limit + 1)
    scores = [score for *_rest, score, _causes in grades]
    return [_move(*grade, before=before) for grade, before in zip_longest(grades, scores[1:])][:limit]


def _move(
    seq: int,
    graded_at: datetime,
    as_of: date,
    method: int,
    score: Decimal,
    causes: Sequence[dict[str, Any]],
    *,
    before: Decimal | None,
) -> Move:
    shown = show_score(score)
    assert shown is not None
    return Move(
        seq=seq,
        graded_at=graded_at,
        as_of=as_of,
        method=method,
        grade=shown,
        before="" if before is None else f"{before:.2f}",
        causes=tuple(explain_cause(cause) for cause in causes),
    )


def show_judgements(
    evidence: Evidences, statements: Mapping[str, str], sources: Sources, state: GradingState
) -> tuple[ShownJudgement, ...]:
    told: Mapping[str, Any] = state.verdict or {}
    graded = told.get("judgements", {})
    footnotes = _footnotes(sources)
    return tuple(
        ShownJudgement(
            key=judgement.key,
            statement=statements[judgement.key],
            essential=judgement.essential or place == 0,
            lasting=judgement.lasting,
            decides=told.get("least_sure") == judgement.key,
            grade=show_verdict(graded[judgement.key]) if judgement.key in graded else None,
            footnotes=tuple(footnotes.get(f"judgement-{judgement.key}", ())),
        )
        for place, judgement in enumerate(evidence.judgements)
    )


def _footnotes(sources: Sources) -> dict[str, list[Footnote]]:
    found: dict[str, list[Footnote]] = {}
    for source in sources:
        for use in source.uses:
            for judgement in use.judgements:
                found.setdefault(judgement.anchor, []).append(_footnote(source, use.stance))
    return found


def _footnote(source: ShownSource, stance: str) -> Footnote:
    return Footnote(source.number, source.anchor, str(RESTS[Stance(stance)]), source.title)


def _facets(filed: Sequence[Filed]) -> tuple[FacetCard, ...]:
    order = [str(facet) for facet in Facet.values]
    return tuple(
        FacetCard(
            facet=str(Facet(one.facet).label),
            facet_slug=one.facet,
            term=one.term,
            term_slug=one.slug,
            url=Term(facet=one.facet, slug=one.slug).get_absolute_url(),
            rationale=one.rationale,
        )
        for one in sorted(filed, key=lambda one: order.index(one.facet))
    )


def _glance(text: Revision, facets: Sequence[FacetCard]) -> Glance:
    focus = (card.term for card in facets if card.facet_slug == Facet.PRIMARY_DOMAIN)
    return Glance(
        kind=text.get_kind_display(),
        base=text.base,
        focus=next(focus, ""),
        homepage=text.homepage,
        number_resources=tuple(text.number_resources),
    )


def _outlook(text: Revision) -> tuple[Expectation, ...]:
    return tuple(
        Expectation(str(when), text.outlook[key].get("headline", ""), text.outlook[key].get("body", ""))
        for key, when in OUTLOOK.items()
        if text.outlook.get(key)
    )


def _figure(text: Revision, figure: Figure | None) -> ShownFigure | None:
    if figure is None:
        return None
    background = (
        (gettext_lazy("Where it comes from"), text.figure_source_context),
        (gettext_lazy("Why it is here"), text.figure_relevance),
        (gettext_lazy("How it was made"), text.figure_provenance),
    )
    offered = figure.offered("jpeg")
    return ShownFigure(
        url=_rendition_url(offered[min(1, len(offered) - 1)]) if offered else figure.get_absolute_url(),
        formats=tuple(_format(figure, extension) for extension in FORMATS if figure.offered(extension)),
        width=figure.width,
        height=figure.height,
        alt=text.figure_alt,
        caption=text.figure_caption,
        credit=text.figure_credit,
        background=tuple((str(title), words) for title, words in background if words),
    )


def _format(figure: Figure, extension: str) -> Format:
    choices = (f"{_rendition_url(one)} {one['width']}w" for one in figure.offered(extension))
    return Format(f"image/{extension}", ", ".join(choices))


def _rendition_url(rendition: Mapping[str, Any]) -> str:
    return address("profiles:figure", rendition["digest"], rendition["extension"])


def _picture(figure: Figure | None) -> str:
    """What others show of the page beside a link to it: the figure, cut for that once it is."""
    if figure is None:
        return ""
    return settings.SITE_URL + (_rendition_url(figure.shared) if figure.shared else figure.get_absolute_url())


def _related(related: Sequence[Related]) -> tuple[RelatedProfile, ...]:
    return tuple(
        RelatedProfile(
            slug=one.slug,
            name=one.name,
            url=address("profiles:profile_detail", one.slug),
            kind=str(Kind(one.kind).label),
            grade=show_score(Decimal(one.score) if one.score else None),
        )
        for one in related
    )


def share_card_of(profile: Profile) -> ShareCard:
    """Return the card that a profile from `reading.read_profile` is shared with."""
    text = _text(profile)
    return _share(profile, text, show_card(profile, ()), _facets(read_around(profile, text).filed))


def _share(profile: Profile, text: Revision, card: Card, facets: Sequence[FacetCard]) -> ShareCard:
    region = next((facet.term for facet in facets if facet.facet_slug == Facet.REGION), "")
    with override("en"):
        kind = text.get_kind_display()
    return share_card(
        slug=profile.slug,
        names=[text.name, *text.aliases],
        about=[kind, region],
        grade=card.grade,
        updating=card.updating,
    )


def reference_of(profile: Profile) -> Reference:
    """Say how to cite a profile from `reading.read_profile`."""
    return _reference(profile, _text(profile), show_card(profile, ()))


def _reference(profile: Profile, text: Revision, card: Card) -> Reference:
    with override("en"):
        grade, url = _graded(card), settings.SITE_URL + profile.get_absolute_url()
    return Reference(
        slug=profile.slug,
        name=text.name,
        author=text.author.name if text.author else "",
        on=profile.last_verified or profile.first_published,
        grade=grade,
        grade_in_words=_graded(card),
        url=url,
        site=site().name,
    )


def _graded(card: Card) -> str:
    if card.grade is None or card.as_of is None:
        return ""
    said = {"letters": card.grade.band.letters, "score": card.grade.score, "day": inwords.day(card.as_of)}
    return _("Grade %(letters)s (%(score)s) as of %(day)s") % said
