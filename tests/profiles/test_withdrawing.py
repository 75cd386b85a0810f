"""What is withdrawn leaves every page at once, and a tombstone that says nothing of it."""

import re

import pytest

from config.pagecache import PUBLIC
from profiles.actions import add_correction, restore_profile, withdraw_profile
from tests.builders import cite, make_person, make_profile, make_publisher, make_source
from tests.profiles.test_views_profile import grade

pytestmark = pytest.mark.django_db


def test_a_withdrawn_profile_leaves_a_tombstone_that_says_nothing_of_it(client):
    profile = make_profile("ripe-ncc", live=True, name="RIPE NCC", standfirst="It keeps a registry.")
    profile.slug = "ripe"
    profile.save()
    withdraw_profile(profile_id=profile.pk, reason="Its board asked for it.")
    answers = [
        client.get(f"/profiles/{slug}/{tail}") for slug in ("ripe", "ripe-ncc") for tail in ("", "confidence/", "feed/")
    ]
    assert {answer.status_code for answer in answers} == {410}
    assert len({answer.content for answer in answers}) == 1
    # Kept by caches like the page was, so that it takes its place there.
    assert {answer["Cache-Control"] for answer in answers} == {PUBLIC}
    text = answers[0].text
    assert "This profile has been withdrawn" in text
    assert "noindex" in text
    assert not re.search("ripe|registry|board", text, re.IGNORECASE)


def test_what_is_withdrawn_is_gone_from_every_page_at_once(client):
    author = make_person("Wanda Writer")
    profile = make_profile(
        "tidewater",
        live=True,
        name="Tidewater",
        standfirst="An estuary.",
        author=author,
        facets={"region": "Atlantis"},
        judgements={"j1": "So."},
    )
    cite(
        profile,
        make_source("The Tide", publisher=make_publisher("Tidings", slug="tidings"), url="https://tide.example/"),
    )
    add_correction(profile_id=profile.pk, text="Tidewater was founded later.")
    other = make_profile("other", live=True, related=["tidewater"], judgements={"j1": "So."}, cited=True)
    grade(profile), grade(other)
    addresses = [
        "/", "/profiles/", "/profiles/?q=estuary", "/profiles/other/", "/publishers/", "/publishers/tidings/",
        "/people/wanda-writer/", "/facets/region/atlantis/", "/corrections/", "/feed/", "/sitemap.xml",
    ]  # fmt: skip

    def found():
        gone = re.compile("tidewater|atlantis|tidings", re.IGNORECASE)
        return [address for address in addresses if gone.search(client.get(address).text)]

    assert found() == addresses
    withdraw_profile(profile_id=profile.pk)
    assert found() == []
    restore_profile(profile_id=profile.pk)
    assert found() == addresses
