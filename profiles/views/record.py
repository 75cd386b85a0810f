"""The record: who issues sources, who writes, and what we had wrong."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import F, Prefetch, QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from config.inwords import separated
from config.pagecache import public
from profiles import search
from profiles.grading.working import reliability_in_words
from profiles.models import Citation, Correction, Profile, Publisher, Source
from profiles.pages import listing
from profiles.pages.publisher import publisher_page
from profiles.public import public_people, public_publishers, public_sources, publishers_with_sources
from profiles.querysets import ProfileQuerySet
from profiles.settling import Record, records_of

AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class PublisherRow:
    """A publisher as the list shows it."""

    url: str
    name: str
    letter: str
    letter_in_words: str
    right: int
    wrong: int
    sources: int


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A public source with the live profiles that cite it."""

    title: str
    authors: str
    url: str
    language: str
    published_on: date | None
    cited_by: list[listing.Link]


@dataclass(frozen=True, slots=True)
class Part:
    """What a person did for some profiles, latest change first."""

    id: str
    heading: str
    rows: list[listing.Row]
    total: int


@public(reads=["page"])
def publisher_list(request: HttpRequest) -> HttpResponse:
    page = _page(request, publishers_with_sources().order_by(Lower("name"), "pk"))
    records = records_of([publisher.pk for publisher in page])
    rows = [_publisher_row(publisher, records.get(publisher.pk, Record())) for publisher in page]
    return render(request, "profiles/publisher_list.html", {"publishers": rows, "page": page})


def _publisher_row(publisher: Publisher, record: Record) -> PublisherRow:
    return PublisherRow(
        url=publisher.get_absolute_url(),
        name=publisher.name,
        letter=publisher.reliability,
        letter_in_words=reliability_in_words(publisher.reliability),
        right=record.right,
        wrong=record.wrong,
        sources=publisher.number,  # type: ignore[attr-defined]
    )


@public(reads=["page"])
def publisher_detail(request: HttpRequest, slug: str) -> HttpResponse:
    publisher = get_object_or_404(public_publishers(), slug=slug)
    cited = Citation.objects.filter(profile__in=Profile.objects.published()).order_by("pk")
    sources = (
        public_sources()
        .filter(publisher=publisher)
        .order_by(F("published_on").desc(nulls_last=True), "title", "pk")
        .prefetch_related(
            Prefetch("citations", cited.select_related("profile__live_revision").only(*CITED_BY), to_attr="public")
        )
    )
    page = _page(request, sources)
    context = {
        "publisher": publisher,
        "shown": publisher_page(publisher),
        "sources": [_source_row(source) for source in page],
        "page": page,
    }
    return render(request, "profiles/publisher_detail.html", context)


CITED_BY = ("source_id", "profile__slug", "profile__live_revision__name")


def _source_row(source: Source) -> SourceRow:
    profiles = {citation.profile_id: citation.profile for citation in source.public}  # type: ignore[attr-defined]
    return SourceRow(
        title=source.title,
        authors=separated(source.authors),
        url=source.url,
        language=source.language,
        published_on=source.published_on,
        cited_by=[listing.Link(one.live_revision.name, one.get_absolute_url()) for one in profiles.values()],
    )


@public
def person_detail(request: HttpRequest, slug: str) -> HttpResponse:
    person = get_object_or_404(public_people(), slug=slug)
    live = Profile.objects.published()
    parts = [
        _part("written", _("Written"), live.filter(live_revision__author=person)),
        _part("reviewed", _("Reviewed"), live.filter(live_revision__reviewer=person)),
    ]
    context = {"person": person, "parts": [part for part in parts if part.rows]}
    return render(request, "profiles/person_detail.html", context)


def _part(id: str, heading: str, profiles: ProfileQuerySet) -> Part:
    return Part(id, heading, listing.rows(search.ordered(search.latest(profiles, AT_ONCE))[:AT_ONCE]), profiles.count())


@public(reads=["page"])
def correction_list(request: HttpRequest) -> HttpResponse:
    corrections = (
        Correction.objects.filter(profile__in=Profile.objects.published())
        .select_related("profile__live_revision", "superseded_by")
        .only("on", "text", "superseded_by__on", "profile__slug", "profile__live_revision__name")
        .order_by("-on", "-pk")
    )
    return render(request, "profiles/correction_list.html", {"page": _page(request, corrections)})


def _page(request: HttpRequest, rows: QuerySet[Any]) -> Page[Any]:
    # get_page answers what is no page number with the first page, and too far with the last.
    return Paginator(rows, AT_ONCE).get_page(request.GET.get("page"))
