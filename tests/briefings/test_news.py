"""What is new on a member's own page since they last came."""

from datetime import timedelta

import pgtrigger
import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts import panels
from accounts.models import User
from accounts.tiers import Tier
from briefings.actions import publish_briefing
from briefings.models import Teaser
from briefings.news import arrived, moved
from profiles.actions import withdraw_profile
from profiles.models import Grade, Publisher
from tests.builders import give, make_briefing, make_profile, make_user, settle

YESTERDAY = timezone.now() - timedelta(days=1)


def been_here(user, at=YESTERDAY):
    User.objects.filter(pk=user.pk).update(last_visit=at)


def home(user):
    client = Client()
    client.force_login(user)
    return client, client.get("/account/").text


@pytest.mark.django_db
def test_the_first_visit_has_no_news(mina):
    make_briefing(make_profile("tidewater", live=True))
    assert "Since your last visit" not in home(mina)[1]


@pytest.mark.django_db
def test_a_quiet_time_is_said_to_be_one(mina):
    been_here(mina)
    assert "No grade has moved, and no briefing has been added." in home(mina)[1]


@pytest.mark.django_db
def test_the_visit_is_moved_once_a_day_and_the_news_stay_until_then(mina):
    been_here(mina)
    make_briefing(make_profile("tidewater", live=True, name="Tidewater"), title="What moves it")
    client, page = home(mina)
    first = User.objects.get(pk=mina.pk).last_visit
    assert first > YESTERDAY
    for again in (page, client.get("/account/").text):
        assert "What moves it" in again
        assert f"{YESTERDAY:%-d %B %Y}" in again
    assert User.objects.get(pk=mina.pk).last_visit == first
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        page = client.get("/account/").text
        assert f"{first:%-d %B %Y}" in page
        assert "What moves it" not in page
    assert User.objects.get(pk=mina.pk).last_visit > first


@pytest.mark.django_db(transaction=True)
def test_news_are_moves_of_live_profiles_and_briefings_the_tier_opens():
    circle, alliance = make_user(), make_user()
    give(Tier.STRATEGIC_CIRCLE, circle)
    give(Tier.LEADERSHIP_ALLIANCE, alliance)
    tidewater = make_profile("tidewater", live=True, name="Tidewater", judgements={"j1": "It is so."}, cited=True)
    make_briefing(make_profile("draft", name="Draft"), title="Of a draft")
    settle()
    since = timezone.now()
    make_briefing(tidewater, title="For the Circle", body="canary")
    make_briefing(tidewater, Tier.LEADERSHIP_ALLIANCE, title="For the Alliance", body="canary")
    Publisher.objects.update(reliability="D")
    settle()
    assert [(move.name, move.seq) for move in moved(since)] == [("Tidewater", 2)]
    assert [one.title for one in arrived(Tier.READER, since)] == []
    assert [one.title for one in arrived(Tier.STRATEGIC_CIRCLE, since)] == ["For the Circle"]
    assert {one.title for one in arrived(Tier.LEADERSHIP_ALLIANCE, since)} == {"For the Circle", "For the Alliance"}
    for user in (circle, alliance):
        been_here(user, since)
        page = home(user)[1]
        assert 'href="/profiles/tidewater/briefing/"' in page
        assert "canary" not in page
        assert ("For the Alliance" in page) == (user == alliance)
    assert moved(timezone.now()) == arrived(Tier.LEADERSHIP_ALLIANCE, timezone.now()) == []
    withdraw_profile(profile_id=tidewater.pk)
    assert moved(since) == arrived(Tier.LEADERSHIP_ALLIANCE, since) == []


@pytest.mark.django_db(transaction=True)
def test_a_briefing_written_on_a_draft_is_new_when_its_profile_comes_up():
    tidewater = make_profile("tidewater", live=True, judgements={"j1": "It is so."}, cited=True)
    make_briefing(tidewater, title="Written long ago")
    with pgtrigger.ignore("briefings.Teaser:approved_words_stay"):
        Teaser.objects.update(approved_at=timezone.now() - timedelta(days=90))
    since = timezone.now()
    assert arrived(Tier.STRATEGIC_CIRCLE, since) == []
    settle()
    assert [one.at for one in arrived(Tier.STRATEGIC_CIRCLE, since)] == [Grade.objects.get().graded_at]


@pytest.mark.django_db
def test_a_briefing_is_new_when_it_first_goes_up_and_not_with_each_revision():
    tidewater = make_profile("tidewater", live=True)
    since = timezone.now()
    draft = make_briefing(tidewater, live=False).teaser
    assert arrived(Tier.LEADERSHIP_ALLIANCE, since) == []
    publish_briefing(teaser_id=draft.pk)
    assert len(arrived(Tier.LEADERSHIP_ALLIANCE, since)) == 1
    since = timezone.now()
    make_briefing(tidewater, title="In other words")
    assert arrived(Tier.LEADERSHIP_ALLIANCE, since) == []


@pytest.mark.django_db
def test_any_app_may_bring_a_panel_along(monkeypatch, mina):
    monkeypatch.setattr(panels, "_tellers", [])
    panels.shown_by(lambda user, tier, since: None)
    assert panels.panels_for(mina, Tier.READER, None) == []
