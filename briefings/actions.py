"""What changes a briefing: drafts, their way to members, withdrawing. The teaser is published with its body, as one text.

Everything here is keyword-only, one transaction, and safe to repeat.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from briefings.gate import written
from briefings.models import Briefing, Teaser
from config.audit import acting
from profiles import stages
from profiles.actions import DraftThere, NoDraft, NotPublished, locked
from profiles.checks import Flaw, NotPublishable
from profiles.due import Kind
from profiles.models import Stage


@dataclass(frozen=True, slots=True)
class Words:
    """All that a briefing says: its body is gated, the rest public once it is up."""

    title: str
    summary: str
    contents: str
    body: str


# --- Drafts -----------------------------------------------------------------------------------------------------------


def start_draft(*, of: int, by: AbstractBaseUser | None = None) -> Teaser:
    """Return a draft made from this revision, which may be an old one; a draft is returned itself. Raises DraftThere."""
    with transaction.atomic():
        old = Teaser.objects.select_related("profile").get(pk=of)
        locked(old.profile_id)
        draft = Teaser.objects.of_one(old).filter(approved_at=None).first()
        if draft is None:
            return new_draft(like=old, words=words_of(old), by=by)
        if draft.pk != of:
            raise DraftThere(f"{draft} is a draft already; publish or delete it first.")
        return draft


def new_draft(*, like: Teaser, words: Words, by: AbstractBaseUser | None = None) -> Teaser:
    """Write the next revision of the briefing whose profile and tier these are. Call it with the profile locked."""
    last = Teaser.objects.of_one(like).aggregate(last=Max("number"))["last"] or 0
    draft = Teaser(profile_id=like.profile_id, tier=like.tier, number=last + 1, created_by_id=by.pk if by else None)
    write(draft, words)
    # Laying down its body counted as an edit. What is copied has nobody's hand in it yet.
    Teaser.objects.filter(pk=draft.pk).update(edit=0, hands=[])
    return draft


def write(draft: Teaser, words: Words) -> None:
    """Let a draft say this."""
    draft.title, draft.summary, draft.contents = words.title, words.summary, words.contents
    # The words alone: its stage may have moved since it was read.
    draft.save(update_fields=["title", "summary", "contents"] if draft.pk else None)
    Briefing.objects.update_or_create(teaser=draft, defaults={"body": words.body})


def words_of(teaser: Teaser) -> Words:
    body = Briefing.objects.filter(pk=teaser.pk).values_list("body", flat=True).first()
    return Words(teaser.title, teaser.summary, teaser.contents, body or "")


# --- The way of a draft -----------------------------------------------------------------------------------------------


@contextmanager
def _taking(teaser_id: int, by: AbstractBaseUser | None, reason: str = "") -> Iterator[Teaser]:
    """One transaction with the draft locked, whose audit knows who acts. Raises NoDraft."""
    with acting(by=by, reason=reason):
        draft = _locked(teaser_id)
        if draft.approved_at:
            raise NoDraft(f"Revision {draft.number} was published before.")
        yield draft


def _locked(teaser_id: int) -> Teaser:
    """Lock a revision, with the others that may move along. Raises NoDraft."""
    asked = Teaser.objects.filter(pk=teaser_id).first()
    found = _lock(asked, skip_locked=False) if asked else {}
    if teaser_id not in found:
        raise NoDraft("This draft has been discarded.")
    return found[teaser_id]


def _lock(asked: Teaser, *, skip_locked: bool) -> dict[int, Teaser]:
    # The newest first: an editor who saves a draft has it already, and in another order two could wait for each other.
    moving = Q(approved_at=None) | Q(current=True) | Q(pk=asked.pk)
    some = Teaser.objects.of_one(asked).filter(moving).order_by("-number")
    return {one.pk: one for one in some.select_for_update(no_key=True, skip_locked=skip_locked)}


def send_to_review(*, teaser_id: int, by: AbstractBaseUser | None = None) -> None:
    """Say that a draft is ready to be read by an editor. Raises stages.Refused, NoDraft."""
    with _taking(teaser_id, by) as draft:
        stages.send_to_review(draft, by=by)


def take_back(*, teaser_id: int, by: AbstractBaseUser | None = None) -> None:
    """Go on writing what was sent to review. Raises stages.Refused, NoDraft."""
    with _taking(teaser_id, by) as draft:
        stages.take_back(draft, by=by)


def send_back(*, teaser_id: int, because: str, by: AbstractBaseUser | None = None) -> None:
    """Return a draft to its author, with what is missing. Raises stages.Refused, NoDraft."""
    with _taking(teaser_id, by, because) as draft:
        stages.send_back(draft, by=by, because=because)


def approve_briefing(*, teaser_id: int, by: AbstractBaseUser | None = None, seen: int | None = None) -> None:
    """Approve a draft as it reads at its edit `seen`. Raises stages.Refused, NotPublishable, NoDraft."""
    with _taking(teaser_id, by) as draft:
        refuse_flaws(draft)
        stages.approve(draft, by=by, seen=seen)


def schedule_briefing(*, teaser_id: int, at: datetime, by: AbstractBaseUser | None = None) -> None:
    """Let an approved draft go up at that minute. Raises stages.Refused, NotPublishable, NoDraft."""
    with _taking(teaser_id, by) as draft:
        refuse_flaws(draft)
        stages.schedule(draft, by=by, at=at)


def unschedule_briefing(*, teaser_id: int, by: AbstractBaseUser | None = None) -> None:
    """Let an approved draft wait until somebody says when. Raises stages.Refused, NoDraft."""
    with _taking(teaser_id, by) as draft:
        stages.unschedule(draft, by=by)


# --- Publishing -------------------------------------------------------------------------------------------------------


def flaws_of(teaser: Teaser) -> list[Flaw]:
    """Return what stands in the way of publishing this briefing."""
    # Asked through the gate: a worker that publishes on time has no right on the bodies.
    return [] if written([teaser.pk]) else [Flaw("body", "The briefing has no text yet; write one.")]


def refuse_flaws(teaser: Teaser) -> None:
    if flaws := flaws_of(teaser):
        raise NotPublishable(flaws)


def publish_briefing(*, teaser_id: int, by: AbstractBaseUser | None = None, seen: int | None = None) -> Teaser:
    """Put a draft up, with the approval it has or with that of whoever publishes it.

    Raises NotPublishable with every flaw, NoDraft if it is not the draft, stages.Refused where the approval is not theirs.
    """
    with acting(by=by):
        teaser = _locked(teaser_id)
        if teaser.is_up:
            return teaser
        if teaser.approved_at:
            raise NoDraft(f"Revision {teaser.number} was published before.")
        refuse_flaws(teaser)
        stages.approve(teaser, by=by, seen=seen)
        show(teaser, by=by)
        return teaser


def put_up(teaser: Teaser, *, by: AbstractBaseUser | None = None) -> None:
    """Check a briefing that is locked, and show it. Raises NotPublishable."""
    refuse_flaws(teaser)
    show(teaser, by=by)


def show(teaser: Teaser, *, by: AbstractBaseUser | None = None) -> None:
    """Make this the revision that readers see. One that nobody approved is approved by whoever shows it.

    Call it with the briefing locked.
    """
    was = Stage.WITHDRAWN if teaser.withdrawn_at else Stage(teaser.stage)
    if teaser.approved_at is None:
        teaser.approved_at = timezone.now()
        teaser.approved_by_id = stages.approver_of(teaser) or (by.pk if by else None)
    stages.note(teaser, was, Stage.PUBLISHED, by=by)
    before = Teaser.objects.of_one(teaser).filter(current=True).exclude(pk=teaser.pk)
    before.update(current=False, withdrawn_at=None)
    teaser.current, teaser.withdrawn_at = True, None
    teaser.save(update_fields=["approved_at", "approved_by", "current", "withdrawn_at"])
    teaser.refresh_from_db(fields=["stage", "goes_live_at", "returned_because"])


def _take(teaser_id: int, due: Q) -> Teaser | None:
    asked = Teaser.objects.filter(due, pk=teaser_id).first()
    # Of what may move along too: another one may be withdrawn just now.
    found = _lock(asked, skip_locked=True).get(teaser_id) if asked else None
    return found if found and Teaser.objects.filter(due, pk=teaser_id).exists() else None


ON_TIME = Kind(Teaser, take=_take, locked=_locked, put_up=put_up)


# --- Withdrawing ------------------------------------------------------------------------------------------------------


def withdraw_briefing(*, teaser_id: int, by: AbstractBaseUser | None = None, reason: str = "") -> None:
    """Take a briefing down, its teaser with it. Its revisions stay; what was to go up of itself waits."""
    with acting(by=by, reason=reason):
        teaser = _locked(teaser_id)
        if teaser.is_up:
            take_down(teaser, by=by, reason=reason)


def take_down(teaser: Teaser, *, by: AbstractBaseUser | None = None, reason: str = "") -> None:
    """Withdraw what is up. Call it with the briefing locked."""
    teaser.withdrawn_at = timezone.now()
    teaser.save(update_fields=["withdrawn_at"])
    stages.note(teaser, Stage.PUBLISHED, Stage.WITHDRAWN, by=by, reason=reason)
    for draft in Teaser.objects.of_one(teaser).filter(stage=Stage.SCHEDULED):
        stages.unschedule(draft, by=by, reason="The briefing was withdrawn.")


def restore_briefing(*, teaser_id: int, by: AbstractBaseUser | None = None) -> None:
    """Put a withdrawn briefing up again as it was. Raises NotPublished."""
    with acting(by=by):
        teaser = _locked(teaser_id)
        if not teaser.current:
            raise NotPublished(f"{teaser} is not what was withdrawn; publish a draft.")
        if teaser.withdrawn_at:
            show(teaser, by=by)
