"""One click ends what its link names, for whoever holds it, whenever; looking ends nothing."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from briefings.alerts import actions, tokens
from briefings.alerts.models import Follow, Preference, Subscriber
from profiles.actions import withdraw_profile
from profiles.models import Publisher
from tests.briefings.alerts.conftest import follow, graded, subject_of
from tests.builders import make_profile, make_user

pytestmark = pytest.mark.django_db

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def strict(client):
    """A mail program: no cookie, no token, no log-in."""
    client.handler.enforce_csrf_checks = True
    return client


def link_to(user, row):
    subject = subject_of(row)
    return path(tokens.stop_url(tokens.FOLLOW, user.pk, subject.kind, subject.id))


def path(url):
    return "/" + url.split("/", 3)[3]


def followed_by(user):
    return [str(one.profile or one.publisher or one.term) for one in Follow.objects.filter(user=user)]


def test_one_click_without_cookie_or_token_stops_the_follow(strict, nrs, mina):
    follow(mina, nrs)
    response = strict.post(link_to(mina, nrs), ONE_CLICK)
    assert (response.status_code, followed_by(mina)) == (200, [])
    assert not response.cookies
    assert strict.post(link_to(mina, nrs), ONE_CLICK).status_code == 200


def test_programs_that_open_every_link_of_a_mail_stop_nothing(strict, nrs, mina):
    follow(mina, nrs)
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"):
        strict.generic(method, link_to(mina, nrs))
    assert followed_by(mina) == ["nrs"]


def test_looking_shows_a_button_and_says_what_it_stops(strict, nrs, mina):
    follow(mina, nrs)
    page = strict.get(link_to(mina, nrs))
    assert "Do you want no more mails about NRS?" in page.text
    assert page["Cache-Control"] == "private, no-store"
    assert (page["X-Robots-Tag"], page["Referrer-Policy"]) == ("noindex", "same-origin")
    assert "csrfmiddlewaretoken" not in page.text


def test_a_link_stops_its_own_follow_and_no_other(strict, nrs, mina):
    other, wire = graded(make_profile("other", live=True), "0.48"), Publisher.objects.get(slug="wire")
    neighbour = make_user()
    for user in (mina, neighbour):
        for row in (nrs, other, wire):
            follow(user, row)
    strict.post(link_to(mina, nrs))
    assert followed_by(mina) == ["other", "Wire"]
    assert len(followed_by(neighbour)) == 3


def test_a_link_acts_for_its_owner_and_not_for_who_is_logged_in(nrs, mina):
    neighbour = make_user()
    for user in (mina, neighbour):
        follow(user, nrs)
    client = Client()
    client.force_login(neighbour)
    client.post(link_to(mina, nrs))
    assert (followed_by(mina), followed_by(neighbour)) == ([], ["nrs"])


def test_a_link_from_a_mail_of_years_ago_stops_what_was_taken_up_again(strict, nrs, mina):
    follow(mina, nrs)
    link = link_to(mina, nrs)
    actions.unfollow(user=mina, subject=subject_of(nrs))
    follow(mina, nrs)
    with time_machine.travel(timezone.now() + timedelta(days=3650), tick=False):
        assert strict.post(link).status_code == 200
    assert followed_by(mina) == []


def test_a_link_of_a_digest_ends_its_mails_and_keeps_the_list(strict, nrs, mina):
    other, wire = graded(make_profile("other", live=True), "0.48"), Publisher.objects.get(slug="wire")
    actions.prefer(user=mina, often="daily")
    for row, often in ((nrs, "daily"), (other, ""), (wire, "weekly")):
        follow(mina, row, often)
    link = path(tokens.stop_url(tokens.PACE, mina.pk, "daily"))
    assert "all mails about what you follow that come daily" in strict.get(link).text
    for _ in range(2):
        strict.post(link)
    assert list(Follow.objects.values_list("often", flat=True)) == ["never", "never", "weekly"]
    assert Preference.objects.get().often == "never"


def test_a_link_of_the_newsletter_ends_it_and_forgets_the_address(strict, nrs, mina):
    follow(mina, nrs)
    actions.subscribe(email=mina.email, client="192.0.2.1")
    subscriber = Subscriber.objects.get()
    actions.confirm(subscriber_id=subscriber.pk)
    link = path(tokens.stop_url(tokens.NEWSLETTER, subscriber.digest))
    strict.post(link)
    strict.post(link)
    assert not Subscriber.objects.exists()
    assert followed_by(mina) == ["nrs"]
    actions.subscribe(email=mina.email, client="192.0.2.1")
    strict.post(link)  # the old link still ends it
    assert not Subscriber.objects.exists()


def test_the_answer_is_the_same_whether_there_was_something_to_stop_or_not(strict, nrs, mina):
    follow(mina, nrs)
    answers = [strict.post(link_to(mina, nrs)) for _ in range(2)]
    assert answers[0].content == answers[1].content


def test_a_withdrawn_profile_is_not_named(strict, nrs, mina):
    follow(mina, nrs)
    withdraw_profile(profile_id=nrs.pk)
    assert "NRS" not in strict.get(link_to(mina, nrs)).text
    strict.post(link_to(mina, nrs))
    assert followed_by(mina) == []


def test_a_forged_link_is_no_page_and_stops_nothing(strict, nrs, mina):
    follow(mina, nrs)
    real = link_to(mina, nrs).removesuffix("/").rpartition("/")[2]
    signed, _, signature = real.rpartition(":")
    others = link_to(make_user(), nrs).removesuffix("/").rpartition("/")[2]
    for token in (f"{others.rpartition(':')[0]}:{signature}", signed, f"{real}x", f"x{real}", f":{signature}", "x"):
        assert strict.post(f"/alerts/stop/{token}/").status_code == 404
        assert strict.get(f"/alerts/stop/{token}/").status_code == 404
    assert followed_by(mina) == ["nrs"]
