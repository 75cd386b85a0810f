"""What of the profiles needs a hand: told to the home of the desk, each with the list that holds it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, OuterRef, Q, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from config.waiting import Waiting, told_by
from profiles.admin.profiles import LIVE, SupportingLines, due_for_verification
from profiles.admin.text import STANDINGS, written_by
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
    """One query: how many texts stand where, and since when the oldest of them."""
    editor, mine = user.has_perm(PUBLISH), written_by(user)
    which = {name: condition for name, (_label, condition) in STANDINGS.items()}
    held, whose = (which["held"], {}) if editor else (mine & which["held"], {"writer": "me"})
    last = RevisionStep.objects.filter(revision=OuterRef("pk")).order_by("-at", "-pk").values("at")[:1]
    said = (
        Revision.objects.filter(approved_at=None)
        .annotate(since=Subquery(last))
        .aggregate(
            returned=Count("pk", filter=mine & which["sent-back"]),
            returned_since=Min("since", filter=mine & which["sent-back"]),
            held=Count("pk", filter=held),
            held_since=Min("since", filter=held),
            review=Count("pk", filter=which["in-review"]),
            review_since=Min("since", filter=which["in-review"]),
            approved=Count("pk", filter=which["approved"]),
            mine=Count("pk", filter=mine & which["writing"]),
            scheduled=Count("pk", filter=which["scheduled"]),
            next_due=Min("goes_live_at"),
        )
    )
    yield Waiting(
        "text of yours came back from review",
        "texts of yours came back from review",
        said["returned"],
        _list("revision", standing="sent-back", writer="me"),
        said["returned_since"],
        urgent=True,
    )
    yield Waiting(
        "text did not go up when it was due",
        "texts did not go up when they were due",
        said["held"],
        _list("revision", standing="held", **whose),
        said["held_since"],
        urgent=True,
    )
    if editor:
        reviews, approved = _list("revision", standing="in-review"), _list("revision", standing="approved")
        yield Waiting("text to review", "texts to review", said["review"], reviews, said["review_since"])
        yield Waiting("approved text has no date", "approved texts have no date", said["approved"], approved)
    drafts = _list("revision", standing="writing", writer="me")
    yield Waiting("draft of yours", "drafts of yours", said["mine"], drafts)
    note = f"The next one on {said['next_due']:%Y-%m-%d %H:%M} UTC." if said["next_due"] else ""
    scheduled = _list("revision", standing="scheduled")
    yield Waiting("text is scheduled", "texts are scheduled", said["scheduled"], scheduled, note=note)


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
