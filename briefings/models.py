"""Everything behind a tier: the gated text in tables of its own, and the public teaser beside it."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.tiers import GATED, TITLES
from briefings import counting
from briefings.querysets import BriefingQuerySet, SourceNoteQuerySet, TeaserQuerySet
from config.audit import audited, changes
from config.content import PROFILE, shown
from profiles.models import Citation, Profile, Revision
from profiles.models.history import recorded
from profiles.models.stage import StageChange, Staged, counts_as_edit, counts_edits, due_first, stage_rules, standing

TIERS = [(tier.value, TITLES[tier]) for tier in GATED]


# The words that are published by revision; the body belongs to them, and lies behind the wall.
WORDS = ("title", "summary", "contents")
# And what is no word: where they stand.
BESIDE_THE_WORDS = (
    "stage", "goes_live_at", "returned_because", "edit", "hands", "created_at", "created_by", "approved_by", "current",
)  # fmt: skip
_moved = changes("current", "withdrawn_at")
_shown = ["tier", "number", "current", "withdrawn_at"]


@recorded(but=[*BESIDE_THE_WORDS])
class Teaser(Staged):
    """One revision of a briefing without its body: what anyone may know of it once it is up, and where it stands.

    A briefing is what a profile has for one tier. `current` is the revision that was published last: members read it
    unless it is withdrawn, and a draft waits beside it. Once it went up, at `approved_at`, it never changes.
    """

    profile = models.ForeignKey(Profile, models.CASCADE, related_name="teasers")
    tier = models.PositiveSmallIntegerField(choices=TIERS)
    number = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, editable=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    current = models.BooleanField(default=False, editable=False)
    withdrawn_at = models.DateTimeField(null=True, editable=False)

    title = models.CharField(max_length=300)
    summary = models.TextField(blank=True)
    contents = models.TextField(blank=True, help_text="One heading a line; public.")

    objects = TeaserQuerySet.as_manager()

    class Meta:
        ordering = ["profile", "tier", "-number"]
        verbose_name = "briefing"  # on the desk they are one form
        indexes = [due_first("briefing")]
        constraints = [
            models.UniqueConstraint("profile", "tier", "number", name="one_briefing_per_number"),
            models.UniqueConstraint(
                "profile",
                "tier",
                condition=models.Q(current=True),
                name="one_briefing_per_tier",
                violation_error_message="This profile already has a briefing for that tier.",
            ),
            models.UniqueConstraint(
                "profile",
                "tier",
                condition=models.Q(approved_at__isnull=True),
                name="one_draft_of_a_briefing",
                violation_error_message="This briefing already has a draft.",
            ),
            models.CheckConstraint(
                condition=models.Q(tier__in=[value for value, _title in TIERS]),
                name="briefing_tier",
                violation_error_message="A briefing opens from the Strategic Circle or the Leadership Alliance upwards.",
            ),
            models.CheckConstraint(
                condition=models.Q(current=False) | models.Q(approved_at__isnull=False),
                name="briefing_up_once_approved",
                violation_error_message="Members read what has been approved.",
            ),
            *stage_rules("briefing"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="approved_words_stay",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    f"OLD.approved_at IS NOT NULL AND {changes('profile_id', 'tier', 'number', 'approved_at', *WORDS)}"
                ),
                func="RAISE EXCEPTION 'An approved briefing never changes; write a new draft.';",
            ),
            counts_edits(changes(*WORDS), "briefings_briefingstep", "teaser_id"),
            audited(
                "briefing.published",
                pgtrigger.Update,
                kind="teaser",
                says=_shown,
                when=f"{_moved} AND NEW.current AND NEW.withdrawn_at IS NULL",
            ),
            audited(
                "briefing.withdrawn",
                pgtrigger.Update,
                kind="teaser",
                says=_shown,
                when=f"{changes('withdrawn_at')} AND NEW.withdrawn_at IS NOT NULL",
            ),
            audited(
                "briefing.removed", pgtrigger.Delete, kind="teaser", says=_shown, when="OLD.approved_at IS NOT NULL"
            ),
            *shown(PROFILE, thing="profile_id", where="r.approved_at IS NOT NULL"),
        ]

    def __str__(self) -> str:
        return f"{self.title}, revision {self.number}"

    @property
    def is_up(self) -> bool:
        """Whether readers see it, once its profile is live. `querysets.up` is the same rule in SQL."""
        return self.current and self.withdrawn_at is None

    @property
    def standing(self) -> str:
        """Where it stands, in a word: draft, in review, approved, scheduled, live, withdrawn or replaced."""
        return standing(self, live=self.current, withdrawn=self.withdrawn_at is not None)


class BriefingStep(StageChange):
    """One step of a briefing on its way to members, and down again."""

    # No constraint: a draft removed by SQL takes its steps along or not, and nothing rests on them.
    teaser = models.ForeignKey(Teaser, models.CASCADE, related_name="steps", db_constraint=False)

    def __str__(self) -> str:
        return f"{self.get_was_display()} to {self.get_stage_display()}"


@recorded(gated=True)
class Briefing(models.Model):
    """The gated body of one revision of a briefing, "Deeper Profile Context". Nothing but its text lies here."""

    gated = True  # config/wall.py: the site itself has no right on this table

    # The database takes the body along. Django would look for it first, and whoever deletes may not be allowed to look.
    teaser = models.OneToOneField(Teaser, models.DO_NOTHING, primary_key=True, related_name="briefing")
    body = models.TextField(help_text="Markdown.")

    objects = BriefingQuerySet.as_manager()

    class Meta:
        triggers = [
            pgtrigger.Trigger(
                name="approved_body_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                # With the whole briefing it goes: by then there is no teaser any more.
                func="""
                IF (TG_OP <> 'UPDATE' OR OLD IS DISTINCT FROM NEW) AND EXISTS (
                    SELECT FROM briefings_teaser
                    WHERE id IN (OLD.teaser_id, NEW.teaser_id) AND approved_at IS NOT NULL) THEN
                    RAISE EXCEPTION 'An approved briefing never changes; write a new draft.';
                END IF;
                RETURN coalesce(NEW, OLD);""",
            ),
            counts_as_edit("briefings_teaser", "teaser_id"),
        ]

    def __str__(self) -> str:
        return f"briefing {self.pk}"


@recorded(gated=True)
class SourceNote(models.Model):
    """An analyst's commentary on a citation; gated. Like the citation it is evidence: it counts at once, without a way."""

    gated = True
    is_up = True

    citation = models.OneToOneField(Citation, models.DO_NOTHING, primary_key=True, related_name="source_note")
    # Copied from the citation by a trigger, and held equal to it by a composite foreign key, made in a migration.
    profile = models.ForeignKey(Profile, models.DO_NOTHING, editable=False, related_name="+", db_constraint=False)
    tier = models.PositiveSmallIntegerField(choices=TIERS)
    body = models.TextField(help_text="Markdown.")

    objects = SourceNoteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(tier__in=[value for value, _title in TIERS]),
                name="source_note_tier",
                violation_error_message="A source note opens from the Strategic Circle or the Leadership Alliance upwards.",
            )
        ]
        triggers = [counting.PROFILE_OF_ITS_CITATION, *counting.COUNTS]

    def __str__(self) -> str:
        return f"note {self.pk}"


