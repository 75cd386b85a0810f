"""What there is to tell: each thing once, nothing that is not settled, nothing that is not public."""

import threading

import pytest
from django.db import connection, transaction
from django.utils import timezone

from briefings.actions import publish_briefing, withdraw_briefing
from briefings.alerts import news
from briefings.alerts.models import News
from profiles import actions
from profiles.models import Grade, GradingState, Publisher
from tests.briefings.alerts.conftest import EARLY, graded
from tests.builders import cite, make_briefing, make_profile, make_publisher, make_source, settle
from tests.conftest import behind_the_wall

pytestmark = pytest.mark.django_db


def noticed():
    """What is new now, as "kind: was to now", without publishers that nobody knew before: those are told to nobody."""
    last = News.objects.newest()
    news.notice(at=EARLY)
    told = News.objects.filter(pk__gt=last).exclude(kind="letter", first=True)
    return [f"{one.kind}: {one.was} to {one.now}" for one in told]


def test_a_band_that_moved_is_noticed_once(nrs):
    graded(nrs, "0.61")
    assert noticed() == ["grade: 0.48 to 0.61"]
    assert noticed() == []


def test_a_score_that_moves_within_its_band_is_no_news(nrs):
    graded(nrs, "0.50")
    assert noticed() == []


def test_a_move_is_measured_from_what_was_told_last(nrs):
    graded(nrs, "0.36")
    assert noticed() == []
    graded(nrs, "0.30")
    assert noticed() == ["grade: 0.48 to 0.30"]


def test_a_band_that_went_there_and_back_between_two_looks_is_no_news(nrs):
    graded(graded(nrs, "0.61"), "0.48")
    assert noticed() == []


def test_a_grade_is_no_news_while_an_edit_waits_to_be_graded(nrs):
    graded(nrs, "0.61")
    cite(nrs)  # leaves a mark
    assert noticed() == []
    graded(nrs, "0.62")
    assert noticed() == ["grade: 0.48 to 0.62"]


def test_a_grade_is_no_news_while_a_touched_publisher_may_move_it(nrs):
    graded(nrs, "0.61")
    Publisher.objects.update(reliability="A")
    assert [one for one in noticed() if one.startswith("grade")] == []


@pytest.mark.parametrize("due", [{"due_on": "2020-01-01"}, {"method": 0}, {"as_of": "2999-01-01"}])
def test_a_grade_that_age_or_a_new_method_is_about_to_move_is_no_news(nrs, due):
    graded(nrs, "0.61")
    GradingState.objects.filter(profile=nrs).update(**due)
    assert noticed() == []


def test_drafts_are_never_noticed(nrs):
    draft = graded(make_profile("draft"), "0.61")
    cite(draft, make_source(publisher=make_publisher("Known to a draft")))
    graded(draft, "0.30")
    make_briefing(draft)
    actions.add_correction(profile_id=draft.pk, text="It was five.")
    graded(draft, "0.30")
    assert noticed() == []


def test_a_withdrawn_profile_is_not_noticed_and_one_that_comes_back_is_told_by_its_difference(nrs):
    actions.withdraw_profile(profile_id=nrs.pk)
    graded(nrs, "0.61")
    make_briefing(nrs)
    assert noticed() == []
    nrs.refresh_from_db()
    nrs.withdrawn_at = None
    nrs.save()
    graded(nrs, "0.30")
    assert noticed() == ["grade: 0.48 to 0.30", "briefing:  to "]


def test_a_briefing_is_noticed_when_it_goes_up_with_a_text(nrs):
    make_briefing(nrs, body="")
    assert noticed() == []
    draft = make_briefing(nrs, body="What members read.", live=False).teaser
    assert noticed() == []
    publish_briefing(teaser_id=draft.pk)
    assert noticed() == ["briefing:  to "]
    make_briefing(nrs, body="What members read, and more.")
    assert noticed() == []


