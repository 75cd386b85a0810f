"""What may be asked: the parameters of an address, with their bounds. The description is made of these."""

from typing import Annotated, Literal, get_type_hints

from django.http import QueryDict
from ninja import Field, Schema

from profiles import search
from profiles.api.problems import Unreadable
from profiles.search import Search

MOST = 100
LAST_PAGE = search.LAST_PAGE
# PostgreSQL refuses NUL, and other control characters find nothing.
PLAIN = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"
SLUG = "^[a-z0-9]+(-[a-z0-9]+)*$"
DAY = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"

# What would be right, where a pattern would tell it to programmers only.
SAID = {
    PLAIN: "It may hold no control characters.",
    SLUG: "It is made of small letters, digits and single hyphens between them.",
    DAY: "A day is written like 2025-03-01.",
}

KindSlug = Literal["organisation", "company", "registry", "government-body", "programme", "product"]
BandSlug = Literal["a", "a-b", "b-c", "c-d", "d", "internal"]
TermSlug = Annotated[str | None, Field(pattern=SLUG, max_length=100)]


class Asked(Schema):
    """Parameters of an address. One that is not named here is refused: a misspelt filter would find everything."""


class Paged(Asked):
    page: int = Field(1, ge=1, le=LAST_PAGE, description="Which page.")
    limit: int = Field(search.ROWS, ge=1, le=MOST, description="How many on a page.")


class AskedProfiles(Paged):
    q: str = Field(
        "",
        max_length=search.LONGEST_QUERY,
        pattern=PLAIN,
        description="Words anywhere in the public text; the last one may be unfinished.",
    )
    kind: KindSlug | None = Field(None, description="What sort of thing is profiled.")
    category: TermSlug = Field(None, description="The slug of a term, as /facets/ lists them; so for each facet.")
    region: TermSlug = None
    signal_focus: TermSlug = Field(None, alias="signal-focus")
    content_type: TermSlug = Field(None, alias="content-type")
    primary_domain: TermSlug = Field(None, alias="primary-domain")
    topic: TermSlug = None
    impact: TermSlug = None
    grade: BandSlug | None = Field(None, description="A band of the published scale, by its slug.")
    sort: Literal["match", "changed", "name", "score"] | None = Field(
        None,
        description="Best match (the usual order of a search; without words the latest change), latest change, name, score.",
    )

    def search(self) -> Search:
        """The same search as the list of profiles makes of its address."""
        told = self.dict(by_alias=True)
        chosen = {name: told[name] for name in search.DIMENSIONS if told[name]}
        q = " ".join(self.q.split())
        sort = self.sort if self.sort and (q or self.sort != search.MATCH) else ""
        return Search(q=q, chosen=chosen, sort=sort, page=self.page)


class AskedDay(Asked):
    on: str | None = Field(
        None,
        pattern=DAY,
        description="A day such as 2025-03-01, up to today: the grade as it stood when that day (UTC) ended.",
        json_schema_extra={"format": "date", "examples": ["2026-03-01"]},
    )


class AskedGrades(Paged, AskedDay):
    pass


class AskedSources(Paged):
    publisher: str | None = Field(None, pattern=SLUG, max_length=100, description="The slug of a publisher.")


def names_of(operation: object) -> frozenset[str]:
    """Return the parameters that an operation knows."""
    shapes = [hint for hint in get_type_hints(operation).values() if isinstance(hint, type) and issubclass(hint, Asked)]
    return frozenset(field.alias or name for shape in shapes for name, field in shape.model_fields.items())


def refuse_others(given: QueryDict, known: frozenset[str]) -> None:
    """Raise Unreadable for a parameter that is not known, or is given twice: one of the two would be left out unsaid."""
    wrong = {name: "There is no such parameter here." for name in given if name not in known}
    wrong |= {name: "It is given more than once." for name, values in given.lists() if len(values) > 1}
    if wrong:
        raise Unreadable(wrong)
