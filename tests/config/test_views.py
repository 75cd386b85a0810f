"""Health, and what a reader is told when something is wrong."""

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client, override_settings

from config.management.commands import doctor
from config.pagecache import PersonalPage, public
from tests.builders import make_profile

pytestmark = pytest.mark.django_db


def no_database(*args, **kwargs):
    raise OperationalError("connection refused")


def test_alive_touches_nothing(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/livez")
    assert (response.status_code, response.text) == (200, "alive\n")


def test_ready_names_each_part(client):
    response = client.get("/readyz")
    assert response.json() == {"ready": True, "database": "ok", "migrations": "ok", "redis": "ok"}
    assert response["Cache-Control"] == "private, no-store"


def test_the_site_is_ready_without_redis(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["redis"] == "unreachable"


def test_the_site_is_not_ready_without_its_database(client, monkeypatch):
    monkeypatch.setattr(connection, "cursor", no_database)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["database"] == "unreachable"


def test_the_site_is_not_ready_while_migrations_are_missing(client):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'profiles' AND name = '0003_first_pages'")
    response = client.get("/readyz")
    assert (response.status_code, response.json()["migrations"]) == (503, "pending")


def test_a_site_from_the_middle_of_what_was_put_together_is_not_ready_and_not_migrated(client):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'profiles' AND name > '0025'")
    response = client.get("/readyz")
    assert (response.status_code, response.json()["migrations"]) == (503, "pending")
    (told,) = doctor.look_at_migrations()
    assert told.words.startswith("some earlier migrations of profiles were never applied. Go to the release before")
    with pytest.raises(SystemCheckError, match="Only some of the earlier migrations of profiles were applied"):
        call_command("migrate", verbosity=0, skip_checks=False)


def test_without_a_database_a_reader_is_told_to_come_back(client, monkeypatch):
    monkeypatch.setattr(connection, "cursor", no_database)
    for address in ("/", "/profiles/", "/profiles/example/", "/publishers/", "/feed/"):
        response = client.get(address)
        assert (response.status_code, response["Retry-After"]) == (503, "30"), address
        assert response["Cache-Control"] == "private, no-store"
        assert "connection refused" not in response.text


def test_an_unknown_address_offers_a_search(client):
    response = client.get("/nothing/")
    assert response.status_code == 404
    assert 'name="q"' in response.text
    assert response["Cache-Control"] == "private, no-store"


def test_a_fault_of_ours_shows_no_insides(monkeypatch):
    def fail(*args):
        raise ValueError("the secret inside")

    monkeypatch.setattr("profiles.views.finding.listing.page", fail)
    response = Client(raise_request_exception=False).get("/profiles/")
    assert response.status_code == 500
    assert "secret inside" not in response.text


def test_a_form_without_its_token_is_refused_with_a_way_back():
    response = Client(enforce_csrf_checks=True).post("/contact/", {"message": "Hello"})
    assert response.status_code == 403
    assert "Traceback" not in response.text
    assert "<h1" in response.text


def test_whoever_is_logged_in_and_refused_is_not_sent_to_log_in(client, wanda):
    client.force_login(wanda)
    refused = client.get("/admin/accounts/user/")
    assert refused.status_code == 403
    told = refused.text.partition("<main")[2].partition("</main>")[0]
    assert "You are logged in as wanda@example.org" in told
    assert 'href="/admin/"' in told
    assert "Log in" not in told


def test_every_answer_carries_the_policy(client):
    make_profile("example", live=True, judgements={"j1": "It is."}, cited=True)
    for address in ("/", "/profiles/example/", "/nothing/", "/admin/login/", "/livez"):
        response = client.get(address)
        assert "default-src 'none'" in response["Content-Security-Policy"], address
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["X-Frame-Options"] == "DENY"


def test_a_public_page_that_looks_at_the_reader_fails(rf, mina):
    def view(request):
        request.session.get("name")
        return HttpResponse(b"Hello")

    client = Client()
    client.force_login(mina)
    request = rf.get("/")
    request.session = client.session
    with pytest.raises(PersonalPage):
        public(view)(request)


@pytest.mark.parametrize("cookie", ["csrftoken=x", "sessionid=abc", "sessionid=abc; csrftoken=x"])
def test_a_broken_cookie_changes_nothing_on_a_public_page(client, cookie):
    make_profile("example", live=True, judgements={"j1": "It is."}, cited=True)
    expected = client.get("/profiles/example/")
    response = Client(enforce_csrf_checks=True, headers={"cookie": cookie}).get("/profiles/example/")
    assert (response.status_code, response.content) == (200, expected.content)
    assert dict(response.headers) == dict(expected.headers)
    assert not response.cookies


@pytest.mark.parametrize("address", ["/accounts/login/", "/accounts/signup/", "/admin/", "/account/", "/contact/"])
def test_doors_are_private_in_one_wording(client, address):
    response = client.get(address)
    assert response["Cache-Control"] == "private, no-store"
    assert "Cookie" in response["Vary"]


@override_settings(ALLOWED_HOSTS=["assay.example.org"])
def test_an_unknown_host_is_refused(client):
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400
