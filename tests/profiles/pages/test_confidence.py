"""The working of a grade while the method changes under it."""

import pytest

from profiles.grading import method, pipeline
from profiles.grading.method import METHOD_VERSION
from profiles.models import Grade, GradingState
from profiles.pages import confidence
from tests.builders import cite, make_profile, make_source, settle

pytestmark = pytest.mark.django_db(transaction=True)

CHANGED = f"The method changed from version {METHOD_VERSION} to version {METHOD_VERSION + 1}."


def next_method(monkeypatch):
    """What a release with another constant does to a worker and to a web process."""
    for module in (method, pipeline, confidence):
        monkeypatch.setattr(module, "METHOD_VERSION", METHOD_VERSION + 1)
    monkeypatch.setattr(method, "SECOND_HAND", 0.3)


def working(client, profile):
    return client.get(f"/profiles/{profile.slug}/confidence/")


def scores():
    return {str(score) for score in GradingState.objects.values_list("score", flat=True)}


def test_a_new_method_regrades_everything_behind_the_editors_and_the_history_says_why(client, monkeypatch):
    profiles = [make_profile(f"example-{n}", live=True, judgements={"j1": "It is."}, cited=True) for n in range(3)]
    settle()
    assert scores() == {"0.47"}
    next_method(monkeypatch)
    old = working(client, profiles[0]).text
    assert f"Version {METHOD_VERSION} of the method gave this grade." in old
    assert "about to be graded" in old
    assert "What carries this grade" not in old

    with pipeline.editing(by="desk"):
        cite(profiles[2], make_source("The record"), direct=True)
    assert pipeline.waiting() == [profiles[2].pk]
    settle()

    first, *others = (
        Grade.objects.filter(method=METHOD_VERSION + 1).order_by("pk").values_list("profile__slug", flat=True)
    )
    assert (first, sorted(others)) == ("example-2", ["example-0", "example-1"])
    assert list(GradingState.objects.values_list("method", flat=True)) == [METHOD_VERSION + 1] * 3
    for profile in profiles[:2]:
        page = working(client, profile)
        assert page.context["working"].moves[0].causes == (CHANGED,)
        assert (page.context["working"].card.grade.score, CHANGED in page.text) == ("0.38", True)
        assert "gave this grade" not in page.text
    edited = working(client, profiles[2]).context["working"].moves[0]
    assert edited.causes == ("“The record” was cited for “It is”.", CHANGED)
    assert client.get("/feed/").text.count(CHANGED) == 3
    assert list(pipeline.audit()) == []


def test_a_worker_of_the_old_method_never_flips_a_grade_back(monkeypatch):
    profile = make_profile("example", live=True, judgements={"j1": "It is."}, cited=True)
    settle()
    with monkeypatch.context() as released:
        next_method(released)
        settle()
    assert scores() == {"0.38"}
    cite(profile, stance="context")
    assert (pipeline.waiting(), pipeline.regrade([profile.pk])) == ([], 0)
    assert scores() == {"0.38"}
    next_method(monkeypatch)
    settle()
    assert (scores(), Grade.objects.count()) == ({"0.38"}, 2)
