from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.text import Truncator

from config.content import EVERYTHING, shown
from profiles.models.profile import Correction, Profile
from profiles.models.wording import kept_wording


class Ticket(models.Model):
    """What a reader reported through the contact page; it waits on the desk until somebody answers."""

    class State(models.TextChoices):
        """Where a ticket stands."""

        NEW = "new", "new"
        IN_WORK = "in-work", "in work"
        ANSWERED = "answered", "answered"
        CLOSED = "closed", "closed"

    WAITING = (State.NEW, State.IN_WORK)
    KEPT = timedelta(days=180)  # so long name and address stay with a ticket that has come to its end

    profile = models.ForeignKey(Profile, models.SET_NULL, null=True, blank=True, related_name="tickets")
    name = models.CharField(max_length=200, blank=True)
    email = models.EmailField("email address", blank=True)
    message = models.TextField(max_length=5000)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    state = models.CharField(max_length=10, choices=State, default=State.NEW, editable=False)
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    answer = models.TextField(blank=True, max_length=5000, help_text="What was found and done.")
    correction = models.ForeignKey(Correction, models.PROTECT, null=True, blank=True, related_name="tickets")
    closed_at = models.DateTimeField(null=True, blank=True, help_text="When it was answered, or closed without.")

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["state", "created_at"], name="ticket_waits"),
            models.Index(Upper("email"), "created_at", name="ticket_of_address"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["new", "in-work"], closed_at=None)
                | models.Q(state__in=["answered", "closed"], closed_at__isnull=False),
                name="ticket_ends_once",
                violation_error_message="A ticket has an end when it is answered or closed, and only then.",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="answered", answer=""),
                name="ticket_answered_in_words",
                violation_error_message="An answered ticket says what was answered.",
            ),
        ]

    def __str__(self) -> str:
        return Truncator(" ".join(self.message.split())).chars(60)

    @property
    def waits(self) -> bool:
        return self.state in self.WAITING


class Page(models.Model):
    """About, privacy, terms: Markdown that is edited on the desk."""

    ADDRESSES = ("about", "privacy", "terms")

    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=200)
    body = models.TextField(help_text="Markdown.")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["slug"]
        triggers = [*kept_wording("page_id", title="title", body="body"), *shown(EVERYTHING)]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return f"/{self.slug}/"
