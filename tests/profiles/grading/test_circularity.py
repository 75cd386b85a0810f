"""The circularity drill: five publishers repeat what is on file already, and nobody is surer for it."""

import pytest

from profiles.grading import pipeline
from profiles.management.commands.drain import drain
from profiles.models import Grade, GradingState
from tests.builders import cite, make_profile, make_publisher, make_source

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def origin():
    return make_source("The origin", reliability="B")


@pytest.fixture
def profile(origin):
    """A live profile resting on one direct source, graded and quiet."""
    profile = make_profile("example", live=True, judgements={"j1": "It was founded in 2004."}, lasting=["j1"])
    cite(profile, origin, direct=True)
    drain()
    return profile


def repeats(origin, count=5):
    return [
        make_source(publisher=make_publisher(reliability="F"), derived_from=[origin], published_on=origin.published_on)
        for _ in range(count)
    ]


def grades(profile):
    stored = Grade.objects.filter(profile=profile).order_by("seq")
    return [(float(grade.score), grade.verdict["band"], grade.verdict["breadth"]) for grade in stored]


def score(profile):
    return float(GradingState.objects.get(pk=profile.pk).score)


def test_five_repeats_of_a_cited_source_change_the_breadth_and_not_the_score(profile, origin):
    for report in repeats(origin):
        cite(profile, report)
    drain()
    assert grades(profile) == [
        (0.80, "A/B", "one independent source, direct"),
        (0.80, "A/B", "one independent source, direct (five further reports of the same)"),
    ]
    assert score(profile) == 0.80


def test_five_repeats_that_nobody_cites_leave_no_grade(profile, origin):
    before = grades(profile)
    repeats(origin)
    drain()
    assert grades(profile) == before


def test_the_same_five_without_their_links_would_have_moved_the_score(profile, origin):
    for _ in range(5):
        cite(profile, make_source(publisher=make_publisher(reliability="F"), published_on=origin.published_on))
    drain()
    assert len(grades(profile)) == 2
    assert score(profile) > 0.80


def test_linking_five_reports_takes_back_what_they_added(profile, origin):
    reports = [make_source(publisher=make_publisher(reliability="F")) for _ in range(5)]
    for report in reports:
        cite(profile, report)
    drain()
    for report in reports:
        report.derivations.create(origin=origin)
    drain()
    alone, added, linked = (score for score, _, _ in grades(profile))
    assert alone < added
    assert linked == alone
    assert list(pipeline.audit()) == []
