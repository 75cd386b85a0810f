"""What is held of a person is handed to them, and forgotten when they go."""

import json

import pytest
from django.utils import timezone

from briefings.alerts import actions, personal
from briefings.alerts.models import Asked, Follow, Preference, Subscriber
from profiles.actions import withdraw_profile
from tests.briefings.alerts.conftest import follow
from tests.builders import make_term, make_user

pytestmark = pytest.mark.django_db


def subscribed(email):
    actions.subscribe(email=email, client="192.0.2.1")
    Subscriber.objects.update(confirmed_at=timezone.now())


def test_somebody_is_handed_what_they_follow_and_whether_they_get_the_newsletter(nrs, mina):
    follow(mina, nrs, "weekly")
    follow(mina, make_term("region", "Africa"), "")
    actions.prefer(user=mina, often="at-once")
    subscribed(mina.email.upper())
    subscribed("other@example.org")
    held = personal.export_of(mina)
    assert [one["kind"] for one in held] == ["preference", "follow", "follow", "newsletter"]
    assert held[0]["often"] == "at-once"
    assert (held[1]["of"], held[1]["name"], held[1]["often"]) == ("/profiles/nrs/", "NRS", "weekly")
    assert held[3]["email"] == mina.email
    json.dumps(held)


def test_what_was_withdrawn_is_not_named_in_an_export(nrs, mina):
    follow(mina, nrs)
    withdraw_profile(profile_id=nrs.pk)
    assert "nrs" not in json.dumps(personal.export_of(mina)).lower()


def test_an_address_that_somebody_only_typed_gives_them_nobodys_subscription(mina):
    typist = make_user("typist@example.org")
    typist.emailaddress_set.create(email=mina.email, verified=False)
    subscribed(mina.email)
    assert personal.export_of(typist) == []
    personal.forget(typist)
    assert Subscriber.objects.exists()


def test_somebody_who_goes_is_forgotten_and_nobody_else(nrs, mina):
    other = make_user()
    for user in (mina, other):
        follow(user, nrs)
        actions.prefer(user=user, often="daily")
        subscribed(user.email)
    for _ in range(2):
        personal.forget(mina)
    assert personal.export_of(mina) == []
    assert [Follow.objects.get().user, Preference.objects.get().user] == [other, other]
    assert Subscriber.objects.get().email == other.email
    assert Asked.objects.count() == 1
