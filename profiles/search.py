"""Finding profiles: what an address asks for, and the queries that answer it."""

import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.contrib.postgres.search import SearchRank
from django.db.models import (
    BooleanField,
    Case,
    DateTimeField,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Greatest, Lower
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config import prepared
from config.prepared import Question
from profiles import typed
from profiles.grading.scale import SCALE, Band, band_of
from profiles.grading.working import label_in_words
from profiles.models import Facet, FacetValue, Grade, Kind, Mark, Profile, Revision, Term
from profiles.querysets import ProfileQuerySet

LONGEST_QUERY = 200
ROWS = 20
LAST_PAGE = 100
MANY = 500  # profiles that hold the words: of more, only what stands in name and standfirst is weighed

KIND, GRADE = "kind", "grade"
DIMENSIONS = (KIND, *Facet.values, GRADE)
TITLES = {KIND: gettext_lazy("Kind"), GRADE: gettext_lazy("Grade"), **dict(Facet.choices)}
BANDS = {band.slug: band for band in SCALE}

MATCH, CHANGED, NAME, SCORE = "match", "changed", "name", "score"
SORTS = {
    MATCH: gettext_lazy("Best match"),
    CHANGED: gettext_lazy("Latest change"),
    NAME: gettext_lazy("Name"),
    SCORE: gettext_lazy("Score"),
}
ORDERS: dict[str, tuple[Any, ...]] = {
    MATCH: ("-named", "-rank", "slug"),
    CHANGED: (F("changed_at").desc(nulls_last=True), "slug"),
    NAME: (Lower("live_revision__name"), "slug"),
    SCORE: (F("state__score").desc(nulls_last=True), Lower("live_revision__name"), "slug"),
}


READS = ("q", *DIMENSIONS, "sort", "page")


@dataclass(frozen=True, slots=True)
class Search:
    """What a reader asks of the list. `chosen` maps a dimension (a facet, the kind, the grade) to one value."""

    q: str = ""
    chosen: Mapping[str, str] = field(default_factory=dict)
    sort: str = ""
    page: int = 1

    @property
    def order(self) -> str:
        return self.sort or (MATCH if self.q else CHANGED)

    @property
    def sorts(self) -> tuple[str, ...]:
        return tuple(SORTS) if self.q else (CHANGED, NAME, SCORE)

    @property
    def narrowed(self) -> bool:
        return bool(self.q or self.chosen)

    def choosing(self, dimension: str, value: str) -> "Search":
        return replace(self, chosen={**self.chosen, dimension: value}, page=1)

    def without(self, dimension: str) -> "Search":
        return replace(self, chosen={key: value for key, value in self.chosen.items() if key != dimension}, page=1)

    def query(self) -> str:
        """The same search, written as an address has it, in one order only."""
        parts = [("q", self.q), *((name, self.chosen.get(name, "")) for name in DIMENSIONS), ("sort", self.sort)]
        parts += [("page", str(self.page))] if self.page > 1 else []
        return urlencode([part for part in parts if part[1]])


def read(asked: Mapping[str, str]) -> tuple[Search, list[str]]:
    """Return the search that an address asks for, and a sentence for each thing in it that was left out."""
    problems: list[str] = []
    q = _plain(asked.get("q", ""))
    if len(q) > LONGEST_QUERY:
        q = q[:LONGEST_QUERY].rstrip()
        problems.append(_("Only the first %(count)d characters were searched for.") % {"count": LONGEST_QUERY})
    chosen = {name: _plain(asked[name]) for name in DIMENSIONS if _plain(asked.get(name, ""))}
    known = {name: value for name, value in chosen.items() if _is_value(name, value)}
    problems += [_unknown(name) for name in chosen if name not in known]
    search = Search(q=q, chosen=known, page=_page(asked.get("page", ""), problems))
    sort = _plain(asked.get("sort", ""))
    if sort and sort not in search.sorts:
        problems.append(_("The list cannot be sorted that way, so it keeps its usual order."))
        sort = ""
    return replace(search, sort=sort), problems


def _plain(text: str) -> str:
    """Text without what nobody types: PostgreSQL refuses NUL, and other control characters find nothing."""
    return " ".join("".join(" " if unicodedata.category(one) == "Cc" else one for one in text[:20_000]).split())


def _page(text: str, problems: list[str]) -> int:
    if not text:
        return 1
    if text.isascii() and text.isdigit() and len(text) <= 6 and int(text) >= 1:
        return int(text)
    problems.append(_("That is not a page number, so this is the first page."))
    return 1


def _is_value(dimension: str, value: str) -> bool:
    if dimension == KIND:
        return value in Kind.values
    # Whether a term is in use is for `name_terms` to say, with one query for all of them.
    return value in BANDS if dimension == GRADE else len(value) <= 100


def _unknown(dimension: str) -> str:
    return _("There is no such %(what)s here, so it was left out.") % {"what": str(TITLES[dimension]).lower()}


def name_terms(search: Search) -> tuple[Search, dict[str, str], list[str]]:
    """Return the search without terms that no live profile has, the names of the others, and the sentences to say so."""
    wanted = {facet: slug for facet, slug in search.chosen.items() if facet in Facet.values}
    if not wanted:
        return search, {}, []
    either = Q()
    for facet, slug in wanted.items():
        either |= Q(facet=facet, slug=slug)
    names = {term.facet: term.name for term in terms_in_use().filter(either)}
    missing = [facet for facet in wanted if facet not in names]
    kept = {name: value for name, value in search.chosen.items() if name not in missing}
    return replace(search, chosen=kept), names, [_unknown(facet) for facet in missing]


def with_term(facet: str, slug: str) -> ProfileQuerySet:
    """The live profiles whose answer to this facet is this term."""
    return matching(Search(chosen={facet: slug}))


def terms_in_use() -> QuerySet[Term]:
    """Terms that a live profile has. A term that only drafts have is nobody's business yet."""
    return Term.objects.filter(
        Exists(Profile.objects.published().filter(live_revision__facet_values__term=OuterRef("pk")))
    )


# --- What matches -----------------------------------------------------------------------------------------------------


def matching(search: Search, *, but: Iterable[str] = ()) -> ProfileQuerySet:
    """The live profiles that this search finds, `but` as if nothing were chosen in these dimensions."""
    found = Profile.objects.published()
    if search.q:
        found = _with_words(found, search.q)
    for dimension, value in search.chosen.items():
        if dimension not in but:
            found = found.filter(_condition(dimension, value))
    return found


def _with_words(profiles: ProfileQuerySet, q: str) -> ProfileQuerySet:
    # Whatever is live was approved; it is said because the index holds no drafts.
    if typed.folded(q).isascii():
        return profiles.filter(_holds("live_revision__words", q), live_revision__approved_at__isnull=False)
    # A name in a script without spaces between words is one word to PostgreSQL, so part of it finds nothing there.
    texts = Revision.objects.filter(_holds("words", q), approved_at__isnull=False)
    return profiles.filter(Q(live_revision__in=texts.values("pk")) | Q(typed.in_name(q)))


def _holds(words: str, q: str) -> Func:
    return Func(F(words), typed.words_of(q), template="%(expressions)s", arg_joiner=" @@ ", output_field=BooleanField())


def _condition(dimension: str, value: str) -> Q | Exists:
    if dimension == KIND:
        return Q(live_revision__kind=value)
    if dimension == GRADE:
        band = BANDS[value]
        return Q(state__score__range=(Decimal(band.floor) / 100, Decimal(band.ceiling) / 100))
    values = FacetValue.objects.filter(revision=OuterRef("live_revision"), facet=dimension)
    return Exists(values.filter(term__slug=value))


# --- How many -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a dimension, and how many profiles choosing it would leave."""

    value: str
    name: str
    count: int


Counts = dict[str, list[Choice]]


# {found} are profiles with their live revisions, and with their kinds where not all are counted. Terms are grouped by number and named afterwards: grouping by name
# would compare the letters of every profile's terms.
BY_KIND = """
    SELECT 'kind', kind, '', count(*) FROM {found} GROUP BY kind"""
BY_KIND_OF_ALL = """
    SELECT 'kind', revision.kind, '', count(*) FROM {found}
    JOIN profiles_revision revision ON revision.id = {found}.live_revision_id GROUP BY revision.kind"""
BY_SCORE = """
    SELECT 'grade', state.score::text, '', count(*) FROM {found}
    JOIN profiles_gradingstate state ON state.profile_id = {found}.id WHERE state.score IS NOT NULL GROUP BY state.score"""
# All states less those of the few profiles that are not live: quicker than to find the profile of each.
BY_SCORE_OF_ALL = """
    SELECT 'grade', score::text, '', count(*) FROM profiles_gradingstate WHERE score IS NOT NULL GROUP BY score UNION ALL
    SELECT 'grade', state.score::text, '', -count(*) FROM profiles_gradingstate state
    JOIN profiles_profile profile ON profile.id = state.profile_id
    WHERE state.score IS NOT NULL AND (profile.live_revision_id IS NULL OR profile.withdrawn_at IS NOT NULL)
    GROUP BY state.score"""
BY_TERM = """
    SELECT term.facet, term.slug, term.name, counted.number FROM (
        SELECT value.term_id, count(*) AS number FROM {found}
        JOIN profiles_facetvalue value ON value.revision_id = {found}.live_revision_id GROUP BY value.term_id) counted
    JOIN profiles_term term ON term.id = counted.term_id WHERE term.facet = ANY(%s::text[])"""


def count(search: Search) -> Counts:
    """Return how many profiles each value of each dimension would find, in one query.

    A dimension in which something is chosen is counted as if it were not: its other values stay in reach.
    """
    question = _question(typed.gap_for(search.q), tuple(search.chosen.items()))
    rows = _answer(typed.put_into(question, search.q))
    return {name: _choices(name, [row for row in rows if row.dimension == name]) for name in DIMENSIONS}


@lru_cache(maxsize=256)
def _question(q: str, chosen: tuple[tuple[str, str], ...]) -> Question:
    search = Search(q=q, chosen=dict(chosen))
    found = {_among(search, name): matching(search, but=[name]) for name in search.chosen} | {"found": matching(search)}
    by_kind, by_score = (BY_KIND, BY_SCORE) if search.narrowed else (BY_KIND_OF_ALL, BY_SCORE_OF_ALL)
    parts = [by_kind.format(found=_among(search, KIND)), by_score.format(found=_among(search, GRADE))]
    facets: dict[str, list[str]] = defaultdict(list)
    for facet in Facet.values:
        facets[_among(search, facet)].append(facet)
    parts += [BY_TERM.format(found=among) for among in facets]
    return _counting(found, parts, list(facets.values()), at_once=not search.narrowed)


def count_terms(facet: str) -> list[Choice]:
    """Return the terms of one facet that live profiles have, with how many have it."""
    return _choices(facet, _answer(_counting_terms(facet)))


@lru_cache(maxsize=16)
def _counting_terms(facet: str) -> Question:
    everyone = {"found": Profile.objects.published()}
    return _counting(everyone, [BY_TERM.format(found="found")], [[facet]], at_once=True)


def _among(search: Search, dimension: str) -> str:
    """What the profiles are called in the query among which this dimension is counted."""
    return f"but_{dimension.replace('-', '_')}" if dimension in search.chosen else "found"


class _Row(NamedTuple):
    dimension: str
    value: str
    name: str
    number: int


def _answer(question: Question) -> list[_Row]:
    return [_Row(*row) for row in prepared.answer(question)]


def _counting(
    found: Mapping[str, ProfileQuerySet], parts: list[str], facets: list[list[str]], *, at_once: bool
) -> Question:
    """Count among these profiles. `at_once` where all are counted: each count is quicker by itself than over one result."""
    kept = "NOT MATERIALIZED" if at_once else ""
    columns = {"id": "pk", "live_revision_id": "live_revision"} | ({} if at_once else {"kind": "live_revision__kind"})
    asked = {name: Question.of(one.order_by().values(*columns.values())) for name, one in found.items()}
    named = ", ".join(columns)
    with_found = ", ".join(f"{name} ({named}) AS {kept} ({one.sql})" for name, one in asked.items())
    given = [value for one in asked.values() for value in one.parameters]
    return Question(f"WITH {with_found} {' UNION ALL '.join(parts)}", [*given, *facets])


def _choices(dimension: str, rows: list[_Row]) -> list[Choice]:
    if dimension == GRADE:
        return _by_band(rows)
    named = [
        Choice(row.value, str(Kind(row.value).label) if dimension == KIND else row.name, row.number) for row in rows
    ]
    return sorted(named, key=lambda choice: (-choice.count, choice.name.lower()))


def _by_band(rows: list[_Row]) -> list[Choice]:
    numbers: Counter[str] = Counter()
    for row in rows:
        numbers[band_of(Decimal(row.value)).slug] += row.number
    return [Choice(slug, band_in_words(band), numbers[slug]) for slug, band in BANDS.items() if numbers[slug]]


def band_in_words(band: Band) -> str:
    return _("Grade %(letters)s · %(label)s") % {"letters": band.letters, "label": label_in_words(band.label)}


def total(counts: Counts, search: Search) -> int:
    """How many profiles the search finds. Every profile has one kind, so the kinds have counted them already."""
    kind = search.chosen.get(KIND)
    return sum(choice.count for choice in counts[KIND] if kind is None or choice.value == kind)


def pages(found: int) -> int:
    return max(1, min(LAST_PAGE, math.ceil(found / ROWS)))


# --- Which -----------------------------------------------------------------------------------------------------------


def ordered(profiles: ProfileQuerySet, order: str = CHANGED, q: str = "", *, many: bool = False) -> ProfileQuerySet:
    """These profiles with the day they last changed, in one of the list's orders. `many` hold the words of `q`."""
    profiles = profiles.annotate(changed_at=changed_at())
    if order == MATCH:
        named = When(typed.begins_name(q), then=Value(1))
        # All words of a text lie beside its row. To fetch those of thousands would take longer than everything else.
        rank = SearchRank(F("live_revision__first_words" if many else "live_revision__words"), typed.words_of(q))
        profiles = profiles.annotate(rank=rank, named=Case(named, default=Value(0)))
    return profiles.order_by(*ORDERS[order])


def latest(profiles: ProfileQuerySet, number: int) -> ProfileQuerySet:
    """Those of these profiles among which are the `number` that changed last, and not many others.

    Whoever is among them by the later of text and grade is among as many by the one or by the other, and for each of
    them there is an index.
    """
    texts = profiles.order_by(F("live_revision__approved_at").desc(nulls_last=True), "slug")
    grades = profiles.filter(grades__seq=F("state__seq")).order_by("-grades__graded_at", "slug")
    either = texts.values("pk")[:number].union(grades.values("pk")[:number], all=True)
    return Profile.objects.filter(pk__in=either)


def cut(search: Search, start: int, stop: int, *, found: int) -> ProfileQuerySet:
    """From the one place to the other of the list that this search makes, in which `found` profiles stand."""
    order = partial(ordered, order=search.order, q=search.q, many=found > MANY)
    profiles = matching(search)
    if search.order == CHANGED:
        profiles = latest(profiles, stop)
    elif found > MANY:
        # Whatever else a row shows is fetched for these alone, and not carried along while all are put in order.
        return order(Profile.objects.filter(pk__in=order(profiles)[start:stop].values("pk")))
    return order(profiles)[start:stop]


def changed_at() -> Greatest:
    """When a reader last got something new: another text, or another grade. Grading that changed nothing is no change."""
    # Without the order that grades have, for which each of them would be joined to its profile.
    last = Grade.objects.filter(profile=OuterRef("pk"), seq=OuterRef("state__seq")).order_by().values("graded_at")
    return Greatest("live_revision__approved_at", Subquery(last), output_field=DateTimeField())


def being_updated() -> Exists:
    return Exists(Mark.objects.filter(profile_id=OuterRef("pk")))
