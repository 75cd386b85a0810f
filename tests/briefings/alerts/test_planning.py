"""Who is written to, and when: each thing once for each reader, whatever happens in between."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from briefings.alerts import actions, news, planning
from briefings.alerts.models import Asked, Follow, Often, Subscriber
from config import mailing
from config.models import OutgoingMail
from profiles.models import Publisher
from tests.briefings.alerts.conftest import EARLY, MONDAY, SEVEN, follow, graded, later, tell
from tests.builders import cite, derive, make_briefing, make_profile, make_publisher, make_source, make_term, make_user
from tests.conftest import behind_the_wall

pytestmark = pytest.mark.django_db

MOVED = "mina@example.org: NRS: grade B/C, was C/D"


# --- When -------------------------------------------------------------------------------------------------------------


def at(day, hour=0, minute=0):
    return datetime(2026, 12, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pace", "now", "opened"),
    [
        ("daily", at(2, 6, 59), at(1, 7)),
        ("daily", at(2, 7), at(2, 7)),
        ("daily", at(2, 23, 59), at(2, 7)),
        ("weekly", at(7, 6, 59), datetime(2026, 11, 30, 7, tzinfo=UTC)),
        ("weekly", at(7, 7), at(7, 7)),
        ("weekly", at(13, 12), at(7, 7)),
        ("at-once", at(2), None),
    ],
)
def test_a_digest_opens_at_seven_and_the_weekly_one_on_mondays(pace, now, opened):
    assert planning.opened_at(pace, now) == opened


def test_who_wants_to_know_at_once_is_told_at_once_and_once(nrs, mina):
    follow(mina, nrs)
    assert tell() == []
    graded(nrs, "0.61")
    assert tell() == [MOVED]
    assert tell() == []


def test_a_daily_digest_waits_until_seven(nrs, mina):
    follow(mina, nrs, "daily")
    graded(nrs, "0.61")
    assert tell(at=EARLY) == []
    assert tell(at=SEVEN) == [MOVED]
    assert tell(at=SEVEN + timedelta(hours=3)) == []


def test_what_happens_after_seven_is_told_the_next_day(nrs, mina):
    follow(mina, nrs, "daily")
    graded(nrs, "0.61")
    assert tell(at=SEVEN + timedelta(minutes=1)) == []
    assert tell(at=SEVEN + timedelta(days=1)) == [MOVED]


def test_a_weekly_digest_waits_for_monday(nrs, mina):
    follow(mina, nrs, "weekly")
    graded(nrs, "0.61")
    assert [tell(at=SEVEN + timedelta(days=day)) for day in range(5)] == [[]] * 5
    assert tell(at=MONDAY) == [MOVED]


def test_a_digest_that_was_missed_is_made_up_for_once(nrs, mina):
    follow(mina, nrs, "daily")
    graded(nrs, "0.61")
    news.notice(at=EARLY)
    assert tell(at=SEVEN + timedelta(days=3, hours=2)) == [MOVED]


def test_nothing_to_tell_is_no_mail(nrs, mina):
    follow(mina, nrs, "daily")
    graded(make_profile("other", live=True), "0.61")
    assert tell(at=EARLY) == tell(at=SEVEN) == tell(at=MONDAY) == []


def test_who_has_not_said_how_often_is_told_daily(nrs, mina):
    follow(mina, nrs, "")
    graded(nrs, "0.61")
    assert tell(at=EARLY) == []
    assert tell(at=SEVEN) == [MOVED]


def test_the_account_says_how_often_where_a_follow_does_not(nrs, mina):
    actions.prefer(user=mina, often="at-once")
    follow(mina, nrs, "")
    graded(nrs, "0.61")
    assert tell() == [MOVED]


def test_no_mails_means_none_and_nothing_is_made_up_for_later(nrs, mina):
    actions.prefer(user=mina, often="never")
    follow(mina, nrs, "")
    graded(nrs, "0.61")
    assert tell() == []
    actions.prefer(user=mina, often="at-once")
    assert tell() == []
    graded(nrs, "0.80")
    assert tell() == ["mina@example.org: NRS: grade A/B, was B/C"]


def test_changing_how_often_loses_nothing_and_tells_nothing_twice(nrs, mina):
    followed = follow(mina, nrs, "weekly")
    graded(nrs, "0.61")
    assert tell() == []
    actions.change(user=mina, follow_id=followed.pk, often="at-once")
    assert tell() == [MOVED]
    actions.change(user=mina, follow_id=followed.pk, often="weekly")
    assert tell(at=MONDAY) == []


def test_a_follow_begins_now(nrs, mina):
    graded(nrs, "0.61")
    news.notice(at=EARLY)
    follow(mina, nrs)
    assert tell() == []


# --- Of what ----------------------------------------------------------------------------------------------------------


def test_who_follows_a_publisher_hears_of_its_letter_and_of_what_rests_on_it(nrs, mina):
    wire = Publisher.objects.get(slug="wire")
    follow(mina, wire)
    repeats = make_profile("repeats", live=True, name="Repeats")
    cite(repeats, make_source(derived_from=[wire.sources.get()]))
    for profile in (nrs, repeats, make_profile("apart", live=True, name="Apart")):
        graded(profile, "0.48")
    assert tell() == []  # new profiles are no moves
    Publisher.objects.filter(pk=wire.pk).update(reliability="D")
    graded(nrs, "0.61")
    graded(repeats, "0.61")
    assert tell() == ["mina@example.org: NRS: grade B/C, was C/D, and 2 more"]


def test_context_and_drafts_derivations_are_nothing_a_grade_rests_on(nrs, mina):
    publisher = make_publisher("Elsewhere")
    cite(nrs, make_source(publisher=publisher), stance="context", judgements=[])
    derive(nrs.citations.first().source, make_source(publisher=publisher), draft_of=make_profile("draft"))
    graded(nrs, "0.48")
    tell()
    follow(mina, publisher)
    graded(nrs, "0.61")
    assert tell() == []


def test_who_follows_a_term_hears_of_new_profiles_and_of_their_moves(nrs, mina):
    follow(mina, make_term("region", "Africa"))
    new = make_profile("new", live=True, name="New", facets={"region": "Africa"})
    make_briefing(new)
    graded(new, "0.61")
    graded(make_profile("far", live=True, facets={"region": "Asia"}), "0.61")
    assert tell() == ["mina@example.org: New: new profile, grade B/C; a new briefing"]
    graded(nrs, "0.61")
    assert tell() == [MOVED]


def test_who_follows_the_same_thing_twice_is_told_once(nrs, mina):
    follow(mina, nrs)
    follow(mina, make_term("region", "Africa"))
    follow(mina, Publisher.objects.get(slug="wire"))
    graded(nrs, "0.61")
    assert tell() == [MOVED]


def test_many_moves_at_once_are_one_mail(mina):
    profiles = [graded(make_profile(f"p{n}", live=True, facets={"region": "Africa"}), "0.48") for n in range(12)]
    follow(mina, make_term("region", "Africa"))
    tell()
    for profile in profiles:
        graded(profile, "0.61")
    assert tell() == ["mina@example.org: P0: grade B/C, was C/D, and 11 more"]


def test_planning_for_many_asks_no_more_than_for_few_but_for_the_mails(nrs):
    asked = []
    for people, score in ((1, "0.61"), (39, "0.48")):
        for _ in range(people):
            follow(make_user(), nrs)
        graded(nrs, score)
        news.notice(at=EARLY)
        with CaptureQueriesContext(connection) as queries:
            planning.plan_alerts(at=EARLY)
        asked.append(len([one for one in queries if "config_outgoingmail" not in one["sql"]]))
    assert asked[0] == asked[1]


def test_more_people_than_fit_into_one_transaction_are_all_told(nrs, monkeypatch):
    monkeypatch.setattr(planning, "PEOPLE", 3)
    for _ in range(10):
        follow(make_user(), nrs)
    graded(nrs, "0.61")
    assert len(set(tell())) == 10


# --- To whom ----------------------------------------------------------------------------------------------------------


def test_nobody_without_a_confirmed_address_or_an_open_account_is_written_to(nrs, mina):
    closed = make_user()
    for user in (mina, closed):
        follow(user, nrs)
    mina.emailaddress_set.update(verified=False)
    closed.is_active = False
    closed.save()
    graded(nrs, "0.61")
    assert tell() == []
    assert not OutgoingMail.objects.exists()


def test_planning_needs_no_right_on_what_is_gated(nrs, mina):
    follow(mina, nrs)
    make_briefing(nrs)
    graded(nrs, "0.61")
    with behind_the_wall():
        assert len(tell()) == 1


# --- Killed, and several at once --------------------------------------------------------------------------------------


class Killed(Exception):
    """The process ends here."""


def test_a_planner_that_dies_after_a_mail_leaves_nothing_half_done(nrs, mina, monkeypatch):
    other = make_user("other@example.org")
    for user in (mina, other):
        follow(user, nrs)
    graded(nrs, "0.61")
    news.notice(at=EARLY)
    post = mailing.post

    def post_and_die(*args, **options):
        post(*args, **options)
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(mailing, "post", post_and_die)
        with pytest.raises(Killed):
            planning.plan_alerts(at=EARLY)
    assert not OutgoingMail.objects.exists()
    assert sorted(tell()) == [MOVED, "other@example.org: NRS: grade B/C, was C/D"]
    assert tell() == []


@pytest.mark.django_db(transaction=True)
def test_two_planners_at_once_write_each_mail_once(nrs):
    for _ in range(30):
        follow(make_user(), nrs)
    graded(nrs, "0.61")
    news.notice(at=EARLY)
    planners = [threading.Thread(target=lambda: (planning.plan_alerts(at=EARLY), connection.close())) for _ in range(4)]
    for planner in planners:
        planner.start()
    for planner in planners:
        planner.join()
    planning.plan_alerts(at=EARLY)
    assert OutgoingMail.objects.count() == 30
    assert set(Follow.objects.values_list("told_to", flat=True)) == {news.News.objects.newest()}


# --- The newsletter ---------------------------------------------------------------------------------------------------


def subscribed(email="reader@example.com"):
    actions.subscribe(email=email, client="192.0.2.1")
    subscriber = Subscriber.objects.get(email=email)
    actions.confirm(subscriber_id=subscriber.pk)
    mailing.deliver()
    return subscriber


def test_the_newsletter_tells_once_a_week_what_moved(nrs):
    subscribed()
    graded(nrs, "0.61")
    graded(make_profile("new", live=True, name="New"), "0.61")
    assert tell(at=SEVEN) == []
    assert tell(at=MONDAY) == ["reader@example.com: What moved: NRS: grade B/C, was C/D, and 1 more"]
    assert tell(at=MONDAY + timedelta(hours=1)) == []


def test_a_week_in_which_nothing_moved_has_no_newsletter(nrs):
    subscribed()
    make_briefing(nrs)  # whoever reads the newsletter has no account
    Publisher.objects.update(reliability="C")
    tell()
    assert tell(at=MONDAY) == []


def test_who_has_not_confirmed_gets_no_newsletter(nrs):
    actions.subscribe(email="reader@example.com", client="192.0.2.1")
    mailing.deliver()
    graded(nrs, "0.61")
    tell()
    assert tell(at=MONDAY) == []


def test_an_address_that_nobody_confirmed_is_forgotten_after_a_week(nrs):
    actions.subscribe(email="stranger@example.com", client="192.0.2.1")
    subscribed()
    Subscriber.objects.update(asked_at=later(days=-7))
    Asked.objects.update(at=later(hours=-24))
    planning.tidy(at=EARLY)
    assert (Subscriber.objects.count(), Asked.objects.count()) == (2, 2)
    planning.tidy(at=later(seconds=1))
    assert [one.email for one in Subscriber.objects.all()] == ["reader@example.com"]
    assert not Asked.objects.exists()


def test_every_pace_has_its_words():
    assert all(label for _value, label in Often.choices)
