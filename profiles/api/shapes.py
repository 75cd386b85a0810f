"""The shapes of answers, in the words of the pages and of the dossier. Times are RFC 3339 in UTC."""

from datetime import date, datetime
from typing import Annotated, Any

from ninja import Field, Schema

from profiles import models
from profiles.grading.method import DISPUTES, SUPPORTS
from profiles.search import BANDS


def _one_of(values: Any) -> Any:
    return Field(json_schema_extra={"enum": list(values)})


KindSlug = Annotated[str, _one_of(models.Kind.values)]
BandSlug = Annotated[str, _one_of(BANDS)]
Letter = Annotated[str, _one_of(models.Reliability.values)]
Stance = Annotated[str, _one_of(models.Stance.values)]
Side = Annotated[str, _one_of([SUPPORTS, DISPUTES])]
Criticality = Annotated[str, _one_of(models.Criticality.values)]
Horizon = Annotated[str, _one_of(models.Horizon.values)]
Score = float  # hundredths, from 0 to 1


class Pages(Schema):
    """Where the other pages of a list are; null where there is none."""

    first: str
    previous: str | None
    next: str | None
    last: str


class Paged(Schema):
    total: int = Field(description="How many there are in all.")
    page: int
    limit: int
    pages: int = Field(description="How many pages can be asked for.")
    links: Pages


class Links(Schema):
    """The same thing here, and as a page to read."""

    api: str
    page: str


class Grade(Schema):
    """A score with its band. While an edit waits to be graded, `pending` is true and nothing else is said."""

    pending: bool
    score: Score | None = Field(ge=0, le=1, description="Two decimals; null before the first grade and while pending.")
    letters: str | None = Field(description="A, A/B, B/C, C/D or D.")
    label: str | None
    band: BandSlug | None = Field(description="The value of the filter `grade`.")


class JudgedGrade(Grade):
    """A grade with what it counts."""

    breadth: str | None = Field(description="How many independent sources, and how many of them are direct, in words.")
    disputed: bool | None


class StandingGrade(JudgedGrade):
    """A grade with its day."""

    as_of: date | None = Field(description="The day whose evidence it weighs.")
    graded_at: datetime | None
    method: int | None = Field(description="The version of the method that gave it.")


# --- Profiles ---------------------------------------------------------------------------------------------------------


class ProfileRow(Schema):
    """A profile in a list."""

    slug: str
    name: str
    kind: KindSlug
    standfirst: str
    region: str | None
    changed_at: datetime | None = Field(description="When text or grade last changed.")
    grade: Grade
    links: Links


class ProfileList(Paged):
    profiles: list[ProfileRow]


class Person(Schema):
    name: str
    role: str | None
    page: str


class FacetValue(Schema):
    """The answer to one facet, and why."""

    term: str
    slug: str
    rationale: str | None


class Judgement(Schema):
    """A claim of the profile, with its own grade. `decides` where the profile is no surer than this one."""

    key: str
    statement: str
    essential: bool
    lasting: bool
    decides: bool
    grade: JudgedGrade


class Section(Schema):
    heading: str
    body: str = Field(description="Markdown (CommonMark). Clean what you make of it before you show it.")


class Expectation(Schema):
    headline: str
    body: str


class Outlook(Schema):
    now: Expectation | None
    quarter: Expectation | None
    year: Expectation | None


class Figure(Schema):
    file: str = Field(description="The address of the picture.")
    width: int
    height: int
    alt: str
    caption: str
    credit: str


class Correction(Schema):
    """What we had wrong. Never removed, only superseded by a later one."""

    on: date
    text: str
    superseded_on: date | None


class Related(Schema):
    slug: str
    name: str
    links: Links


class PublisherName(Schema):
    slug: str
    name: str
    reliability: Letter


class Citation(Schema):
    """The profile's use of a source."""

    stance: Stance
    credibility: int = Field(ge=1, le=6)
    credibility_in_words: str
    direct: bool
    establishes: str | None
    judgements: list[str] = Field(description="Keys of the key judgements that rest on it.")


class CitedSource(Schema):
    """A source under its number on the page; one that supports and disputes stands there twice."""

    number: int
    id: int
    title: str
    authors: list[str]
    publisher: PublisherName
    published_on: date | None
    language: str | None
    url: str | None
    archived_url: str | None
    citations: list[Citation]


class Origin(Schema):
    """A source that others repeat and that is not cited here."""

    id: int
    title: str
    publisher: str
    published_on: date | None
    url: str | None


class EvidenceLine(Schema):
    """One independent line: whatever goes back to one origin counts once. Sources stand by their number."""

    side: Side
    origins: list[int]
    reports: list[int] = Field(description="What repeats the origin.")
    not_cited: list[Origin]


