"""Closing an account: asked for twice, thought over for a week, and then nothing of the person is left."""

import json
from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from accounts import actions, chores, closing, personal
from accounts.access import tier_of
from accounts.models import Grant, Seat, Suspension, User
from accounts.tiers import Tier
from briefings.alerts.models import Often, Preference, Subscriber
from config import mailing
from config.models import AuditEntry, OutgoingMail
from tests.builders import PASSWORD, give, give_second_factor, make_organisation, make_user, typed_code

pytestmark = pytest.mark.django_db

CLOSE, KEEP = "/account/close/", "/account/keep/"


def log_in(client, user):
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    return client


def confirm(client):
    """Type the password again, as the page asks."""
    return client.post("/accounts/reauthenticate/?next=/account/close/", {"password": PASSWORD})


def a_week_is_over(user):
    User.objects.filter(pk=user.pk).update(closes_at=timezone.now() - timedelta(seconds=1))


def everything():
    """All rows of all tables that may hold something of a person, as one text."""
    kept = [model for model in apps.get_models() if model._meta.app_label in {"accounts", "account", "config", "mfa",
            "usersessions", "admin", "profiles", "alerts"} and not model._meta.proxy]  # fmt: skip
    return json.dumps([list(model.objects.values()) for model in kept], default=str)


# Asking


def test_the_password_is_asked_again_before_anything_is_shown(client, mina):
    log_in(client, mina)
    for method in (client.get, client.post):
        assert method(CLOSE).url == "/accounts/reauthenticate/?next=%2Faccount%2Fclose%2F"
    mina.refresh_from_db()
    assert mina.closes_at is None


def test_closing_is_asked_for_with_one_post_and_changes_nothing_for_a_week(client, mina):
    log_in(client, mina)
    confirm(client)
    assert "Close my account on" in client.get(CLOSE).text
    mina.refresh_from_db()
    assert mina.closes_at is None
    assert client.post(CLOSE).url == "/account/"
    mina.refresh_from_db()
    assert timedelta(days=6, hours=23) < mina.closes_at - timezone.now() <= closing.WEEK
    assert "Keep my account" in client.get("/account/").text
    assert tier_of(mina, at=timezone.now()) == Tier.STRATEGIC_CIRCLE
    assert chores.close_accounts() == 0


def test_asking_twice_does_not_move_the_day(mina):
    assert closing.ask(user=mina) == closing.ask(user=mina)


def test_a_second_factor_may_stand_in_for_the_password(client, mina):
    give_second_factor(mina)
    client.force_login(mina)
    client.get(CLOSE)
    client.post("/accounts/2fa/reauthenticate/?next=/account/close/", {"code": typed_code()})
    assert client.post(CLOSE).url == "/account/"
    mina.refresh_from_db()
    assert mina.closes_at


def test_it_is_taken_back_by_logging_in_and_one_post(client, mina):
    closing.ask(user=mina)
    log_in(client, mina)
    assert client.get(KEEP).status_code == 405
    page = client.post(KEEP, follow=True).text
    assert "Your account stays open." in page
    assert "Keep my account" not in page
    a_later_day = timezone.now() + timedelta(days=9)
    with time_machine.travel(a_later_day):
        assert chores.close_accounts() == 0


def test_nobody_closes_or_keeps_the_account_of_another(client, mina, alma):
    closing.ask(user=mina)
    log_in(client, alma)
    client.post(KEEP, {"user": mina.pk})
    mina.refresh_from_db()
    assert mina.closes_at is not None


# What must happen first


@pytest.mark.parametrize("who", ["wanda", "edith", "otto"])
def test_who_works_on_the_desk_gives_that_up_first(request, who):
    user = request.getfixturevalue(who)
    with pytest.raises(closing.NotYet, match="Ask an administrator to take your rights there back first"):
        closing.ask(user=user)


def test_a_manager_hands_the_seat_over_first(client, alma):
    client.force_login(alma)
    confirm(client)
    page = client.get(CLOSE).text
    assert "You have the manager’s seat of Example Networks." in page
    assert "Close my account on" not in page
    client.post(CLOSE)
    alma.refresh_from_db()
    assert alma.closes_at is None
    actions.end_seat(seat=alma.seats.get())
    closing.ask(user=alma)