class NoteCount(models.Model):
    """How many source notes of a profile open from one tier upwards: public, while the notes are not.

    Kept by triggers on the notes; see `briefings.counting`.
    """

    profile = models.ForeignKey(Profile, models.CASCADE, related_name="note_counts")
    tier = models.PositiveSmallIntegerField(choices=TIERS)
    number = models.PositiveIntegerField()

    class Meta:
        ordering = ["profile", "tier"]
        constraints = [models.UniqueConstraint(fields=["profile", "tier"], name="one_count_per_tier")]

    def __str__(self) -> str:
        return f"{self.number} notes of tier {self.tier}"


class Cited(Citation):
    """A citation as somebody sees it who writes notes: by its profile and source, with a note or without one yet."""

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = "cited source"

    def __str__(self) -> str:
        return f"{self.profile}: {self.source}"


class Persona(models.TextChoices):
    """Through whose eyes a text is looked at before its time."""

    STRANGER = "stranger", _("a stranger")
    CIRCLE = "circle", _("a member of the Strategic Circle")
    ALLIANCE = "alliance", _("a member of the Leadership Alliance")
    EXPIRED = "expired", _("somebody whose membership has ended")


class PreviewLink(models.Model):
    """A secret address at which somebody without an account sees one text as one persona, for a short time.

    The text is a revision of a profile, or one of a briefing.

    It opens no more than whoever made it may open, and closes with that permission.
    """

    digest = models.CharField(max_length=64, unique=True, editable=False)  # of the secret, which is kept nowhere
    revision = models.ForeignKey(Revision, models.CASCADE, null=True, related_name="preview_links")
    teaser = models.ForeignKey(Teaser, models.CASCADE, null=True, related_name="preview_links")
    edit = models.PositiveIntegerField(editable=False)
    persona = models.CharField(max_length=10, choices=Persona)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    opened = models.PositiveIntegerField(default=0)
    last_opened_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-made_at", "-pk"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=models.Q(revision__isnull=True) ^ models.Q(teaser__isnull=True), name="preview_of_one_text"
            )
        ]

    def __str__(self) -> str:
        return f"{self.text} as {self.get_persona_display()}"

    @property
    def text(self) -> Revision | Teaser:
        text = self.teaser or self.revision
        assert text is not None
        return text
