from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from config.audit import record
from config.deskadmin import DeskAdmin
from config.models import AuditEntry, MutedAddress


@admin.register(AuditEntry)
class AuditEntryAdmin(admin.ModelAdmin):
    """Who did what, for superusers to look at. A subject is found by its kind and number: profile 12."""

    list_display = ["at", "actor", "verb", "subject_kind", "subject_id", "reason"]
    list_filter = ["verb"]
    search_fields = ["subject_kind", "=subject_id"]
    date_hierarchy = "at"

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and getattr(request.user, "is_superuser", False))

    def has_view_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        return False


class MuteForm(forms.ModelForm):
    class Meta:
        model = MutedAddress
        fields = ["address", "reason"]
        help_texts = {"reason": "Who asked for it, or what the mail server said."}

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"].lower()
        return address


@admin.register(MutedAddress)
class MutedAddressAdmin(DeskAdmin):
    """Addresses that get no mail but the codes they ask for. Deleting one lets mails through again."""

    form = MuteForm
    list_display = ["address", "reason", "muted_at"]
    search_fields = ["address", "reason"]
    fields = ["address", "reason", "muted_at"]
    readonly_fields = ["muted_at"]

    def get_fields(self, request: HttpRequest, obj: MutedAddress | None = None) -> Any:
        return super().get_fields(request, obj) if obj else MuteForm.Meta.fields

    def has_change_permission(self, request: HttpRequest, obj: MutedAddress | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: MutedAddress, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        record("address.muted", obj)

    def delete_model(self, request: HttpRequest, obj: MutedAddress) -> None:
        record("address.unmuted", obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[MutedAddress]) -> None:
        for address in queryset:
            record("address.unmuted", address)
        super().delete_queryset(request, queryset)
