"""Nobody works on the desk with a password alone."""

import pytest
from allauth.mfa.models import Authenticator
from django.db import OperationalError

from tests.builders import PASSWORD, give_second_factor, make_user

pytestmark = pytest.mark.django_db

DOORS = [
    "/admin/",
    "/admin/login/",
    "/admin/login/?next=/admin/",
    "/admin/profiles/profile/",
    "/admin/password_change/",
]


@pytest.fixture
def newcomer(db):
    """On the desk since this morning, with a password and nothing else."""
    return make_user("newcomer@example.org", groups=["Editor"], second_factor=False)


@pytest.mark.parametrize("door", DOORS)
def test_staff_without_a_second_factor_are_sent_to_set_one_up(client, newcomer, door):
    client.force_login(newcomer)
    for method in (client.get, client.post):
        response = method(door, follow=True)
        assert response.redirect_chain == [("/accounts/2fa/", 302)]
        assert "The desk needs a second factor" in response.text


def test_every_page_of_the_desk_is_such_a_door(client, newcomer):
    from django.urls import get_resolver

    client.force_login(newcomer)
    for pattern in next(entry for entry in get_resolver().url_patterns if str(entry.pattern) == "admin/").url_patterns:
        address = "/admin/" + str(pattern.pattern).replace("<path:object_id>", "1").lstrip("^")
        if "<" not in address and "(" not in address and pattern.pattern.name != "logout":
            assert client.get(address).url == "/accounts/2fa/", address


@pytest.mark.parametrize("door", DOORS)
def test_a_superuser_is_no_exception(client, door):
    client.force_login(make_user("root@example.org", is_staff=True, is_superuser=True, second_factor=False))
    assert client.get(door).url == "/accounts/2fa/"


def test_recovery_codes_alone_are_no_second_factor(client, newcomer):
    Authenticator.objects.create(user=newcomer, type=Authenticator.Type.RECOVERY_CODES, data={"seed": "x"})
    client.force_login(newcomer)
    assert client.get("/admin/").url == "/accounts/2fa/"


def test_the_desk_opens_with_a_second_factor_and_closes_when_it_is_removed(client, newcomer):
    give_second_factor(newcomer)
    client.force_login(newcomer)
    assert client.get("/admin/").status_code == 200
    Authenticator.objects.all().delete()
    assert client.get("/admin/").url == "/accounts/2fa/"


def test_the_demo_offers_a_second_factor_and_does_not_ask_for_it(client, newcomer, settings):
    settings.SECOND_FACTOR_FOR_STAFF = False
    client.force_login(newcomer)
    assert client.get("/admin/").status_code == 200
    assert client.get("/accounts/2fa/").status_code == 200


@pytest.mark.parametrize("mode", ["DEMO", "DEBUG", ""])
def test_only_the_demo_and_development_do_without(mode, tmp_path):
    import os
    import subprocess
    import sys

    from config import env

    environ = {name: value for name, value in os.environ.items() if name not in env.NAMES}
    environ |= {"SECRET_KEY": "x" * 40, "DATA_DIR": str(tmp_path)} | ({mode: "1"} if mode else {})
    command = [sys.executable, "-c", "from config import settings; print(settings.SECOND_FACTOR_FOR_STAFF)"]
    done = subprocess.run(command, cwd=env.ROOT, env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(not mode)


def test_a_reader_needs_no_second_factor(client, mina):
    client.force_login(mina)
    assert client.get("/account/").status_code == 200


def test_the_desk_s_own_form_takes_no_password(client, edith):
    form = {"username": edith.email, "password": PASSWORD, "next": "/admin/"}
    response = client.post("/admin/login/", form)
    assert response.url == "/accounts/login/?next=%2Fadmin%2F"
    assert "_auth_user_id" not in client.session


def test_somebody_without_a_second_factor_may_still_log_out(client, newcomer):
    client.force_login(newcomer)
    assert client.post("/admin/logout/").status_code in {200, 302}
    assert "_auth_user_id" not in client.session


def test_without_a_database_the_desk_says_so(client, newcomer, monkeypatch):
    client.force_login(newcomer)

    def away(*args, **kwargs):
        raise OperationalError("connection refused")

    monkeypatch.setattr("accounts.second_factor.is_mfa_enabled", away)
    assert client.get("/admin/").status_code == 503
