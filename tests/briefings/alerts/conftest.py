"""Profiles whose grades move without waiting for the pipeline, and readers who hear of it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.utils import timezone

from briefings.alerts import actions, news, planning
from briefings.alerts.models import Follow
from briefings.alerts.subjects import Subject
from config import mailing
from profiles.grading.method import METHOD_VERSION
from profiles.models import Grade, GradingState, Mark, Profile, Publisher, Term, Touch
from tests.builders import cite, make_profile, make_publisher, make_source

# A Wednesday before the digests leave, the moment they do, and the Monday after.
EARLY = datetime(2026, 12, 2, 6, 30, tzinfo=UTC)
SEVEN = datetime(2026, 12, 2, 7, 0, tzinfo=UTC)
MONDAY = datetime(2026, 12, 7, 7, 0, tzinfo=UTC)


def graded(profile: Profile, score: str, *, causes=()) -> Profile:
    """Append a grade as the pipeline leaves it: nothing waits any more."""
    state = GradingState.objects.get(profile=profile)
    now = timezone.now()
    told = {"as_of": now.date(), "graded_at": now, "method": METHOD_VERSION, "score": score}
    Grade.objects.create(profile=profile, seq=state.seq + 1, verdict={"score": float(score)}, causes=causes, **told)
    GradingState.objects.filter(profile=profile).update(seq=state.seq + 1, due_on=None, **told)
    Mark.objects.filter(profile_id=profile.pk).delete()
    Touch.objects.all().delete()
    return profile


def subject_of(row) -> Subject:
    kind = {Profile: "profile", Publisher: "publisher", Term: "term"}[type(row)]
    return Subject(kind, row.pk, str(row), row.get_absolute_url(), row.slug)


def follow(user, row, often="at-once") -> Follow:
    return actions.follow(user=user, subject=subject_of(row), often=often)


def tell(at=EARLY) -> list[str]:
    """Notice, plan and send, as the chores do; return what was sent as "address: subject"."""
    already = len(mail.outbox)
    news.notice(at=at)
    planning.plan_alerts(at=at)
    planning.plan_newsletter(at=at)
    mailing.deliver()
    return [f"{sent.to[0]}: {sent.subject.removeprefix('Assay: ')}" for sent in mail.outbox[already:]]


def later(**by) -> datetime:
    return EARLY + timedelta(**by)


@pytest.fixture
def nrs(db) -> Profile:
    """A live profile of Grade C/D that rests on Wire and is filed under Africa; everybody knows of it."""
    profile = make_profile("nrs", live=True, name="NRS", judgements={"j1": "So."}, facets={"region": "Africa"})
    cite(profile, make_source("A report", publisher=make_publisher("Wire", slug="wire")))
    graded(profile, "0.48")
    news.notice(at=EARLY - timedelta(days=30))
    return profile
