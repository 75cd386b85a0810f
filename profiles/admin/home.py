"""What of the profiles needs a hand: told to the home of the desk, each with the list that holds it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import Count, Min, OuterRef, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from config.waiting import Waiting, told_by
from profiles.admin.profiles import LIVE, SupportingLines, due_for_verification
from profiles.admin.staged import texts_waiting
from profiles.grading import pipeline
from profiles.intake import links
from profiles.models import (
    GradingState,
    Intake,
    Mark,
    Profile,
    Progress,
    Proposal,
    Revision,
    RevisionStep,
    Source,
    Ticket,
)
from profiles.stages import PUBLISH

SILENT = timedelta(minutes=1)


def needs(request: HttpRequest) -> Iterator[Waiting | str]:
    user = request.user
    if user.has_perm("profiles.view_revision"):
        yield from _texts(user)
    if user.has_perm(PUBLISH):
        yield from _for_editors()
    if user.has_perm("profiles.view_profile"):
        yield from _profiles()
        yield from _grading()
    if user.has_perm("profiles.view_source"):
        yield from _sources()


told_by(needs)


def _list(model: str, **asked: str) -> str:
    return reverse(f"admin:profiles_{model}_changelist", query=asked)


def _texts(user: Any) -> Iterator[Waiting]:
    steps = RevisionStep.objects.filter(revision=OuterRef("pk"))
    return texts_waiting(user, Revision.objects.all(), steps, partial(_list, "revision"), one="text", many="texts")


def _for_editors() -> Iterator[Waiting]:
    proposed = Proposal.objects.filter(decision="").aggregate(count=Count("pk"), since=Min("proposed_at"))
    yield Waiting(
        "proposal waits for another editor",
        "proposals wait for another editor",
        proposed["count"],
        _list("proposal"),
        proposed["since"],
    )
    waiting = Ticket.objects.filter(state__in=Ticket.WAITING)
    reported = waiting.aggregate(count=Count("pk"), since=Min("created_at"))
    yield Waiting("report of a reader", "reports of readers", reported["count"], _list("ticket"), reported["since"])


def _profiles() -> Iterator[Waiting]:
    due = due_for_verification()
    live = Profile.objects.filter(LIVE).annotate(supporting=SupportingLines("state__verdict"))
    said = live.aggregate(
        due=Count("pk", filter=due), longest=Min("next_review", filter=due), one=Count("pk", filter=Q(supporting=1))
    )
    note = f"The first since {said['longest']}." if said["longest"] else ""
    verify, one_line = _list("profile", verification="due"), _list("profile", standing="live", rests_on="one")
    yield Waiting(
        "profile is due for verification", "profiles are due for verification", said["due"], verify, note=note
    )
    yield Waiting("profile rests on one line", "profiles rest on one line of evidence", said["one"], one_line)


def _sources() -> Iterator[Waiting]:
    said = Source.objects.aggregate(
        failing=Count("pk", filter=links.failing()), stale=Count("pk", filter=links.stale())
    )
    failing, stale = _list("source", recheck="failing"), _list("source", recheck="stale")
    yield Waiting("source whose address fails", "sources whose address fails", said["failing"], failing)
    note = "Nobody has looked at them for a year."
    yield Waiting("source to look at again", "sources to look at again", said["stale"], stale, note=note)
    read = Intake.objects.filter(progress=Progress.READ).aggregate(count=Count("pk"), since=Min("added_at"))
    yield Waiting("article to decide on", "articles to decide on", read["count"], _list("intake"), read["since"])


def _grading() -> Iterator[Waiting | str]:
    marks = Mark.objects.aggregate(count=Count("profile_id", distinct=True), since=Min("at"))
    failing = GradingState.objects.filter(failures__gt=0).count()
    fail, pending = _list("profile", grading="failing"), _list("profile", grading="pending")
    yield Waiting("grade fails", "grades fail", failing, fail, urgent=True)
    yield Waiting("grade is being updated", "grades are being updated", marks["count"], pending, marks["since"])
    yield _swept(pipeline.last_sweep())


def _swept(last: datetime | None) -> Waiting | str:
    if last is None:
        return "When a worker last looked for work is not known: none has yet, or Redis is away."
    if last < timezone.now() - SILENT:
        states = _list("gradingstate")
        return Waiting("worker is missing: nobody looks for work", "", 1, states, last, urgent=True)
    return f"A worker last looked for work on {last:%Y-%m-%d %H:%M:%S} UTC."
