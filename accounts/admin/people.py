"""People who log in: who they are, what they may read and why, how they come in, and what was done about it."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone

from accounts import actions
from accounts.access import with_tier
from accounts.admin.ledger import adding
from accounts.admin.steps import Step, Steps, Tool
from accounts.ledger import doors_of, ledger_of_person, living_sessions, tier_in_words
from accounts.members import as_csv, members
from accounts.models import User
from accounts.tiers import Tier
from config.audit import record

EXPORT = "accounts.export_members"
END_SESSIONS = "accounts.end_sessions"


class NewUserForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ["email", "name"]
        field_classes = {"email": forms.EmailField}


class TierFilter(admin.SimpleListFilter):
    title = "tier now"
    parameter_name = "tier"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(tier.slug, tier.title) for tier in Tier]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        asked = {tier.slug: tier for tier in Tier}.get(self.value() or "")
        return queryset if asked is None else queryset.filter(tier_now=asked)


@admin.register(User)
class PeopleWhoLogIn(Steps, UserAdmin):
    """Somebody who logs in, found by address or name."""

    add_form = NewUserForm
    ordering = ["email"]
    list_display = ["email", "name", "tier", "date_joined"]
    list_filter = [TierFilter, "is_staff", "is_active", "groups"]
    search_fields = ["email", "name", "emailaddress__email"]
    readonly_fields = ["now", "last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["email", "name", "password", "now"]}),
        ("Permissions", {"fields": ["is_active", "is_staff", "is_superuser", "groups"]}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "name", "usable_password", "password1", "password2"]})]
    steps = [
        Step(
            "log-out",
            "Log out everywhere",
            "Every browser they are logged in from is logged out with its next click. They can log in again.",
            "Logged out everywhere.",
            END_SESSIONS,
            lambda user, by, reason: actions.end_sessions(user=user, by=by),
            lambda user: living_sessions(user).exists(),
            forms.Form,
        )
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return with_tier(super().get_queryset(request), at=timezone.now())

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None or self.has_change_permission(request, obj):
            return super().get_fieldsets(request, obj)
        # Whoever may only look has no use for how the password is kept.
        return [(None, {"fields": ["email", "name", "now", "is_active", "is_staff", "last_login", "date_joined"]})]

    def tools(self, request: HttpRequest, obj: User) -> Iterator[Tool]:
        if not obj.closed_at and request.user.has_perm("accounts.add_grant"):
            yield Tool("Give a complimentary grant", adding("grant", user=obj.pk))
        if not obj.closed_at and request.user.has_perm("accounts.add_suspension"):
            yield Tool("Suspend", adding("suspension", user=obj.pk))
        yield from super().tools(request, obj)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if user := context.get("original"):
            context |= {"ledger": ledger_of_person(user), "doors": doors_of(user)}
        return super().render_change_form(request, context, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {"may_export": request.user.has_perm(EXPORT), **(extra_context or {})})

    @admin.display(description="tier now", ordering="tier_now")
    def tier(self, user: Any) -> str:
        return Tier(user.tier_now).title

    @admin.display(description="tier now")
    def now(self, user: User) -> str:
        return tier_in_words(user, at=timezone.now())

    # --- The list to take away ---

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.take_members)
        return [path("members/", view, name="accounts_user_members"), *super().get_urls()]

    def take_members(self, request: HttpRequest) -> HttpResponse:
        """Say what the list holds; hand it over to a POST, which leaves an entry in the audit."""
        if not request.user.has_perm(EXPORT):
            raise PermissionDenied
        rows = list(members(at=timezone.now()))
        if request.method != "POST":
            context = {**self.admin_site.each_context(request), "title": "Export the members", "opts": self.opts}
            return TemplateResponse(request, "admin/accounts/user/members.html", context | {"number": len(rows)})
        assert isinstance(request.user, User)
        record("members.exported", request.user, number=len(rows))
        named = f'attachment; filename="members-{timezone.now():%Y-%m-%d}.csv"'
        return HttpResponse(as_csv(rows), "text/csv; charset=utf-8", headers={"Content-Disposition": named})
