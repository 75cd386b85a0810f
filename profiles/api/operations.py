"""What can be asked of `/api/v1/`: each operation reads one thing, and none changes any."""

from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any, TypeVar

from django.db.models import F, Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from ninja import NinjaAPI, Query, Schema
from ninja.errors import ValidationError

from profiles import search
from profiles.api import problems, shapes, told
from profiles.api.asked import (
    SAID,
    AskedDay,
    AskedGrades,
    AskedProfiles,
    AskedSources,
    Paged,
    names_of,
    refuse_others,
)
from profiles.api.dataset import as_csv, as_json_lines
from profiles.api.problems import Unreadable
from profiles.models import Citation, Derivation, Profile, Source
from profiles.pages import listing
from profiles.pages.confidence import NoSuchDay, asked_day, confidence_page, graded_until
from profiles.pages.profile import profile_page, read_moves
from profiles.pages.publisher import publisher_page
from profiles.pages.reading import read_profile
from profiles.public import Moved, public_sources, publishers_with_sources
from profiles.settling import Record, records_of

DESCRIPTION = """\
The public profiles of this site with their grades, each with its working and its history. Reading needs no key.
Nothing can be changed here, and nothing that only members may read is told."""
VERSION = "1.0"

api = NinjaAPI(
    title="Assay",
    version=VERSION,
    description=DESCRIPTION,
    urls_namespace="api",
    openapi_url=None,  # described by `openapi.py`, refusals included
    docs_url=None,  # ninja's own loads its looks from elsewhere
)

View = TypeVar("View", bound=Callable[..., Any])


def answers(path: str, shape: type[Schema] | None, summary: str, **about: Any) -> Callable[[View], View]:
    """Answer GET at this path with this shape, and refuse parameters that the operation does not name."""

    def register(view: View) -> View:
        known = names_of(view)

        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            refuse_others(request.GET, known)
            return view(request, *args, **kwargs)

        settled = {"operation_id": view.__name__, "summary": summary, "description": view.__doc__, **about}
        api.get(path, response=shape, **settled)(checked)
        return view

    return register


# --- Profiles ---------------------------------------------------------------------------------------------------------


@answers("/", shapes.Index, "Where everything is", tags=["Start"])
def index(request: HttpRequest) -> shapes.Index:
    """The addresses of the lists, of both files, of this description and of the documentation."""
    return told.index()


@answers("/profiles/", shapes.ProfileList, "Find profiles", tags=["Profiles"])
def profile_list(request: HttpRequest, asked: Query[AskedProfiles]) -> shapes.ProfileList:
    """The list of profiles, with the filters and orders that its page has."""
    wanted = asked.search()
    found, start = search.matching(wanted).count(), (asked.page - 1) * asked.limit
    rows = listing.rows(search.cut(wanted, start, start + asked.limit, found=found))
    return shapes.ProfileList(**told.paged(request, asked, found), profiles=[told.profile_row(row) for row in rows])


@answers("/profiles/{slug:slug}/", shapes.Profile, "Read a profile", tags=["Profiles"])
def profile_detail(request: HttpRequest, slug: str) -> shapes.Profile:
    """Everything public of one profile. An address it once had answers 301."""
    profile = read_profile(slug)
    return told.profile(profile, profile_page(profile))


@answers("/profiles/{slug:slug}/confidence/", shapes.Confidence, "Read how a profile is graded", tags=["Grades"])
def confidence(request: HttpRequest, slug: str, asked: Query[AskedDay]) -> shapes.Confidence:
    """The grade with every step of its working, as it is, or as it stood when a day ended."""
    profile, day = read_profile(slug), _day(asked)
    return told.confidence(profile, confidence_page(profile, on=day), on=day, pending=_pending(profile, day))


@answers("/profiles/{slug:slug}/grades/", shapes.GradeList, "List the grades a profile has had", tags=["Grades"])
def grade_list(request: HttpRequest, slug: str, asked: Query[AskedGrades]) -> shapes.GradeList:
    """The history, newest first, with what moved each grade. With a day it begins with the grade that stood then."""
    profile, day = read_profile(slug), _day(asked)
    newest = graded_until(profile, day)
    # Grades are numbered without gaps, so that a page can begin at a number.
    start = newest - (asked.page - 1) * asked.limit
    moves = read_moves(profile, asked.limit, until=start) if start > 0 else []
    return shapes.GradeList(
        **told.paged(request, asked, newest),
        slug=profile.slug,
        name=profile.live_revision.name if profile.live_revision else "",
        on=day,
        pending=_pending(profile, day),
        grades=[told.recorded_grade(move) for move in moves],
    )


def _day(asked: AskedDay) -> date | None:
    try:
        return asked_day(asked.on or "", today=_today())
    except NoSuchDay as refused:
        raise Unreadable({"on": str(refused)}) from None


def _today() -> date:
    return timezone.now().date()


