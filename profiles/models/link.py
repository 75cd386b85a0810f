from django.db import models

from profiles.models.source import Source


class LinkCheck(models.Model):
    """Whether a source's address still answers. It tells an editor what to look at; no grade reads it."""

    source = models.OneToOneField(Source, models.CASCADE, primary_key=True, related_name="link")
    checked_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True, help_text="What the host answered; none if it did not.")
    problem = models.TextField(blank=True)
    failures = models.PositiveIntegerField(default=0, help_text="How often in a row.")

    class Meta:
        indexes = [models.Index(fields=["checked_at"], name="linkcheck_checked")]

    def __str__(self) -> str:
        if not self.problem:
            return f"answers, {self.checked_at:%Y-%m-%d}"
        often = f", {self.failures} times in a row" if self.failures > 1 else ""
        return f"{self.problem} ({self.checked_at:%Y-%m-%d}{often})"
