"""What was counted (config/usage.py), stored by profile and day."""

import logging
from collections import Counter
from datetime import date

from django.db import connection
from redis import RedisError

from config import usage
from profiles.models import DailyCount, FormerSlug, Profile

log = logging.getLogger(__name__)


def store_counts() -> int:
    """Take what Redis has to the database; return how many numbers that were. While it is away there are none."""
    try:
        return usage.taken_by(_store)
    except RedisError as error:
        log.info("Nothing was counted: Redis is away (%s).", error)
        return 0


def _store(day: date, counted: dict[str, int]) -> int:
    profiles = _profiles({_slug_and_what(path)[0] for path in counted})
    totals: Counter[tuple[int, str]] = Counter()
    for path, number in counted.items():
        slug, what = _slug_and_what(path)
        if slug in profiles:
            totals[profiles[slug], what] += number
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO profiles_dailycount AS kept (profile_id, what, day, number) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (profile_id, day, what) DO UPDATE SET number = kept.number + excluded.number",
            [(profile, what, day, number) for (profile, what), number in sorted(totals.items())],
        )
    return len(totals)


def _slug_and_what(path: str) -> tuple[str, str]:
    _folder, slug, *tail = path.strip("/").split("/")
    return slug, DailyCount.What.BRIEFING if tail else DailyCount.What.PAGE


def _profiles(slugs: set[str]) -> dict[str, int]:
    """The profile of each slug, by the name it had when it was opened."""
    former = dict(FormerSlug.objects.filter(slug__in=slugs).values_list("slug", "profile"))
    return former | dict(Profile.objects.filter(slug__in=slugs).values_list("slug", "pk"))
