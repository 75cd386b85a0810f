"""Every public address, for search engines: where it is and when it last changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.urls import reverse

from profiles import search
from profiles.models import Page, Profile
from profiles.public import public_people, public_publishers

# What one sitemap may hold by its protocol.
LARGEST = 50_000
STATIC = (
    "home",
    "profile_list",
    "publisher_list",
    "methodology",
    "correction_list",
    "membership",
    "strategic_circle",
    "leadership_alliance",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One address, and when it last changed if we know."""

    path: str
    changed_at: datetime | None = None

    @property
    def url(self) -> str:
        return f"{settings.SITE_URL}{self.path}"

    @property
    def lastmod(self) -> str:
        return self.changed_at.isoformat() if self.changed_at else ""


def entries() -> Iterator[Entry]:
    for name in STATIC:
        yield Entry(reverse(f"profiles:{name}"))
    for page in Page.objects.only("slug", "changed_at"):
        yield Entry(page.get_absolute_url(), page.changed_at)
    profiles = Profile.objects.published().order_by("slug").values_list("slug", search.changed_at())
    for slug, changed_at in profiles:
        yield Entry(reverse("profiles:profile_detail", args=[slug]), changed_at)
    for rows in (search.terms_in_use(), public_publishers(), public_people()):
        for row in rows:
            yield Entry(row.get_absolute_url())
