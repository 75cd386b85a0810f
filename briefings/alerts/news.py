"""What there is to tell: found by comparing what was noticed last with what readers can see now.

A cursor over the grades' numbers would pass by a grade whose transaction commits late. Here the present is compared with
the newest piece of news on it, under one lock, so nothing depends on the order in which others commit, and doing it twice
finds nothing the second time.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import connection, transaction
from django.db.models import DecimalField, Exists, F, Func, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce

from briefings import gate
from briefings.alerts.models import News
from briefings.models import Teaser
from profiles.grading.method import METHOD_VERSION
from profiles.grading.pipeline import today
from profiles.grading.scale import SCALE
from profiles.models import Correction, Mark, Profile, Touch
from profiles.public import public_publishers
from profiles.querysets import ProfileQuerySet

LOCK = 7_219_435_811  # any number that nothing else locks
GRADE, BRIEFING, CORRECTION, LETTER = News.Kind.GRADE, News.Kind.BRIEFING, News.Kind.CORRECTION, News.Kind.LETTER


def notice(*, at: datetime) -> int:
    """Append what has happened since the last time; return how much that was. Another process at it: nothing."""
    with transaction.atomic():
        if not alone():
            return 0
        grades = list(_grades(at))
        arrived = {one.profile_id for one in grades if one.first}
        # Grades first: what comes with a profile is numbered after its arrival.
        News.objects.bulk_create(grades)
        rest = [*_briefings(at, arrived), *_corrections(at, arrived), *_letters(at)]
        News.objects.bulk_create(rest)
        return len(grades) + len(rest)


def alone() -> bool:
    """Take the lock until this transaction ends, unless somebody has it: one process at a time notices or plans."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


# --- Grades -----------------------------------------------------------------------------------------------------------


def settled() -> ProfileQuerySet:
    """Live profiles whose grade waits for nothing: no edit, no age, no new method is about to move it."""
    day = today()
    # A touch has not been followed to the profiles that rest on it: until then it may be about any of them.
    waits = Exists(Mark.objects.filter(profile_id=OuterRef("pk"))) | Exists(Touch.objects.all())
    due = Q(state__due_on__lte=day) | Q(state__as_of__gt=day) | Q(state__method__lt=METHOD_VERSION)
    return Profile.objects.published().filter(~waits, state__seq__gt=0).exclude(due)


# The database compares the bands: all profiles are looked at each time, and nearly all are where they were.
SCORE: "DecimalField[Decimal, Decimal]" = DecimalField(max_digits=3, decimal_places=2)
FLOORS = Value(sorted(Decimal(band.floor) / 100 for band in SCALE), output_field=ArrayField(SCORE))
NO_BAND = -1


def _band(score: str) -> Func:
    return Func(Cast(score, SCORE), FLOORS, function="width_bucket", output_field=IntegerField())


def _grades(at: datetime) -> Iterator[News]:
    noticed = News.objects.filter(kind=GRADE, profile=OuterRef("pk")).order_by("-pk")
    graded = settled().annotate(
        was=Subquery(noticed.values("now")[:1]),
        was_seq=Coalesce(Subquery(noticed.values("seq")[:1]), 0),
        was_band=Coalesce(_band("was"), NO_BAND),
        band=_band("state__score"),
    )
    moved = graded.exclude(was_band=F("band")).order_by("state__graded_at", "pk")
    for profile_id, was, was_seq, score, seq in moved.values_list("pk", "was", "was_seq", "state__score", "state__seq"):
        assert score is not None
        if seq > was_seq:
            told = {"was": was or "", "was_seq": was_seq, "now": f"{score:.2f}", "seq": seq, "first": was is None}
            yield News(kind=GRADE, noticed_at=at, profile_id=profile_id, **told)


# --- Briefings and corrections ----------------------------------------------------------------------------------------


def _known() -> ProfileQuerySet:
    """Live profiles whose arrival has been noticed; what belongs to the others follows once they are graded."""
    return Profile.objects.published().filter(Exists(News.objects.filter(kind=GRADE, profile=OuterRef("pk"))))


def _briefings(at: datetime, arrived: set[int | None]) -> Iterator[News]:
    """A briefing is told of when it first goes up, and not again for each of its revisions."""
    noticed = News.objects.filter(teaser__profile=OuterRef("profile"), teaser__tier=OuterRef("tier"))
    teasers = _without(noticed, Teaser.objects.live().filter(profile__in=_known()))
    written = gate.written([teaser_id for teaser_id, _profile in teasers])
    for teaser_id, profile_id in teasers:
        if teaser_id in written:
            first = profile_id in arrived
            yield News(kind=BRIEFING, noticed_at=at, profile_id=profile_id, teaser_id=teaser_id, first=first)


def _corrections(at: datetime, arrived: set[int | None]) -> Iterator[News]:
    noticed = News.objects.filter(correction=OuterRef("pk"))
    for correction_id, profile_id in _without(noticed, Correction.objects.filter(profile__in=_known())):
        first = profile_id in arrived
        yield News(kind=CORRECTION, noticed_at=at, profile_id=profile_id, correction_id=correction_id, first=first)


def _without(noticed: QuerySet[News], rows: "QuerySet[Teaser] | QuerySet[Correction]") -> list[tuple[int, int]]:
    return list(rows.filter(~Exists(noticed)).order_by("pk").values_list("pk", "profile_id"))


# --- Letters ----------------------------------------------------------------------------------------------------------


def _letters(at: datetime) -> Iterator[News]:
    noticed = News.objects.filter(kind=LETTER, publisher=OuterRef("pk")).order_by("-pk")
    publishers = public_publishers().annotate(was=Subquery(noticed.values("now")[:1]))
    moved = publishers.exclude(was__isnull=False, was=F("reliability"))
    for publisher_id, was, letter in moved.values_list("pk", "was", "reliability"):
        told = {"was": was or "", "now": letter, "first": was is None}
        yield News(kind=LETTER, noticed_at=at, publisher_id=publisher_id, **told)
