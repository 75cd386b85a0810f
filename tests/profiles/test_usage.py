"""Figures of use: totals by day, nothing about readers, and never in the way of a page."""

import threading
import time
from datetime import UTC, date, datetime

import pytest
import time_machine
from django.conf import settings as configured
from django.db import DatabaseError, transaction
from django.urls import reverse
from redis import Redis

from config import usage
from profiles import chores
from profiles.models import DailyCount
from profiles.pages.usage import chart_of, round_up, usage_of
from tests.builders import make_briefing, make_profile

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
BROWSER = {"headers": {"user-agent": FIREFOX}}


@pytest.fixture(autouse=True)
def nothing_counted_yet():
    usage._tally.clear()
    with Redis.from_url(configured.REDIS_URL) as redis:
        for key in redis.scan_iter("assay:usage*"):
            redis.delete(key)
    yield
    usage._tally.clear()


@pytest.fixture
def profile():
    return make_profile("tidewater", live=True, name="Tidewater")


def counted():
    usage.hand_over()
    chores.store_counts()
    return list(DailyCount.objects.order_by("day", "what").values_list("profile__slug", "what", "number"))


# --- What is counted ---------------------------------------------------------------------------------------------------


def test_a_page_opened_twice_counts_two_and_nothing_is_kept_of_who_it_was(client, profile, mina):
    client.get(profile.get_absolute_url(), **BROWSER)
    client.force_login(mina)
    client.get(profile.get_absolute_url(), **BROWSER)
    assert counted() == [("tidewater", "page", 2)]
    assert [field.name for field in DailyCount._meta.fields] == ["id", "profile", "day", "what", "number"]


def test_a_reader_who_has_the_page_already_counts_too(client, profile):
    etag = client.get(profile.get_absolute_url(), **BROWSER)["ETag"]
    again = client.get(profile.get_absolute_url(), headers={"user-agent": FIREFOX, "if-none-match": etag})
    assert again.status_code == 304
    assert counted() == [("tidewater", "page", 2)]


def test_a_briefing_counts_when_it_opens_and_not_while_it_is_locked(client, profile, mina):
    make_briefing(profile)
    client.get("/profiles/tidewater/briefing/", **BROWSER)
    assert counted() == []
    client.force_login(mina)
    client.get("/profiles/tidewater/briefing/", **BROWSER)
    assert counted() == [("tidewater", "briefing", 1)]


@pytest.mark.parametrize(
    "agent",
    [
        "",
        "curl/8.5",
        "python-httpx/0.28",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2)",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0 Safari/537.36",
        "Mozilla/5.0 (compatible; archive.org_bot +https://archive.org/)",
    ],
)
def test_programs_are_not_counted(client, profile, agent):
    client.get(profile.get_absolute_url(), headers={"user-agent": agent})
    assert counted() == []


def test_neither_heads_nor_pages_loaded_ahead_nor_pages_that_are_not_there_count(client, profile):
    client.head(profile.get_absolute_url(), **BROWSER)
    client.get(profile.get_absolute_url(), headers={"user-agent": FIREFOX, "sec-purpose": "prefetch;prerender"})
    client.get("/profiles/nobody/", **BROWSER)
    client.get("/profiles/", **BROWSER)
    client.get("/profiles/tidewater/confidence/", **BROWSER)
    assert counted() == []


def test_whatever_answers_a_page_may_count_it_by_its_path_alone(profile):
    usage.seen("/profiles/tidewater/")
    usage.seen("/zh-hans/profiles/tidewater/")
    usage.seen("/profiles/tidewater/", {"REQUEST_METHOD": "GET", "HTTP_USER_AGENT": FIREFOX})
    for odd in ("/profiles/tide\nwater/", "/profiles/" + "a" * 200 + "/", "/admin/", "", "/profiles/../../x/"):
        usage.seen(odd)
    assert counted() == [("tidewater", "page", 3)]


def test_counts_go_to_the_day_they_were_counted_on_and_add_up(profile):
    for at, times in ((datetime(2026, 11, 24, 23, 59, tzinfo=UTC), 1), (datetime(2026, 11, 25, 0, 1, tzinfo=UTC), 2)):
        with time_machine.travel(at, tick=False):
            for _ in range(times):
                usage.seen("/profiles/tidewater/")
                usage.hand_over()
    counted()
    usage._tally["2026-11-25", "profiles/tidewater/"] = 4
    counted()
    kept = dict(DailyCount.objects.values_list("day", "number"))
    assert kept == {date(2026, 11, 24): 1, date(2026, 11, 25): 6}


def test_a_page_opened_under_an_old_name_counts_for_its_profile(profile):
    usage.seen("/profiles/tidewater/")
    usage.seen("/profiles/nobody/")
    usage.hand_over()
    profile.slug = "lighthouse"
    profile.save()
    usage.seen("/profiles/lighthouse/")
    assert counted() == [("lighthouse", "page", 2)]


# --- Never in the way ---------------------------------------------------------------------------------------------------