def test_a_colleague_on_another_seat_may_go(mina, alma):
    actions.give_seat(organisation=alma.seats.get().organisation, user=mina)
    closing.ask(user=mina)


def test_who_became_staff_meanwhile_is_not_erased(mina, caplog):
    closing.ask(user=mina)
    a_week_is_over(mina)
    User.objects.filter(pk=mina.pk).update(is_staff=True)
    assert chores.close_accounts() == 0
    mina.refresh_from_db()
    assert mina.email == "mina@example.org"
    assert "cannot be closed yet" in caplog.text


# Mails


def test_the_week_begins_with_a_mail_and_has_a_reminder(mina):
    closing.ask(user=mina)
    mailing.deliver()
    assert "Your account will be closed on" in mail.outbox[0].subject
    assert "Keep my account" in mail.outbox[0].body
    with time_machine.travel(timezone.now() + timedelta(days=5, minutes=1)):
        mailing.deliver()
    assert [message.subject for message in mail.outbox][1:] == ["Assay: Your account is closed in two days"]


def test_who_thought_better_of_it_is_not_reminded(mina):
    closing.ask(user=mina)
    closing.keep(user=mina)
    with time_machine.travel(timezone.now() + timedelta(days=5, minutes=1)):
        closing.ask(user=User.objects.get(pk=mina.pk))
        mailing.deliver()
    assert [message.subject.partition(" on ")[0] for message in mail.outbox] == ["Assay: Your account will be closed"]


# Erasing


@pytest.fixture
def known(mina, otto, client):
    """Mina, with something of hers in every place that keeps something."""
    give_second_factor(mina)
    log_in(client, mina)
    for browser in (client, Client()):
        browser.force_login(mina)
        browser.get("/account/")
    comp = give(Tier.LEADERSHIP_ALLIANCE, mina, evidence="Mina Canary spoke at our meeting.")
    actions.end_grant(grant=comp, by=otto, reason="Mina Canary asked for it.")
    actions.give_seat(organisation=make_organisation(make_user()), user=mina)
    actions.lift(
        suspension=actions.suspend(user=mina, by=otto, reason="Mina Canary shared it."), by=otto, reason="Canary again."
    )
    User.objects.filter(pk=mina.pk).update(name="Mina Canary")
    Preference.objects.create(user=mina, often=Often.DAILY)
    Subscriber.objects.create(email="mina@example.org")
    desk = Client()
    desk.force_login(otto)
    desk.post(f"/admin/accounts/user/{mina.pk}/log-out/")
    desk.post("/admin/config/mutedaddress/add/", {"address": "mina@example.org", "reason": "It came back."})
    client.force_login(mina)
    client.get("/account/")
    closing.ask(user=mina)
    a_week_is_over(mina)
    return mina


def test_nothing_of_a_person_is_left_once_the_week_is_over(known, client):
    assert "mina@example.org" in everything()
    assert chores.close_accounts() == 1
    left = everything()
    for word in ("mina", "Mina", "Canary", "canary"):
        assert word not in left, word
    for model in (EmailAddress, Authenticator, UserSession, Preference):
        assert not model.objects.filter(user=known).exists()
    assert not OutgoingMail.objects.filter(user_id=known.pk).exists()


def test_who_is_erased_is_logged_out_and_cannot_log_in(known, client):
    chores.close_accounts()
    assert client.get("/account/").url == "/accounts/login/?next=/account/"
    log_in(client, User(email="mina@example.org"))
    assert "_auth_user_id" not in client.session
    closed = User.objects.get(pk=known.pk)
    assert (closed.email, closed.name, closed.is_active) == (f"closed-{known.pk}@invalid", "", False)
    assert not closed.has_usable_password()
    assert str(closed) == f"closed account {known.pk}"


