from typing import Any

from django import forms
from django.contrib import admin
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config import pictures
from config import site as record_of_site
from config.audit import record
from config.deskadmin import DeskAdmin
from config.models import AuditEntry, MutedAddress, Site

LOGO = (640, 160)  # twice as large as it is shown


class AdministratorsOnly:
    """Superusers see it and do it, nobody else; and nobody removes it."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and getattr(request.user, "is_superuser", False))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AuditEntry)
class AuditEntryAdmin(AdministratorsOnly, admin.ModelAdmin):
    """Who did what, for superusers to look at. A subject is found by its kind and number: profile 12."""

    list_display = ["at", "actor", "verb", "subject_kind", "subject_id", "reason"]
    list_filter = ["verb"]
    search_fields = ["subject_kind", "=subject_id"]
    date_hierarchy = "at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
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


class SiteForm(forms.ModelForm):
    """The record, with a logo to hand in or to take away."""

    new_logo = forms.FileField(
        label="New logo",
        required=False,
        help_text="WebP, PNG, JPEG or AVIF; shown in place of the name, 40 pixels high. It is made anew, without metadata.",
    )
    no_logo = forms.BooleanField(label="Take the logo away", required=False)

    class Meta:
        model = Site
        fields = ["name", "contact_address", "imprint"]
        widgets = {"imprint": forms.Textarea(attrs={"rows": 4, "cols": 60})}

    def clean_new_logo(self) -> UploadedFile | None:
        file: UploadedFile | None = self.cleaned_data["new_logo"]
        self.logo: pictures.Picture | None = None
        if file:
            try:
                self.logo = pictures.made_anew(file.read(pictures.MOST_BYTES + 1), largest=LOGO)
            except pictures.BadPicture as refused:
                raise forms.ValidationError(str(refused)) from None
        return file


@admin.register(Site)
class SiteAdmin(AdministratorsOnly, admin.ModelAdmin):
    """One row, so there is no list: its address leads to the form."""

    form = SiteForm
    fields = ["name", "contact_address", "imprint", "logo_now", "new_logo", "no_logo"]
    readonly_fields = ["logo_now"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not Site.objects.exists()

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        found = Site.objects.filter(pk=Site.THE_ONE).exists()
        there = reverse("admin:config_site_change", args=[Site.THE_ONE]) if found else reverse("admin:config_site_add")
        return HttpResponseRedirect(there)

    def save_model(self, request: HttpRequest, obj: Site, form: Any, change: bool) -> None:
        logo: pictures.Picture | None = form.logo
        if logo:
            obj.logo, obj.logo_digest, obj.logo_width, obj.logo_height = logo.held, logo.digest, logo.width, logo.height
        elif form.cleaned_data["no_logo"]:
            obj.logo, obj.logo_digest, obj.logo_width, obj.logo_height = None, "", 0, 0
        super().save_model(request, obj, form, change)
        record_of_site.forget()

    def response_post_save_change(self, request: HttpRequest, obj: Site) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse("admin:index"))

    def response_post_save_add(self, request: HttpRequest, obj: Site) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse("admin:index"))

    @admin.display(description="logo")
    def logo_now(self, obj: Site) -> SafeString | str:
        if not obj.logo_digest:
            return "none; the name stands there"
        address = reverse("logo", args=[obj.logo_digest, "webp"])
        return format_html('<img src="{}" width="{}" height="{}" alt="">', address, obj.logo_width, obj.logo_height)
