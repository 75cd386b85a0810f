"""The questions an application puts, how often, to whom, and what is kept of the answers."""

from datetime import timedelta

import dns.rcode
import pytest
from allauth.account.models import EmailAddress
from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts.applications import actions, evidence
from accounts.applications.evidence import AskedOften
from accounts.models import Check
from accounts.tasks import look_at_evidence
from tests.accounts.applications.registries import autnum, contact
from tests.builders import make_application, make_user

pytestmark = pytest.mark.django_db


def answers():
    return [(check.asked, check.outcome, check.answer) for check in Check.objects.order_by("pk")]


def later(**span):
    return timezone.now() + timedelta(**span)


# --- Registries -------------------------------------------------------------------------------------------------------


def test_a_worker_finds_the_applicants_address_with_the_registry(registry):
    user = make_user("alma@example.org")
    registry.says("/autnum/64500", autnum(64500, contact("ALMA@example.org", "technical")))
    application = make_application(user, resources="AS64500, AS64501")
    look_at_evidence()
    look_at_evidence()
    look_at_evidence()
    assert answers() == [
        ("AS64500", "matched", "The applicant's address is that of a contact: technical."),
        ("AS64501", "no-match", "The registry knows of no such resource."),
    ]
    assert len(registry.asked) == 2
    assert [check.asked for check in evidence.matches(application)] == ["AS64500"]


def test_an_address_that_is_not_confirmed_counts_for_nothing(registry):
    user = make_user("somebody@example.org")
    EmailAddress.objects.create(user=user, email="alma@example.org", verified=False)
    registry.says("/autnum/64500", autnum(64500, contact("alma@example.org", "technical")))
    make_application(user)
    look_at_evidence()
    assert answers()[0][1] == "no-match"


def test_a_registry_that_is_away_is_asked_again_after_longer_and_longer(registry):
    registry.says("/autnum/64500", b"", status=503)
    make_application()
    now, waits = timezone.now(), []
    while evidence.look_at_next(at=now):
        check = Check.objects.get()
        if check.outcome:
            break
        waits.append(check.next_try_at - now)
        assert not evidence.look_at_next(at=check.next_try_at - timedelta(seconds=1))
        now = check.next_try_at
    assert waits == evidence.PAUSES
    assert answers() == [("AS64500", "no-answer", "It answered with HTTP 503.")]


def test_a_registry_that_comes_back_is_believed(registry):
    registry.says("/autnum/64500", b"<html>Back soon", content_type="text/html")
    user = make_user("alma@example.org")
    application = make_application(user)
    look_at_evidence()
    assert (application.checks.get().outcome, application.checks.get().tries) == ("", 1)
    registry.says("/autnum/64500", autnum(64500, contact("alma@example.org", "registrant")))
    evidence.look_at_next(at=later(minutes=2))
    assert application.checks.get().outcome == "matched"


def test_a_worker_that_dies_while_asking_leaves_the_question_to_another_one(registry, monkeypatch):
    make_application()
    monkeypatch.setattr(evidence, "_look", lambda check, now: None)
    assert evidence.look_at_next()
    assert not evidence.look_at_next()
    monkeypatch.undo()
    assert evidence.look_at_next(at=later(minutes=3))
    assert Check.objects.get().outcome == "no-match"


# --- What is asked ----------------------------------------------------------------------------------------------------


def test_a_change_lets_go_of_what_is_no_longer_named_and_keeps_what_still_is():
    application = make_application(resources="AS64500, AS64501")
    make_application(application.applicant, resources="AS64501, AS64502")
    waiting = Check.objects.filter(outcome="").values_list("asked", "version")
    assert set(waiting) == {("AS64501", 2), ("AS64502", 2)}
    assert ("AS64500", "no-answer", evidence.NO_LONGER) in answers()


def test_a_closed_application_asks_nobody_any_more(registry):
    application = make_application()
    actions.withdraw(applicant=application.applicant)
    look_at_evidence()
    assert registry.asked == []
    assert answers() == [("AS64500", "no-answer", evidence.NO_LONGER)]


def test_looking_again_asks_anew_and_not_without_end(registry):
    application = make_application()
    for _ in range(evidence.QUESTIONS_A_DAY - 1):
        look_at_evidence()
        actions.look_again(applicant=application.applicant)
    look_at_evidence()
    with pytest.raises(AskedOften):
        actions.look_again(applicant=application.applicant)
    assert len(registry.asked) == evidence.QUESTIONS_A_DAY
    evidence.ask_again(application, limited=False)


def test_clicking_again_and_again_is_asking_once(registry):
    application = make_application()
    for _ in range(5):
        actions.look_again(applicant=application.applicant)
    assert Check.objects.count() == 1


def test_what_was_found_is_never_changed():
    application = make_application()
    Check.objects.update(outcome="no-match")
    with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
        application.checks.update(outcome="matched")
    with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
        application.checks.all().delete()


# --- DNS --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def applied(names):
    application = make_application(domain="example.org")
    Check.objects.filter(kind="rdap").update(outcome="no-match")
    names.name = "_assay-verification.example.org."
    return application


def test_the_record_with_the_applications_token_matches(applied, names):
    names.records[names.name] = ['"v=spf1 -all"', f'"assay-verification={applied.token}"']
    look_at_evidence()
    assert applied.checks.get(kind="dns").outcome == "matched"
    assert names.asked == [names.name]


def test_a_long_record_may_come_in_pieces(applied, names):
    names.records[names.name] = [f'"assay-verifi" "cation={applied.token}"']
    look_at_evidence()
    assert applied.checks.get(kind="dns").outcome == "matched"


@pytest.mark.parametrize(
    "value",
    ["assay-verification=", "assay-verification={token}x", " assay-verification={token}", "ASSAY-VERIFICATION={token}",
     "{token}", "assay-verification={other}"],
)  # fmt: skip
def test_a_record_that_says_something_else_does_not(applied, names, value):
    names.records[names.name] = [f'"{value.format(token=applied.token, other=make_application().token)}"']
    look_at_evidence()
    check = applied.checks.get(kind="dns")
    assert (check.outcome, check.answer) == ("", "There is a record of that name, and it says something else.")


def test_a_record_elsewhere_counts_for_nothing(applied, names):
    for name in (
        "example.org.",
        "_assay-verification.sub.example.org.",
        "_assay-verification.example.org.evil.example.",
    ):
        names.records[name] = [f'"assay-verification={applied.token}"']
    look_at_evidence()
    assert applied.checks.get(kind="dns").answer == "The record is not there."


def test_a_record_that_is_set_later_is_found_later(applied, names):
    look_at_evidence()
    names.records[names.name] = [f'"assay-verification={applied.token}"']
    evidence.look_at_next(at=later(minutes=2))
    assert applied.checks.get(kind="dns").outcome == "matched"


@pytest.mark.parametrize("trouble", [None, dns.rcode.SERVFAIL], ids=["silence", "servfail"])
def test_dns_that_does_not_answer_is_asked_again(applied, names, trouble, monkeypatch):
    monkeypatch.setattr(evidence.txt, "SECONDS", 0.5)
    names.records[names.name] = trouble
    look_at_evidence()
    check = applied.checks.get(kind="dns")
    assert (check.outcome, check.tries) == ("", 1)
    assert check.answer.startswith("DNS did not answer")


def test_a_record_that_never_comes_ends_as_no_match(applied, names):
    now = timezone.now()
    for _ in range(len(evidence.PAUSES) + 1):
        evidence.look_at_next(at=now)
        now = applied.checks.get(kind="dns").next_try_at
    assert applied.checks.get(kind="dns").outcome == "no-match"
