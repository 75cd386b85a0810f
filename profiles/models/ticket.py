from django.db import models
from django.utils import timezone

from profiles.models.profile import Profile


class Ticket(models.Model):
    """What a reader reported through the contact page; it waits on the desk until somebody answers."""

    profile = models.ForeignKey(Profile, models.SET_NULL, null=True, blank=True, related_name="tickets")
    name = models.CharField(max_length=200, blank=True)
    email = models.EmailField("email address", blank=True)
    message = models.TextField(max_length=5000)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    closed_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(blank=True, help_text="What was found and done.")

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.message[:60]


class Page(models.Model):
    """About, privacy, terms: Markdown that is edited on the desk."""

    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=200)
    body = models.TextField(help_text="Markdown.")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return f"/{self.slug}/"
