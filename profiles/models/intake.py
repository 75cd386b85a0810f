"""Articles that are taken in: where each stands, its text, and what it is proposed to repeat. None of it is public."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now

from profiles.models.days import readable_days
from profiles.models.profile import Profile
from profiles.models.source import Source

SOMEBODY: dict[str, Any] = {"null": True, "editable": False, "related_name": "+"}


class Progress(models.TextChoices):
    """How far an article has come."""

    QUEUED = "queued", "queued"
    FETCHING = "fetching", "being fetched"
    READ = "read", "read, waits for you"
    FAILED = "failed", "failed"
    TAKEN_IN = "taken-in", "taken in"
    DISMISSED = "dismissed", "dismissed"


class Intake(models.Model):
    """An article that somebody pasted on the desk, on its way to becoming a source."""

    url = models.URLField("address", max_length=2000, blank=True)
    progress = models.CharField(max_length=9, choices=Progress, default=Progress.QUEUED, editable=False)
    problem = models.TextField(blank=True, editable=False, help_text="Why it failed, in words.")
    title = models.CharField(max_length=500, blank=True)
    publisher_name = models.CharField("publisher", max_length=200, blank=True)
    authors = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    published_on = models.DateField(null=True, blank=True)
    language = models.CharField(max_length=35, blank=True)
    profile = models.ForeignKey(
        Profile,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="What is linked for a draft counts for that draft alone until it is published.",
    )
    # The text is kept to be compared for as long as its source is on file.
    source = models.ForeignKey(Source, models.CASCADE, null=True, editable=False, related_name="intakes")
    added_at = models.DateTimeField(db_default=Now(), editable=False)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, **SOMEBODY)
    started_at = models.DateTimeField(null=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["-added_at", "-pk"]
        verbose_name = "article"
        verbose_name_plural = "articles (intake)"
        indexes = [
            models.Index(fields=["added_at"], condition=models.Q(progress="queued") | models.Q(progress="fetching"), name="intake_waiting"),
        ]  # fmt: skip
        constraints = [
            models.CheckConstraint(
                condition=models.Q(progress__in=Progress.values),
                name="intake_progress",
                violation_error_message="An article is queued, being fetched, read, failed, taken in or dismissed.",
            ),
            readable_days("intake_days", "published_on"),
        ]

    def __str__(self) -> str:
        return self.title or self.url or f"article {self.pk}"


class IntakeText(models.Model):
    """The words of an article, somebody else's: kept to be compared, shown on the desk alone, and never exported."""

    gated = True  # config/wall.py: the site itself has no right on this table

    # The database takes the text along. Django would look for it first, and whoever deletes may not be allowed to look.
    intake = models.OneToOneField(Intake, models.DO_NOTHING, primary_key=True, related_name="text")
    body = models.TextField()
    shingles = ArrayField(models.BigIntegerField(), default=list)
    names = ArrayField(models.CharField(max_length=100), default=list)

    class Meta:
        indexes = [
            GinIndex(fields=["shingles"], name="intaketext_shingles"),
            GinIndex(fields=["names"], name="intaketext_names"),
        ]

    def __str__(self) -> str:
        return f"text {self.pk}"


class Choice(models.TextChoices):
    """What became of a proposal."""

    ACCEPTED = "accepted", "accepted"
    REJECTED = "rejected", "rejected"


class IntakeProposal(models.Model):
    """What an article may repeat, and where it says so. It links nothing until somebody accepts it.

    Only places of the texts are kept here, so that forgetting a text forgets its words.
    """

    intake = models.ForeignKey(Intake, models.CASCADE, related_name="proposals")
    kind = models.CharField(max_length=9)
    thing = models.CharField(max_length=9, blank=True)
    name = models.CharField(max_length=200, blank=True)
    year = models.PositiveSmallIntegerField(null=True)
    month = models.PositiveSmallIntegerField(null=True)
    day = models.PositiveSmallIntegerField(null=True)
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    other = models.ForeignKey(Intake, models.SET_NULL, null=True, related_name="+")
    other_start = models.PositiveIntegerField(default=0)
    other_end = models.PositiveIntegerField(default=0)
    likeness = models.FloatField(default=100)
    decision = models.CharField(max_length=8, choices=Choice, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, **SOMEBODY)
    origin = models.ForeignKey(Source, models.SET_NULL, null=True, related_name="+", help_text="What it was linked to.")

    class Meta:
        ordering = ["start", "pk"]

    def __str__(self) -> str:
        return f"{self.kind}: {self.name or self.thing}"
