import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import actions
from accounts.tiers import Tier
from briefings.models import Briefing, SourceNote
from profiles.models import FormerSlug, Profile
from tests.builders import cite, make_application, make_briefing, make_note, make_profile, make_user

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
    assert 'href="/accounts/login/?next=' in html


def test_no_query_of_the_locked_page_reads_a_body(client, tidewater, django_assert_max_num_queries):
    with django_assert_max_num_queries(4) as queries:
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


def test_the_headers_are_the_same_for_whoever_is_let_in_and_whoever_is_not(client, tidewater, mina, alma, edith):
    told = dict(client.get("/profiles/tidewater/briefing/").headers)
    for somebody in (make_user(), mina, alma, edith):
        client.force_login(somebody)
        client.cookies["assay_member"] = "1"
        answer = client.get("/profiles/tidewater/briefing/")
        length = {"Content-Length": told.get("Content-Length")}
        assert dict(answer.headers) | length == told | length
        assert not answer.cookies


def test_each_tier_reads_what_opens_to_it_and_no_more(client, tidewater, mina, alma):
    for somebody, reads in (
        (None, ()),
        (make_user(), ()),
        (mina, ("circle", "note")),
        (alma, ("circle", "note", "alliance")),
    ):
        if somebody:
            client.force_login(somebody)
        html = client.get("/profiles/tidewater/briefing/").content.decode()
        assert {part for part in ("circle", "note", "alliance") if f"canary-{part}" in html} == set(reads)


def test_staff_read_here_by_their_tier_and_not_by_office(client, tidewater, edith, otto):
    for somebody in (edith, otto):
        client.force_login(somebody)
        assert "canary" not in client.get("/profiles/tidewater/briefing/").content.decode()


def test_the_next_click_after_losing_a_tier_is_refused(client, tidewater, mina, otto):
    client.force_login(mina)
    assert "canary" in client.get("/profiles/tidewater/briefing/").content.decode()
    actions.end_grant(grant=mina.grants.get(), by=otto, reason="a test")
    assert "canary" not in client.get("/profiles/tidewater/briefing/").content.decode()


def test_an_open_briefing_asks_three_questions_beside_the_session(client, tidewater, alma):
    client.force_login(alma)
    with CaptureQueriesContext(connection) as queries:
        client.get("/profiles/tidewater/briefing/")
    asked = [query["sql"] for query in queries if "SELECT " in query["sql"] and "set_config" not in query["sql"]]
    session = [
        sql for sql in asked if "django_session" in sql or "usersessions" in sql or 'FROM "accounts_user" WHERE' in sql
    ]
    # The profile, the tier, and what the gate hands over.
    assert len(asked) - len(session) == 3


def test_markdown_of_a_briefing_is_cleaned(client, mina):
    profile = make_profile("hostile", live=True, name="Hostile")
    make_briefing(profile, body="## Inside\n\n<script>alert(1)</script> [x](javascript:alert(1)) **bold**")
    client.force_login(mina)
    html = client.get("/profiles/hostile/briefing/").content.decode()
    assert "<h4>Inside</h4>" in html
    assert "<strong>bold</strong>" in html
    assert "<script>alert" not in html
    assert 'href="javascript' not in html


@pytest.mark.parametrize(
    ("who", "label", "url"),
    [
        ("stranger", "Log in", "/accounts/login/?next=%2Fprofiles%2Ftidewater%2Fbriefing%2F"),
        ("unverified", "Confirm your address", "/accounts/email/"),
        ("reader", "Join the Strategic Circle", "/account/circle/?next=%2Fprofiles%2Ftidewater%2Fbriefing%2F"),
        ("circle", "Apply to the Leadership Alliance", "/account/application/"),
        ("drafting", "Go on with it", "/account/application/"),
        ("waiting", "Where it stands", "/account/application/"),
        ("suspended", "Your account", "/account/"),
    ],
)
def test_every_reader_is_shown_the_step_that_fits_them(client, tidewater, mina, who, label, url):
    if who == "suspended":
        actions.suspend(user=mina, by=mina, reason="a test")
    if who in ("drafting", "waiting"):
        make_application(mina, submitted=who == "waiting")
    people = {"unverified": lambda: make_user(verified=False), "reader": make_user}
    if who != "stranger":
        client.force_login(people[who]() if who in people else mina)
    html = client.get("/profiles/tidewater/briefing/").content.decode()
    assert f'<a class="button" href="{url}">{label}</a>' in html


def test_whoever_reads_everything_is_asked_for_nothing(client, tidewater, alma):
    client.force_login(alma)
    assert 'class="button"' not in client.get("/profiles/tidewater/briefing/").content.decode()


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
