from django.db import models
from django.utils.translation import gettext_lazy as _

from config.addresses import address
from config.content import SHARED, shown
from profiles.models.slugs import ASCII_SLUG
from profiles.models.wording import kept_wording


class Facet(models.TextChoices):
    """A question every profile answers with one of a shared set of terms."""

    CATEGORY = "category", _("Category")
    REGION = "region", _("Region")
    SIGNAL_FOCUS = "signal-focus", _("Signal focus")
    CONTENT_TYPE = "content-type", _("Content type")
    PRIMARY_DOMAIN = "primary-domain", _("Primary domain")
    TOPIC = "topic", _("Topic")
    IMPACT = "impact", _("Impact")


class Term(models.Model):
    """One value of one facet, with a landing page of its own."""

    facet = models.CharField(max_length=20, choices=Facet)
    slug = models.CharField(max_length=100, validators=[ASCII_SLUG])
    name = models.CharField(max_length=100)
    introduction = models.TextField(blank=True, help_text="Markdown; stands at the head of the term's page.")

    class Meta:
        ordering = ["facet", "name"]
        constraints = [
            models.UniqueConstraint(
                "facet", "slug", name="one_term_per_slug", violation_error_message="This facet already has that term."
            ),
            models.CheckConstraint(condition=models.Q(facet__in=Facet.values), name="term_of_a_known_facet"),
            models.UniqueConstraint("id", "facet", name="term_of_its_facet"),
        ]
        triggers = [*kept_wording("term_id", title="name", body="introduction"), *shown(SHARED, fresh=False)]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address("profiles:term_detail", self.facet, self.slug)
