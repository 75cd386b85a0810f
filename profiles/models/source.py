from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models

from config.content import SHARED, shown
from profiles.models.days import readable_days
from profiles.models.history import recorded
from profiles.models.publisher import Publisher
from profiles.models.triggers import touches_on_change
from profiles.urlkeys import url_key

URL_KEY_BYTES = 2000  # an index entry must stay below 2700


@recorded(but=["url_key"])
class Source(models.Model):
    """One published thing: a report, paper, filing or statement. May repeat others, which it is derived from."""

    publisher = models.ForeignKey(Publisher, models.PROTECT, related_name="sources")
    title = models.CharField(max_length=500)
    authors = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    url = models.URLField(max_length=2000, blank=True, help_text="Empty for an origin known only through others.")
    url_key = models.CharField(max_length=2000, null=True, unique=True, editable=False)  # noqa: DJ001  many have none
    published_on = models.DateField(
        null=True, blank=True, help_text="The day it came out; leave empty when it does not say."
    )
    language = models.CharField(max_length=35, blank=True, help_text="A language tag such as en or zh-Hans.")
    accessed_on = models.DateField(null=True, blank=True)
    archived_url = models.URLField(max_length=2000, blank=True, help_text="Where a copy is kept.")
    origins = models.ManyToManyField(
        "self", through="Derivation", through_fields=("source", "origin"), symmetrical=False, related_name="repeats"
    )

    class Meta:
        ordering = ["title", "pk"]
        constraints = [
            models.UniqueConstraint(
                "publisher",
                "title",
                "published_on",
                condition=models.Q(url_key__isnull=True),
                nulls_distinct=False,
                name="one_source_without_address",
                violation_error_message="This publisher already has a source of that title and date without an address.",
            ),
            models.CheckConstraint(
                condition=~models.Q(title=""), name="source_titled", violation_error_message="A source needs a title."
            ),
            readable_days("source_days", "published_on", "accessed_on"),
        ]
        triggers = [
            *touches_on_change("source", node="id", columns=["publisher_id", "published_on"], shows=["id", "title"]),
            *shown(SHARED, fresh=False),
        ]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: object, **kwargs: object) -> None:
        self.url_key = url_key(self.url)
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def clean(self) -> None:
        self.url_key = url_key(self.url)
        if len((self.url_key or "").encode()) > URL_KEY_BYTES:
            raise ValidationError({"url": f"This address is longer than {URL_KEY_BYTES} bytes."})
        if twin := self._twin():
            raise ValidationError(f"This source is on file already: “{twin}”, {twin.publisher}.")

    def _twin(self) -> "Source | None":
        others = Source.objects.exclude(pk=self.pk).select_related("publisher")
        if self.url_key:
            return others.filter(url_key=self.url_key).first()
        same = {"publisher": self.publisher_id, "title": self.title, "published_on": self.published_on}
        return others.filter(url_key=None, **same).first()


@recorded(of="source")
class Derivation(models.Model):
    """One source repeats another. The first of them is its principal origin.

    A derivation prepared on a draft counts for that draft alone until it is published.
    """

    source = models.ForeignKey(Source, models.CASCADE, related_name="derivations")
    origin = models.ForeignKey(Source, models.CASCADE, related_name="derived")
    position = models.PositiveSmallIntegerField(default=0)
    draft_of = models.ForeignKey(
        "profiles.Profile", models.CASCADE, null=True, blank=True, editable=False, related_name="+"
    )

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                "source",
                "origin",
                "draft_of",
                nulls_distinct=False,
                name="one_derivation_per_origin",
                violation_error_message="This source is already said to repeat that origin.",
            ),
            models.CheckConstraint(
                condition=~models.Q(source=models.F("origin")),
                name="no_source_repeats_itself",
                violation_error_message="A source cannot be derived from itself.",
            ),
        ]
        triggers = [
            *touches_on_change(
                "derivation",
                kind="source",
                node="source_id",
                columns=["source_id", "origin_id", "position", "draft_of_id"],
                shows=["source_id", "origin_id"],
            ),
            *shown(SHARED, where="r.draft_of_id IS NULL"),
        ]

    def __str__(self) -> str:
        return f"{self.source} repeats {self.origin}"
