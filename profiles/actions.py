"""What changes a profile besides its evidence: drafts, their way to publication, withdrawing, corrections.

Everything here is keyword-only, one transaction, and safe to repeat.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Exists, Max, OuterRef, Q
from django.utils import timezone

from config.audit import acting
from profiles import stages
from profiles.checks import Flaw, NotPublishable, flaws_of, refuse_flaws
from profiles.due import BROKEN, Kind, publish_due, published_on_time
from profiles.grading.pipeline import editing, today
from profiles.models import Correction, Derivation, FacetValue, Profile, Revision, Stage
from profiles.models.profile import TEXT

__all__ = ["BROKEN", "Flaw", "NotPublishable", "flaws_of", "publish_due"]

DESK = "desk"


class NoDraft(Exception):
    """There is nothing to publish: this text is not a draft (any more)."""


class DraftThere(Exception):
    """A profile has one draft at a time."""


class NotPublished(Exception):
    """This profile was never published."""


class CannotSupersede(Exception):
    """This correction does not come after that one, or another one did; its text is a sentence."""


# --- Drafts -----------------------------------------------------------------------------------------------------------


def start_draft(*, profile_id: int, by: AbstractBaseUser | None = None, of: int | None = None) -> Revision:
    """Return the profile's draft; if there is none, make one from the newest text, or from revision `of`.

    Raises DraftThere where an older text is asked for and a draft is being written.
    """
    with editing(by=DESK):
        profile = locked(profile_id)
        newest = newest_revision(profile)
        if of is not None and newest and newest.pk != of:
            return _taken_up_again(profile, newest, of, by)
        if newest and newest.approved_at is None:
            return newest
        if newest is None:
            return new_draft(profile, text={"name": profile.slug}, facets={}, by=by)
        return new_draft(profile, text=text_of(newest), facets=facets_of(newest), by=by)


def _taken_up_again(profile: Profile, newest: Revision, of: int, by: AbstractBaseUser | None) -> Revision:
    if newest.approved_at is None:
        raise DraftThere(f"{newest} is a draft already; publish or delete it first.")
    old = profile.revisions.get(pk=of)
    return new_draft(profile, text=text_of(old), facets=facets_of(old), by=by)


def new_draft(
    profile: Profile, *, text: Mapping[str, Any], facets: Mapping[int, str], by: AbstractBaseUser | None = None
) -> Revision:
    """Write the next version of the text. `facets` gives the rationale by the id of the term."""
    number = profile.revisions.aggregate(last=Max("number"))["last"] or 0
    draft = Revision.objects.create(profile=profile, number=number + 1, created_by_id=by.pk if by else None, **text)
    FacetValue.objects.bulk_create(
        FacetValue(revision=draft, term_id=term_id, rationale=rationale) for term_id, rationale in facets.items()
    )
    # Laying down its facets counted as edits. What is copied has nobody's hand in it yet.
    Revision.objects.filter(pk=draft.pk).update(edit=0, hands=[])
    return draft


def discard_draft(*, profile_id: int) -> None:
    """Drop what was never published; the live text stays. A profile that has nothing else keeps its draft."""
    with editing(by=DESK):
        profile = locked(profile_id)
        if profile.live_revision_id:
            profile.revisions.filter(approved_at=None).delete()


def locked(profile_id: int) -> Profile:
    return Profile.objects.select_for_update(no_key=True).get(pk=profile_id)


def newest_revision(profile: Profile) -> Revision | None:
    return profile.revisions.order_by("-number").first()


def text_of(revision: Revision) -> dict[str, Any]:
    """Return the columns that are published by revision, ready for another one."""
    return {column: getattr(revision, column) for column in _TEXT_COLUMNS}


_TEXT_COLUMNS = [f"{name}_id" if name in {"author", "reviewer", "figure"} else name for name in TEXT]


def facets_of(revision: Revision) -> dict[int, str]:
    return dict(revision.facet_values.values_list("term_id", "rationale"))


# --- The way of a draft -----------------------------------------------------------------------------------------------


@contextmanager
def _taking(revision_id: int, by: AbstractBaseUser | None, reason: str = "") -> Iterator[Revision]:
    """One transaction with the draft locked, whose audit knows who acts. Raises NoDraft."""
    with editing(by=DESK), acting(by=by, reason=reason):
        yield _locked_draft(revision_id)


def _locked_draft(revision_id: int) -> Revision:
    revision = _locked_text(revision_id)
    if revision.approved_at:
        raise NoDraft(f"Revision {revision.number} was published before.")
    return revision


def _locked_text(revision_id: int) -> Revision:
    # The profile first, as everybody does: in another order two editors could wait for each other.
    profile = Profile.objects.select_for_update(no_key=True).filter(revisions=revision_id).first()
    revision = Revision.objects.select_for_update(no_key=True).filter(pk=revision_id).first()
    if profile is None or revision is None:
        raise NoDraft("This draft has been discarded.")
    revision.profile = profile
    return revision


def send_to_review(*, revision_id: int, by: AbstractBaseUser | None = None) -> None:
    """Say that a draft is ready to be read by an editor. Raises stages.Refused, NoDraft."""
    with _taking(revision_id, by) as draft:
        stages.send_to_review(draft, by=by)


def take_back(*, revision_id: int, by: AbstractBaseUser | None = None) -> None:
    """Go on writing what was sent to review. Raises stages.Refused, NoDraft."""
    with _taking(revision_id, by) as draft:
        stages.take_back(draft, by=by)


def send_back(*, revision_id: int, because: str, by: AbstractBaseUser | None = None) -> None:
    """Return a draft to its author, with what is missing. Raises stages.Refused, NoDraft."""
    with _taking(revision_id, by, because) as draft:
        stages.send_back(draft, by=by, because=because)


def approve_revision(*, revision_id: int, by: AbstractBaseUser | None = None, seen: int | None = None) -> None:
    """Approve a draft as it reads at its edit `seen`. Raises stages.Refused, NotPublishable, NoDraft."""
    with _taking(revision_id, by) as draft:
        refuse_flaws(draft)
        stages.approve(draft, by=by, seen=seen)


def schedule_revision(*, revision_id: int, at: datetime, by: AbstractBaseUser | None = None) -> None:
    """Let an approved draft go up at that minute. Raises stages.Refused, NotPublishable, NoDraft."""
    with _taking(revision_id, by) as draft:
        refuse_flaws(draft)
        stages.schedule(draft, by=by, at=at)


def unschedule_revision(*, revision_id: int, by: AbstractBaseUser | None = None) -> None:
    """Let an approved draft wait until somebody says when. Raises stages.Refused, NoDraft."""
    with _taking(revision_id, by) as draft:
        stages.unschedule(draft, by=by)


# --- Publishing -------------------------------------------------------------------------------------------------------


def publish_revision(*, revision_id: int, by: AbstractBaseUser | None = None, seen: int | None = None) -> Revision:
    """Put a draft up, with the approval it has or with that of whoever publishes it.

    Raises NotPublishable with every flaw, NoDraft if it is not the draft, stages.Refused where the approval is not theirs.
    """
    with editing(by=DESK), acting(by=by):
        revision = _locked_text(revision_id)
        if revision.profile.live_revision_id == revision.pk:
            return revision
        if revision.approved_at:
            raise NoDraft(f"Revision {revision.number} was published before and has been replaced.")
        refuse_flaws(revision)
        stages.approve(revision, by=by, seen=seen)
        show(revision, by=by)
        return revision


def put_up(revision: Revision, *, by: AbstractBaseUser | None = None) -> None:
    """Check a text and show it. Call it inside `editing`, with the profile locked."""
    refuse_flaws(revision)
    show(revision, by=by)


def show(revision: Revision, *, by: AbstractBaseUser | None = None) -> None:
    """Make a text that has no flaws the live one. One that nobody approved is approved by whoever shows it."""
    profile = revision.profile
    was = Stage.WITHDRAWN if revision.approved_at and profile.withdrawn_at else Stage(revision.stage)
    if revision.approved_at is None:
        revision.approved_at = timezone.now()
        revision.approved_by_id = stages.approver_of(revision) or (by.pk if by else None)
        revision.save(update_fields=["approved_at", "approved_by"])
        revision.refresh_from_db(fields=["stage", "goes_live_at", "returned_because"])
    stages.note(revision, was, Stage.PUBLISHED, by=by)
    profile.live_revision, profile.withdrawn_at = revision, None
    profile.first_published = profile.first_published or today()
    profile.save(update_fields=["live_revision", "withdrawn_at", "first_published"])
    _share_derivations(profile)


def _share_derivations(profile: Profile) -> None:
    """What was prepared on this draft now counts for everybody."""
    prepared = Derivation.objects.filter(draft_of=profile)
    everybodys = Derivation.objects.filter(source=OuterRef("source"), origin=OuterRef("origin"), draft_of=None)
    prepared.filter(Exists(everybodys)).delete()
    prepared.update(draft_of=None)


# --- On time ----------------------------------------------------------------------------------------------------------


def _take(revision_id: int, due: Q) -> Revision | None:
    profiles = Profile.objects.select_for_update(no_key=True, skip_locked=True)
    drafts = Revision.objects.select_for_update(no_key=True, skip_locked=True)
    profile = profiles.filter(revisions=revision_id).first()
    draft = drafts.filter(due, pk=revision_id).first()
    if profile is None or draft is None:
        return None
    draft.profile = profile
    return draft


published_on_time(Kind(Revision, take=_take, locked=_locked_text, put_up=put_up))


# --- Withdrawing ------------------------------------------------------------------------------------------------------


def withdraw_profile(*, profile_id: int, by: AbstractBaseUser | None = None, reason: str = "") -> None:
    """Take a profile down. Its text, grades and corrections stay; what was to go up of itself waits."""
    with editing(by=DESK), acting(by=by, reason=reason):
        profile = locked(profile_id)
        if not profile.is_live or profile.live_revision is None:
            return
        profile.withdrawn_at = timezone.now()
        profile.save(update_fields=["withdrawn_at"])
        stages.note(profile.live_revision, Stage.PUBLISHED, Stage.WITHDRAWN, by=by, reason=reason)
        for draft in profile.revisions.select_for_update(no_key=True).filter(stage=Stage.SCHEDULED):
            stages.unschedule(draft, by=by, reason="The profile was withdrawn.")


def restore_profile(*, profile_id: int, by: AbstractBaseUser | None = None) -> None:
    """Put a withdrawn profile up again as it was. Raises NotPublished, or NotPublishable if the evidence has gone."""
    with editing(by=DESK), acting(by=by):
        profile = locked(profile_id)
        if profile.live_revision is None:
            raise NotPublished(f"{profile.slug} was never published; publish its draft.")
        if profile.withdrawn_at:
            profile.live_revision.profile = profile
            put_up(profile.live_revision, by=by)


# --- Corrections ------------------------------------------------------------------------------------------------------


def add_correction(
    *, profile_id: int, text: str, on: date | None = None, supersedes_id: int | None = None
) -> Correction:
    """Say in public what we had wrong. The same words on the same day are one correction. Raises CannotSupersede."""
    with editing(by=DESK):
        profile = locked(profile_id)
        correction, _new = Correction.objects.get_or_create(profile=profile, on=on or today(), text=text)
        if supersedes_id:
            _supersede(profile.corrections.filter(pk=supersedes_id).first(), correction)
        return correction


def _supersede(earlier: Correction | None, later: Correction) -> None:
    if earlier is None or (earlier.on, earlier.pk) > (later.on, later.pk):
        raise CannotSupersede("A correction supersedes an earlier one of the same profile.")
    if earlier.pk == later.pk or earlier.superseded_by_id == later.pk:
        return
    if earlier.superseded_by_id:
        raise CannotSupersede(
            f"The correction of {earlier.on} has been superseded already; choose the one that stands."
        )
    earlier.superseded_by = later
    earlier.save(update_fields=["superseded_by"])
