from django.contrib import admin

from profiles.admin.shared import DeskAdmin
from profiles.admin.what_if import LetterWhatIf
from profiles.models import (
    Person,
    Publisher,
)


@admin.register(Publisher)
class PublisherAdmin(LetterWhatIf, DeskAdmin):
    list_display = ["name", "reliability", "reliability_reason"]
    list_filter = ["reliability"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}


@admin.register(Person)
class PersonAdmin(DeskAdmin):
    list_display = ["name", "role"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}