def test_what_was_withdrawn_before_it_was_told_is_told_to_nobody(nrs):
    teaser = make_briefing(nrs).teaser
    assert noticed() == ["briefing:  to "]
    assert News.objects.public().filter(teaser=teaser).exists()
    withdraw_briefing(teaser_id=teaser.pk)
    assert not News.objects.public().filter(teaser=teaser).exists()
    make_briefing(nrs, title="Revised")
    assert News.objects.public().filter(teaser=teaser).exists()
    assert noticed() == []


def test_a_correction_is_noticed_once(nrs):
    actions.add_correction(profile_id=nrs.pk, text="It was five.")
    assert noticed() == ["correction:  to "]
    assert noticed() == []


def test_a_letter_that_moved_is_noticed_and_what_it_may_move_waits_for_its_grade(nrs):
    Publisher.objects.filter(slug="wire").update(reliability="D")
    assert noticed() == ["letter: B to D"]


def test_a_publisher_that_only_a_draft_knows_is_nobodys_business(nrs):
    publisher = make_publisher(reliability="A")
    cite(make_profile("draft"), make_source(publisher=publisher))
    news.notice(at=EARLY)
    Publisher.objects.filter(pk=publisher.pk).update(reliability="C")
    news.notice(at=EARLY)
    assert not News.objects.filter(publisher=publisher).exists()


def test_what_comes_with_a_new_profile_is_known_to_have_come_with_it(nrs):
    profile = make_profile("new", live=True, judgements={"j1": "So."}, cited=True)
    make_briefing(profile)
    actions.add_correction(profile_id=profile.pk, text="It was five.")
    assert noticed() == []  # not graded yet, so not there yet
    graded(profile, "0.61")
    assert noticed() == ["grade:  to 0.61", "briefing:  to ", "correction:  to "]
    assert set(News.objects.filter(profile=profile).values_list("first", flat=True)) == {True}
    make_briefing(profile, 2)
    noticed()
    assert not News.objects.latest("pk").first


def test_noticing_needs_no_right_on_what_is_gated(nrs):
    make_briefing(nrs)
    graded(nrs, "0.61")
    with behind_the_wall():
        assert news.notice(at=EARLY) == 2


# --- Several at once --------------------------------------------------------------------------------------------------


def at_once(*doing):
    threads = [threading.Thread(target=lambda do=do: (do(), connection.close())) for do in doing]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_two_processes_at_once_notice_each_thing_once(nrs):
    for number in range(20):
        graded(make_profile(f"one-{number}", live=True), "0.61")
    at_once(*[lambda: news.notice(at=EARLY)] * 4)
    news.notice(at=EARLY)
    assert News.objects.filter(kind="grade").count() == 21


@pytest.mark.django_db(transaction=True)
def test_a_grade_whose_transaction_commits_late_is_not_passed_by(nrs):
    early, late = nrs, graded(make_profile("late", live=True), "0.48")
    news.notice(at=EARLY)
    begun, may_end = threading.Event(), threading.Event()

    def slow():
        with transaction.atomic():
            graded(late, "0.61")  # takes the lower number
            begun.set()
            may_end.wait(20)

    thread = threading.Thread(target=lambda: (slow(), connection.close()))
    thread.start()
    begun.wait(20)
    state = GradingState.objects.get(profile=early)
    fields = {"as_of": timezone.now().date(), "method": state.method, "score": "0.61", "verdict": {}}
    Grade.objects.create(profile=early, seq=state.seq + 1, **fields)
    GradingState.objects.filter(profile=early).update(seq=state.seq + 1, score="0.61")
    assert noticed() == ["grade: 0.48 to 0.61"]
    may_end.set()
    thread.join()
    assert noticed() == ["grade: 0.48 to 0.61"]
    assert News.objects.latest("pk").profile == late


@pytest.mark.django_db(transaction=True)
def test_a_real_edit_is_news_once_it_has_been_graded():
    profile = make_profile("real", live=True, judgements={"j1": "So."}, cited=True)
    settle()
    noticed()
    before = profile.grades.count()
    cite(profile, make_source(reliability="A"), direct=True, credibility=1)
    assert noticed() == []
    settle()
    assert profile.grades.count() == before + 1
    was, now = (f"{grade.score}" for grade in profile.grades.order_by("seq"))
    assert noticed() == [f"grade: {was} to {now}"]
