"""Finding profiles: what an address asks for, and the queries that answer it."""

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib.postgres.search import CombinedSearchQuery, SearchHeadline, SearchQuery, SearchRank
from django.db.models import (
    Case,
    Count,
    DateTimeField,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Concat, Greatest, Lower
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles.grading.scale import SCALE, Band, band_of
from profiles.grading.working import label_in_words
from profiles.models import Facet, FacetValue, Grade, Kind, Mark, Profile, Term
from profiles.querysets import ProfileQuerySet

LONGEST_QUERY = 200
ROWS = 20
LAST_PAGE = 100

ACCENTS = re.compile("[\u0300-\u036f]")
# A last word that may not have been typed to its end: not in quotation marks, and not one to leave out.
BEGUN = re.compile(r'(?P<before>(?:[^"]*"[^"]*")*[^"]*?)(?<![^\s])(?P<word>[^\W_]{2,})')

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


def folded(text: str) -> str:
    """Text without its accents, as the words of a profile are kept (models/words.py)."""
    return ACCENTS.sub("", unicodedata.normalize("NFKD", text))


def words_of(q: str) -> CombinedSearchQuery | SearchQuery:
    """What is asked, in the syntax of search engines; the last word counts as well if it is only the beginning of one."""
    asked = folded(q)
    exactly = SearchQuery(asked, search_type="websearch", config="english")
    begun = BEGUN.fullmatch(asked)
    if not begun:
        return exactly
    prefix = SearchQuery(f"{begun['word']}:*", search_type="raw", config="english")
    before = begun["before"].strip()
    return exactly | (SearchQuery(before, search_type="websearch", config="english") & prefix if before else prefix)


HIT, END = "\x02", "\x03"  # around what was found; nobody's text holds them, and no reader sees them
TEXT = Func(
    F("live_revision__statements"),
    F("live_revision__sections"),
    template="left((SELECT string_agg(said #>> '{}', ' ') FROM jsonb_path_query(jsonb_build_array(%(expressions)s),"
    " 'strict $.** ? (@.type() == \"string\")') AS said), 8000)",
    output_field=TextField(),
)


def excerpt(q: str) -> SearchHeadline:
    """The passage of a profile's text that fits best, what was found between HIT and END."""
    text = Concat("live_revision__standfirst", Value(" "), TEXT, output_field=TextField())
    return SearchHeadline(
        text,
        words_of(q),
        config="english",
        start_sel=HIT,
        stop_sel=END,
        min_words=12,
        max_words=25,
        max_fragments=2,
        fragment_delimiter=" … ",
    )


def matching(search: Search, *, but: Iterable[str] = ()) -> ProfileQuerySet:
    """The live profiles that this search finds, `but` as if nothing were chosen in these dimensions."""
    found = _with_words(Profile.objects.published(), search.q)
    for dimension, value in search.chosen.items():
        if dimension not in but:
            found = found.filter(_condition(dimension, value))
    return found


def _with_words(profiles: ProfileQuerySet, q: str) -> ProfileQuerySet:
    if not q:
        return profiles
    found = Q(live_revision__words=words_of(q))
    # A name in a script without spaces between words is one word to PostgreSQL, so part of it finds nothing there.
    return profiles.filter(found if folded(q).isascii() else found | Q(live_revision__name__icontains=q))


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


def count(search: Search) -> Counts:
    """Return how many profiles each value of each dimension would find, in one query.

    A dimension in which something is chosen is counted as if it were not: its other values stay in reach.
    """
    facets = [_by_term(matching(search))]
    facets += [
        _by_term(matching(search, but=[name])).filter(dimension=name) for name in search.chosen if name in Facet.values
    ]
    kinds = _by(matching(search, but=[KIND]), KIND, F("live_revision__kind"))
    scores = _by(matching(search, but=[GRADE]), GRADE, Cast("state__score", TextField()))
    counted: dict[str, dict[str, Choice]] = {name: {} for name in DIMENSIONS}
    for dimension, value, name, number in scores.union(kinds, *facets, all=True):
        if value is not None:
            _add(counted, dimension, value, name, number)
    return {name: _in_order(name, choices.values()) for name, choices in counted.items()}


def _by(profiles: ProfileQuerySet, dimension: str, value: Any, name: Any = None) -> QuerySet[Any, Any]:
    return (
        profiles.order_by()
        .annotate(dimension=Value(dimension, TextField()), value=Cast(value, TextField()), name=Value("", TextField()))
        .values_list("dimension", "value", "name")
        .annotate(number=Count("pk"))
    )


def _by_term(profiles: ProfileQuerySet) -> QuerySet[Any, Any]:
    values = "live_revision__facet_values__"
    return (
        profiles.order_by()
        .annotate(
            dimension=Cast(f"{values}facet", TextField()),
            value=Cast(f"{values}term__slug", TextField()),
            name=Cast(f"{values}term__name", TextField()),
        )
        .values_list("dimension", "value", "name")
        .annotate(number=Count("pk"))
    )


def _add(counted: dict[str, dict[str, Choice]], dimension: str, value: str, name: str, number: int) -> None:
    if dimension == GRADE:
        band = band_of(Decimal(value))
        value, name = band.slug, band_in_words(band)
    elif dimension == KIND:
        name = str(Kind(value).label)
    before = counted[dimension].get(value)
    if before and dimension != GRADE:
        return  # a chosen facet is counted twice, with itself and without; both say the same of the chosen term
    counted[dimension][value] = Choice(value, name, number + (before.count if before else 0))


def _in_order(dimension: str, choices: Iterable[Choice]) -> list[Choice]:
    if dimension == GRADE:
        places = list(BANDS)
        return sorted(choices, key=lambda choice: places.index(choice.value))
    return sorted(choices, key=lambda choice: (-choice.count, choice.name.lower()))


def band_in_words(band: Band) -> str:
    return _("Grade %(letters)s · %(label)s") % {"letters": band.letters, "label": label_in_words(band.label)}


def total(counts: Counts, search: Search) -> int:
    """How many profiles the search finds. Every profile has one kind, so the kinds have counted them already."""
    kind = search.chosen.get(KIND)
    return sum(choice.count for choice in counts[KIND] if kind is None or choice.value == kind)


def pages(found: int) -> int:
    return max(1, min(LAST_PAGE, math.ceil(found / ROWS)))


# --- Which -----------------------------------------------------------------------------------------------------------


def ordered(profiles: ProfileQuerySet, order: str = CHANGED, q: str = "") -> ProfileQuerySet:
    """These profiles with the day they last changed, in one of the list's orders."""
    profiles = profiles.annotate(changed_at=changed_at())
    if order == MATCH:
        named = When(live_revision__name__istartswith=q, then=Value(1))
        rank = SearchRank(F("live_revision__words"), words_of(q))
        profiles = profiles.annotate(rank=rank, named=Case(named, default=Value(0)))
    return profiles.order_by(*ORDERS[order])


def changed_at() -> Greatest:
    """When a reader last got something new: another text, or another grade. Grading that changed nothing is no change."""
    last = Grade.objects.filter(profile=OuterRef("pk"), seq=OuterRef("state__seq")).values("graded_at")
    return Greatest("live_revision__approved_at", Subquery(last), output_field=DateTimeField())


def being_updated() -> Exists:
    return Exists(Mark.objects.filter(profile_id=OuterRef("pk")))
