"""Tickets: filed once, answered once, mailed to whoever asked, and forgotten in time."""

import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config import mailing
from config.models import OutgoingMail
from profiles import chores, contact
from profiles.models import Correction, Ticket
from tests.builders import make_profile

pytestmark = pytest.mark.django_db


@pytest.fixture
def profile():
    return make_profile("tidewater", live=True, name="Tidewater")


@pytest.fixture
def ticket(profile):
    return contact.open_ticket(message="The date is wrong.", profile=profile, name="Rita", email="rita@example.org")


def answer(ticket, by, said="It was; thank you.", **fields):
    return contact.answer_ticket(ticket_id=ticket.pk, answer=said, by=by, **fields)


def ago(ticket, **fields):
    Ticket.objects.filter(pk=ticket.pk).update(**{name: timezone.now() - span for name, span in fields.items()})


# --- Answering --------------------------------------------------------------------------------------------------------


def test_an_answer_is_mailed_to_the_reader_who_asked(ticket, edith):
    answered = answer(ticket, edith)
    assert (answered.state, answered.handled_by, answered.closed_at is None) == ("answered", edith, False)
    assert mailing.deliver() == 1
    (sent,) = mail.outbox
    assert sent.to == ["rita@example.org"]
    assert "Your report of" in sent.subject
    assert "It was; thank you." in sent.body
    assert "/profiles/tidewater/" in sent.body


def test_the_mail_does_not_repeat_what_anybody_may_have_typed_under_that_address(profile, edith):
    answer(contact.open_ticket(message="BUY NOW", profile=profile, name="CLICK", email="victim@example.org"), edith)
    mailing.deliver()
    sent = mail.outbox[0].message().as_string()
    assert "It was; thank you." in sent
    assert "BUY" not in sent
    assert "CLICK" not in sent


def test_who_left_no_address_gets_no_mail(profile, edith):
    assert answer(contact.open_ticket(message="Wrong."), edith).state == "answered"
    assert not OutgoingMail.objects.exists()


def test_an_answer_corrects_in_the_same_step(ticket, profile, edith):
    earlier = Correction.objects.create(profile=profile, on=timezone.now().date() - timedelta(days=9), text="Four.")
    answer(ticket, edith, correction="It was five.", supersedes_id=earlier.pk)
    ticket.refresh_from_db()
    earlier.refresh_from_db()
    assert (ticket.correction.text, ticket.correction.profile) == ("It was five.", profile)
    assert earlier.superseded_by == ticket.correction
    mailing.deliver()
    assert f"/profiles/tidewater/#correction-{ticket.correction.pk}" in mail.outbox[0].body


def test_an_answer_that_cannot_be_given_corrects_nothing(ticket, edith):
    Ticket.objects.update(profile=None)
    with pytest.raises(contact.NoProfile):
        answer(ticket, edith, correction="It was five.")
    ticket.refresh_from_db()
    assert (ticket.state, Correction.objects.count(), OutgoingMail.objects.count()) == ("new", 0, 0)


def test_the_mail_names_no_profile_that_has_been_taken_down(ticket, profile, edith):
    answer(ticket, edith)
    profile.withdrawn_at = timezone.now()
    profile.save()
    mailing.deliver()
    assert "Tidewater" not in mail.outbox[0].body
    assert "tidewater" not in mail.outbox[0].body


def test_the_same_answer_again_is_one_answer(ticket, edith):
    answer(ticket, edith, correction="It was five.")
    answer(ticket, edith, correction="It was five.")
    assert (OutgoingMail.objects.count(), Correction.objects.count()) == (1, 1)


def test_a_second_answer_to_one_ticket_is_refused(ticket, edith, frank):
    answer(ticket, edith)
    with pytest.raises(contact.NotWaiting, match="has answered this ticket"):
        answer(ticket, frank, "No, it was not.")
    with pytest.raises(contact.NotWaiting):
        contact.close_ticket(ticket_id=ticket.pk, by=frank)
    ticket.refresh_from_db()
    assert (ticket.answer, ticket.handled_by) == ("It was; thank you.", edith)


def test_one_address_gets_five_answers_a_day(profile, edith):
    for number in range(7):
        one = contact.open_ticket(message=f"Number {number}.")
        Ticket.objects.filter(pk=one.pk).update(email="Rita@example.org")
        answer(one, edith)
    assert OutgoingMail.objects.count() == contact.ANSWERS_A_DAY