def test_without_redis_pages_are_served_and_not_counted(client, profile, settings):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    assert client.get(profile.get_absolute_url(), **BROWSER).status_code == 200
    usage.hand_over()
    assert chores.store_counts() is None
    assert not usage._tally
    assert not DailyCount.objects.exists()


def test_counting_asks_nobody_while_a_page_is_served(client, profile, monkeypatch):
    def asked():
        raise AssertionError("Redis was asked while a reader waited")

    monkeypatch.setattr(usage, "_redis", asked)
    assert client.get(profile.get_absolute_url(), **BROWSER).status_code == 200
    began = time.perf_counter()
    for _ in range(1000):
        usage.seen("/profiles/tidewater/", {"REQUEST_METHOD": "GET", "HTTP_USER_AGENT": FIREFOX})
    assert time.perf_counter() - began < 1


def test_somebody_who_makes_up_addresses_fills_no_memory():
    for number in range(usage.MOST + 100):
        usage.seen(f"/profiles/made-up-{number}/")
    assert len(usage._tally) == usage.MOST


def test_threads_that_count_at_once_lose_nothing(profile):
    threads = [
        threading.Thread(target=lambda: [usage.seen("/profiles/tidewater/") for _ in range(500)]) for _ in "abcd"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted() == [("tidewater", "page", 2000)]


def test_what_could_not_be_stored_is_stored_the_next_time(profile):
    usage.seen("/profiles/tidewater/")
    usage.hand_over()

    def broken(day, counted):
        raise DatabaseError

    with pytest.raises(DatabaseError), transaction.atomic():
        usage.taken_by(broken)
    usage.seen("/profiles/tidewater/")
    assert counted() == [("tidewater", "page", 1)]
    assert counted() == [("tidewater", "page", 2)]


def test_what_has_been_stored_is_not_stored_again(profile):
    usage.seen("/profiles/tidewater/")
    assert counted() == counted() == [("tidewater", "page", 1)]


def test_a_web_process_hands_over_by_itself(settings, monkeypatch, profile):
    settings.PROCESS = "web"
    monkeypatch.setattr(usage, "EVERY", 0.05)
    monkeypatch.setattr(usage.atexit, "register", lambda _: None)
    monkeypatch.setattr(usage, "_handing_over", 0)
    usage.seen("/profiles/tidewater/")
    until = time.monotonic() + 10
    while usage._tally and time.monotonic() < until:
        time.sleep(0.02)
    assert not usage._tally
    assert [thread.daemon for thread in threading.enumerate() if thread.name == "usage"] == [True]


# --- On the desk --------------------------------------------------------------------------------------------------------

DESK = "admin:profiles_dailycount_changelist"
TODAY = date(2026, 11, 25)


def count(profile, number, *, day=TODAY, what="page"):
    DailyCount.objects.create(profile=profile, day=day, what=what, number=number)


def test_the_desk_shows_a_chart_and_the_same_in_tables(client, wanda, profile):
    count(profile, 12)
    count(profile, 3, what="briefing")
    count(make_profile("draft"), 1, day=date(2026, 11, 20))
    count(profile, 99, day=date(2026, 1, 1))
    client.force_login(wanda)
    with time_machine.travel(datetime(2026, 11, 25, 12, tzinfo=UTC), tick=False):
        page = client.get(reverse(DESK)).text
    assert "<b>13</b> pages and <b>3</b> briefings opened in 30 days" in page
    assert '<th scope="row">Tidewater</th><td>12</td><td>3</td>' in page
    assert '<th scope="row">draft (not published)</th><td>1</td><td>0</td>' in page
    assert '<th scope="row">2026-11-25</th><td>12</td><td>3</td>' in page
    assert page.count('<rect class="pages"') == 30
    assert " style=" not in page.partition('id="content-main"')[2]


def test_the_span_is_chosen_among_four(client, edith):
    client.force_login(edith)
    for asked, span in (("7", 7), ("365", 365), ("8", 30), ("x", 30), ("-1", 30), ("9" * 50, 30)):
        assert client.get(reverse(DESK), {"days": asked}).context["usage"].span == span
    assert "Nothing has been counted in these days." in client.get(reverse(DESK)).text


def test_officers_see_no_figures_of_use(client, otto):
    client.force_login(otto)
    assert client.get(reverse(DESK)).status_code == 403


def test_the_figures_cost_two_queries_however_many_there_are(profile, django_assert_num_queries):
    for number in range(20):
        count(make_profile(), number)
    with django_assert_num_queries(2):
        found = usage_of(30, until=TODAY)
    assert (found.pages, len(found.rows)) == (190, 20)


@pytest.mark.parametrize(
    ("most", "top"), [(0, 10), (10, 10), (11, 20), (21, 50), (51, 100), (101, 200), (999, 1000), (1001, 2000)]
)
def test_the_axis_ends_at_a_round_number(most, top):
    assert round_up(most) == top


def test_a_bar_is_as_high_as_its_number(profile):
    count(profile, 5)
    count(profile, 10, day=date(2026, 11, 24))
    *_, yesterday, today = chart_of(usage_of(7, until=TODAY).days).bars
    assert yesterday.pages == today.pages * 2 > 0
    assert (today.briefings, yesterday.pages_top) == (0, 8)
