"""From what the pages read to the shapes of the answers. Nothing here asks the database."""

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from profiles import models
from profiles.api import shapes
from profiles.api.asked import LAST_PAGE, Paged
from profiles.grading.method import DISPUTES, SUPPORTS
from profiles.grading.working import reliability_in_words
from profiles.pages import listing, publisher
from profiles.pages import profile as page
from profiles.pages.confidence import CarriedLine, ConfidencePage, ShownStep, Waterfall
from profiles.pages.lines import Missing, ShownLine, ShownSource, Sources, Use
from profiles.pages.showing import ShownGrade
from profiles.search import Choice, Counts
from profiles.settling import Record

List = TypeVar("List", bound=shapes.Paged)
NO_GRADE: Mapping[str, Any] = dict.fromkeys(shapes.StandingGrade.model_fields)


def here(path: str) -> str:
    return f"{settings.SITE_URL}{path}"


def address(name: str, *args: object) -> str:
    return here(reverse(f"api:{name}", args=args))


# --- Lists ------------------------------------------------------------------------------------------------------------


def paged(request: HttpRequest, asked: Paged, total: int) -> dict[str, Any]:
    """Return what every list says of itself. The links carry everything else that was asked."""
    pages = max(1, min(LAST_PAGE, -(-total // asked.limit)))
    before, after = min(asked.page - 1, pages), asked.page + 1
    links = shapes.Pages(
        first=_page(request, 1),
        previous=_page(request, before) if before >= 1 else None,
        next=_page(request, after) if after <= pages else None,
        last=_page(request, pages),
    )
    return {"total": total, "page": asked.page, "limit": asked.limit, "pages": pages, "links": links}


def _page(request: HttpRequest, number: int) -> str:
    others = [(name, value) for name, value in sorted(request.GET.items()) if name != "page"]
    query = urlencode([*others, *([("page", number)] if number > 1 else [])])
    return here(request.path) + (f"?{query}" if query else "")


# --- Grades -----------------------------------------------------------------------------------------------------------


def _grade(shown: ShownGrade | None, *, pending: bool) -> dict[str, Any]:
    """Return a grade in parts. An old score is never shown as the one of now."""
    if shown is None or pending:
        return {**NO_GRADE, "pending": pending}
    return {
        "pending": False,
        "score": shown.number,
        "letters": shown.band.letters,
        "label": shown.label,
        "band": shown.band.slug,
        "breadth": shown.breadth or None,
        "disputed": shown.disputed,
    }


def standing_grade(card: page.Card, *, pending: bool, method: int) -> shapes.StandingGrade:
    told = _grade(card.grade, pending=pending)
    if told["score"] is not None:
        told |= {"as_of": card.as_of, "graded_at": card.graded_at, "method": method}
    return shapes.StandingGrade(**{**NO_GRADE, **told})


def recorded_grade(move: page.Move) -> shapes.RecordedGrade:
    return shapes.RecordedGrade(
        seq=move.seq,
        graded_at=move.graded_at,
        as_of=move.as_of,
        score=move.grade.number,
        letters=move.grade.band.letters,
        label=move.grade.label,
        band=move.grade.band.slug,
        before=float(move.before) if move.before else None,
        method=move.method,
        causes=list(move.causes),
    )


def confidence(profile: models.Profile, shown: ConfidencePage, *, on: date | None, pending: bool) -> shapes.Confidence:
    # The working of a grade that no longer stands would be read as the working of the one that does.
    waterfalls = () if pending else shown.waterfalls
    return shapes.Confidence(
        slug=profile.slug,
        name=shown.name,
        on=on,
        grade=standing_grade(shown.card, pending=pending, method=shown.method),
        opening=None if pending else shown.opening or None,
        working=[_working(one) for one in waterfalls],
        rests_on=None if pending else shown.rests_on or None,
        read_with_care=[] if pending else list(shown.warnings),
        carried=[] if pending else [_carried(one) for one in shown.carried],
        links=shapes.Links(api=address("confidence", profile.slug), page=here(shown.url)),
    )


def _working(one: Waterfall) -> shapes.Working:
    return shapes.Working(
        key=one.key or None,
        statement=one.statement or None,
        essential=one.essential,
        lasting=one.lasting,
        decides=one.decides,
        grade=shapes.JudgedGrade(**_grade(one.grade, pending=False)),
        steps=[_step(step) for step in one.steps],
    )


def _step(step: ShownStep) -> shapes.Step:
    return shapes.Step(text=step.text, by_hand=step.by_hand or None, before=float(step.before), after=float(step.after))


def _carried(line: CarriedLine) -> shapes.Carried:
    return shapes.Carried(line=line.name, side=DISPUTES if line.disputes else SUPPORTS, without=line.without.number)


# --- Profiles ---------------------------------------------------------------------------------------------------------


def profile_row(row: listing.Row) -> shapes.ProfileRow:
    return shapes.ProfileRow(
        slug=row.slug,
        name=row.name,
        kind=row.kind_slug,
        standfirst=row.standfirst,
        region=row.region or None,
        changed_at=row.changed_at,
        grade=shapes.Grade(**_grade(row.grade, pending=row.updating)),
        links=_profile_links(row.slug),
    )


def _profile_links(slug: str) -> shapes.Links:
    return shapes.Links(api=address("profile_detail", slug), page=here(reverse("profiles:profile_detail", args=[slug])))


def profile(one: models.Profile, shown: page.ProfilePage) -> shapes.Profile:
    text = one.live_revision
    assert text is not None, "only a published profile is told of"
    pending = shown.card.updating
    return shapes.Profile(
        slug=one.slug,
        name=text.name,
        aliases=text.aliases,
        kind=text.kind,
        standfirst=text.standfirst,
        base=text.base or None,
        homepage=text.homepage or None,
        number_resources=text.number_resources,
        author=_person(text.author),
        reviewer=_person(text.reviewer),
        first_published=one.first_published,
        last_verified=one.last_verified,
        next_review=one.next_review,
        changed_at=shown.changed_at,
        facets={card.facet_slug: _facet_value(card) for card in shown.facets},
        operational_criticality=text.operational_criticality or None,
        time_horizon=text.time_horizon or None,
        grade=standing_grade(shown.card, pending=pending, method=one.state.method),
        judgements=[_judgement(judgement, pending=pending) for judgement in shown.judgements],
        lines=_lines(shown.sources),
        sources=[_cited(source) for source in shown.sources],
        sections=[shapes.Section(heading=section["heading"], body=section["body"]) for section in text.sections],
        what_it_does=text.what_it_does,
        why_it_matters=text.why_it_matters,
        what_to_watch=text.what_to_watch,
        outlook=shapes.Outlook(**{when: _expectation(text.outlook.get(when)) for when in page.OUTLOOK}),
        figure=_figure(shown.figure),
        corrections=[_correction(correction) for correction in shown.corrections],
        related=[
            shapes.Related(slug=related.slug, name=related.name, links=_profile_links(related.slug))
            for related in shown.related
        ],
        links=_profile_links(one.slug),
    )


def _person(person: models.Person | None) -> shapes.Person | None:
    if person is None:
        return None
    return shapes.Person(name=person.name, role=person.role or None, page=here(person.get_absolute_url()))


def _facet_value(card: page.FacetCard) -> shapes.FacetValue:
    return shapes.FacetValue(term=card.term, slug=card.term_slug, rationale=card.rationale or None)


def _judgement(judgement: page.ShownJudgement, *, pending: bool) -> shapes.Judgement:
    return shapes.Judgement(
        key=judgement.key,
        statement=judgement.statement,
        essential=judgement.essential,
        lasting=judgement.lasting,
        # Which one decides may be what the edit under way changes.
        decides=judgement.decides and not pending,
        grade=shapes.JudgedGrade(**_grade(judgement.grade, pending=pending)),
    )


def _expectation(told: Mapping[str, str] | None) -> shapes.Expectation | None:
    if not told:
        return None
    return shapes.Expectation(headline=told.get("headline", ""), body=told.get("body", ""))


def _figure(figure: page.ShownFigure | None) -> shapes.Figure | None:
    if figure is None:
        return None
    return shapes.Figure(
        file=here(figure.url),
        width=figure.width,
        height=figure.height,
        alt=figure.alt,
        caption=figure.caption,
        credit=figure.credit,
    )


def _correction(correction: models.Correction) -> shapes.Correction:
    later = correction.superseded_by
    return shapes.Correction(on=correction.on, text=correction.text, superseded_on=later.on if later else None)


# --- Evidence ---------------------------------------------------------------------------------------------------------


def _lines(sources: Sources) -> list[shapes.EvidenceLine]:
    return [_line(line, SUPPORTS) for line in sources.supports] + [_line(line, DISPUTES) for line in sources.disputes]


def _line(line: ShownLine, side: str) -> shapes.EvidenceLine:
    return shapes.EvidenceLine(
        side=side,
        origins=[source.number for source in line.roots],
        reports=sorted(source.number for source in (*line.reports, *line.elsewhere)),
        not_cited=[_origin(missing) for missing in line.missing],
    )


def _origin(missing: Missing) -> shapes.Origin:
    origin = missing.origin
    return shapes.Origin(
        id=origin.id,
        title=origin.title,
        publisher=origin.publisher,
        published_on=origin.published_on,
        url=origin.url or None,
    )


def _cited(source: ShownSource) -> shapes.CitedSource:
    return shapes.CitedSource(
        number=source.number,
        id=source.id,
        title=source.title,
        authors=list(source.authors),
        publisher=shapes.PublisherName(
            slug=source.publisher_slug, name=source.publisher, reliability=source.reliability
        ),
        published_on=source.published_on,
        language=source.language or None,
        url=source.url or None,
        archived_url=source.archived_url or None,
        citations=[_citation(use) for use in source.uses],
    )


def _citation(use: Use) -> shapes.Citation:
    return shapes.Citation(
        stance=use.stance,
        credibility=use.credibility,
        credibility_in_words=use.credibility_words,
        direct=use.direct,
        establishes=use.establishes or None,
        judgements=[footnote.key for footnote in use.judgements],
    )


def source(one: models.Source) -> shapes.Source:
    """Tell of a source from `operations.with_neighbours`."""
    return shapes.Source(
        id=one.pk,
        title=one.title,
        authors=one.authors,
        publisher=shapes.PublisherName(
            slug=one.publisher.slug, name=one.publisher.name, reliability=one.publisher.reliability
        ),
        url=one.url or None,
        archived_url=one.archived_url or None,
        published_on=one.published_on,
        accessed_on=one.accessed_on,
        language=one.language or None,
        derived_from=[derivation.origin_id for derivation in one.open_derivations],  # type: ignore[attr-defined]
        cited_by=_citers(one),
        link=address("source_detail", one.pk),
    )


def _citers(one: models.Source) -> list[shapes.ProfileName]:
    citers = {citation.profile.slug: citation.profile for citation in one.public}  # type: ignore[attr-defined]
    return [shapes.ProfileName(slug=slug, name=citer.live_revision.name) for slug, citer in sorted(citers.items())]


# --- Publishers and facets --------------------------------------------------------------------------------------------


def publisher_row(one: models.Publisher, record: Record) -> shapes.PublisherRow:
    return shapes.PublisherRow(**_publisher(one, right=record.right, wrong=record.wrong))


def publisher_detail(one: models.Publisher, shown: publisher.PublisherPage) -> shapes.Publisher:
    letters = [
        shapes.LetterChange(
            at=change.at, before=change.was or None, letter=change.letter, how=change.how, reason=change.reason or None
        )
        for change in shown.changes
    ]
    told = _publisher(one, right=shown.record.right, wrong=shown.record.wrong)
    return shapes.Publisher(**told, since=shown.letter.since, letters=letters)


def _publisher(one: models.Publisher, *, right: int, wrong: int) -> dict[str, Any]:
    return {
        "slug": one.slug,
        "name": one.name,
        "reliability": one.reliability,
        "reliability_in_words": reliability_in_words(one.reliability),
        "reliability_reason": one.reliability_reason or None,
        "homepage": one.homepage or None,
        "sources": one.number,  # type: ignore[attr-defined]
        "record": shapes.Record(right=right, wrong=wrong),
        "links": shapes.Links(api=address("publisher_detail", one.slug), page=here(one.get_absolute_url())),
    }


def facets(counts: Counts) -> shapes.Facets:
    return shapes.Facets(
        facets=[
            shapes.FacetChoices(facet=facet, name=str(label), terms=_choices(counts[facet]))
            for facet, label in models.Facet.choices
        ],
        kinds=_choices(counts["kind"]),
        grades=_choices(counts["grade"]),
    )


def _choices(choices: list[Choice]) -> list[shapes.Choice]:
    return [shapes.Choice(slug=choice.value, name=choice.name, profiles=choice.count) for choice in choices]


def index() -> shapes.Index:
    return shapes.Index(
        profiles=address("profile_list"),
        sources=address("source_list"),
        publishers=address("publisher_list"),
        facets=address("facet_list"),
        grades_csv=address("grades_csv"),
        grades_jsonl=address("grades_jsonl"),
        description=address("openapi"),
        documentation=here(reverse("api:documentation")),
        licence=here(reverse("profiles:page_detail", args=["terms"])),
    )
