from django.contrib import admin
from django.http import HttpRequest

from profiles.admin.shared import DeskAdmin
from profiles.models import (
    Page,
    Ticket,
)


@admin.register(Page)
class PageAdmin(DeskAdmin):
    list_display = ["title", "slug", "changed_at"]


@admin.register(Ticket)
class TicketAdmin(DeskAdmin):
    list_display = ["created_at", "profile", "message", "closed_at"]
    list_filter = [("closed_at", admin.EmptyFieldListFilter)]
    readonly_fields = ["created_at", "name", "email", "message"]
    autocomplete_fields = ["profile"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
