"""Every door to an account: what it asks, what it gives away, and how often it lets somebody try."""

import re
from datetime import timedelta
from smtplib import SMTPServerDisconnected

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.conf import settings as project
from django.core import mail
from django.test import Client

from accounts.models import User
from tests.builders import PASSWORD, make_profile, make_user

pytestmark = pytest.mark.django_db

LOG_IN, SIGN_UP, RESET = "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"
ASK_FOR_CODE = "/accounts/login/code/"
NEW_PASSWORD = {"password1": "a-long-enough-secret", "password2": "a-long-enough-secret"}
ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "https:evil.example",
    "http:///evil.example/",
    "https://testserver@evil.example/",
    "https://testserver.evil.example/",
    "javascript:alert(1)",
    " //evil.example/",
    "/\t/evil.example/",
]


def log_in(client, user, password=PASSWORD, **headers):
    return client.post(LOG_IN, {"login": user.email, "password": password}, **headers)


def code_in(message):
    return re.search(r"^([A-Z0-9]{4}-[A-Z0-9]{4})$|^([A-Z0-9]{6})$", message.body, re.MULTILINE)[0]


def shown(response, *addresses):
    """What a reader sees, with what they typed themselves and the tokens taken out."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", response.text)
    for address in addresses:
        text = text.replace(address, "ADDRESS")
    return response.status_code, text


# Codes


def test_a_reader_logs_in_with_a_code_from_a_mail(client, mina):
    response = client.post(ASK_FOR_CODE, {"email": mina.email}, follow=True)
    assert "_auth_user_id" not in client.session
    response = client.post(response.redirect_chain[-1][0], {"code": code_in(mail.outbox[0])})
    assert (response.status_code, response.url) == (302, "/account/")
    assert client.session["_auth_user_id"] == str(mina.pk)


def test_a_code_for_an_editor_does_not_replace_the_second_factor(client, edith):
    response = client.post(ASK_FOR_CODE, {"email": edith.email}, follow=True)
    response = client.post(response.redirect_chain[-1][0], {"code": code_in(mail.outbox[0])})
    assert response.url.startswith("/accounts/2fa/authenticate/")
    assert "_auth_user_id" not in client.session


def test_a_changed_password_is_told_by_mail(client, mina):
    log_in(client, mina)
    client.post("/accounts/password/change/", {"oldpassword": PASSWORD, **NEW_PASSWORD})
    assert [message.to for message in mail.outbox] == [[mina.email]]
    assert "password has been changed" in mail.outbox[0].body


# Where to go next


@pytest.mark.parametrize("address", ELSEWHERE)
def test_what_comes_after_logging_in_stays_on_this_site(client, mina, address):
    response = client.post(LOG_IN, {"login": mina.email, "password": PASSWORD, "next": address})
    assert (response.status_code, response.url) == (302, "/account/")


def test_a_page_of_ours_may_come_after_logging_in(client, mina):
    form = {"login": mina.email, "password": PASSWORD, "next": "/profiles/?q=registry"}
    assert client.post(LOG_IN, form).url == "/profiles/?q=registry"


# Where to turn


@pytest.mark.parametrize("language", ["", "/zh-hans"])
@pytest.mark.parametrize("address", [RESET, f"{RESET}done/"])
def test_whoever_resets_a_password_is_led_to_the_contact_page_in_their_language(client, language, address):
    assert f'<a href="{language}/contact/">' in client.get(f"{language}{address}").text.partition("<main")[2]


# The addresses of an account


def offered_on(client):
    return re.findall(r'name="(action_\w+)"', client.get("/accounts/email/").text)


def test_of_an_address_is_offered_what_can_be_done_with_it(client, mina):
    client.force_login(mina)
    assert offered_on(client) == ["action_add"]
    EmailAddress.objects.create(user=mina, email="other@example.org", verified=False)
    assert offered_on(client)[:3] == ["action_primary", "action_send", "action_remove"]
    client.force_login(make_user(verified=False))
    assert offered_on(client)[:1] == ["action_send"]


# What a mail says


@pytest.mark.parametrize("address", [RESET, ASK_FOR_CODE, SIGN_UP])
@pytest.mark.parametrize("email", ["mina@example.org", "nobody@example.org"])
def test_a_forged_host_never_reaches_a_mail(client, mina, settings, address, email):
    settings.ALLOWED_HOSTS = ["*"]
    client.post(address, {"email": email, **NEW_PASSWORD}, headers={"host": "evil.example"})
    (message,) = mail.outbox
    everything = message.message().as_string()
    assert "evil.example" not in everything
    assert project.SITE_URL in everything


def test_the_link_in_a_mail_sets_a_new_password(client, mina):
    client.post(RESET, {"email": mina.email})
    (link,) = re.findall(rf"^{re.escape(project.SITE_URL)}(/\S+/)$", mail.outbox[0].body, re.MULTILINE)
    form = client.get(link, follow=True).redirect_chain[-1][0]
    assert User.objects.get(pk=mina.pk).check_password(PASSWORD)
    client.post(form, NEW_PASSWORD)
    assert User.objects.get(pk=mina.pk).check_password(NEW_PASSWORD["password1"])


@pytest.mark.parametrize("address", [RESET, ASK_FOR_CODE, SIGN_UP])
@pytest.mark.parametrize("error", [SMTPServerDisconnected("gone"), ConnectionRefusedError(), TimeoutError()])
def test_a_mail_that_cannot_be_sent_is_said_in_a_sentence(client, mina, monkeypatch, address, error):
    def refuse(*args, **kwargs):
        raise error

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)
    response = client.post(address, {"email": "somebody@example.org", **NEW_PASSWORD}, follow=True)
    assert response.status_code == 503
    assert "The mail could not be sent" in response.text


def test_a_lost_notice_does_not_undo_what_it_tells_of(client, mina, monkeypatch):
    log_in(client, mina)
    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", lambda *_: 1 / 0)
    monkeypatch.setattr("accounts.adapter.Accounts._post", lambda *_: (_ for _ in ()).throw(OSError()))
    response = client.post("/accounts/password/change/", {"oldpassword": PASSWORD, **NEW_PASSWORD})
    assert response.status_code == 302
    assert User.objects.get(pk=mina.pk).check_password(NEW_PASSWORD["password1"])


# Whether an address is known


def test_logging_in_says_the_same_about_known_and_unknown_addresses(mina):
    answers = [
        shown(Client().post(LOG_IN, {"login": email, "password": "wrong"}), email)
        for email in (mina.email, "nobody@example.org")
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] == 200


@pytest.mark.parametrize("address", [RESET, ASK_FOR_CODE, SIGN_UP])
def test_asking_for_a_mail_says_the_same_about_known_and_unknown_addresses(mina, address):
    answers = []
    for email in (mina.email, "nobody@example.org"):
        client = Client()
        response = client.post(address, {"email": email, **NEW_PASSWORD}, follow=True)
        answers.append((response.redirect_chain, *shown(response, email)))
        assert "_auth_user_id" not in client.session
    assert answers[0] == answers[1]
    assert [message.to for message in mail.outbox] == [[mina.email], ["nobody@example.org"]]


def test_a_wrong_code_says_the_same_about_known_and_unknown_addresses(mina):
    for address in (ASK_FOR_CODE, SIGN_UP):
        answers = []
        for email in (mina.email, f"nobody{address.count('/')}@example.org"):
            client = Client()
            door = client.post(address, {"email": email, **NEW_PASSWORD}, follow=True).redirect_chain[-1][0]
            answers.append(shown(client.post(door, {"code": "AAAA-AAAA"}, follow=True), email))
        assert answers[0] == answers[1], address


# How often


def test_forty_wrong_passwords_are_too_many_and_a_made_up_address_does_not_help(mina):
    answers = [
        log_in(Client(), mina, "wrong", headers={"x-forwarded-for": f"203.0.113.{number}"}) for number in range(40)
    ]
    assert "not correct" in answers[0].text
    assert all("Too many failed" in answer.text or answer.status_code == 429 for answer in answers[10:])
    assert answers[-1].status_code == 429
    assert "Wait a few minutes, then try again." in answers[-1].text
    barred = log_in(client := Client(), mina, headers={"x-forwarded-for": "198.51.100.7"})
    assert barred.status_code == 429
    assert "_auth_user_id" not in client.session


def test_many_addresses_tried_from_one_place_are_limited_as_well():
    answers = [
        Client().post(LOG_IN, {"login": f"reader{number}@example.org", "password": "wrong"}) for number in range(12)
    ]
    assert "Too many failed" in answers[-1].text


# Sessions


def test_a_reader_ends_all_other_sessions(client, mina):
    other = Client(headers={"user-agent": "A telephone"})
    log_in(other, mina)
    log_in(client, mina)
    page = client.get("/accounts/sessions/")
    assert "A telephone" in page.text
    assert other.get("/account/").status_code == 200
    client.post("/accounts/sessions/")
    assert other.get("/account/").url == "/accounts/login/?next=/account/"
    assert client.get("/account/").status_code == 200
    assert "A telephone" not in client.get("/accounts/sessions/").text


def test_a_session_is_listed_by_what_the_browser_is_called(client, mina):
    said = "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0"
    log_in(Client(headers={"user-agent": said}), mina)
    log_in(client, mina)
    assert f'<span title="{said}">Firefox on Linux</span>' in client.get("/accounts/sessions/").text
    assert f'<span title="{said}">Linux 上的 Firefox</span>' in client.get("/zh-hans/accounts/sessions/").text


def test_nobody_ends_or_sees_the_sessions_of_others(client, mina, alma):
    hers = Client(headers={"user-agent": "Alma's computer"})
    log_in(hers, alma)
    log_in(client, mina)
    assert "Alma's computer" not in client.get("/accounts/sessions/").text
    client.post("/accounts/sessions/")
    assert hers.get("/account/").status_code == 200


def test_a_public_page_stays_the_same_for_a_reader_whose_sessions_are_listed(client, mina):
    make_profile("example", live=True, judgements={"j1": "It is."}, cited=True)
    log_in(client, mina)
    seen = UserSession.objects.get(user=mina).last_seen_at
    response = client.get("/profiles/example/")
    assert response["Cache-Control"].startswith("public")
    assert response.content == Client().get("/profiles/example/").content
    assert UserSession.objects.get(user=mina).last_seen_at == seen
    UserSession.objects.update(last_seen_at=seen - timedelta(minutes=6))
    client.get("/account/")
    assert UserSession.objects.get(user=mina).last_seen_at > seen


# Pages


@pytest.mark.parametrize(
    ("address", "title"),
    [
        ("/accounts/email/", "Email addresses"),
        ("/accounts/password/change/", "Change the password"),
        ("/accounts/2fa/", "Second factors"),
        ("/accounts/2fa/webauthn/", "Security keys"),
        ("/accounts/sessions/", "Sessions"),
        ("/accounts/logout/", "Log out"),
    ],
)
def test_the_pages_of_an_account_stand_in_our_layout(client, address, title):
    log_in(client, make_user("somebody@example.org"))
    response = client.get(address)
    assert response.status_code == 200
    assert re.search(rf"<h1>\s*{title}\s*</h1>", response.text)
    assert "Skip to the text" in response.text
    assert "style=" not in response.text
    assert response["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("address", ["/accounts/2fa/totp/activate/", "/accounts/2fa/webauthn/add/", "/accounts/email/"])
def test_what_opens_an_account_is_changed_only_after_the_password_is_asked_again(client, mina, address):
    log_in(client, mina)
    response = client.post(address, {"email": "other@example.org", "action_add": ""}, follow=True)
    assert response.redirect_chain[0][0].startswith("/accounts/reauthenticate/")
    assert "Confirm that it is you" in response.text
    assert mail.outbox == []
