"""Atom: what moved and what was corrected, on the whole site and on one profile. An entry keeps its id whatever happens to names and slugs."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, time
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.utils.translation import gettext as _

from config.pagecache import public
from config.site import site
from profiles.models import Correction, Profile
from profiles.pages import moves
from profiles.pages.moves import Move
from profiles.public import Moved, profile_at

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
    feed = _feed(_("%(site)s: what moved") % {"site": site().name}, reverse("profiles:home"), reverse("profiles:feed"))
    for told in _newest(moves.latest(ENTRIES), _corrections()):
        _add_told(feed, told)
    return _answer(feed)


@public
def profile_feed(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        profile = profile_at(slug)
    except Moved as moved:
        return HttpResponsePermanentRedirect(reverse("profiles:profile_feed", args=[moved.slug]))
    name = profile.live_revision.name if profile.live_revision else slug
    feed = _feed(f"{site().name}: {name}", profile.get_absolute_url(), request.path)
    for told in _newest(moves.latest(ENTRIES, of=profile), _corrections().filter(profile=profile)):
        _add_told(feed, told)
    return _answer(feed)


def _corrections() -> QuerySet[Correction]:
    of_live = Correction.objects.filter(profile__in=Profile.objects.published())
    columns = ("on", "text", "profile__slug", "profile__live_revision__name", "superseded_by__on")
    return of_live.select_related("profile__live_revision", "superseded_by").only(*columns).order_by("-on", "-pk")


def _newest(told: Sequence[Move], corrections: QuerySet[Correction]) -> list[Move | Correction]:
    """Grades and corrections in one row, newest first."""
    both: list[Move | Correction] = [*told, *corrections[:ENTRIES]]
    return sorted(both, key=_at, reverse=True)[:ENTRIES]


def _at(told: Move | Correction) -> datetime:
    # A correction has a day and no hour; at its beginning, so that its place in the feed never changes.
    return told.at if isinstance(told, Move) else datetime.combine(told.on, time(), UTC)


def _feed(title: str, path: str, own_path: str) -> Feed:
    return Feed(
        title=_printable(title),
        link=settings.SITE_URL + path,
        description=None,
        feed_url=settings.SITE_URL + own_path,
        feed_guid=settings.SITE_URL + own_path,
        author_name=site().name,
        language="en",
    )


def _add_told(feed: Feed, told: Move | Correction) -> None:
    if isinstance(told, Move):
        _add_move(feed, told)
    else:
        _add_correction(feed, told)


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


def _add_correction(feed: Feed, correction: Correction) -> None:
    profile, later = correction.profile, correction.superseded_by
    name = profile.live_revision.name if profile.live_revision else profile.slug
    since = _("(Superseded on %(day)s.)") % {"day": f"{later.on:%-d %B %Y}"} if later else ""
    _add(
        feed,
        id=f"profiles/{profile.pk}/corrections/{correction.pk}",
        title=_("%(name)s: correction of %(day)s") % {"name": name, "day": f"{correction.on:%-d %B %Y}"},
        path=f"{profile.get_absolute_url()}#correction-{correction.pk}",
        summary=f"{correction.text} {since}",
        at=_at(correction),
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
