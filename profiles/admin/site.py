from django.contrib import admin

from profiles.admin.shared import DeskAdmin
from profiles.models import Page


@admin.register(Page)
class PageAdmin(DeskAdmin):
    list_display = ["title", "slug", "changed_at"]