def test_the_ledger_and_the_audit_keep_their_rows_without_the_person(known, otto):
    before = (Grant.objects.count(), Seat.objects.count(), Suspension.objects.count())
    chores.close_accounts()
    assert (Grant.objects.count(), Seat.objects.count(), Suspension.objects.count()) == before
    now = timezone.now()
    assert not Grant.objects.holding(now).filter(user=known).exists()
    assert not Seat.objects.holding(now).filter(user=known).exists()
    assert Grant.objects.get(user=known, how="joined").end_reason == "account closed"
    verbs = set(AuditEntry.objects.filter(subject_kind="user", subject_id=known.pk).values_list("verb", flat=True))
    assert {"closing.changed", "rights.changed", "sessions.ended"} <= verbs
    assert not AuditEntry.objects.filter(actor=known.pk).exclude(reason="", details={}).exists()
    assert AuditEntry.objects.filter(verb="suspension.added", actor=otto.pk).exists()


def test_the_log_of_the_desk_forgets_what_they_were_called(known):
    assert LogEntry.objects.filter(object_repr="mina@example.org").exists()
    chores.close_accounts()
    assert not LogEntry.objects.filter(object_repr__contains="mina").exists()


def test_closing_again_changes_nothing(known):
    chores.close_accounts()
    before = everything()
    assert chores.close_accounts() == 0
    assert not closing.close(user_id=known.pk)
    assert not closing.keep(user=known)
    assert everything() == before


def test_the_address_signs_up_afresh(known, client):
    chores.close_accounts()
    fields = {"email": "mina@example.org", "password1": "a-long-enough-secret", "password2": "a-long-enough-secret"}
    client.logout()
    client.post("/accounts/signup/", fields)
    new = User.objects.get(email="mina@example.org")
    assert new.pk != known.pk
    assert tier_of(new, at=timezone.now()) == Tier.READER
    assert "confirm" in mail.outbox[-1].subject.lower()


def test_nothing_is_given_to_a_closed_account(known, otto):
    chores.close_accounts()
    closed, soon = User.objects.get(pk=known.pk), timezone.now() + timedelta(days=9)
    tried = [
        lambda: actions.give_comp(by=otto, user=closed, tier=Tier.STRATEGIC_CIRCLE, ends_at=soon, evidence="x"),
        lambda: actions.give_seat(user=closed, organisation=make_organisation()),
        lambda: actions.suspend(by=otto, user=closed, reason="x"),
    ]
    for action in tried:
        with pytest.raises(actions.Closed):
            action()


def test_the_evidence_of_a_grant_is_blanked_for_closed_accounts_alone(mina):
    from django.db import DatabaseError, transaction

    grant = give(Tier.STRATEGIC_CIRCLE, mina, evidence="A reason.")
    with pytest.raises(DatabaseError, match="never edited"), transaction.atomic():
        Grant.objects.filter(pk=grant.pk).update(evidence="")
    User.objects.filter(pk=mina.pk).update(closed_at=timezone.now())
    with pytest.raises(DatabaseError, match="never edited"), transaction.atomic():
        Grant.objects.filter(pk=grant.pk).update(evidence="another")
    assert Grant.objects.filter(pk=grant.pk).update(evidence="") == 1


# In the middle


@pytest.mark.django_db(transaction=True)
def test_who_is_killed_in_the_middle_has_erased_nothing_and_the_next_one_finishes(monkeypatch):
    user = make_user("mina@example.org", name="Mina")
    give(Tier.STRATEGIC_CIRCLE, user, how="joined")
    closing.ask(user=user)
    a_week_is_over(user)
    before = everything()

    def die(user):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with monkeypatch.context() as broken:
        # Addresses are forgotten last: all else has happened by then.
        broken.setitem(personal.PARTS, "addresses", personal.Part(lambda user: [], die))
        with pytest.raises(OperationalError):
            chores.close_accounts()
    connection.close()
    assert everything() == before
    assert chores.close_accounts() == 1
    assert "mina" not in everything()


def test_one_account_that_cannot_be_erased_keeps_no_other(mina, alma):
    closing.ask(user=mina)
    a_week_is_over(mina)
    User.objects.filter(pk=alma.pk).update(closes_at=timezone.now() - timedelta(days=1))  # a manager
    assert chores.close_accounts() == 1
    assert User.objects.get(pk=mina.pk).closed_at
    assert not User.objects.get(pk=alma.pk).closed_at
