"""Everything behind a tier: the gated text in tables of its own, and the public teaser beside it."""

from django.db import models

from accounts.tiers import GATED
from briefings.querysets import BriefingQuerySet, SourceNoteQuerySet
from profiles.models import Citation, Profile

TIERS = [(tier.value, tier.title) for tier in GATED]


class Teaser(models.Model):
    """What anyone may know of a briefing: its title, its summary, and from which tier upwards it opens."""

    profile = models.ForeignKey(Profile, models.CASCADE, related_name="teasers")
    tier = models.PositiveSmallIntegerField(choices=TIERS)
    title = models.CharField(max_length=300)
    summary = models.TextField(blank=True)
    contents = models.TextField(blank=True, help_text="One heading a line; public.")

    class Meta:
        ordering = ["profile", "tier"]
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

    def __str__(self) -> str:
        return self.title


class Briefing(models.Model):
    """The gated body of a briefing, "Deeper Profile Context". Nothing but its text lies here."""

    teaser = models.OneToOneField(Teaser, models.CASCADE, primary_key=True, related_name="briefing")
    body = models.TextField(help_text="Markdown.")

    objects = BriefingQuerySet.as_manager()

    def __str__(self) -> str:
        return f"briefing {self.pk}"


class SourceNote(models.Model):
    """An analyst's commentary on a citation; gated."""

    citation = models.OneToOneField(Citation, models.CASCADE, primary_key=True, related_name="source_note")
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

    def __str__(self) -> str:
        return f"note {self.pk}"
