"""Both walls alone: each of the two keeps a stranger out when the other is down."""

import pytest
from django.db import ProgrammingError, connection, transaction
from django.test import Client

from accounts.tiers import Tier
from briefings import panel
from briefings.models import Briefing, NoteCount, SourceNote
from config import wall
from tests.builders import cite, make_briefing, make_note, make_profile

pytestmark = pytest.mark.django_db

PAGE = "/profiles/tidewater/briefing/"


@pytest.fixture
def tidewater(db):
    profile = make_profile("tidewater", live=True, judgements={"j1": "It is so."})
    make_briefing(profile, title="What moves it", body="canary-circle")
    make_briefing(profile, Tier.LEADERSHIP_ALLIANCE, title="For holders", body="canary-alliance")
    make_note(cite(profile), "canary-note")
    return profile


def test_with_the_role_raised_the_page_still_refuses_a_stranger(tidewater):
    with wall.acting_as(wall.DESK):
        assert Briefing.objects.count() == 2
        html = Client().get(PAGE).content.decode()
    assert "What moves it" in html
    assert "canary" not in html


@pytest.mark.parametrize("model", [Briefing, SourceNote])
def test_with_the_check_forgotten_the_database_refuses(client, tidewater, monkeypatch, model):
    monkeypatch.setattr(panel, "_notes", lambda profile: list(model.objects.all()))
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        client.get(PAGE)


def test_the_number_of_notes_is_public_though_the_notes_are_not(client, tidewater):
    make_note(cite(tidewater), "canary-note")
    assert "2 source notes" in client.get(PAGE).content.decode()
    assert list(NoteCount.objects.values_list("tier", "number")) == [(Tier.STRATEGIC_CIRCLE, 2)]


def test_a_page_asks_no_gated_table_and_needs_no_role(client, tidewater, django_assert_max_num_queries):
    with django_assert_max_num_queries(10) as queries:
        client.get(PAGE)
    assert not any("set_config('role'" in query["sql"] for query in queries.captured_queries)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('role')")
        assert cursor.fetchone() == ("none",)
