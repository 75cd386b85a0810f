"""Signing in by email, and the reader's own page."""

import re

import pytest
from django.core import mail

from accounts.models import User
from tests.builders import PASSWORD, make_user

pytestmark = pytest.mark.django_db


def test_a_reader_logs_in_with_email_and_password(client, mina):
    response = client.post("/accounts/login/", {"login": mina.email, "password": PASSWORD}, follow=True)
    assert response.redirect_chain == [("/account/", 302)]
    assert mina.email in response.text


def test_a_wrong_password_is_refused_and_the_address_kept(client, mina):
    response = client.post("/accounts/login/", {"login": mina.email, "password": "wrong"})
    assert "not correct" in response.text
    assert mina.email in response.text
    assert "_auth_user_id" not in client.session


def test_signing_up_takes_the_code_from_the_mail(client):
    password = "a-long-enough-secret"
    fields = {"email": "new@example.org", "password1": password, "password2": password}
    response = client.post("/accounts/signup/", fields, follow=True)
    assert "_auth_user_id" not in client.session
    (code,) = re.findall(r"^\s*([A-Z0-9]{3,}-?[A-Z0-9]{3,})\s*$", mail.outbox[0].body, re.MULTILINE)
    client.post(response.redirect_chain[-1][0], {"code": code})
    assert client.session["_auth_user_id"] == str(User.objects.get(email="new@example.org").pk)


def test_an_address_counts_once_whatever_its_case(client, mina):
    fields = {"email": mina.email.upper(), "password1": "a-long-secret-1", "password2": "a-long-secret-1"}
    client.post("/accounts/signup/", fields)
    assert User.objects.count() == 1


def test_the_readers_own_page_is_nobody_elses(client, mina):
    assert client.get("/account/").url == "/accounts/login/?next=/account/"
    client.force_login(mina)
    response = client.get("/account/")
    assert response["Cache-Control"] == "private, no-store"
    assert mina.email in response.text


def test_the_desk_opens_for_staff_by_email(client, edith):
    form = {"username": edith.email, "password": PASSWORD, "next": "/admin/"}
    response = client.post("/admin/login/", form, follow=True)
    assert response.redirect_chain == [("/admin/", 302)]


def test_the_desk_is_closed_to_readers(client, mina):
    client.force_login(mina)
    assert client.get("/admin/").url == "/admin/login/?next=/admin/"


def test_an_officer_finds_a_person(client):
    client.force_login(User.objects.create_superuser("root@example.org"))
    make_user("somebody@example.org", name="Somebody")
    assert "somebody@example.org" in client.get("/admin/accounts/user/?q=Somebody").text
    fields = {"email": "other@example.org", "name": "", "usable_password": "true"}
    password = {"password1": "a-long-secret-1", "password2": "a-long-secret-1"}
    client.post("/admin/accounts/user/add/", fields | password)
    assert User.objects.get(email="other@example.org").check_password("a-long-secret-1")