class Profile(Schema):
    """Everything public of one profile."""

    slug: str
    name: str
    aliases: list[str]
    kind: KindSlug
    standfirst: str
    base: str | None
    homepage: str | None
    number_resources: list[str]
    author: Person | None
    reviewer: Person | None
    first_published: date | None
    last_verified: date | None
    next_review: date | None
    changed_at: datetime | None
    facets: dict[str, FacetValue] = Field(description="By facet: category, region, signal-focus and so on.")
    operational_criticality: Criticality | None
    time_horizon: Horizon | None
    grade: StandingGrade
    judgements: list[Judgement]
    lines: list[EvidenceLine]
    sources: list[CitedSource]
    sections: list[Section]
    what_it_does: list[str]
    why_it_matters: list[str]
    what_to_watch: list[str]
    outlook: Outlook
    figure: Figure | None
    corrections: list[Correction]
    related: list[Related]
    links: Links


# --- Grades -----------------------------------------------------------------------------------------------------------


class Step(Schema):
    """One step of the working: a sentence, its sum, and the score before and after, unrounded to three decimals."""

    text: str
    by_hand: str | None
    before: float
    after: float


class Working(Schema):
    """How the score of one key judgement comes about."""

    key: str | None = Field(description="Null where the profile has no key judgements.")
    statement: str | None
    essential: bool
    lasting: bool
    decides: bool
    grade: JudgedGrade
    steps: list[Step]


class Carried(Schema):
    """One line of evidence, and the score that the others alone would give."""

    line: str
    side: Side
    without: Score = Field(ge=0, le=1)


class Confidence(Schema):
    """The grade of a profile with its working, as it is or as it stood when a day ended."""

    slug: str
    name: str
    on: date | None
    grade: StandingGrade
    opening: str | None
    working: list[Working]
    rests_on: str | None = Field(description="Said where the grade rests on one line of evidence.")
    read_with_care: list[str]
    carried: list[Carried] = Field(description="Of the strongest lines; of the present method only.")
    links: Links


class RecordedGrade(Schema):
    """A grade of the history, what it was before, and why it moved."""

    seq: int
    graded_at: datetime
    as_of: date
    score: Score = Field(ge=0, le=1)
    letters: str
    label: str
    band: BandSlug
    before: Score | None = Field(ge=0, le=1)
    method: int
    causes: list[str]


class GradeList(Paged):
    """The history of a grade, newest first."""

    slug: str
    name: str
    on: date | None
    pending: bool = Field(description="An edit waits to be graded; the newest grade is from before it.")
    grades: list[RecordedGrade]


# --- Sources and publishers -------------------------------------------------------------------------------------------


class ProfileName(Schema):
    slug: str
    name: str


class Source(Schema):
    """One published thing: a report, paper, filing or statement."""

    id: int
    title: str
    authors: list[str]
    publisher: PublisherName
    url: str | None
    archived_url: str | None
    published_on: date | None
    accessed_on: date | None
    language: str | None
    derived_from: list[int] = Field(description="The sources it repeats, its principal origin first.")
    cited_by: list[ProfileName]
    link: str = Field(description="Its own address here.")


class SourceList(Paged):
    sources: list[Source]


class Record(Schema):
    """How often a publisher was right about what has been settled since."""

    right: int
    wrong: int


class PublisherRow(Schema):
    slug: str
    name: str
    reliability: Letter
    reliability_in_words: str
    reliability_reason: str | None
    homepage: str | None
    sources: int = Field(description="How many public sources it has issued.")
    record: Record
    links: Links


class PublisherList(Paged):
    publishers: list[PublisherRow]


class LetterChange(Schema):
    """A letter that was set: when, to what, how and why."""

    at: datetime
    before: str | None
    letter: Letter
    how: str
    reason: str | None


class Publisher(PublisherRow):
    """A publisher with where its letter comes from."""

    since: datetime | None
    letters: list[LetterChange] = Field(description="Newest first.")


# --- Facets and the way in --------------------------------------------------------------------------------------------


class Choice(Schema):
    """One value of a filter of the list of profiles, and how many profiles have it."""

    slug: str
    name: str
    profiles: int


class FacetChoices(Schema):
    facet: str = Field(description="The name of the filter.")
    name: str
    terms: list[Choice]


class Facets(Schema):
    """Every value of every filter of the list of profiles that finds something."""

    facets: list[FacetChoices]
    kinds: list[Choice]
    grades: list[Choice]


class Index(Schema):
    """Where everything is."""

    profiles: str
    sources: str
    publishers: str
    facets: str
    grades_csv: str
    grades_jsonl: str
    description: str
    documentation: str
    licence: str
