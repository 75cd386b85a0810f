"""Atom: what moved, on the whole site and on one profile. An entry keeps its id whatever happens to names and slugs."""

import re
from datetime import UTC, datetime, time
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.utils.translation import gettext as _

from config.pagecache import public
from profiles.models import Correction, Profile
from profiles.pages import moves
from profiles.pages.moves import Move
from profiles.pages.tombstone import tombstone
from profiles.public import Moved, Withdrawn, profile_at

ENTRIES = 50
# What XML cannot hold; one such character in a name would break the feed for everybody.
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


class Feed(Atom1Feed):
    """An Atom feed whose bytes depend on its entries alone."""

    def latest_post_date(self) -> datetime:
        # Django's own says "now" of an empty feed, and it would never be the same twice.
        return max((item["updateddate"] for item in self.items), default=BEGINNING)


@public
def site_feed(request: HttpRequest) -> HttpResponse:
    feed = _feed(_("Assay: what moved"), reverse("profiles:home"), reverse("profiles:feed"))
    for move in moves.latest(ENTRIES):
        _add_move(feed, move)
    return _answer(feed)


@public
def profile_feed(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        profile = profile_at(slug)
    except Moved as moved:
        return HttpResponsePermanentRedirect(reverse("profiles:profile_feed", args=[moved.slug]))
    except Withdrawn:
        return tombstone(request)
    name = profile.live_revision.name if profile.live_revision else slug
    feed = _feed(_("Assay: %(name)s") % {"name": name}, profile.get_absolute_url(), request.path)
    for move in moves.latest(ENTRIES, of=profile):
        _add_move(feed, move)
    for correction in profile.corrections.order_by("-on", "-pk")[:ENTRIES]:
        _add_correction(feed, profile, correction)
    return _answer(feed)


def _feed(title: str, path: str, own_path: str) -> Feed:
    return Feed(
        title=_printable(title),
        link=settings.SITE_URL + path,
        description=None,
        feed_url=settings.SITE_URL + own_path,
        feed_guid=settings.SITE_URL + own_path,
        author_name="Assay",
        language="en",
    )


def _add_move(feed: Feed, move: Move) -> None:
    title = _("%(name)s: new profile, %(grade)s") if move.is_first else "%(name)s: %(grade)s"
    words = [move.standfirst] if move.is_first else list(move.causes)
    _add(
        feed,
        id=f"profiles/{move.profile_id}/grades/{move.seq}",
        title=title % {"name": move.name, "grade": move.in_words},
        path=move.url if move.is_first else move.working_url,
        summary=" ".join([*words, f"{move.grade.label}: {move.breadth}." if move.breadth else ""]),
        at=move.at,
    )


def _add_correction(feed: Feed, profile: Profile, correction: Correction) -> None:
    _add(
        feed,
        id=f"profiles/{profile.pk}/corrections/{correction.pk}",
        title=_("Correction of %(day)s") % {"day": f"{correction.on:%-d %B %Y}"},
        path=profile.get_absolute_url(),
        summary=correction.text,
        at=datetime.combine(correction.on, time(), UTC),
    )


def _add(feed: Feed, *, id: str, title: str, path: str, summary: str, at: datetime) -> None:
    feed.add_item(
        title=_printable(title),
        link=settings.SITE_URL + path,
        description=escape(_printable(summary).strip()),
        unique_id=f"tag:{urlsplit(settings.SITE_URL).hostname},2026:{id}",
        pubdate=at,
        updateddate=at,
    )


def _printable(text: str) -> str:
    return UNPRINTABLE.sub("", text)


def _answer(feed: Feed) -> HttpResponse:
    return HttpResponse(feed.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")
