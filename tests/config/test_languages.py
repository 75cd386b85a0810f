"""The second language: the same pages under another address, and nothing else decides."""

import re
from datetime import UTC, datetime

import pytest
from django.utils import translation
from django.utils.formats import date_format

from tests.builders import PASSWORD, make_user

# --- What has no language -----------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    ["/api/v1/profiles/", "/api/", "/feed/", "/admin/login/", "/robots.txt", "/sitemap.xml", "/livez"],
)
def test_what_programs_and_editors_read_is_english_alone(client, address):
    client.cookies["django_language"] = "zh-hans"
    assert not re.search(r"[\u4e00-\u9fff]", client.get(address, headers={"accept-language": "zh-CN"}).text)
    assert client.get(f"/zh-hans{address}").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/zh/", "/zh-cn/profiles/", "/en/", "/ZH-HANS/", "/zh-hans/zh-hans/"])
def test_a_language_has_one_spelling(client, address):
    assert client.get(address).status_code == 404


@pytest.mark.django_db
def test_an_address_without_its_last_slash_leads_to_the_one_with_it(client):
    for address in ("/zh-hans", "/zh-hans/methodology"):
        answer = client.get(address)
        assert (answer.status_code, answer["Location"]) == (301, f"{address}/")


# --- Staying in it ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_whoever_has_to_log_in_comes_back_in_their_language(client):
    answer = client.get("/zh-hans/account/following/")
    assert answer["Location"] == "/zh-hans/accounts/login/?next=/zh-hans/account/following/"
    user = make_user()
    answer = client.post(answer["Location"], {"login": user.email, "password": PASSWORD})
    assert answer["Location"] == "/zh-hans/account/following/"
    assert client.post("/zh-hans/accounts/logout/")["Location"] == "/zh-hans/"


@pytest.mark.django_db
def test_an_error_is_told_in_the_language_of_the_address(client, monkeypatch):
    client.raise_request_exception = False
    for prefix, tag in (("", "en"), ("/zh-hans", "zh-Hans")):
        assert f'<html lang="{tag}">' in client.get(f"{prefix}/nowhere/").text
        with monkeypatch.context() as patch:
            patch.setattr("profiles.views.finding.home_page", broken, raising=False)
            patch.setattr("profiles.views.finding.render", broken)
            answer = client.get(f"{prefix}/")
        assert answer.status_code == 500
        assert f'<html lang="{tag}">' in answer.text


def broken(*args, **kwargs):
    raise ZeroDivisionError


@pytest.mark.django_db
def test_a_page_that_is_nowhere_does_not_repeat_its_address_for_the_other_language(client):
    assert client.get("/zh-hans/profiles/a/").content == client.get("/zh-hans/profiles/b/").content


# --- Days ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "day", "moment"),
    [("en", "3 June 2026", "3 June 2026, 14:05"), ("zh-hans", "2026年6月3日", "2026年6月3日 14:05")],
)
def test_days_are_written_as_each_language_writes_them(language, day, moment):
    at = datetime(2026, 6, 3, 14, 5, tzinfo=UTC)
    with translation.override(language):
        assert (date_format(at, "DATE_FORMAT"), date_format(at, "DATETIME_FORMAT")) == (day, moment)
