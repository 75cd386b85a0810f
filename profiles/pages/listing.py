"""What lists of profiles show: rows, the facets beside them, and what is chosen. Values only, ready for a template."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db.models import F, OuterRef, Subquery
from django.utils.translation import gettext as _

from config import addresses, prepared
from config.prepared import Question
from profiles import search, typed
from profiles.models import Facet, FacetValue, Kind, Profile
from profiles.pages.showing import ShownGrade, show_score
from profiles.querysets import ProfileQuerySet
from profiles.search import Choice, Counts, Search


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text, and whether it is what was searched for."""

    text: str
    found: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One profile in a list."""

    slug: str
    url: str
    working_url: str
    name: str
    standfirst: str
    kind: str
    kind_slug: str
    region: str
    score: Decimal | None
    updating: bool
    changed_at: datetime | None
    excerpt: tuple[Piece, ...] = ()

    @property
    def grade(self) -> ShownGrade | None:
        return show_score(self.score)


SHOWN = ("slug", "name", "standfirst", "kind", "region", "score", "updating", "changed_at")


def rows(profiles: ProfileQuerySet) -> list[Row]:
    """Return a row for each of these profiles (from `search.ordered`), in one query that reads no body."""
    return _rows(_shown(profiles).values(*SHOWN))


def newest(number: int) -> list[Row]:
    """Return that many of the live profiles, those first published last."""
    return _rows(_named(SHOWN, prepared.answer(_newest(number))))


@lru_cache(maxsize=16)
def _newest(number: int) -> Question:
    profiles = search.ordered(Profile.objects.published())
    profiles = profiles.order_by(F("first_published").desc(nulls_last=True), "-pk")
    return Question.of(_shown(profiles[:number]).values_list(*SHOWN))


def _shown(profiles: ProfileQuerySet) -> ProfileQuerySet:
    regions = FacetValue.objects.filter(revision=OuterRef("live_revision"), facet=Facet.REGION)
    return profiles.annotate(
        name=F("live_revision__name"),
        standfirst=F("live_revision__standfirst"),
        kind=F("live_revision__kind"),
        score=F("state__score"),
        region=Subquery(regions.values("term__name")),
        updating=search.being_updated(),
    )


def _named(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterable[dict[str, Any]]:
    return (dict(zip(columns, row, strict=True)) for row in rows)


def _rows(shown: Iterable[dict[str, Any]]) -> list[Row]:
    # Looked up once: forty times would be a tenth of the page.
    page, working = (addresses.address(f"profiles:profile_{name}", SLUG) for name in ("detail", "confidence"))
    return [_row(page, working, **columns) for columns in shown]


SLUG = "any-slug"


def _row(page: str, working: str, slug: str, kind: str, region: str | None, excerpt: str = "", **columns: Any) -> Row:
    return Row(
        slug=slug,
        url=page.replace(SLUG, slug),
        working_url=working.replace(SLUG, slug),
        kind=str(Kind(kind).label),
        kind_slug=kind,
        region=region or "",
        excerpt=_pieces(excerpt) if typed.HIT in excerpt else (),
        **columns,
    )


MARKUP = re.compile(r"[*#`\[\]]|\]?\(https?://[^\s)]*\)?")


def _pieces(excerpt: str) -> tuple[Piece, ...]:
    """An excerpt without the signs of its Markdown, cut where something was found."""
    parts = re.split(f"{typed.HIT}(.*?){typed.END}", MARKUP.sub("", excerpt))
    return tuple(Piece(part, found=number % 2 == 1) for number, part in enumerate(parts) if part)


@dataclass(frozen=True, slots=True)
class Link:
    """Where one choice leads."""

    name: str
    url: str
    count: int | None = None
    current: bool = False


# Of a long group the most frequent values; folding up one or two would save no room.
AT_FIRST, AT_MOST = 8, 10


@dataclass(frozen=True, slots=True)
class Group:
    """The values of one dimension, with how many profiles each would leave."""

    title: str
    links: tuple[Link, ...]

    @property
    def first(self) -> tuple[Link, ...]:
        return self.links if len(self.links) <= AT_MOST else self.links[:AT_FIRST]

    @property
    def rest(self) -> tuple[Link, ...]:
        """What stands folded up below the first."""
        return self.links[len(self.first) :]

    @property
    def chosen_in_rest(self) -> bool:
        return any(link.current for link in self.rest)


@dataclass(frozen=True, slots=True)
class Page:
    """The list as one address shows it."""

    search: Search
    total: int
    rows: Sequence[Row]
    chips: Sequence[Link]
    groups: Sequence[Group]
    sorts: Sequence[Link]
    problems: Sequence[str]
    number: int
    pages: int
    previous_url: str
    next_url: str
    capped: bool

    @property
    def hidden(self) -> Sequence[tuple[str, str]]:
        """What the search form carries along unseen."""
        sort = [("sort", self.search.sort)] if self.search.sort not in ("", search.MATCH) else []
        return [*self.search.chosen.items(), *sort]


def page(asked: Mapping[str, str]) -> Page:
    """Return the list that an address asks for, in at most three queries."""
    wanted, problems = search.read(asked)
    wanted, names, unknown = search.name_terms(wanted)
    counts = search.count(wanted)
    total = search.total(counts, wanted)
    pages = search.pages(total)
    if wanted.page > pages:
        unknown.append(_("There is no page %(asked)d; this is the last one.") % {"asked": wanted.page})
        wanted = replace(wanted, page=pages)
    return Page(
        search=wanted,
        total=total,
        rows=_rows_of(wanted, total) if total else [],
        chips=_chips(wanted, names),
        groups=_groups(wanted, counts),
        sorts=[_sort(wanted, order) for order in wanted.sorts],
        problems=problems + unknown,
        number=wanted.page,
        pages=pages,
        previous_url=_address(replace(wanted, page=wanted.page - 1)) if wanted.page > 1 else "",
        next_url=_address(replace(wanted, page=wanted.page + 1)) if wanted.page < pages else "",
        capped=total > search.LAST_PAGE * search.ROWS,
    )


def _rows_of(wanted: Search, total: int) -> list[Row]:
    q, start = typed.gap_for(wanted.q), (wanted.page - 1) * search.ROWS
    question = _question(q, wanted.order, tuple(wanted.chosen.items()), start, many=total > search.MANY)
    # No body is read, unless words were searched for and an excerpt has to show where they are.
    columns = (*SHOWN, "excerpt") if wanted.q else SHOWN
    return _rows(_named(columns, prepared.answer(typed.put_into(question, wanted.q))))


@lru_cache(maxsize=256)
def _question(q: str, order: str, chosen: tuple[tuple[str, str], ...], start: int, *, many: bool) -> Question:
    """What asks for one page of a list. It says the same for as long as the code does."""
    wanted, found = Search(q=q, chosen=dict(chosen), sort=order), search.MANY + many
    shown = _shown(search.cut(wanted, start, start + search.ROWS, found=found))
    if not q:
        return Question.of(shown.values_list(*SHOWN))
    return Question.of(shown.annotate(excerpt=typed.excerpt(q)).values_list(*SHOWN, "excerpt"))


def _address(wanted: Search) -> str:
    query = wanted.query()
    return addresses.address("profiles:profile_list") + (f"?{query}" if query else "")


def address(dimension: str, value: str) -> str:
    """Where the list shows everything that has this value."""
    return _address(Search().choosing(dimension, value))


def _sort(wanted: Search, order: str) -> Link:
    usual = Search(q=wanted.q).order
    url = _address(replace(wanted, sort="" if order == usual else order, page=1))
    return Link(str(search.SORTS[order]), url, current=order == wanted.order)


def _chips(wanted: Search, names: Mapping[str, str]) -> list[Link]:
    chips = (
        [Link(_("“%(title)s”") % {"title": wanted.q}, _address(replace(wanted, q="", sort="", page=1)))]
        if wanted.q
        else []
    )
    for dimension in search.DIMENSIONS:
        if dimension in wanted.chosen:
            name = _("%(what)s: %(value)s") % {
                "what": search.TITLES[dimension],
                "value": _name(dimension, wanted.chosen[dimension], names),
            }
            chips.append(Link(name, _address(wanted.without(dimension))))
    return chips


def _name(dimension: str, value: str, names: Mapping[str, str]) -> str:
    if dimension == search.KIND:
        return str(Kind(value).label)
    if dimension == search.GRADE:
        return search.band_in_words(search.BANDS[value])
    return names[dimension]


def _groups(wanted: Search, counts: Counts) -> list[Group]:
    return [
        Group(str(search.TITLES[dimension]), tuple(_choice(wanted, dimension, choice) for choice in choices))
        for dimension, choices in counts.items()
        if choices
    ]


def _choice(wanted: Search, dimension: str, choice: Choice) -> Link:
    current = wanted.chosen.get(dimension) == choice.value
    url = _address(wanted.without(dimension) if current else wanted.choosing(dimension, choice.value))
    return Link(choice.name, url, choice.count, current)
