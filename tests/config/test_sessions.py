"""What is noted about a log-in goes soon after the log-in has ended."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from config import sessions

pytestmark = pytest.mark.django_db


def test_sessions_that_ran_out_go_with_what_was_noted_about_them(client, mina, alma):
    for member in (alma, mina):
        client.force_login(member)
        client.get("/account/")
        client.cookies.clear()
    ended = UserSession.objects.get(user=alma).session_key
    Session.objects.filter(session_key=ended).update(expire_date=timezone.now() - timedelta(minutes=1))
    sessions.clear_ended()
    assert [one.user for one in UserSession.objects.all()] == [mina]
    assert Session.objects.count() == 1


def test_what_was_noted_goes_after_logging_out_too(client, mina):
    client.force_login(mina)
    client.get("/account/")
    Session.objects.all().delete()
    sessions.clear_ended()
    assert not UserSession.objects.exists()