def _pending(profile: Profile, day: date | None) -> bool:
    """Whether an edit waits that may change what stands; what stood on an earlier day, it cannot."""
    return bool(profile.updating) and day in (None, _today())  # type: ignore[attr-defined]


# --- Sources and publishers -------------------------------------------------------------------------------------------


@answers("/sources/", shapes.SourceList, "List sources", tags=["Sources"])
def source_list(request: HttpRequest, asked: Query[AskedSources]) -> shapes.SourceList:
    """What the profiles rest on, and what that repeats; newest first."""
    found = public_sources()
    if asked.publisher:
        found = found.filter(publisher__slug=asked.publisher)
    newest = with_neighbours(found).order_by(F("published_on").desc(nulls_last=True), "title", "pk")
    return shapes.SourceList(
        **told.paged(request, asked, found.count()), sources=[told.source(one) for one in _slice(newest, asked)]
    )


@answers("/sources/{int:id}/", shapes.Source, "Read a source", tags=["Sources"])
def source_detail(request: HttpRequest, id: int) -> shapes.Source:
    """One source: who issued it, what it repeats, and which profiles cite it."""
    return told.source(get_object_or_404(with_neighbours(public_sources()), pk=id))


def with_neighbours(sources: QuerySet[Source]) -> QuerySet[Source]:
    """These sources with what they repeat and who cites them, as far as anyone may know."""
    cited = Citation.objects.filter(profile__in=Profile.objects.published()).select_related("profile__live_revision")
    cited = cited.only("source_id", "profile__slug", "profile__live_revision__name")
    # What prepares a draft is nobody's business yet.
    repeated = Derivation.objects.filter(draft_of=None).order_by("position", "pk")
    return sources.select_related("publisher").prefetch_related(
        Prefetch("citations", cited, to_attr="public"), Prefetch("derivations", repeated, to_attr="open_derivations")
    )


@answers("/publishers/", shapes.PublisherList, "List publishers", tags=["Publishers"])
def publisher_list(request: HttpRequest, asked: Query[Paged]) -> shapes.PublisherList:
    """Who issued the sources, with reliability letter and record; by name."""
    found = publishers_with_sources().order_by("name", "pk")
    rows = list(_slice(found, asked))
    records = records_of([one.pk for one in rows])
    return shapes.PublisherList(
        **told.paged(request, asked, found.count()),
        publishers=[told.publisher_row(one, records.get(one.pk, Record())) for one in rows],
    )


@answers("/publishers/{slug:slug}/", shapes.Publisher, "Read a publisher", tags=["Publishers"])
def publisher_detail(request: HttpRequest, slug: str) -> shapes.Publisher:
    """One publisher: its letter, since when and why, and which letters it had before."""
    publisher = get_object_or_404(publishers_with_sources(), slug=slug)
    return told.publisher_detail(publisher, publisher_page(publisher))


@answers("/facets/", shapes.Facets, "List what profiles can be narrowed by", tags=["Profiles"])
def facet_list(request: HttpRequest) -> shapes.Facets:
    """Every term of every facet, every kind and every band that some profile has, with how many have it."""
    return told.facets(search.count(search.Search()))


Row = TypeVar("Row", bound=QuerySet[Any])


def _slice(found: Row, asked: Paged) -> Row:
    start = (asked.page - 1) * asked.limit
    return found[start : start + asked.limit]


# --- Files ------------------------------------------------------------------------------------------------------------


def _file(media_type: str) -> dict[str, Any]:
    content = {media_type: {"schema": {"type": "string"}}}
    return {"tags": ["Grades"], "openapi_extra": {"responses": {200: {"description": "OK", "content": content}}}}


@answers("/grades.csv", None, "Download all grades as CSV", **_file("text/csv"))
def grades_csv(request: HttpRequest) -> HttpResponse:
    """Every grade of every public profile, one a line, by profile and then from the first to the last."""
    return as_csv()


@answers("/grades.jsonl", None, "Download all grades as lines of JSON", **_file("application/jsonl"))
def grades_jsonl(request: HttpRequest) -> HttpResponse:
    """The same as the CSV file, one JSON object a line."""
    return as_json_lines()


# --- What goes wrong --------------------------------------------------------------------------------------------------

api.add_exception_handler(Http404, problems.not_found)
api.add_exception_handler(Unreadable, problems.unreadable)


@api.exception_handler(ValidationError)
def misshapen(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return problems.unreadable(request, Unreadable({str(one["loc"][-1]): _sentence(one) for one in error.errors}))


def _sentence(error: dict[str, Any]) -> str:
    return SAID.get(error.get("ctx", {}).get("pattern", ""), f"{error['msg']}.")


@api.exception_handler(Moved)
def moved(request: HttpRequest, moved: Moved) -> HttpResponse:
    match = request.resolver_match
    assert match is not None, "a view was found for it"
    asked = request.META.get("QUERY_STRING", "")
    path = reverse(match.view_name, kwargs={**match.kwargs, "slug": moved.slug})
    return HttpResponsePermanentRedirect(path + (f"?{asked}" if asked else ""))
