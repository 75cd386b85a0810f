"""What changes a profile besides its evidence: drafts, publishing, withdrawing, corrections.

Everything here is keyword-only, one transaction, and safe to repeat.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Exists, Max, OuterRef
from django.utils import timezone

from profiles.grading.pipeline import editing, today
from profiles.models import (
    Citation,
    Correction,
    Derivation,
    FacetValue,
    Judgement,
    JudgementCitation,
    Profile,
    Revision,
    Stance,
)
from profiles.models.profile import TEXT

DESK = "desk"


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a text cannot be published: the field it is about, the judgement if it is about one, and a sentence."""

    field: str
    sentence: str
    judgement: str = ""


class NotPublishable(Exception):
    """The publishing checks found flaws; its text is their sentences."""

    def __init__(self, flaws: list[Flaw]) -> None:
        super().__init__(" ".join(flaw.sentence for flaw in flaws))
        self.flaws = flaws


class NoDraft(Exception):
    """There is nothing to publish: this text is not a draft (any more)."""


class NotPublished(Exception):
    """This profile was never published."""


class CannotSupersede(Exception):
    """This correction does not come after that one, or another one did; its text is a sentence."""


# --- Publishing checks ------------------------------------------------------------------------------------------------


def flaws_of(revision: Revision) -> list[Flaw]:
    """Return what stands in the way of publishing this text over the evidence as it is now."""
    if wrong := revision.misshapen():
        return [Flaw(field, f"{field}: {what}") for field, what in wrong.items()]
    return [*_flaws_of_name(revision), *_flaws_of_citations(revision), *_flaws_of_figure(revision)]


def _flaws_of_name(revision: Revision) -> Iterator[Flaw]:
    titles = Citation.objects.filter(profile_id=revision.profile_id).values_list("source__title", flat=True)
    if any(_plain(title) == _plain(revision.name) for title in titles.distinct()):
        yield Flaw("name", "The name is the title of one of the sources; write the name of the institution.")


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _flaws_of_citations(revision: Revision) -> Iterator[Flaw]:
    cited = list(Citation.objects.filter(profile_id=revision.profile_id).values_list("source_id", flat=True))
    if not cited:
        yield Flaw("citations", "The profile cites no source; cite at least one.")
    stated = Judgement.objects.filter(profile_id=revision.profile_id, key__in=list(revision.statements))
    if not stated and len(set(cited)) < len(cited):
        # Without judgements there is one question, and a source answers it once; twice could never be graded.
        yield Flaw("citations", "A source is cited twice, but the text states no key judgement to tell them apart.")
    links = JudgementCitation.objects.filter(profile_id=revision.profile_id)
    argued = set(links.exclude(citation__stance=Stance.CONTEXT).values_list("judgement", flat=True))
    resting = set(links.values_list("judgement", flat=True))
    for place, judgement in enumerate(stated):
        key = judgement.key
        if place == 0 and judgement.pk not in argued:
            yield Flaw("judgements", f"No source supports or disputes the headline judgement {key}.", key)
        elif judgement.essential and judgement.pk not in resting:
            yield Flaw("judgements", f"No source is cited for the essential judgement {key}.", key)


def _flaws_of_figure(revision: Revision) -> Iterator[Flaw]:
    if revision.figure_id and not revision.figure_alt.strip():
        yield Flaw("figure_alt", "The figure has no alt text; say what it shows to those who cannot see it.")
    if revision.figure_id and not revision.figure_credit.strip():
        yield Flaw("figure_credit", "The figure has no credit; say whose it is.")


# --- Drafts -----------------------------------------------------------------------------------------------------------


def start_draft(*, profile_id: int, by: AbstractBaseUser | None = None) -> Revision:
    """Return the profile's draft; if there is none, make one from the newest text."""
    with editing(by=DESK):
        profile = locked(profile_id)
        newest = newest_revision(profile)
        if newest and newest.approved_at is None:
            return newest
        if newest is None:
            return new_draft(profile, text={"name": profile.slug}, facets={}, by=by)
        return new_draft(profile, text=text_of(newest), facets=facets_of(newest), by=by)


def new_draft(
    profile: Profile, *, text: Mapping[str, Any], facets: Mapping[int, str], by: AbstractBaseUser | None = None
) -> Revision:
    """Write the next version of the text. `facets` gives the rationale by the id of the term."""
    number = profile.revisions.aggregate(last=Max("number"))["last"] or 0
    draft = Revision.objects.create(profile=profile, number=number + 1, created_by_id=by.pk if by else None, **text)
    FacetValue.objects.bulk_create(
        FacetValue(revision=draft, term_id=term_id, rationale=rationale) for term_id, rationale in facets.items()
    )
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


# --- Publishing -------------------------------------------------------------------------------------------------------


def publish_revision(*, revision_id: int, by: AbstractBaseUser | None = None) -> Revision:
    """Approve a draft and put it up. Raises NotPublishable with every flaw, NoDraft if it is not the draft."""
    with editing(by=DESK):
        revision = Revision.objects.get(pk=revision_id)
        profile = locked(revision.profile_id)
        revision.refresh_from_db()  # somebody else may have published it while we waited
        if profile.live_revision_id == revision.pk:
            return revision
        if revision.approved_at:
            raise NoDraft(f"Revision {revision.number} was published before and has been replaced.")
        revision.profile = profile
        put_up(revision, by=by)
        return revision


def put_up(revision: Revision, *, by: AbstractBaseUser | None = None) -> None:
    """Check a text and show it. Call it inside `editing`, with the profile locked."""
    if flaws := flaws_of(revision):
        raise NotPublishable(flaws)
    show(revision, by=by)


def show(revision: Revision, *, by: AbstractBaseUser | None = None) -> None:
    """Approve a text that has no flaws and make it the live one."""
    if revision.approved_at is None:
        revision.approved_at, revision.approved_by_id = timezone.now(), by.pk if by else None
        revision.save(update_fields=["approved_at", "approved_by"])
    profile = revision.profile
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


def withdraw_profile(*, profile_id: int) -> None:
    """Take a profile down. Its text, grades and corrections stay."""
    with editing(by=DESK):
        profile = locked(profile_id)
        if profile.is_live:
            profile.withdrawn_at = timezone.now()
            profile.save(update_fields=["withdrawn_at"])


def restore_profile(*, profile_id: int) -> None:
    """Put a withdrawn profile up again as it was. Raises NotPublished, or NotPublishable if the evidence has gone."""
    with editing(by=DESK):
        profile = locked(profile_id)
        if profile.live_revision is None:
            raise NotPublished(f"{profile.slug} was never published; publish its draft.")
        if profile.withdrawn_at:
            profile.live_revision.profile = profile
            put_up(profile.live_revision)


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
