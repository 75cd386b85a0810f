from django.contrib import admin

from profiles.admin.shared import DeskAdmin, ReadOnly, told
from profiles.models import (
    Grade,
    GradingState,
)


@admin.register(GradingState)
class GradingStateAdmin(ReadOnly, DeskAdmin):
    list_display = ["profile", "score", "as_of", "graded_at", "due_on", "failures", "next_try_at"]
    list_select_related = ["profile"]
    list_filter = ["method", "failures"]
    search_fields = ["profile__slug"]


@admin.register(Grade)
class GradeAdmin(ReadOnly, DeskAdmin):
    list_display = ["profile", "seq", "score", "graded_at", "why"]
    list_select_related = ["profile"]
    search_fields = ["profile__slug"]
    date_hierarchy = "graded_at"

    @admin.display(description="causes")
    def why(self, grade: Grade) -> str:
        return " ".join(told(grade))
