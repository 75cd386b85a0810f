import pgtrigger
from django.db import models

from config.addresses import address
from config.audit import audited, changes
from config.content import SHARED, shown
from profiles.models.history import recorded
from profiles.models.slugs import SlugField
from profiles.models.triggers import letter_changes, touches_on_change


class Reliability(models.TextChoices):
    """The Admiralty letter of a publisher: how far we trust what it issues."""

    A = "A", "A · completely reliable"
    B = "B", "B · usually reliable"
    C = "C", "C · fairly reliable"
    D = "D", "D · not usually reliable"
    E = "E", "E · unreliable"
    F = "F", "F · reliability cannot be judged"


@recorded()
class Publisher(models.Model):
    """Who issues sources: an agency, an academy, a registry. Carries a reliability letter and the reason for it."""

    slug = SlugField()
    name = models.CharField(max_length=200)
    reliability = models.CharField(
        max_length=1,
        choices=Reliability,
        default=Reliability.F,
        help_text="How far we trust what this publisher issues; F until somebody has judged it.",
    )
    reliability_reason = models.TextField(blank=True, help_text="Why this letter: readers see this sentence.")
    homepage = models.URLField(max_length=1000, blank=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(reliability__in=Reliability.values),
                name="publisher_letter",
                violation_error_message="A reliability letter is one of A, B, C, D, E and F.",
            ),
            models.CheckConstraint(
                condition=~models.Q(name=""),
                name="publisher_named",
                violation_error_message="A publisher needs a name.",
            ),
        ]
        triggers = [
            *touches_on_change("publisher", node="id", columns=["reliability"], shows=["name"]),
            *letter_changes(),
            *shown(SHARED, fresh=False),
            audited(
                "letter.filed",
                pgtrigger.Insert,
                kind="publisher",
                says=["reliability"],
                when="NEW.reliability <> 'F'",
            ),
            audited(
                "letter.changed",
                pgtrigger.Update,
                kind="publisher",
                says=["reliability"],
                when=changes("reliability"),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address("profiles:publisher_detail", self.slug)
