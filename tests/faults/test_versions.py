"""Old and new versions of the method side by side, as in every upgrade: a grade moves forward once and never back."""

import pytest

from profiles.grading import method, pipeline
from profiles.models import Grade, GradingState
from tests.builders import cite, make_profile, make_source, settle
from tests.faults import next_method
from tests.faults.letters import SCORES, change_the_letter
from tests.faults.processes import beat, wait_until, worker
from tests.faults.settled import nothing_pending, wrongs

pytestmark = pytest.mark.django_db(transaction=True)

PROFILES = 40  # more than one batch
OLD, NEXT = method.METHOD_VERSION, next_method.NEXT


@pytest.fixture
def profiles(publisher):
    source = publisher.sources.get()
    profiles = [make_profile(live=True, judgements={"j1": "It is large."}) for _ in range(PROFILES)]
    for profile in profiles:
        cite(profile, source, direct=True)
    settle()
    return profiles


def history(profile):
    return [(grade.method, str(grade.score)) for grade in profile.grades.order_by("seq")]


def all_graded_by(version):
    return lambda: nothing_pending() and not GradingState.objects.exclude(method=version).exists()


def test_old_and_new_workers_side_by_side_never_flip_a_grade_back(redis, profiles, monkeypatch):
    with worker(REDIS_URL=redis.url) as old, beat(REDIS_URL=redis.url):
        change_the_letter("C")
        wait_until(nothing_pending)
        change_the_letter("B")
        wait_until(nothing_pending)
        with worker(app="tests.faults.next_method", REDIS_URL=redis.url) as new:
            wait_until(all_graded_by(NEXT))
            for letter in "CB":
                change_the_letter(letter)
                wait_until(nothing_pending)
            assert [process.poll() for process in (old, new)] == [None, None]
    by_the_old = [(OLD, SCORES[letter]) for letter in "BCB"]
    by_the_new = [(NEXT, next_method.SCORE), (NEXT, SCORES["C"]), (NEXT, next_method.SCORE)]
    assert [history(profile) for profile in profiles] == [by_the_old + by_the_new] * PROFILES
    moved = Grade.objects.filter(seq=len(by_the_old) + 1).values_list("causes", flat=True)
    assert list(moved) == [[{"on": "method", "from": OLD, "to": NEXT}]] * (PROFILES + 1)
    next_method.adopt(monkeypatch.setattr)
    assert wrongs() == []


def test_an_old_worker_leaves_to_the_new_ones_what_they_have_graded(profiles, monkeypatch):
    with monkeypatch.context() as upgrade:
        next_method.adopt(upgrade.setattr)
        settle()
    change_the_letter("C")
    settle()
    assert history(profiles[0]) == [(OLD, SCORES["B"]), (NEXT, next_method.SCORE)]
    assert not nothing_pending()
    next_method.adopt(monkeypatch.setattr)
    settle()
    assert history(profiles[0])[2:] == [(NEXT, SCORES["C"])]
    assert wrongs() == []


def test_editors_do_not_wait_for_a_new_method(profiles, monkeypatch):
    before = Grade.objects.count()
    next_method.adopt(monkeypatch.setattr)
    edited = profiles[PROFILES // 2]
    with pipeline.editing(by="desk"):
        cite(edited, make_source(reliability="A"), direct=True)
    settle()
    assert Grade.objects.order_by("pk")[before].profile == edited
    assert all_graded_by(NEXT)()
    assert wrongs() == []
