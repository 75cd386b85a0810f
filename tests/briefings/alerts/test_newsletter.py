"""The newsletter for who has no account: asked twice, never used to fill a stranger's mailbox."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from briefings.alerts import actions, tokens
from briefings.alerts.models import Asked, Subscriber
from config import mailing
from tests.briefings.alerts.conftest import follow
from tests.builders import make_user
from tests.profiles.test_views_site import write_first_pages

pytestmark = pytest.mark.django_db

ADDRESS = "reader@example.com"


@pytest.fixture(autouse=True)
def first_pages(db):
    write_first_pages()


def ask(client, email=ADDRESS, *, ip="192.0.2.1", **fields):
    return client.post("/alerts/", {"email": email, **fields}, REMOTE_ADDR=ip)


def mailed():
    mailing.deliver()
    return [sent.to[0] for sent in mail.outbox]


def link():
    return re.search(r"http\S+(/alerts/confirm/\S+)", mail.outbox[-1].body)[1]


def confirmed():
    return [one.email for one in Subscriber.objects.filter(confirmed_at__isnull=False)]


def test_the_form_is_nobody_elses(client):
    response = client.get("/alerts/")
    assert response["Cache-Control"] == "private, no-store"
    assert "csrfmiddlewaretoken" in response.text


def test_an_address_is_asked_and_the_button_behind_the_link_confirms_it(client):
    assert ask(client).url == "/alerts/asked/"
    assert mailed() == [ADDRESS]
    assert "press the button" in mail.outbox[0].body
    page = client.get(link())
    assert "Yes, send it" in page.text
    assert confirmed() == []
    assert "The newsletter comes" in client.post(link()).text
    assert confirmed() == [ADDRESS]
    began = Subscriber.objects.get().confirmed_at
    client.post(link())
    assert Subscriber.objects.get().confirmed_at == began


def test_programs_that_open_every_link_of_a_mail_confirm_nothing(client):
    ask(client)
    mailed()
    for method in ("GET", "HEAD", "OPTIONS"):
        client.generic(method, link())
    assert confirmed() == []


def test_confirming_needs_the_token_of_the_page(client):
    ask(client)
    mailed()
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(link()).status_code == 403
    assert confirmed() == []


def test_a_link_that_ran_out_says_so(client):
    ask(client)
    mailed()
    Subscriber.objects.all().delete()
    response = client.post(link())
    assert response.status_code == 410
    assert "This link has run out" in response.text


@pytest.mark.parametrize("token", ["x", "WzFd:forged", "W10:", ":::", "a" * 2000])
def test_a_forged_link_is_no_page(client, token):
    ask(client)
    assert client.post(f"/alerts/confirm/{token}/").status_code == 404
    assert confirmed() == []


def test_a_link_of_one_kind_does_nothing_as_the_other(client):
    ask(client)
    subscriber = Subscriber.objects.get()
    signed = tokens.stop_url(tokens.NEWSLETTER, subscriber.digest).rpartition("/alerts/stop/")[2]
    assert client.post(f"/alerts/confirm/{signed}").status_code == 404
    signed = tokens.confirm_url(subscriber.pk).rpartition("/alerts/confirm/")[2]
    assert client.post(f"/alerts/stop/{signed}").status_code == 404
    assert Subscriber.objects.filter(confirmed_at=None).exists()


def test_known_and_unknown_addresses_get_the_same_answer_and_one_mail_each(client):
    Subscriber.objects.create(email="known@example.com", digest="d", confirmed_at=timezone.now())
    make_user("account@example.com")
    answers = []
    for email in ("known@example.com", "account@example.com", "new@example.com"):
        response = ask(client, email)
        answers.append((response.status_code, response.url, sorted(response.headers)))
    assert len(set(map(str, answers))) == 1
    assert mailed() == ["known@example.com", "account@example.com", "new@example.com"]
    assert "You get it already" in mail.outbox[0].body
    assert "confirm" not in mail.outbox[0].body


def test_an_address_is_one_whatever_its_case(client):
    ask(client)
    ask(client, "Reader@Example.com")
    assert [one.email for one in Subscriber.objects.all()] == [ADDRESS]


@pytest.mark.parametrize(
    "email", ["", "nobody", "a@b", "x@example.com\nBcc: y@example.com", f"{'a' * 300}@example.com"]
)
def test_what_is_no_address_gets_a_sentence_and_nothing_typed_is_lost(client, email):
    response = ask(client, email)
    assert response.status_code == 200
    assert 'class="error small"' in response.text
    assert not Subscriber.objects.exists()


def test_a_program_that_fills_in_everything_asks_nobody(client):
    assert ask(client, website="http://spam.example").url == "/alerts/asked/"
    assert mailed() == []


# --- Ceilings ---------------------------------------------------------------------------------------------------------


def test_one_address_gets_so_many_mails_a_day_and_the_answer_stays_the_same(client):
    for number in range(actions.TO_ONE_ADDRESS_A_DAY + 3):
        assert ask(client, ip=f"192.0.2.{number}").url == "/alerts/asked/"
    assert len(mailed()) == actions.TO_ONE_ADDRESS_A_DAY
    Asked.objects.update(at=timezone.now() - timedelta(hours=25))
    ask(client)
    assert len(mailed()) == actions.TO_ONE_ADDRESS_A_DAY + 1


def test_one_client_asks_so_many_addresses_an_hour(client):
    for number in range(actions.FROM_ONE_CLIENT_AN_HOUR):
        ask(client, f"reader{number}@example.com")
    refused = ask(client)
    assert refused.status_code == 429
    assert "try again in an hour" in refused.text
    assert f'value="{ADDRESS}"' in refused.text
    assert ask(client, ip="192.0.2.2").status_code == 302
    Asked.objects.update(at=timezone.now() - timedelta(minutes=61))
    assert ask(client).status_code == 302


def test_a_whole_network_of_ipv6_addresses_is_one_client(client):
    answers = [
        ask(client, f"reader{n}@example.com", ip=f"2001:db8::{n:x}").status_code
        for n in range(actions.FROM_ONE_CLIENT_AN_HOUR + 1)
    ]
    assert answers[-1] == 429
    assert ask(client, ip="2001:db8:0:1::1").status_code == 302


def test_an_address_that_a_reader_made_up_for_themselves_does_not_count(client, settings):
    for number in range(actions.FROM_ONE_CLIENT_AN_HOUR):
        ask(client, f"reader{number}@example.com", HTTP_X_FORWARDED_FOR=f"198.51.100.{number}")
    fields = {"email": ADDRESS}
    refused = client.post("/alerts/", fields, REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR="198.51.100.77")
    assert refused.status_code == 429
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    behind = client.post("/alerts/", fields, REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR="198.51.100.77")
    assert behind.status_code == 302


def test_all_clients_together_ask_so_many_addresses_an_hour(client, monkeypatch):
    monkeypatch.setattr(actions, "TO_STRANGERS_AN_HOUR", 7)
    answers = [ask(client, f"r{n}@example.com", ip=f"192.0.2.{n}").status_code for n in range(9)]
    assert answers == [302] * 7 + [429] * 2
    assert len(mailed()) == 7


def test_the_ceilings_hold_without_redis(client, settings):
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
    answers = [ask(client, f"r{n}@example.com").status_code for n in range(actions.FROM_ONE_CLIENT_AN_HOUR + 1)]
    assert answers[-1] == 429


def test_who_asked_is_kept_as_digests_alone(client):
    ask(client)
    (kept,) = Asked.objects.values_list("address", "client")
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in kept)


def test_the_newsletter_and_an_account_know_nothing_of_each_other(client, nrs, mina):
    follow(mina, nrs)
    ask(client, mina.email)
    mailed()
    client.post(link())
    assert confirmed() == [mina.email]
    assert mina.follows.count() == 1
