"""Signing in by email, and the reader's own page."""

import re

import pytest
from django.core import mail
from django.utils import timezone

from accounts import actions
from accounts.access import tier_of
from accounts.models import User
from accounts.tiers import Tier
from tests.builders import PASSWORD, make_user, typed_code

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


def test_the_desk_opens_for_staff_by_email_and_a_typed_code(client, edith):
    door = client.get("/admin/", follow=True).redirect_chain[-1][0]
    assert door == "/accounts/login/?next=%2Fadmin%2F"
    asked = client.post(door, {"login": edith.email, "password": PASSWORD, "next": "/admin/"})
    assert asked.url.startswith("/accounts/2fa/authenticate/")
    response = client.post(asked.url, {"code": typed_code()}, follow=True)
    assert response.redirect_chain == [("/admin/", 302)]
    assert response.status_code == 200


def test_the_desk_is_closed_to_readers(client, mina):
    client.force_login(mina)
    assert client.get("/admin/").url == "/admin/login/?next=/admin/"


def test_an_officer_finds_a_person(client):
    client.force_login(make_user("root@example.org", is_staff=True, is_superuser=True))
    make_user("somebody@example.org", name="Somebody")
    assert "somebody@example.org" in client.get("/admin/accounts/user/?q=Somebody").text
    fields = {"email": "other@example.org", "name": "", "usable_password": "true"}
    password = {"password1": "a-long-secret-1", "password2": "a-long-secret-1"}
    client.post("/admin/accounts/user/add/", fields | password)
    assert User.objects.get(email="other@example.org").check_password("a-long-secret-1")


# The Strategic Circle


def test_a_reader_joins_with_one_post_and_comes_back_to_where_they_were(client):
    user = make_user()
    client.force_login(user)
    form = client.get("/account/circle/?next=/profiles/ripe-ncc/briefing/").text
    assert 'value="/profiles/ripe-ncc/briefing/"' in form
    response = client.post("/account/circle/", {"next": "/profiles/ripe-ncc/briefing/"})
    assert (response.status_code, response.url) == (302, "/profiles/ripe-ncc/briefing/")
    assert tier_of(user, at=timezone.now()) == Tier.STRATEGIC_CIRCLE


def test_looking_at_the_form_joins_nobody_and_joining_needs_a_log_in(client):
    user = make_user()
    assert client.post("/account/circle/").url == "/accounts/login/?next=/account/circle/"
    client.force_login(user)
    client.get("/account/circle/")
    assert not user.grants.exists()


def test_joining_without_a_confirmed_address_leads_to_confirming_it(client):
    user = make_user(verified=False)
    client.force_login(user)
    assert client.post("/account/circle/").url == "/accounts/email/"
    assert not user.grants.exists()


@pytest.mark.parametrize(
    "away", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "x"]
)
def test_joining_never_leads_off_the_site(client, away):
    client.force_login(make_user())
    assert client.post("/account/circle/", {"next": away}).url == "/account/"


def test_leaving_is_one_post_too(client, mina):
    client.force_login(mina)
    assert "Leave the Strategic Circle" in client.get("/account/").text
    assert client.get("/account/circle/leave/").status_code == 405
    client.post("/account/circle/leave/")
    assert tier_of(mina, at=timezone.now()) == Tier.READER
    assert "Join the Strategic Circle" in client.get("/account/").text


def test_forged_fields_give_nobody_a_tier(client):
    user = make_user()
    client.force_login(user)
    client.post("/account/circle/", {"tier": "2", "how": "comp", "is_staff": "1", "user": "1", "status": "approved"})
    user.refresh_from_db()
    grant = user.grants.get()
    assert (grant.tier, grant.how, user.is_staff) == (Tier.STRATEGIC_CIRCLE, "joined", False)


# What the account page and the corner say


def test_the_account_page_tells_tier_and_seats(client, alma):
    client.force_login(alma)
    page = client.get("/account/").text
    for words in ("Leadership Alliance, since", "the manager’s seat", "2 of its three seats are free"):
        assert words in page


def test_a_suspended_member_reads_why(client, mina, otto):
    actions.suspend(user=mina, by=otto, reason="Shared a briefing.")
    client.force_login(mina)
    page = client.get("/account/").text
    assert "Your membership is suspended: Shared a briefing." in page
    assert "Join the Strategic Circle" not in page


def test_the_corner_greets_whoever_is_logged_in(client, mina, edith):
    assert ">Log in</a>" in client.get("/account/corner/").text
    client.force_login(mina)
    corner = client.get("/account/corner/")
    assert ("Your account" in corner.text, "Desk" in corner.text) == (True, False)
    assert corner["Cache-Control"] == "private, no-store"
    client.force_login(edith)
    assert "Desk" in client.get("/account/corner/").text


def test_the_mark_of_a_log_in_comes_and_goes_with_the_session(client, mina):
    client.post("/accounts/login/", {"login": mina.email, "password": PASSWORD})
    assert client.cookies["assay_member"].value == "1"
    client.session.flush()
    client.get("/account/corner/")
    assert client.cookies["assay_member"].value == ""
