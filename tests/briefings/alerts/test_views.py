"""Following from a page that is the same for everybody, and the list of what one follows."""

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext

from briefings.alerts import actions
from briefings.alerts.models import Follow, Preference
from config.pagecache import PUBLIC
from profiles.actions import withdraw_profile
from profiles.models import FormerSlug, Publisher
from tests.briefings.alerts.conftest import follow, graded
from tests.builders import PASSWORD, cite, make_profile, make_publisher, make_source, make_term, make_user

pytestmark = pytest.mark.django_db

FOLLOW = "/account/follow/?profile=nrs"
ALL_THREE = ["profile=nrs", "publisher=wire", "term=region/africa"]


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def followed():
    return list(Follow.objects.values_list("user__email", "profile__slug", "publisher__slug", "term__slug", "often"))


@pytest.mark.parametrize(
    ("page", "link"),
    [
        ("/profiles/nrs/", "/account/follow/?profile=nrs"),
        ("/publishers/wire/", "/account/follow/?publisher=wire"),
        ("/facets/region/africa/", "/account/follow/?term=region/africa"),
    ],
)
def test_pages_link_to_following_with_the_same_bytes_for_everybody(client, nrs, mina, page, link):
    stranger = client.get(page)
    assert f'href="{link}"' in stranger.text
    assert 'href="/alerts/"' in stranger.text
    client.force_login(mina)
    follow(mina, nrs)
    member = client.get(page)
    assert (member.content, member["ETag"], member["Cache-Control"]) == (stranger.content, stranger["ETag"], PUBLIC)


def test_a_stranger_logs_in_first_and_comes_back_to_the_form(client, nrs, mina):
    door = client.get(FOLLOW)
    assert door.url == "/accounts/login/?next=/account/follow/%3Fprofile%3Dnrs"
    back = client.post(door.url, {"login": mina.email, "password": PASSWORD, "next": FOLLOW})
    assert back.url == FOLLOW
    page = client.get(FOLLOW)
    assert page["Cache-Control"] == "private, no-store"
    assert '<a href="/profiles/nrs/">NRS</a>' in page.text


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("profile=nrs", "when its grade moves to another band"),
        ("publisher=wire", "when its reliability letter changes"),
        ("term=region/africa", "every profile filed there"),
    ],
)
def test_the_form_says_what_will_be_mailed_and_where(client, nrs, mina, asked, told):
    client.force_login(mina)
    page = client.get(f"/account/follow/?{asked}").text
    assert told in page
    assert mina.email in page


@pytest.mark.parametrize("asked", ALL_THREE)
def test_one_post_follows_another_changes_and_a_third_one_stops(client, nrs, mina, asked):
    client.force_login(mina)
    address = f"/account/follow/?{asked}"
    assert client.post(address, {"do": "follow", "often": ""}).url == address
    client.post(address, {"do": "follow", "often": ""})
    client.post(address, {"do": "follow", "often": "weekly"})
    assert [one[-1] for one in followed()] == ["weekly"]
    assert "You follow" in client.get(address).text
    client.post(address, {"do": "unfollow"})
    client.post(address, {"do": "unfollow"})
    assert followed() == []


def test_looking_changes_nothing(client, nrs, mina):
    client.force_login(mina)
    for address in (FOLLOW, f"{FOLLOW}&do=follow&often=daily", "/account/following/?do=unfollow"):
        client.get(address)
    assert followed() == []


def test_following_says_how_often(client, nrs, mina):
    client.force_login(mina)
    assert said(client.post(FOLLOW, {"often": ""})) == ["You follow NRS. We write daily, at 07:00 UTC."]
    assert said(client.post(FOLLOW, {"often": "at-once"}))[-1] == "You follow NRS. We write at once."


def test_a_choice_that_is_none_gets_a_sentence_beside_it(client, nrs, mina):
    client.force_login(mina)
    page = client.post(FOLLOW, {"often": "hourly"})
    assert page.status_code == 200
    assert "Choose one of these." in page.text
    assert followed() == []


def test_following_without_a_confirmed_address_leads_to_confirming_it(client, nrs):
    client.force_login(make_user(verified=False))
    assert "Following needs a confirmed address" in client.get(FOLLOW).text
    assert client.post(FOLLOW, {"often": ""}).url == "/accounts/email/"
    assert followed() == []


@pytest.mark.parametrize(
    "asked",
    [
        "profile=nowhere",
        "profile=draft",
        "profile=gone",
        "publisher=hidden",
        "publisher=nrs",
        "term=region/nowhere",
        "term=africa",
        "term=",
        "profile=%00",
        "profile=nrs&publisher=wire",
        "x=1",
    ],
)
def test_what_nobody_may_see_cannot_be_followed_and_all_of_it_looks_alike(client, nrs, mina, asked):
    make_profile("draft")
    cite(make_profile("other-draft"), make_source(publisher=make_publisher(slug="hidden")))
    withdraw_profile(profile_id=make_profile("gone", live=True).pk)
    client.force_login(mina)
    for ask in (client.get, client.post):
        assert ask(f"/account/follow/?{asked}").status_code == 404


