from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from profiles.admin.shared import DeskAdmin, ReadOnly
from profiles.grading.pipeline import today
from profiles.models import DailyCount
from profiles.pages.usage import SPANS, asked_span, usage_of


@admin.register(DailyCount)
class DailyCountAdmin(ReadOnly, DeskAdmin):
    """How often pages and briefings were opened. There is no list of rows; a chart and two tables say more."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": "Figures of use",
            "opts": self.opts,
            "usage": usage_of(asked_span(request.GET), until=today()),
            "spans": SPANS,
        }
        return TemplateResponse(request, "admin/profiles/dailycount/change_list.html", context)
