"""What gated rows once said lies behind the same walls as what they say."""

import pytest
from django.apps import apps
from django.db import ProgrammingError, connection, transaction

from briefings.models import Briefing, SourceNote
from config import wall
from config.audit import acting
from profiles.models import Profile
from tests.builders import cite, make_briefing, make_note, make_profile
from tests.conftest import behind_the_wall

pytestmark = pytest.mark.django_db

HISTORIES = ["briefings_briefingevent", "briefings_sourcenoteevent"]


@pytest.fixture
def written():
    profile = make_profile("tidewater", live=True)
    return make_briefing(profile, live=False, body="canary one"), make_note(cite(profile), "canary note")


def rewrite(written, body):
    Briefing.objects.filter(pk=written[0].pk).update(body=body)


def said(model):
    event = apps.get_model("briefings", f"{model.__name__}Event")
    return list(event.objects.order_by("pgh_id").values_list("pgh_label", "body", "actor"))


def test_every_version_of_a_briefing_and_a_note_is_kept(written, edith):
    with acting(by=edith):
        rewrite(written, "canary two")
    SourceNote.objects.all().delete()
    assert said(Briefing) == [("insert", "canary one", None), ("update", "canary two", edith.pk)]
    assert said(SourceNote) == [("insert", "canary note", None), ("delete", "canary note", None)]


def test_what_goes_with_its_profile_stays_in_the_history(written):
    profile = written[0].teaser.profile
    Profile.objects.filter(pk=profile.pk).update(live_revision=None)
    profile.refresh_from_db()
    profile.delete()
    assert [label for label, *_ in said(Briefing)] == ["insert", "delete"]
    assert [label for label, *_ in said(SourceNote)] == ["insert", "delete"]


def test_the_histories_stand_behind_the_second_wall(written):
    assert set(HISTORIES) <= set(wall.gated_tables())


@pytest.mark.parametrize("table", HISTORIES)
def test_the_site_cannot_read_a_history_of_what_is_gated(written, table):
    asked = f"SELECT body FROM {table}"
    with behind_the_wall(), pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(asked)
    with behind_the_wall(), wall.acting_as(wall.DESK), connection.cursor() as cursor:
        assert "canary" in cursor.execute(asked).fetchone()[0]


def test_whoever_writes_on_the_desk_leaves_the_history_that_the_site_cannot_read(written):
    with behind_the_wall(), wall.acting_as(wall.DESK):
        rewrite(written, "canary three")
    assert said(Briefing)[-1] == ("update", "canary three", None)


def test_the_site_may_remove_a_citation_whose_note_it_cannot_see(written):
    with behind_the_wall():
        written[1].citation.delete()
    assert said(SourceNote)[-1][:2] == ("delete", "canary note")