def test_a_closed_ticket_is_opened_again_and_an_answered_one_is_not(ticket, edith, frank):
    contact.close_ticket(ticket_id=ticket.pk, by=edith)
    assert contact.reopen_ticket(ticket_id=ticket.pk, by=frank).state == "in-work"
    answer(ticket, edith)
    assert contact.reopen_ticket(ticket_id=ticket.pk, by=frank).state == "answered"


@pytest.mark.django_db(transaction=True)
def test_of_two_editors_who_answer_at_once_one_does(ticket, edith, frank):
    together, told = threading.Barrier(2), []

    def try_to(by, said):
        together.wait()
        try:
            told.append(answer(ticket, by, said).answer)
        except contact.NotWaiting as refused:
            told.append(refused)
        finally:
            connections.close_all()

    editors = [threading.Thread(target=try_to, args=one) for one in ((edith, "Yes."), (frank, "No."))]
    for editor in editors:
        editor.start()
    for editor in editors:
        editor.join()
    ticket.refresh_from_db()
    assert sum(isinstance(one, contact.NotWaiting) for one in told) == 1
    assert ticket.answer in told
    assert OutgoingMail.objects.count() == 1


# --- Floods -----------------------------------------------------------------------------------------------------------


def test_an_address_that_is_left_again_and_again_is_kept_five_times_a_day(client):
    for number in range(7):
        client.post("/contact/", {"message": "Hm.", "email": "a@example.org"}, REMOTE_ADDR=f"203.0.113.{number}")
    assert Ticket.objects.count() == 7
    assert Ticket.objects.filter(email="a@example.org").count() == contact.OF_ADDRESS_A_DAY


def test_whatever_is_done_with_a_report_its_sender_reads_the_same(client, profile):
    def told(**fields):
        sent = client.post("/contact/", {"message": "Hm.", **fields}, REMOTE_ADDR="203.0.113.200")
        return sent.status_code, sent["Location"], client.get(sent["Location"]).content

    filed = told()
    for _ in range(contact.OF_ADDRESS_A_DAY):
        contact.open_ticket(message="Hm.", email="a@example.org")
    mailing.mute("muted@example.org", reason="It came back.")
    assert told(email="a@example.org") == told(email="muted@example.org") == told(website="http://x") == filed


def test_a_flood_from_everywhere_ends_in_a_sentence(client):
    hundred = [Ticket(message="Flood.") for _ in range(contact.OF_EVERYBODY_AN_HOUR)]
    Ticket.objects.bulk_create(hundred)
    refused = client.post("/contact/", {"message": "Mine."})
    assert refused.status_code == 429
    assert "More reports came within an hour than we can read." in refused.text
    assert "Mine.</textarea>" in refused.text
    Ticket.objects.update(created_at=timezone.now() - timedelta(hours=2))
    assert client.post("/contact/", {"message": "Mine."}).status_code == 302


def test_a_report_as_large_as_a_book_is_not_read(client):
    assert client.post("/contact/", {"message": "a" * 3_000_000}).status_code == 400
    assert not Ticket.objects.exists()


# --- What is kept -----------------------------------------------------------------------------------------------------


def test_name_and_address_go_half_a_year_after_the_end(ticket, edith):
    answer(ticket, edith)
    ago(ticket, closed_at=timedelta(days=179))
    chores.forget_old_addresses()
    ticket.refresh_from_db()
    assert ticket.email
    ago(ticket, closed_at=timedelta(days=181))
    chores.forget_old_addresses()
    ticket.refresh_from_db()
    assert (ticket.name, ticket.email, ticket.message) == ("", "", "The date is wrong.")


def test_a_ticket_that_waits_keeps_its_address_however_old_it_is(ticket):
    ago(ticket, created_at=timedelta(days=900))
    assert contact.forget_old() == 0


def test_whoever_is_forgotten_is_forgotten_in_tickets_and_their_mails(ticket, edith):
    answer(ticket, edith)
    other = contact.open_ticket(message="Mine.", email="other@example.org")
    contact.forget("RITA@example.org")
    ticket.refresh_from_db()
    other.refresh_from_db()
    assert (ticket.email, other.email, OutgoingMail.objects.count()) == ("", "other@example.org", 0)


# --- The desk ---------------------------------------------------------------------------------------------------------


def on_the_desk(ticket=None):
    if ticket is None:
        return reverse("admin:profiles_ticket_changelist")
    return reverse("admin:profiles_ticket_change", args=[ticket.pk])


def press(client, ticket, button, **typed):
    fields = {"profile": ticket.profile_id or "", "answer": "", "correction_text": "", "supersedes": ""}
    return client.post(on_the_desk(ticket), {**fields, **typed, button: "1"}, follow=True)


