"""The outbox: nothing in it is lost, nothing is sent twice, and nothing is said that is no longer true."""

import threading
from datetime import timedelta
from smtplib import SMTPException, SMTPRecipientsRefused

import pytest
from django.core import mail
from django.core.mail.backends import locmem
from django.db import connection, transaction
from django.utils import timezone, translation

from config import mailing
from config.models import MutedAddress, OutgoingMail

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def a_kind(monkeypatch):
    """A kind of mail that says what its cause is called by now."""
    told = {"word": "hello", "wanted": True}
    monkeypatch.setitem(
        mailing.RENDERERS,
        "greeting",
        lambda mail: mailing.Written(f"Say {told['word']}", "Text.\n") if told["wanted"] else None,
    )
    return told


def post(key="greeting:1", to="reader@example.org", **fields):
    mailing.post("greeting", to=to, key=key, **fields)


def the_mail():
    return OutgoingMail.objects.get()


class Server(locmem.EmailBackend):
    """A mail server that answers as a test wants it to."""

    trouble = None

    def send_messages(self, messages):
        if self.trouble:
            raise self.trouble
        return super().send_messages(messages)


@pytest.fixture
def server(settings, monkeypatch):
    settings.EMAIL_BACKEND = f"{__name__}.Server"
    monkeypatch.setattr(Server, "trouble", None)
    return lambda trouble: monkeypatch.setattr(Server, "trouble", trouble)


def test_a_mail_is_written_in_english_wherever_it_is_delivered(monkeypatch):
    say = lambda mail: mailing.Written(translation.get_language(), "Text.\n")  # noqa: E731
    monkeypatch.setitem(mailing.RENDERERS, "greeting", say)
    post()
    with translation.override("zh-hans"):
        mailing.deliver()
    assert mail.outbox[0].subject == "Assay: en"


def test_a_mail_leaves_once_and_says_which_cause_it_had():
    post()
    post()  # the same cause again
    assert mailing.deliver() == 1
    assert mailing.deliver() == 0
    (sent,) = mail.outbox
    assert (sent.subject, sent.to, sent.extra_headers["Auto-Submitted"]) == (
        "Assay: Say hello",
        ["reader@example.org"],
        "auto-generated",
    )
    assert the_mail().sent_at


def test_a_mail_for_something_that_did_not_happen_is_not_sent():
    with transaction.atomic():
        post()
        transaction.set_rollback(True)
    assert mailing.deliver() == 0


def test_a_mail_says_what_is_true_when_it_leaves(a_kind):
    post()
    a_kind["word"] = "goodbye"
    mailing.deliver()
    assert mail.outbox[0].subject == "Assay: Say goodbye"


def test_what_is_no_longer_wanted_is_dropped(a_kind):
    post()
    a_kind["wanted"] = False
    mailing.deliver()
    assert mail.outbox == []
    assert the_mail().dropped_at


def test_a_mail_waits_for_its_time():
    post(due=timezone.now() + timedelta(hours=1))
    assert mailing.deliver() == 0


@pytest.mark.parametrize("trouble", [SMTPException("busy"), ConnectionRefusedError("nobody there")])
def test_a_server_that_is_away_is_asked_again_later_with_the_same_message_id(server, trouble):
    post()
    server(trouble)
    mailing.deliver()
    waiting = the_mail()
    assert (waiting.attempts, waiting.sent_at, waiting.dropped_at) == (1, None, None)
    assert str(trouble) in waiting.problem
    assert waiting.due_at > timezone.now() + timedelta(minutes=1)
    server(None)
    OutgoingMail.objects.update(due_at=timezone.now())
    mailing.deliver()
    assert mail.outbox[0].extra_headers["Message-ID"] == mailing._message_id("greeting:1")


def test_a_mail_is_given_up_after_days_of_trying(server):
    post()
    server(SMTPException("busy"))
    OutgoingMail.objects.update(attempts=mailing.TRIES - 1)
    mailing.deliver()
    assert the_mail().dropped_at


def test_a_mail_that_cannot_be_written_keeps_no_other_from_leaving(monkeypatch):
    monkeypatch.setitem(mailing.RENDERERS, "broken", lambda mail: 1 / 0)
    mailing.post("broken", to="reader@example.org", key="broken:1")
    post()
    assert mailing.deliver() == 2
    assert len(mail.outbox) == 1
    assert "ZeroDivisionError" in OutgoingMail.objects.get(kind="broken").problem


def test_an_address_that_the_server_refuses_for_good_gets_nothing_more(server):
    post()
    server(SMTPRecipientsRefused({"reader@example.org": (550, b"no such user")}))
    mailing.deliver()
    assert MutedAddress.objects.get().reason == "The mail server refused it: 550 no such user"
    server(None)
    post("greeting:2", to="Reader@example.org")
    mailing.deliver()
    assert mail.outbox == []


def test_a_mailbox_that_is_full_today_is_asked_again(server):
    post()
    server(SMTPRecipientsRefused({"reader@example.org": (452, b"full")}))
    mailing.deliver()
    assert not MutedAddress.objects.exists()
    assert the_mail().dropped_at is None


def test_the_first_line_of_a_template_is_the_subject_and_nothing_is_escaped(tmp_path, settings):
    (tmp_path / "note.txt").write_text("{{ name }} moved\n\nSee {{ site_url }}/\n")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    said = mailing.written("note.txt", {"name": "Q & A"})
    assert (said.subject, said.text) == ("Q & A moved", f"See {settings.SITE_URL}/\n")


def test_mails_that_left_are_kept_for_a_month():
    post()
    mailing.deliver()
    mailing.clear()
    assert OutgoingMail.objects.exists()
    OutgoingMail.objects.update(sent_at=timezone.now() - mailing.KEPT - timedelta(seconds=1))
    mailing.clear()
    assert not OutgoingMail.objects.exists()


def test_somebody_reads_what_the_outbox_holds_of_them_and_is_forgotten():
    post(user_id=7)
    post("greeting:2", user_id=8)
    assert [held["kind"] for held in mailing.export_of(7)] == ["greeting"]
    mailing.forget(7)
    assert the_mail().user_id == 8


@pytest.mark.django_db(transaction=True)
def test_two_processes_at_once_send_each_mail_once():
    for number in range(20):
        post(f"greeting:{number}")

    def send():
        mailing.deliver()
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(mail.outbox) == 20
