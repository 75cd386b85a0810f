"""Everything behind a tier: the gated text in tables of its own, and the public teaser beside it."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.tiers import GATED, TITLES
from briefings import counting
from briefings.querysets import BriefingQuerySet, SourceNoteQuerySet
from config.content import PROFILE, shown
from profiles.models import Citation, Profile, Revision
from profiles.models.history import recorded

TIERS = [(tier.value, TITLES[tier]) for tier in GATED]


@recorded()
class Teaser(models.Model):
    """What anyone may know of a briefing: its title, its summary, and from which tier upwards it opens."""

    profile = models.ForeignKey(Profile, models.CASCADE, related_name="teasers")
    tier = models.PositiveSmallIntegerField(choices=TIERS)
    title = models.CharField(max_length=300)
    summary = models.TextField(blank=True)
    contents = models.TextField(blank=True, help_text="One heading a line; public.")
    added_at = models.DateTimeField(null=True, editable=False, default=timezone.now)  # none: before this was noted

    class Meta:
        ordering = ["profile", "tier"]
        verbose_name = "briefing"  # on the desk they are one form
        constraints = [
            models.UniqueConstraint(
                "profile",
                "tier",
                name="one_briefing_per_tier",
                violation_error_message="This profile already has a briefing for that tier.",
            ),
            models.CheckConstraint(
                condition=models.Q(tier__in=[value for value, _title in TIERS]),
                name="briefing_tier",
                violation_error_message="A briefing opens from the Strategic Circle or the Leadership Alliance upwards.",
            ),
        ]
        triggers = shown(PROFILE, thing="profile_id")

    def __str__(self) -> str:
        return self.title


@recorded(gated=True)
class Briefing(models.Model):
    """The gated body of a briefing, "Deeper Profile Context". Nothing but its text lies here."""

    gated = True  # config/wall.py: the site itself has no right on this table

    # The database takes the body along. Django would look for it first, and whoever deletes may not be allowed to look.
    teaser = models.OneToOneField(Teaser, models.DO_NOTHING, primary_key=True, related_name="briefing")
    body = models.TextField(help_text="Markdown.")

    objects = BriefingQuerySet.as_manager()

    def __str__(self) -> str:
        return f"briefing {self.pk}"


@recorded(gated=True)
class SourceNote(models.Model):
    """An analyst's commentary on a citation; gated."""

    gated = True

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

    It opens no more than whoever made it may open, and closes with that permission.
    """

    digest = models.CharField(max_length=64, unique=True, editable=False)  # of the secret, which is kept nowhere
    revision = models.ForeignKey(Revision, models.CASCADE, related_name="preview_links")
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

    def __str__(self) -> str:
        return f"{self.revision} as {self.get_persona_display()}"
