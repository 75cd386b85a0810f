"""What registries and DNS say for an application: asked one question at a time, again after a pause, and kept.

A question is a row that waits until it has an outcome. Beat has a worker look at what is due, so a registry that is away,
a Redis that is away and a worker that dies all cost time and nothing else.
"""

from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.applications import rdap, txt
from accounts.applications.rdap import Answer
from accounts.applications.resources import parse_resource
from accounts.applications.web import NoAnswer
from accounts.models import Application, Check, User

Kind, Outcome = Check.Kind, Check.Outcome
PAUSES = [timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360, 720, 1440)]
TAKEN = timedelta(minutes=2)  # longer than one look takes; after it, whoever took it has died
QUESTIONS_A_DAY = 40  # of one person
NO_LONGER = "No longer asked: the application was changed or closed."


class AskedOften(Exception):
    """The applicant has had enough looked up for a day; the text is a sentence."""


# --- Asking -----------------------------------------------------------------------------------------------------------


def ask_for(application: Application) -> None:
    """Put the questions of its newest version; those that wait already are kept waiting, others are let go."""
    wanted = questions(application)
    mine = Q(pk=None)
    for kind, asked in wanted:
        mine |= Q(kind=kind, asked=asked)
    waiting = application.checks.filter(outcome=Outcome.WAITING)
    waiting.exclude(mine).update(outcome=Outcome.NO_ANSWER, answer=NO_LONGER, answered_at=timezone.now())
    waiting.update(version=application.version)
    there = set(waiting.values_list("kind", "asked"))
    new = [(kind, asked) for kind, asked in wanted if (kind, asked) not in there]
    for kind, asked in new[: left_today(application.applicant)]:
        Check.objects.create(application=application, version=application.version, kind=kind, asked=asked)


def ask_again(application: Application, *, limited: bool = True) -> None:
    """Put the questions anew, and those that wait at once. Raises AskedOften for the applicant; officers may."""
    if limited and not left_today(application.applicant):
        raise AskedOften(_("That is as much as we look up in a day. What is still open is looked up again by itself."))
    application.checks.filter(outcome=Outcome.WAITING, next_try_at__gt=timezone.now() + TAKEN).update(
        next_try_at=timezone.now()
    )
    ask_for(application)


def stop(application: Application) -> None:
    """Let go of what still waits: the application is closed."""
    application.checks.filter(outcome=Outcome.WAITING).update(
        outcome=Outcome.NO_ANSWER, answer=NO_LONGER, answered_at=timezone.now()
    )


def questions(application: Application) -> list[tuple[str, str]]:
    """What can be asked about the newest version, besides what has matched for it already."""
    text = application.text()
    every = [(str(Kind.RDAP), resource) for resource in text.resource_list]
    every += [(str(Kind.DNS), text.domain)] if text.domain else []
    known = set(matches(application).values_list("kind", "asked"))
    return [question for question in every if question not in known]


def matches(application: Application) -> "QuerySet[Check]":
    """What was found to match for the version there is now."""
    return application.checks.filter(version=application.version, outcome=Outcome.MATCHED).order_by("pk")


def left_today(applicant: User) -> int:
    since = timezone.now() - timedelta(days=1)
    return max(0, QUESTIONS_A_DAY - Check.objects.filter(application__applicant=applicant, asked_at__gt=since).count())


# --- Looking ----------------------------------------------------------------------------------------------------------


def look_at_next(*, at: datetime | None = None) -> bool:
    """Look up one question that is due, the one that waits longest; return whether there was one."""
    now = at or timezone.now()
    due = Check.objects.filter(outcome=Outcome.WAITING, next_try_at__lte=now).order_by("next_try_at", "pk")
    for number in due.values_list("pk", flat=True)[:10]:
        if check := _taken(number, now):
            _look(check, now)
            return True
    return False


def _taken(number: int, now: datetime) -> Check | None:
    # No lock is held while a registry is waited for: whoever takes it moves its next look ahead.
    mine = Check.objects.filter(pk=number, outcome=Outcome.WAITING, next_try_at__lte=now)
    if not mine.update(next_try_at=now + TAKEN, tries=F("tries") + 1):
        return None
    return Check.objects.select_related("application").get(pk=number)


def _look(check: Check, now: datetime) -> None:
    try:
        answer = _answer(check)
    except NoAnswer as silence:
        _put_off(check, silence, now)
    else:
        _settle(check, Outcome.MATCHED if answer.matched else Outcome.NO_MATCH, answer.words, now)


def _answer(check: Check) -> Answer:
    if check.kind == Kind.DNS:
        return txt.look(check.asked, check.application.token)
    addresses = EmailAddress.objects.filter(user=check.application.applicant_id, verified=True)
    return rdap.look(
        parse_resource(check.asked), list(addresses.values_list("email", flat=True)), home=settings.RDAP_URL
    )


def _put_off(check: Check, silence: NoAnswer, now: datetime) -> None:
    if check.tries > len(PAUSES):
        outcome = Outcome.NO_MATCH if isinstance(silence, txt.NotThere) else Outcome.NO_ANSWER
        _settle(check, outcome, str(silence), now)
    else:
        _waiting(check).update(answer=str(silence), next_try_at=now + PAUSES[check.tries - 1])


def _settle(check: Check, outcome: Check.Outcome, words: str, now: datetime) -> None:
    _waiting(check).update(outcome=outcome, answer=words, answered_at=now)


def _waiting(check: Check) -> "QuerySet[Check]":
    found: QuerySet[Any] = Check.objects.filter(pk=check.pk, outcome=Outcome.WAITING)
    return found