def test_a_former_address_leads_to_the_new_one(client, nrs, mina):
    FormerSlug.objects.create(slug="nrs-before", profile=nrs)
    client.force_login(mina)
    assert client.get("/account/follow/?profile=nrs-before").url == FOLLOW


def test_nobody_follows_more_than_can_be_told(client, nrs, mina, monkeypatch):
    monkeypatch.setattr(actions, "FOLLOWS_MAX", 1)
    client.force_login(mina)
    client.post(FOLLOW, {"often": ""})
    client.post(FOLLOW, {"often": "weekly"})  # what is followed already can be changed
    response = client.post("/account/follow/?publisher=wire", {"often": ""})
    assert response.url == "/account/following/"
    assert said(response)[-1] == "You follow 1 thing already. Remove it to follow another."
    assert len(followed()) == 1


# --- The list ---------------------------------------------------------------------------------------------------------


def test_the_list_shows_everything_one_follows_and_nothing_of_others(client, nrs, mina):
    follow(mina, nrs)
    follow(mina, Publisher.objects.get(slug="wire"))
    follow(mina, make_term("region", "Africa"))
    follow(make_user(), graded(make_profile("other", live=True, name="Somebody else’s"), "0.48"))
    client.force_login(mina)
    page = client.get("/account/following/")
    assert page["Cache-Control"] == "private, no-store"
    assert [row.subject.name for row in page.context["rows"]] == ["NRS", "Region: Africa", "Wire"]
    assert "Somebody" not in page.text


def test_one_follow_is_changed_and_removed_from_the_list(client, nrs, mina):
    followed_ = follow(mina, nrs)
    client.force_login(mina)
    client.post("/account/following/", {"follow": followed_.pk, "often": "weekly", "do": "change"})
    assert [one[-1] for one in followed()] == ["weekly"]
    client.post("/account/following/", {"follow": followed_.pk, "often": "weekly", "do": "unfollow"})
    assert followed() == []


def test_nobody_changes_what_somebody_else_follows(client, nrs, mina):
    theirs = follow(mina, nrs)
    client.force_login(make_user())
    for do in ("change", "unfollow"):
        client.post("/account/following/", {"follow": theirs.pk, "often": "never", "do": do})
    assert [one[-1] for one in followed()] == ["at-once"]


@pytest.mark.parametrize("number", ["", "x", "-1", "²", "9" * 40])
def test_a_number_that_is_none_changes_nothing(client, nrs, mina, number):
    client.force_login(mina)
    assert client.post("/account/following/", {"follow": number, "do": "unfollow"}).status_code == 404


def test_what_was_withdrawn_stays_on_the_list_without_its_name_and_can_be_removed(client, nrs, mina):
    theirs = follow(mina, nrs)
    withdraw_profile(profile_id=nrs.pk)
    client.force_login(mina)
    page = client.get("/account/following/").text
    assert "No longer public" in page
    assert "NRS" not in page
    client.post("/account/following/", {"follow": theirs.pk, "do": "unfollow"})
    assert followed() == []


def test_the_account_asks_once_how_often_to_write(client, nrs, mina):
    client.force_login(mina)
    assert "How often may we?" in client.get("/account/").text
    client.post("/account/following/", {"often": "weekly"})
    assert Preference.objects.get(user=mina).often == "weekly"
    page = client.get("/account/").text
    assert "How often may we?" not in page
    assert "we write weekly, on Mondays at 07:00 UTC" in page


def test_no_mails_is_one_of_the_answers(client, mina):
    client.force_login(mina)
    client.post("/account/following/", {"often": "never"})
    assert Preference.objects.get(user=mina).often == "never"
    assert client.post("/account/following/", {"often": "hourly"}).status_code == 200
    assert "Choose one of these." in client.post("/account/following/", {}).text
    assert Preference.objects.get(user=mina).often == "never"


def test_the_list_costs_the_same_queries_with_one_follow_or_twenty(client, nrs, mina):
    client.force_login(mina)
    client.get("/account/")  # the first page of a session notes that it began
    counts = []
    for names in (["a"], [f"b{n}" for n in range(20)]):
        for name in names:
            follow(mina, graded(make_profile(name, live=True), "0.48"))
        with CaptureQueriesContext(connection) as queries:
            client.get("/account/following/")
        counts.append(len(queries))
    assert counts[0] == counts[1]
