from datetime import UTC, date, datetime
from xml.etree import ElementTree

import pytest
from django.utils import timezone

from profiles.models import Correction, FormerSlug, Profile
from tests.builders import make_profile, make_revision
from tests.profiles.test_views_finding import graded

pytestmark = pytest.mark.django_db

ATOM = {"": "http://www.w3.org/2005/Atom"}
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def entries(client, address="/feed/") -> list[dict[str, str]]:
    response = client.get(address)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/atom+xml; charset=utf-8"
    feed = ElementTree.fromstring(response.content)
    return [
        {
            "id": entry.findtext("id", "", ATOM),
            "title": entry.findtext("title", "", ATOM),
            "updated": entry.findtext("updated", "", ATOM),
            "summary": entry.findtext("summary", "", ATOM),
            "link": entry.find("link", ATOM).attrib["href"],
        }
        for entry in feed.findall("entry", ATOM)
    ]


def test_the_feed_tells_of_new_profiles_and_of_grades_that_moved(client, settings):
    profile = make_profile("tidewater", live=True, name="Tidewater", standfirst="A registry.")
    graded(profile, "0.47", "0.64", at=NOON, causes=[{"on": "age"}])
    moved, arrived = entries(client)
    assert arrived["title"] == "Tidewater: new profile, 0.47, Grade C/D"
    assert arrived["summary"].startswith("A registry.")
    assert arrived["link"] == f"{settings.SITE_URL}/profiles/tidewater/"
    assert moved["title"] == "Tidewater: 0.47 → 0.64, Grade B/C"
    assert "evidence counts for less as it ages" in moved["summary"]
    assert moved["link"] == f"{settings.SITE_URL}/profiles/tidewater/confidence/"
    assert moved["updated"] == "2026-06-01T12:00:02+00:00"


def test_a_grade_whose_score_stayed_says_so(client):
    graded(make_profile(live=True, name="Tidewater"), "0.64", "0.64")
    assert entries(client)[0]["title"] == "Tidewater: 0.64 as before, Grade B/C"


def test_an_entry_keeps_its_id_when_name_and_address_change(client):
    profile = graded(make_profile("tidewater", live=True, name="Tidewater"), "0.47", "0.64")
    before = [entry["id"] for entry in entries(client)]
    profile.slug = "lighthouse"
    profile.save()
    make_revision(profile, live=True, name="Lighthouse")
    assert [entry["id"] for entry in entries(client)] == before
    assert len(set(before)) == 2


def test_drafts_and_withdrawn_profiles_are_not_in_the_feed(client):
    gone = graded(make_profile("gone", live=True), "0.5")
    Profile.objects.filter(pk=gone.pk).update(withdrawn_at=timezone.now())
    make_profile("draft")
    assert entries(client) == []
    assert client.get("/profiles/gone/feed/").status_code == 410
    assert client.get("/profiles/draft/feed/").status_code == 404


def test_a_feed_without_entries_is_the_same_twice(client):
    assert client.get("/feed/").content == client.get("/feed/").content


def test_a_profile_has_a_feed_of_its_own_with_its_corrections(client):
    profile = graded(make_profile("tidewater", live=True, name="Tidewater"), "0.47", at=NOON)
    graded(make_profile(live=True, name="Other"), "0.9")
    Correction.objects.create(profile=profile, on=date(2026, 9, 1), text="It was <five> & not four.")
    titles = {entry["title"]: entry for entry in entries(client, "/profiles/tidewater/feed/")}
    assert sorted(titles) == ["Correction of 1 September 2026", "Tidewater: new profile, 0.47, Grade C/D"]
    assert titles["Correction of 1 September 2026"]["summary"] == "It was &lt;five&gt; &amp; not four."


def test_a_feed_at_an_old_address_answers_301(client):
    profile = make_profile("tidewater", live=True)
    FormerSlug.objects.create(slug="old-name", profile=profile)
    response = client.get("/profiles/old-name/feed/")
    assert (response.status_code, response["Location"]) == (301, "/profiles/tidewater/feed/")


def test_a_character_that_xml_cannot_hold_breaks_no_feed(client):
    graded(make_profile(live=True, name="Tide\x0bwater\uffff", standfirst="A\x1fregistry"), "0.5")
    assert entries(client)[0]["title"].startswith("Tidewater: new profile")


def test_the_feed_costs_the_same_queries_with_one_grade_or_thirty(client, django_assert_num_queries):
    graded(make_profile(live=True), "0.5")
    with django_assert_num_queries(1):
        client.get("/feed/")
    graded(make_profile(live=True), *(["0.5", "0.6"] * 15))
    with django_assert_num_queries(1):
        client.get("/feed/")
