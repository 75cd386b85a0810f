from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from profiles.admin.wording import Worded, WordedForm
from profiles.models import Page

AS_MARKDOWN = "Markdown: # for a heading, * for a list, [words](/address/) for a link. HTML and pictures are shown as they are typed."


class PageForm(WordedForm):
    worded = "body"

    class Meta:
        model = Page
        fields = ["slug", "title", "body"]
        help_texts = {"body": AS_MARKDOWN}
        widgets = {"body": forms.Textarea(attrs={"rows": 30, "cols": 90})}

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if slug not in Page.ADDRESSES:
            raise forms.ValidationError(f"A page stands at one of these addresses: {', '.join(Page.ADDRESSES)}.")
        return slug


@admin.register(Page)
class PageAdmin(Worded):
    form = PageForm
    list_display = ["title", "slug", "changed_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and Page.objects.count() < len(Page.ADDRESSES)

    def has_delete_permission(self, request: HttpRequest, obj: Page | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Page | None = None) -> Any:
        return ["slug", "title", "body", "seen", *(["wordings"] if obj else [])]

    def get_readonly_fields(self, request: HttpRequest, obj: Page | None = None) -> list[str]:
        return ["slug", "wordings"] if obj else []
