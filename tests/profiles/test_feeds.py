import re
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit
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
    correction, arrival = entries(client, "/profiles/tidewater/feed/")
    assert arrival["title"] == "Tidewater: new profile, 0.47, Grade C/D"
    assert correction["title"] == "Tidewater: correction of 1 September 2026"
    assert correction["summary"] == "It was &lt;five&gt; &amp; not four."
    assert correction["updated"] == "2026-09-01T00:00:00+00:00"


def test_the_feed_of_the_site_tells_of_corrections_in_their_place(client):
    profile = graded(make_profile("tidewater", live=True, name="Tidewater"), "0.47", at=NOON)
    for day in (date(2026, 5, 1), date(2026, 9, 1)):
        Correction.objects.create(profile=profile, on=day, text="It was five.")
    gone = make_profile("gone", live=True)
    Correction.objects.create(profile=gone, on=date(2026, 9, 2), text="Nobody's business.")
    Profile.objects.filter(pk=gone.pk).update(withdrawn_at=timezone.now())
    assert [entry["updated"][:10] for entry in entries(client)] == ["2026-09-01", "2026-06-01", "2026-05-01"]
    address = entries(client)[0]["link"]
    path, _, anchor = address.removeprefix("http://localhost:8000").partition("#")
    assert f'id="{anchor}"' in client.get(path).content.decode()


def test_a_term_has_a_feed_of_its_own(client):
    inside = graded(make_profile(live=True, name="Inside", facets={"region": "Africa"}), "0.47")
    graded(make_profile(live=True, name="Outside", facets={"region": "Europe"}), "0.9")
    Correction.objects.create(profile=inside, on=date(2020, 9, 1), text="It was five.")
    titles = [entry["title"] for entry in entries(client, "/facets/region/africa/feed/")]
    assert titles == ["Inside: new profile, 0.47, Grade C/D", "Inside: correction of 1 September 2020"]
    make_profile("draft", facets={"topic": "Merger"})
    for address in ("/facets/region/atlantis/feed/", "/facets/topic/merger/feed/", "/facets/unheard-of/africa/feed/"):
        assert client.get(address).status_code == 404


def test_grade_changes_have_a_feed_without_anything_else(client):
    profile = graded(make_profile(live=True, name="Tidewater"), "0.47", "0.64")
    Correction.objects.create(profile=profile, on=date(2026, 9, 1), text="It was five.")
    assert [entry["title"] for entry in entries(client, "/feed/grades/")] == ["Tidewater: 0.47 → 0.64, Grade B/C"]


def test_a_page_names_the_feeds_that_tell_of_it(client):
    graded(make_profile("tidewater", live=True, facets={"region": "Africa"}), "0.5")
    for page, feeds in {
        "/": {"/feed/", "/feed/grades/"},
        "/profiles/tidewater/": {"/feed/", "/feed/grades/", "/profiles/tidewater/feed/"},
        "/facets/region/africa/": {"/feed/", "/feed/grades/", "/facets/region/africa/feed/"},
    }.items():
        html = client.get(page).content.decode()
        assert set(re.findall(r'<link rel="alternate" href="([^"]+)" type="application/atom\+xml"', html)) == feeds
        assert {client.get(feed).status_code for feed in feeds} == {200}


@pytest.mark.parametrize(
    "address", ["/feed/", "/feed/grades/", "/profiles/tidewater/feed/", "/facets/region/africa/feed/"]
)
def test_a_feed_holds_what_atom_demands(client, settings, address):
    """RFC 4287: ids that are stable and differ, a moment for each entry and the newest of them for the feed."""
    profile = make_profile("tidewater", live=True, name="Tidewater", facets={"region": "Africa"})
    graded(profile, "0.5", "0.6", at=NOON)
    feed = ElementTree.fromstring(client.get(address).content)
    assert feed.tag == f"{{{ATOM['']}}}feed"
    host = urlsplit(settings.SITE_URL).hostname
    ids = [element.text for element in [feed.find("id", ATOM), *feed.findall("entry/id", ATOM)]]
    assert all(id.startswith(f"tag:{host},2026:") for id in ids)
    assert len(set(ids)) == len(ids)
    moments = [datetime.fromisoformat(entry.findtext("updated", "", ATOM)) for entry in feed.findall("entry", ATOM)]
    assert datetime.fromisoformat(feed.findtext("updated", "", ATOM)) == max(moments)
    assert all(moment.tzinfo for moment in moments)
    links = {link.attrib["rel"]: link.attrib["href"] for link in feed.findall("link", ATOM)}
    assert links["self"] == f"{settings.SITE_URL}{address}"
    assert feed.findtext("author/name", "", ATOM) == "Assay"
    for part in ("title", "id", "updated"):
        assert all(len(entry.findall(part, ATOM)) == 1 for entry in [feed, *feed.findall("entry", ATOM)])
    profile.slug = "lighthouse"
    profile.save()
    moved = ElementTree.fromstring(client.get(address.replace("tidewater", "lighthouse")).content)
    assert [element.text for element in [moved.find("id", ATOM), *moved.findall("entry/id", ATOM)]] == ids


def test_the_sites_feed_tells_of_corrections_between_the_grades(client):
    profile = graded(make_profile("tidewater", live=True, name="Tidewater"), "0.47", at=NOON)
    graded(make_profile(live=True, name="Other"), "0.9", at=NOON + timedelta(days=9))
    later = Correction.objects.create(profile=profile, on=date(2026, 6, 3), text="Six.")
    Correction.objects.create(profile=profile, on=date(2026, 6, 2), text="Five.", superseded_by=later)
    for hidden in (make_profile("draft"), make_profile("gone", live=True)):
        Correction.objects.create(profile=hidden, on=date(2026, 6, 2), text="Hidden.")
    Profile.objects.filter(slug="gone").update(withdrawn_at=timezone.now())
    assert [(entry["title"].partition(":")[0], entry["summary"]) for entry in entries(client)[1:3]] == [
        ("Tidewater", "Six."),
        ("Tidewater", "Five. (Superseded on 3 June 2026.)"),
    ]
    assert len(entries(client)) == 4


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
    with django_assert_num_queries(2):
        client.get("/feed/")
    other = graded(make_profile(live=True), *(["0.5", "0.6"] * 15))
    for day in range(1, 20):
        Correction.objects.create(profile=other, on=date(2026, 9, day), text="It was five.")
    with django_assert_num_queries(2):
        client.get("/feed/")
