"""Atom: what moved and what was corrected, on the whole site, under a term and on one profile.

A feed and an entry keep their id whatever happens to names and slugs. An entry says "updated" when a reader got something
new: a grade when it was given, a correction on its day.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.utils.translation import gettext as _

from config.pagecache import public
from config.site import site
from profiles import search
from profiles.models import Correction, Facet, Profile
from profiles.pages import moves
from profiles.pages.moves import Move
from profiles.pages.tombstone import tombstone
from profiles.public import Moved, Withdrawn, profile_at
from profiles.querysets import ProfileQuerySet

ENTRIES = 50
# What XML cannot hold; one such character in a name would break the feed for everybody.
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


class Feed(Atom1Feed):
    """An Atom feed whose bytes depend on its entries alone."""

    def latest_post_date(self) -> datetime:
        # Django's own says "now" of an empty feed, and it would never be the same twice.
        return max((item["updateddate"] for item in self.items), default=BEGINNING)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a reader is told."""

    id: str
    title: str
    path: str
    summary: str
    at: datetime


@public
def site_feed(request: HttpRequest) -> HttpResponse:
    live = Profile.objects.published()
    return _feed(_("%(site)s: what moved") % {"site": site().name}, "feed", "/", request.path, _everything(live))


@public
def grade_feed(request: HttpRequest) -> HttpResponse:
    """Grade changes alone: no new profiles, no corrections."""
    changed = [_of_move(move) for move in moves.latest(ENTRIES, arrivals=False)]
    return _feed(_("%(site)s: grade changes") % {"site": site().name}, "feed/grades", "/", request.path, changed)


@public
def term_feed(request: HttpRequest, facet: str, slug: str) -> HttpResponse:
    if facet not in Facet.values:
        raise Http404
    term = get_object_or_404(search.terms_in_use(), facet=facet, slug=slug)
    title = f"{site().name}: {term.get_facet_display()}, {term.name}"
    entries = _everything(search.with_term(facet, slug))
    return _feed(title, f"terms/{term.pk}/feed", term.get_absolute_url(), request.path, entries)


@public
def profile_feed(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        profile = profile_at(slug)
    except Moved as moved:
        return HttpResponsePermanentRedirect(reverse("profiles:profile_feed", args=[moved.slug]))
    except Withdrawn:
        return tombstone(request)
    name = profile.live_revision.name if profile.live_revision else slug
    entries = _everything(Profile.objects.filter(pk=profile.pk))
    title = f"{site().name}: {name}"
    return _feed(title, f"profiles/{profile.pk}/feed", profile.get_absolute_url(), request.path, entries)


def _everything(profiles: ProfileQuerySet) -> list[Entry]:
    """Return the newest grades and corrections of these profiles, newest first."""
    corrections = (
        Correction.objects.filter(profile__in=profiles.published())
        .select_related("profile__live_revision", "superseded_by")
        .only("on", "text", "profile__slug", "profile__live_revision__name", "superseded_by__on")
        .order_by("-on", "-pk")
    )
    told = [_of_move(move) for move in moves.latest(ENTRIES, of=profiles)]
    told += [_of_correction(correction) for correction in corrections[:ENTRIES]]
    return sorted(told, key=lambda entry: entry.at, reverse=True)[:ENTRIES]


def _of_move(move: Move) -> Entry:
    title = _("%(name)s: new profile, %(grade)s") if move.is_first else "%(name)s: %(grade)s"
    words = [move.standfirst] if move.is_first else list(move.causes)
    return Entry(
        id=f"profiles/{move.profile_id}/grades/{move.seq}",
        title=title % {"name": move.name, "grade": move.in_words},
        path=move.url if move.is_first else move.working_url,
        summary=" ".join([*words, f"{move.grade.label}: {move.breadth}." if move.breadth else ""]),
        at=move.at,
    )


def _of_correction(correction: Correction) -> Entry:
    profile, later = correction.profile, correction.superseded_by
    since = _("(Superseded on %(day)s.)") % {"day": f"{later.on:%-d %B %Y}"} if later else ""
    said = {"name": profile.live_revision.name if profile.live_revision else "", "day": f"{correction.on:%-d %B %Y}"}
    return Entry(
        id=f"profiles/{profile.pk}/corrections/{correction.pk}",
        title=_("%(name)s: correction of %(day)s") % said,
        path=f"{profile.get_absolute_url()}#correction-{correction.pk}",
        summary=f"{correction.text} {since}",
        at=datetime.combine(correction.on, time(), UTC),
    )


def _feed(title: str, id: str, path: str, own_path: str, entries: Iterable[Entry]) -> HttpResponse:
    feed = Feed(
        title=_printable(title),
        link=settings.SITE_URL + path,
        description=None,
        feed_url=settings.SITE_URL + own_path,
        feed_guid=_tag(id),
        author_name=site().name,
        language="en",
    )
    for entry in entries:
        feed.add_item(
            title=_printable(entry.title),
            link=settings.SITE_URL + entry.path,
            description=escape(_printable(entry.summary).strip()),
            unique_id=_tag(entry.id),
            pubdate=entry.at,
            updateddate=entry.at,
        )
    return HttpResponse(feed.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")


def _tag(id: str) -> str:
    return f"tag:{urlsplit(settings.SITE_URL).hostname},2026:{id}"


def _printable(text: str) -> str:
    return UNPRINTABLE.sub("", text)
