"""Grade moves as readers are told of them: on the front page and in the feeds."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.utils.translation import gettext as _

from config import prepared
from config.addresses import address
from config.prepared import Question
from profiles.grading.causes import explain_cause
from profiles.models import Grade, Profile
from profiles.pages.showing import ShownGrade, show_score
from profiles.querysets import ProfileQuerySet


@dataclass(frozen=True, slots=True)
class Move:
    """One grade of a live profile, what it was before, and why it moved. The first one is the profile's arrival.

    `breadth` is in English, as it was stored: it is for feeds.
    """

    profile_id: int
    slug: str
    name: str
    standfirst: str
    seq: int
    at: datetime
    score: Decimal
    before: Decimal | None
    breadth: str
    causes: tuple[str, ...]

    @property
    def grade(self) -> ShownGrade:
        return cast(ShownGrade, show_score(self.score))

    @property
    def is_first(self) -> bool:
        return self.seq == 1

    @property
    def url(self) -> str:
        return address("profiles:profile_detail", self.slug)

    @property
    def working_url(self) -> str:
        return address("profiles:profile_confidence", self.slug)

    @property
    def in_words(self) -> str:
        said = {"score": self.score, "letters": self.grade.band.letters, "before": self.before}
        if self.before is None:
            return _("%(score)s, Grade %(letters)s") % said
        if self.before == self.score:
            return _("%(score)s as before, Grade %(letters)s") % said
        return _("%(before)s → %(score)s, Grade %(letters)s") % said


SHOWN = ("profile_id", "slug", "name", "standfirst", "seq", "at", "score", "before", "breadth", "causes")


def latest(
    limit: int, *, of: ProfileQuerySet | None = None, arrivals: bool = True, after: datetime | None = None
) -> list[Move]:
    """Return the newest grades of live profiles (of some of them), with or without each profile's first."""
    if of is None and after is None:
        question = _of_all(limit, arrivals=arrivals)
    else:
        question = _question(limit, Profile.objects.all() if of is None else of, arrivals=arrivals, after=after)
    return [_move(row) for row in prepared.answer(question)]


@lru_cache(maxsize=16)
def _of_all(limit: int, *, arrivals: bool) -> Question:
    return _question(limit, Profile.objects.all(), arrivals=arrivals)


def _question(limit: int, profiles: ProfileQuerySet, *, arrivals: bool, after: datetime | None = None) -> Question:
    grades = Grade.objects.filter(profile__in=profiles.published())
    if after is not None:
        grades = grades.filter(graded_at__gt=after)
    if not arrivals:
        grades = grades.filter(seq__gt=1)
    newest = _with_what_was_before(grades.order_by("-graded_at", "-pk")[:limit])
    return Question.of(newest.values_list(*SHOWN))


def _with_what_was_before(grades: QuerySet[Grade]) -> QuerySet[Any]:
    earlier = Grade.objects.filter(profile=OuterRef("profile"), seq=OuterRef("seq") - 1).order_by()
    return grades.annotate(
        slug=F("profile__slug"),
        name=F("profile__live_revision__name"),
        standfirst=F("profile__live_revision__standfirst"),
        at=F("graded_at"),
        before=Subquery(earlier.values("score")),
        breadth=KT("verdict__breadth"),
    )


def _move(columns: Sequence[Any]) -> Move:
    told = dict(zip(SHOWN, columns, strict=True))
    causes = tuple(explain_cause(cause) for cause in json.loads(told["causes"]))
    return Move(**told | {"causes": causes, "breadth": told["breadth"] or ""})
