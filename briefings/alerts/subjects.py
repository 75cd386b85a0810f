"""What can be followed, as far as a stranger may know of it: a live profile, a public publisher, a term in use."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from briefings.alerts.models import Follow
from profiles.models import Profile, Publisher, Term
from profiles.public import profile_at, public_publishers
from profiles.search import terms_in_use

KINDS = ("profile", "publisher", "term")


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing to follow: which column of a follow it is, its number, and how readers know it."""

    kind: str
    id: int
    name: str
    url: str
    asked_as: str

    @property
    def follow_url(self) -> str:
        return f"{reverse('alerts:follow')}?{urlencode({self.kind: self.asked_as}, safe='/')}"

    @property
    def column(self) -> dict[str, int]:
        return {f"{self.kind}_id": self.id}


def asked_for(parameters: Mapping[str, str]) -> Subject:
    """Return what an address asks for: `profile=slug`, `publisher=slug` or `term=facet/slug`.

    Raises Moved for a former address of a profile, and Http404 for whatever nobody may see.
    """
    given = [kind for kind in KINDS if kind in parameters]
    if len(given) != 1:
        raise Http404
    (kind,) = given
    return FINDERS[kind](parameters[kind].replace("\0", ""))


def _profile_at(slug: str) -> Subject:
    return _profile(profile_at(slug, Profile.objects.for_listing()))


def _publisher_at(slug: str) -> Subject:
    return _publisher(_found(public_publishers().filter(slug=slug)))


def _term_at(path: str) -> Subject:
    facet, _slash, slug = path.partition("/")
    return _term(_found(terms_in_use().filter(facet=facet, slug=slug)))


FINDERS = {"profile": _profile_at, "publisher": _publisher_at, "term": _term_at}


def _found(rows: "QuerySet[Any]") -> Any:
    found = rows.first()
    if found is None:
        raise Http404
    return found


def subjects_of(follows: Iterable[Follow]) -> dict[int, Subject]:
    """Return what each of these follows is of, by the follow's number; nothing for what is not public any more."""
    follows = list(follows)
    found: dict[int, Subject] = {}
    for kind in KINDS:
        of_this_kind = {follow.pk: getattr(follow, f"{kind}_id") for follow in follows if getattr(follow, f"{kind}_id")}
        public = _public(kind, set(of_this_kind.values()))
        found |= {follow_id: public[number] for follow_id, number in of_this_kind.items() if number in public}
    return found


def numbered(kind: str, number: int) -> Subject | None:
    """Return the subject of that number, if anybody may see it."""
    return _public(kind, {number}).get(number)


def _public(kind: str, numbers: set[int]) -> dict[int, Subject]:
    if not numbers:
        return {}
    rows: dict[str, tuple[QuerySet[Any], Callable[[Any], Subject]]] = {
        "profile": (Profile.objects.published().for_listing(), _profile),
        "publisher": (public_publishers(), _publisher),
        "term": (terms_in_use(), _term),
    }
    public, told = rows[kind]
    return {row.pk: told(row) for row in public.filter(pk__in=numbers)}


def _profile(profile: Profile) -> Subject:
    assert profile.live_revision is not None
    return Subject("profile", profile.pk, profile.live_revision.name, profile.get_absolute_url(), profile.slug)


def _publisher(publisher: Publisher) -> Subject:
    return Subject("publisher", publisher.pk, publisher.name, publisher.get_absolute_url(), publisher.slug)


def _term(term: Term) -> Subject:
    name = _("%(what)s: %(value)s") % {"what": term.get_facet_display(), "value": term.name}
    return Subject("term", term.pk, name, term.get_absolute_url(), f"{term.facet}/{term.slug}")