def shown(client, **asked):
    return [one.message for one in client.get(on_the_desk(), asked).context["cl"].result_list]


def test_what_waits_longest_comes_first_and_what_has_ended_is_asked_for(client, edith, frank):
    client.force_login(edith)
    old, _new, mine, done = (contact.open_ticket(message=said) for said in ("old", "new", "mine", "done"))
    ago(old, created_at=timedelta(days=9))
    ago(mine, created_at=timedelta(days=20))
    contact.take_ticket(ticket_id=mine.pk, by=frank)
    answer(done, edith)
    assert shown(client) == ["old", "new", "mine"]
    assert shown(client, state="answered") == ["done"]
    assert shown(client, state="all") == ["old", "new", "mine", "done"]
    assert "9 days" in client.get(on_the_desk()).text


def test_an_editor_answers_and_corrects_on_one_form(client, edith, ticket):
    client.force_login(edith)
    page = client.get(on_the_desk(ticket)).text
    assert "The date is wrong." in page
    assert "rita@example.org" in page
    told = press(client, ticket, "_answer", answer="Thank you.", correction_text="It was five.")
    assert "answered. The mail leaves within seconds." in told.text
    ticket.refresh_from_db()
    assert (ticket.state, ticket.answer, ticket.correction.text) == ("answered", "Thank you.", "It was five.")
    mailing.deliver()
    assert "Mailed, " in client.get(on_the_desk(ticket)).text


def test_what_is_kept_for_later_is_in_work_and_mails_nothing(client, edith, ticket):
    client.force_login(edith)
    press(client, ticket, "_save", answer="I have asked the")
    ticket.refresh_from_db()
    assert (ticket.state, ticket.answer, ticket.handled_by) == ("in-work", "I have asked the", edith)
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize(
    ("button", "typed", "said"),
    [
        ("_answer", {}, "Write what was found and done."),
        ("_answer", {"answer": "Yes.", "correction_text": "Five.", "profile": ""}, "A correction stands on a profile"),
        ("_save", {"correction_text": "It was five."}, "A correction is published together with the answer"),
        ("_close", {"answer": "Written."}, "Something is written here"),
    ],
)
def test_the_form_says_what_is_missing_and_keeps_what_was_typed(client, edith, ticket, button, typed, said):
    client.force_login(edith)
    page = press(client, ticket, button, **typed).text
    assert said in page
    for words in typed.values():
        assert words in page
    ticket.refresh_from_db()
    assert (ticket.state, Correction.objects.count()) == ("new", 0)


def test_who_comes_second_is_told_and_keeps_what_they_wrote(client, edith, frank, ticket):
    client.force_login(edith)
    client.get(on_the_desk(ticket))
    answer(ticket, frank, "Done by Frank.")
    page = press(client, ticket, "_answer", answer="Written at the same time.")
    assert "Written at the same time." in page.text
    assert "Somebody else has answered this ticket meanwhile." in page.text
    ticket.refresh_from_db()
    assert ticket.answer == "Done by Frank."


def test_the_list_closes_several_at_once_and_says_which_it_could_not(client, edith, frank):
    client.force_login(edith)
    spam, answered = contact.open_ticket(message="Spam."), contact.open_ticket(message="Answered.")
    answer(answered, frank)
    chosen = {"action": "close", "_selected_action": [spam.pk, answered.pk]}
    page = client.post(f"{on_the_desk()}?state=all", chosen, follow=True).text
    assert "“Spam.”: closed." in page
    assert "Somebody else has answered this ticket meanwhile." in page


def test_an_author_reads_what_was_reported_and_not_by_whom(client, wanda, ticket):
    client.force_login(wanda)
    page = client.get(on_the_desk(ticket)).text
    assert "The date is wrong." in page
    assert "rita@example.org" not in page
    assert "Answer by mail" not in page
    press(client, ticket, "_reopen")
    press(client, ticket, "_answer", answer="Mine.")
    ticket.refresh_from_db()
    assert ticket.state == "new"


def test_the_list_costs_the_same_queries_with_one_ticket_or_twenty(client, edith, profile):
    client.force_login(edith)
    contact.take_ticket(ticket_id=contact.open_ticket(message="One.", profile=profile).pk, by=edith)
    client.get(on_the_desk())  # the first time it looks up what kinds of things there are
    assert queries(client) == queries(client, after=lambda: contact.open_ticket(message="More.", profile=profile))


def queries(client, after=lambda: None):
    for _ in range(19):
        after()
    with CaptureQueriesContext(connection) as asked:
        client.get(on_the_desk())
    return len(asked)
