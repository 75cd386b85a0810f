"""Every public address, for search engines: where it is and when it last changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.conf import settings
from django.urls import reverse

from config.languages import Version, versions
from profiles import search
from profiles.models import Page, Profile
from profiles.public import public_people, public_publishers

# What one sitemap may hold by its protocol.
LARGEST = 50_000
STATIC = (
    "profiles:home",
    "profiles:profile_list",
    "profiles:publisher_list",
    "profiles:methodology",
    "profiles:correction_list",
    "profiles:membership",
    "profiles:strategic_circle",
    "profiles:leadership_alliance",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One address, and when it last changed if we know."""

    path: str
    changed_at: datetime | None = None
    versions: tuple[Version, ...] = ()  # the same page in all languages

    @property
    def url(self) -> str:
        return f"{settings.SITE_URL}{self.path}"

    @property
    def lastmod(self) -> str:
        return self.changed_at.isoformat() if self.changed_at else ""


def entries() -> Iterator[Entry]:
    """Return every public page, each of its languages by itself, as search engines ask for them."""
    yield Entry(reverse("api:documentation"))
    for entry in _pages():
        same = tuple(versions(entry.path))
        for version in same:
            yield Entry(version.path, entry.changed_at, same)


def _pages() -> Iterator[Entry]:
    for name in STATIC:
        yield Entry(reverse(name))
    for page in Page.objects.only("slug", "changed_at"):
        yield Entry(page.get_absolute_url(), page.changed_at)
    profiles = Profile.objects.published().order_by("slug").values_list("slug", search.changed_at())
    for slug, changed_at in profiles:
        yield Entry(reverse("profiles:profile_detail", args=[slug]), changed_at)
    for rows in (search.terms_in_use(), public_publishers(), public_people()):
        for row in rows:
            yield Entry(row.get_absolute_url())


def part(number: int) -> list[Entry]:
    """Return the addresses of one sitemap, the first being number 1; empty where there are no more."""
    return list(islice(entries(), (number - 1) * LARGEST, number * LARGEST))


def parts() -> list[Entry]:
    """Return the sitemaps that hold everything, where one is not enough."""
    number = sum(1 for _entry in entries())
    return [Entry(reverse("profiles:sitemap_part", args=[one + 1])) for one in range(-(-number // LARGEST))]
