import json
from datetime import UTC, datetime

import pytest
import time_machine
from django.db import OperationalError
from django.db.models import QuerySet
from django.test import Client

from config.pagecache import PUBLIC
from profiles.api.limits import A_DOWNLOAD, A_MINUTE, seconds_to_wait

pytestmark = pytest.mark.django_db

ADDRESSES = [
    "/api/v1/",
    "/api/v1/openapi.json",
    "/api/v1/profiles/",
    "/api/v1/profiles/tidewater/",
    "/api/v1/profiles/tidewater/confidence/",
    "/api/v1/profiles/tidewater/grades/",
    "/api/v1/sources/",
    "/api/v1/publishers/",
    "/api/v1/publishers/wire/",
    "/api/v1/facets/",
    "/api/v1/grades.csv",
    "/api/v1/grades.jsonl",
]


def body(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def problem(response, status) -> dict:
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Cache-Control"] == "private, no-store"
    told = response.json()
    assert told["status"] == status
    assert {"type", "title", "detail"} < told.keys()
    return told


# --- Who may ask, and how ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_answer_is_the_same_bytes_for_everybody(client, tidewater, mina, address):
    response = client.get(address)
    assert response.status_code == 200
    assert response["Cache-Control"] == PUBLIC
    assert response["X-Robots-Tag"] == "noindex"
    assert "Vary" not in response
    member = Client()
    member.force_login(mina)
    answer = member.get(address)
    assert (body(answer), answer["ETag"], answer["Cache-Control"]) == (body(response), response["ETag"], PUBLIC)
    assert not answer.cookies
    assert "Vary" not in answer


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_has_not_changed_is_not_sent_again(client, tidewater, address):
    etag = client.get(address)["ETag"]
    response = client.get(address, headers={"if-none-match": etag})
    assert (response.status_code, response.content) == (304, b"")
    assert (response["ETag"], response["Cache-Control"]) == (etag, PUBLIC)
    assert response["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "address", [address for address in ADDRESSES if "tidewater" in address or "grades." in address]
)
def test_another_grade_is_another_etag(client, tidewater, address):
    before = client.get(address)["ETag"]
    tidewater.state.refresh_from_db()
    tidewater.grades.create(seq=3, as_of="2026-06-01", method=1, score="0.71", verdict={"breadth": "one"})
    type(tidewater.state).objects.filter(profile=tidewater).update(seq=3, score="0.71", method=2)
    if address.endswith("confidence/"):
        # The state that `graded` leaves has no verdict; the moves of the working tell of it all the same.
        verdict = {"score": 0.71, "lines": [], "steps": [], "disputed": False, "judgements": {}, "least_sure": None}
        type(tidewater.state).objects.filter(profile=tidewater).update(verdict=verdict)
    assert client.get(address)["ETag"] != before


@pytest.mark.parametrize("address", ADDRESSES)
def test_head_answers_with_the_headers_of_get(client, tidewater, address):
    asked, told = client.head(address), client.get(address)
    assert (asked.status_code, asked["ETag"], body(asked)) == (200, told["ETag"], b"")


@pytest.mark.parametrize("address", [*ADDRESSES, "/api/v1/unheard-of/"])
def test_a_browser_of_another_site_is_told_that_it_may_ask(client, address):
    asked = {"origin": "https://example.org", "access-control-request-method": "GET"}
    response = client.options(address, headers=asked)
    assert (response.status_code, response.content) == (204, b"")
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Access-Control-Allow-Methods"] == response["Allow"] == "GET, HEAD, OPTIONS"
    assert "If-None-Match" in response["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in response


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("address", [*ADDRESSES, "/api/v1/unheard-of/"])
def test_nothing_can_be_changed(address, method):
    response = Client(enforce_csrf_checks=True).generic(method, address, "{}", content_type="application/json")
    assert problem(response, 405)["title"] == "This can only be read."
    assert response["Allow"] == "GET, HEAD, OPTIONS"


def test_an_address_without_its_last_slash_leads_to_the_one_with_it(client):
    response = client.get("/api/v1/profiles?kind=registry")
    assert (response.status_code, response["Location"]) == (301, "/api/v1/profiles/?kind=registry")
    assert response["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "path",
    [
        "nowhere",
        "nowhere/",
        "grades.xml",
        "profiles/%00/",
        "profiles/..%2F/",
        "profiles/UPPER/",
        "profiles/a/b/c/",
        "sources/0x1/",
        "sources/-1/",
        "sources/1.5/",
        "profiles/%E2%80%AE/",
        f"profiles/{'a' * 3000}/",
        "//example.org/",
    ],
)
def test_an_address_that_is_none_is_told_so(client, path):
    problem(client.get(f"/api/v1/{path}"), 404)


# --- Hostile parameters --------------------------------------------------------------------------------------------------

NUMBERS = ["0", "-1", "-9223372036854775809", "101", "9" * 20, "9" * 5000, "nan", "NaN", "inf", "1e2", "1.5", "٣٣", "\x00", "a", ""]  # fmt: skip
SLUGS = ["\x00", "A", "../etc", "a b", "-", "é", "\u202e", "a" * 101, "'; DROP TABLE", "a\n"]
WORDS = ["\x00", "a\x00b", "\x1b[31m", "a\nb", "\x85", "a" * 201, "😀" * 201]
DAYS = ["", "2026-13-01", "2026-02-30", "9999-12-31", "10000-01-01", "2026-1-1", "20260101", "1700000000", "now", "\x00", "-0001-01-01", "２０２６-01-01", "2026-01-01T00:00:00Z"]  # fmt: skip
LISTS = ["profiles/", "sources/", "publishers/", "profiles/tidewater/grades/"]

HOSTILE = [
    *((path, name, value) for path in LISTS for name in ("page", "limit") for value in NUMBERS),
    *(("profiles/", name, value) for name in ("region", "signal-focus", "impact") for value in SLUGS),
    *(("profiles/", name, value) for name in ("kind", "grade", "sort") for value in ["", "\x00", "Registry", "score;"]),
    *(("sources/", "publisher", value) for value in SLUGS),
    *(("profiles/", "q", value) for value in WORDS),
    *((f"profiles/tidewater/{part}/", "on", value) for part in ("confidence", "grades") for value in DAYS),
    *((path, "unheard_of", "1") for path in ["", *LISTS, "facets/", "grades.csv", "profiles/tidewater/"]),
    ("profiles/", "kind[]", "registry"),
    ("profiles/", "\x00", "1"),
    ("profiles/", "signal_focus", "routing"),
]


@pytest.mark.parametrize(("path", "name", "value"), HOSTILE, ids=lambda value: ascii(value)[:30])
def test_a_parameter_that_cannot_be_what_it_says_is_named(client, tidewater, path, name, value):
    told = problem(client.get(f"/api/v1/{path}", {name: value}), 422)
    assert [error["parameter"] for error in told["errors"]] == [name]
    assert told["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("profiles/?q=%00", "It may hold no control characters."),
        ("profiles/?region=A", "It is made of small letters, digits and single hyphens between them."),
        ("profiles/tidewater/grades/?on=today", "A day is written like 2025-03-01."),
        ("profiles/tidewater/grades/?on=2026-02-30", "“2026-02-30” is not a day. Write one such as 2025-03-01."),
        ("profiles/?limit=101", "Input should be less than or equal to 100."),
    ],
)
def test_a_sentence_says_what_would_be_right(client, tidewater, path, sentence):
    assert problem(client.get(f"/api/v1/{path}"), 422)["errors"][0]["detail"] == sentence


def test_each_wrong_parameter_has_a_sentence(client):
    told = problem(client.get("/api/v1/profiles/?page=0&limit=x"), 422)
    assert told["detail"] == "“page” and “limit” cannot be read."
    assert [error["parameter"] for error in told["errors"]] == ["page", "limit"]


def test_a_parameter_that_is_given_twice_is_not_half_read(client):
    told = problem(client.get("/api/v1/profiles/?kind=company&kind=registry"), 422)
    assert told["errors"] == [{"parameter": "kind", "detail": "It is given more than once."}]


@pytest.mark.parametrize(
    "q", ['"', "a & | ! :*", "((((", "-", "%", "_" * 200, "😀" * 200, "' OR 1=1", "\u202eabc", " "]
)
def test_words_that_mean_something_to_a_database_are_only_words(client, tidewater, q):
    assert client.get("/api/v1/profiles/", {"q": q}).status_code == 200


# --- How often -----------------------------------------------------------------------------------------------------------


def test_whoever_asks_too_often_is_told_when_to_come_back(client):
    with time_machine.travel(datetime(2026, 11, 25, 12, 0, 20, tzinfo=UTC), tick=False) as clock:
        for _ in range(A_MINUTE):
            assert client.get("/api/v1/").status_code == 200
        response = client.get("/api/v1/")
        told = problem(response, 429)
        assert "in 40 seconds" in told["detail"]
        assert response["Retry-After"] == "40"
        assert response["RateLimit"] == '"minute";r=0;t=40'
        assert response["RateLimit-Policy"] == f'"minute";q={A_MINUTE};w=60'
        assert client.get("/api/v1/", REMOTE_ADDR="203.0.113.9").status_code == 200
        clock.shift(40)
        assert client.get("/api/v1/").status_code == 200


def test_asking_whether_one_may_ask_costs_nothing(client):
    for _ in range(A_MINUTE + 1):
        assert client.options("/api/v1/").status_code == 204


def test_a_whole_file_counts_for_many(client):
    for _ in range(A_MINUTE // A_DOWNLOAD):
        assert client.get("/api/v1/grades.csv").status_code == 200
    assert client.get("/api/v1/grades.csv").status_code == 429


def test_all_the_addresses_of_one_ipv6_network_are_one_client():
    assert seconds_to_wait("2001:db8:0:1::1", cost=A_MINUTE) == 0
    assert seconds_to_wait("2001:db8:0:1:ffff::2") > 0
    assert seconds_to_wait("2001:db8:0:2::1") == 0


def test_without_redis_nobody_is_turned_down(client, settings):
    settings.CACHES = {"default": {"BACKEND": "config.cache.ForgivingRedisCache", "LOCATION": "redis://127.0.0.1:1/0"}}
    assert client.get("/api/v1/").status_code == 200
    assert seconds_to_wait("203.0.113.9", cost=A_MINUTE * 2) == 0


def test_without_the_database_the_answer_says_when_to_ask_again(client, monkeypatch):
    def away(self):
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(QuerySet, "count", away)
    response = client.get("/api/v1/profiles/")
    problem(response, 503)
    assert response["Retry-After"] == "30"


def test_problems_are_explained_where_they_say(client, settings):
    kind = json.loads(client.get("/api/v1/unheard-of/").content)["type"]
    address, _, anchor = kind.removeprefix(settings.SITE_URL).partition("#")
    assert f'id="{anchor}"' in client.get(address).content.decode()
