"""The one clock of all workers, moved by days: grades age, and are young again when it comes back."""

from datetime import timedelta

import pytest

from profiles.grading import pipeline
from profiles.models import Grade, GradingState
from tests.builders import cite, make_profile, make_source, settle
from tests.faults.letters import SCORES
from tests.faults.settled import wrongs

pytestmark = pytest.mark.django_db(transaction=True)

MOVES = [1, 30, 400, -1, -30, -400]


@pytest.fixture
def move_the_clock(monkeypatch):
    today = pipeline.today()

    def move(days):
        monkeypatch.setattr(pipeline, "today", lambda: today + timedelta(days=days))
        settle()

    return move


@pytest.fixture
def profile():
    """Live, and resting on one source of today."""
    profile = make_profile("example", live=True, judgements={"j1": "It was founded in 2004."})
    cite(profile, make_source(reliability="B", published_on=pipeline.today()), direct=True)
    settle()
    return profile


def scores():
    return [str(grade.score) for grade in Grade.objects.order_by("seq")]


def causes_of_moves():
    return [grade.causes for grade in Grade.objects.order_by("seq")[1:]]


@pytest.mark.parametrize("days", MOVES)
def test_a_clock_that_moved_and_came_back_leaves_the_grade_as_it_was(profile, move_the_clock, days):
    move_the_clock(days)
    assert wrongs() == []
    move_the_clock(0)
    assert wrongs() == []
    assert scores()[-1] == SCORES["B"]
    assert causes_of_moves() == [[{"on": "age"}]] * len(causes_of_moves())


def test_a_year_and_a_month_age_the_grade_and_the_history_says_so(profile, move_the_clock):
    for days in (1, 30, 400):
        move_the_clock(days)
    before, after = scores()
    assert after < before
    assert causes_of_moves() == [[{"on": "age"}]]
    assert wrongs() == []


def test_an_edit_while_the_clock_is_wrong_is_graded_and_graded_again_when_it_is_right(profile, move_the_clock):
    move_the_clock(400)
    cite(profile, make_source(reliability="A", published_on=None))
    settle()
    assert wrongs() == []
    move_the_clock(0)
    assert GradingState.objects.get().as_of == pipeline.today()
    assert Grade.objects.latest("seq").causes == [{"on": "age"}]
    assert wrongs() == []
