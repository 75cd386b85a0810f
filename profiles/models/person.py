from django.db import models

from config.addresses import address
from config.content import SHARED, shown
from profiles.models.slugs import SlugField


class Person(models.Model):
    """An author or reviewer, with a page of their own."""

    slug = SlugField()
    name = models.CharField(max_length=200, unique=True)
    role = models.CharField(max_length=200, blank=True)
    biography = models.TextField(blank=True)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "people"
        triggers = shown(SHARED, fresh=False)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address("profiles:person_detail", self.slug)
