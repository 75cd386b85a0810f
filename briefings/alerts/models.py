from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from briefings.alerts.querysets import FollowQuerySet, NewsQuerySet
from briefings.models import Teaser
from profiles.models import Correction, Profile, Publisher, Term


class Often(models.TextChoices):
    """How often somebody is written to about what they follow."""

    AT_ONCE = "at-once", _("at once")
    DAILY = "daily", _("daily, at 07:00 UTC")
    WEEKLY = "weekly", _("weekly, on Mondays at 07:00 UTC")
    NEVER = "never", _("not by mail")


class Follow(models.Model):
    """A reader wants to be told when a profile, a publisher or what is filed under a term moves."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="follows")
    profile = models.ForeignKey(Profile, models.CASCADE, null=True, related_name="+")
    publisher = models.ForeignKey(Publisher, models.CASCADE, null=True, related_name="+")
    term = models.ForeignKey(Term, models.CASCADE, null=True, related_name="+")
    often = models.CharField(max_length=10, choices=Often, blank=True, help_text="Empty: as the account says.")
    told_to = models.BigIntegerField(default=0, help_text="The last piece of news that has been considered for it.")
    followed_at = models.DateTimeField(default=timezone.now)

    objects = FollowQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        indexes = [models.Index("told_to", name="follow_told_to")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(profile__isnull=False, publisher__isnull=True, term__isnull=True)
                | models.Q(profile__isnull=True, publisher__isnull=False, term__isnull=True)
                | models.Q(profile__isnull=True, publisher__isnull=True, term__isnull=False),
                name="follows_one_thing",
                violation_error_message="A follow is of a profile, a publisher or a term.",
            ),
            models.UniqueConstraint(
                "user",
                "profile",
                "publisher",
                "term",
                name="followed_once",
                nulls_distinct=False,
                violation_error_message=_("You follow this already."),
            ),
        ]

    def __str__(self) -> str:
        return f"follow {self.pk}"


class Preference(models.Model):
    """How often somebody is written to, unless one of their follows says otherwise."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="preference")
    often = models.CharField(max_length=10, choices=Often)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.user_id}: {self.often}"


class News(models.Model):
    """Something public that happened to a profile or a publisher, and that followers may be told of.

    Only `news.notice` writes it, one process at a time, so that its numbers are in the order in which rows can be seen.
    """

    class Kind(models.TextChoices):
        GRADE = "grade", "a grade"
        BRIEFING = "briefing", "a briefing"
        CORRECTION = "correction", "a correction"
        LETTER = "letter", "a letter"

    kind = models.CharField(max_length=10, choices=Kind)
    noticed_at = models.DateTimeField()
    first = models.BooleanField(
        default=False, help_text="It was there when its profile or publisher was first noticed, and has not moved."
    )
    profile = models.ForeignKey(Profile, models.CASCADE, null=True, related_name="+")
    publisher = models.ForeignKey(Publisher, models.CASCADE, null=True, related_name="+")
    teaser = models.ForeignKey(Teaser, models.CASCADE, null=True, related_name="+")
    correction = models.ForeignKey(Correction, models.CASCADE, null=True, related_name="+")
    was = models.CharField(max_length=10, blank=True, help_text="The score or letter that was noticed before.")
    now = models.CharField(max_length=10, blank=True)
    seq = models.PositiveIntegerField(null=True, help_text="The number of the grade.")
    was_seq = models.PositiveIntegerField(null=True, help_text="The number of the grade that was noticed before.")

    objects = NewsQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "news"
        default_permissions = ()
        indexes = [
            models.Index(fields=["profile", "kind", "-id"], name="news_profile"),
            models.Index(fields=["publisher", "kind", "-id"], name="news_publisher"),
            models.Index("noticed_at", name="news_noticed_at"),
        ]
        constraints = [
            models.UniqueConstraint("profile", "seq", name="noticed_grade_once"),
            models.UniqueConstraint("teaser", name="noticed_briefing_once"),
            models.UniqueConstraint("correction", name="noticed_correction_once"),
            models.CheckConstraint(
                condition=models.Q(profile__isnull=True) ^ models.Q(publisher__isnull=True), name="news_of_one_thing"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Subscriber(models.Model):
    """An address that asked for the newsletter; it gets nothing but one question until its owner has confirmed it."""

    email = models.EmailField("email address", unique=True, help_text="In small letters.")
    digest = models.CharField(max_length=64, unique=True, help_text="Of the address: what the links in mails name.")
    asked_at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True)
    told_to = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="subscriber_in_small_letters")
        ]

    def __str__(self) -> str:
        return f"subscriber {self.pk}"


class Asked(models.Model):
    """Somebody typed an address that may not be theirs. Kept for a day, as digests, to know when it is enough."""

    at = models.DateTimeField(default=timezone.now)
    address = models.CharField(max_length=64)
    client = models.CharField(max_length=64)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index("at", name="asked_at"),
            models.Index("address", name="asked_address"),
            models.Index("client", name="asked_client"),
        ]

    def __str__(self) -> str:
        return f"asked {self.pk}"
