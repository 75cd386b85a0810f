from django.db import models

from profiles.models.profile import Profile


class DailyCount(models.Model):
    """How often the page of a profile, or its briefing, was opened on a day. A number, and nothing about who opened it."""

    class What(models.TextChoices):
        """What was opened."""

        PAGE = "page", "page"
        BRIEFING = "briefing", "briefing"

    profile = models.ForeignKey(Profile, models.CASCADE, related_name="counts")
    day = models.DateField()
    what = models.CharField(max_length=10, choices=What)
    number = models.PositiveIntegerField()

    class Meta:
        ordering = ["-day", "profile"]
        verbose_name_plural = "figures of use"
        default_permissions = ("view",)
        indexes = [models.Index(fields=["day"], name="count_of_day")]
        constraints = [models.UniqueConstraint("profile", "day", "what", name="one_count_a_day")]

    def __str__(self) -> str:
        return f"{self.day}: {self.number}"
