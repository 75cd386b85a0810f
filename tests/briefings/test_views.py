import pytest
from django.utils import timezone

from accounts.tiers import Tier
from briefings.models import Briefing, SourceNote
from profiles.models import FormerSlug, Profile
from tests.builders import cite, make_briefing, make_note, make_profile

pytestmark = pytest.mark.django_db

HEADERS = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex, noarchive", "Referrer-Policy": "same-origin"}


@pytest.fixture
def tidewater(db) -> Profile:
    """A live profile with something behind each tier."""
    profile = make_profile("tidewater", live=True, name="Tidewater", judgements={"j1": "It is so."})
    make_briefing(profile, title="What moves it", summary="In short.", contents="One\nTwo", body="canary-circle")
    make_briefing(profile, Tier.LEADERSHIP_ALLIANCE, title="For holders", body="canary-alliance")
    make_note(cite(profile), "canary-note")
    make_note(cite(profile), "canary-note")
    return profile


def test_a_locked_briefing_shows_its_summary_and_not_its_body(client, tidewater):
    html = client.get("/profiles/tidewater/briefing/").content.decode()
    for words in (
        "Deeper Profile Context",
        "What moves it",
        "In short.",
        "<li>One</li>",
        "For holders",
        "2 source notes",
    ):
        assert words in html
    assert "canary" not in html


def test_a_locked_briefing_names_who_may_read_it_and_the_next_step(client, tidewater):
    html = client.get("/profiles/tidewater/briefing/").content.decode()
    assert '<a href="/membership/strategic-circle/">Strategic Circle</a> and above' in html
    assert '<a href="/membership/leadership-alliance/">Leadership Alliance</a>.' in html
    assert 'href="/membership/"' in html
    assert 'href="/accounts/login/"' in html


def test_no_query_of_the_locked_page_reads_a_body(client, tidewater, django_assert_max_num_queries):
    with django_assert_max_num_queries(3) as queries:
        client.get("/profiles/tidewater/briefing/")
    for query in queries.captured_queries:
        assert f'"{Briefing._meta.db_table}"' not in query["sql"]
        assert f'"{SourceNote._meta.db_table}"."body"' not in query["sql"]


@pytest.mark.parametrize("method", ["get", "head"])
def test_the_locked_page_may_be_kept_by_nobody(client, tidewater, method):
    response = getattr(client, method)("/profiles/tidewater/briefing/")
    assert {name: response[name] for name in HEADERS} == HEADERS
    assert "ETag" not in response
    assert not response.cookies


def test_the_answer_is_the_same_for_everyone(client, tidewater, mina, edith):
    stranger = client.get("/profiles/tidewater/briefing/").content
    for somebody in (mina, edith):
        client.force_login(somebody)
        assert client.get("/profiles/tidewater/briefing/").content == stranger


def test_a_profile_without_a_briefing_says_so(client):
    make_profile("bare", live=True, name="Bare")
    assert "Nothing deeper is on file for Bare" in client.get("/profiles/bare/briefing/").content.decode()


def test_unknown_unpublished_and_withdrawn_look_alike(client):
    make_briefing(make_profile("draft"))
    gone = make_profile("gone", live=True)
    Profile.objects.filter(pk=gone.pk).update(withdrawn_at=timezone.now())
    answers = [client.get(f"/profiles/{slug}/briefing/") for slug in ("unknown", "draft", "gone")]
    assert {answer.status_code for answer in answers} == {404}
    assert {answer["Cache-Control"] for answer in answers} == {"private, no-store"}
    assert len({answer.content for answer in answers}) == 1


def test_an_old_address_answers_301_with_the_same_headers(client, tidewater):
    FormerSlug.objects.create(slug="old-name", profile=tidewater)
    response = client.get("/profiles/old-name/briefing/")
    assert (response.status_code, response["Location"]) == (301, "/profiles/tidewater/briefing/")
    assert {name: response[name] for name in HEADERS} == HEADERS


def test_nothing_can_be_sent_to_it(client, tidewater):
    assert client.post("/profiles/tidewater/briefing/").status_code == 405
