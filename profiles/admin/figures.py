"""Figures on the desk: uploaded, looked at, given a focal point. What nothing uses is cleared by itself."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from config import pictures
from profiles import figures
from profiles.admin.shared import DeskAdmin
from profiles.models import Figure, Revision

SHOWN_USES = 10
UPLOAD = (
    "WebP, PNG, JPEG or AVIF, up to 10 MB and 40 million pixels. It is made anew: turned upright, in sRGB, and without"
    " what the camera wrote about place and time. Moving pictures and SVG are refused."
)


class UploadForm(forms.ModelForm):
    """A new figure; its file is looked at before anything is kept."""

    file = forms.FileField(
        label="Picture",
        help_text=UPLOAD,
        widget=forms.ClearableFileInput(attrs={"accept": "image/webp,image/png,image/jpeg,image/avif"}),
    )

    class Meta:
        model = Figure
        fields = ["focus_x", "focus_y"]

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        try:
            if (file.size or 0) > pictures.MOST_BYTES:
                raise pictures.BadPicture(f"The picture is larger than {pictures.MOST_BYTES // 1_000_000} MB.")
            self.held = file.read()
            pictures.as_it_is(self.held)
        except pictures.BadPicture as refused:
            raise forms.ValidationError(str(refused)) from None
        return file


class UsedFilter(admin.SimpleListFilter):
    title = "use"
    parameter_name = "use"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("live", "on a live page"), ("none", "in no text")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Figure]) -> QuerySet[Figure]:
        if self.value() == "live":
            return queryset.filter(pk__in=figures.public_figures())
        used = Revision.objects.filter(figure__isnull=False).values("figure")
        return queryset.exclude(pk__in=used) if self.value() == "none" else queryset


@admin.register(Figure)
class FigureAdmin(DeskAdmin):
    list_display = ["small", "filename", "size", "made"]
    list_display_links = ["small", "filename"]
    list_filter = [UsedFilter]
    search_fields = ["filename"]

    def has_delete_permission(self, request: HttpRequest, obj: Figure | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.picture)
        return [path("<path:object_id>/picture/", view, name="profiles_figure_picture"), *super().get_urls()]

    def get_form(self, request: HttpRequest, obj: Figure | None = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **({} if obj else {"form": UploadForm}), **kwargs)

    def get_fields(self, request: HttpRequest, obj: Figure | None = None) -> Any:
        focus = ["focus_x", "focus_y"]
        return ["large", "filename", "size", *focus, "made", "uses"] if obj else ["file", *focus]

    def get_readonly_fields(self, request: HttpRequest, obj: Figure | None = None) -> list[str]:
        return ["large", "filename", "size", "made", "uses"] if obj else []

    def save_model(self, request: HttpRequest, obj: Figure, form: Any, change: bool) -> None:
        if change:
            figures.focus_on(figure_id=obj.pk, x=obj.focus_x, y=obj.focus_y)
            return
        file = form.cleaned_data["file"]
        stored = figures.store_figure(form.held, filename=file.name, anew=True)
        figures.focus_on(figure_id=stored.pk, x=obj.focus_x, y=obj.focus_y)
        obj.pk = stored.pk
        obj.refresh_from_db()
        obj._state.adding = False
        if obj.filename != file.name:
            self.message_user(request, f"This picture was here already, as {obj.filename}.", messages.WARNING)

    def picture(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The picture for the desk, which sees those of drafts as well."""
        figure = self.get_object(request, object_id)
        if not self.has_view_permission(request, figure):
            raise PermissionDenied
        if figure is None or figure.extension not in pictures.EXTENSIONS.values() or not figures.is_kept(figure):
            raise Http404
        return FileResponse(
            figures.place_of(figure).open("rb"),
            content_type=f"image/{figure.extension}",
            headers={"X-Content-Type-Options": "nosniff"},
        )

    @admin.display(description="picture")
    def small(self, figure: Figure) -> SafeString:
        address = reverse("admin:profiles_figure_picture", args=[figure.pk])
        return format_html('<img class="figure-small" src="{}" alt="{}" loading="lazy">', address, figure.filename)

    @admin.display(description="picture, with its focal point")
    def large(self, figure: Figure) -> SafeString:
        return format_html(
            '<svg class="figure-large" viewBox="0 0 {width} {height}" role="img" aria-label="{name}, focal point {x} % across'
            ' and {y} % down"><image href="{address}" width="{width}" height="{height}"/>'
            '<circle cx="{x}%" cy="{y}%" r="1.6%"/></svg>',
            width=figure.width,
            height=figure.height,
            name=figure.filename,
            address=reverse("admin:profiles_figure_picture", args=[figure.pk]),
            x=figure.focus_x,
            y=figure.focus_y,
        )

    @admin.display(description="size", ordering="width")
    def size(self, figure: Figure) -> str:
        return f"{figure.width} × {figure.height}"

    @admin.display(description="sizes and formats")
    def made(self, figure: Figure) -> str:
        if figure.rendered_at:
            return f"{len(figure.renditions)}, made {figure.rendered_at:%Y-%m-%d %H:%M} UTC"
        return "being made; the page shows it as it is meanwhile"

    @admin.display(description="used by")
    def uses(self, figure: Figure) -> SafeString | str:
        revisions = Revision.objects.filter(figure=figure).order_by("-pk")[:SHOWN_USES]
        shown = ((reverse("admin:profiles_revision_change", args=[one.pk]), one) for one in revisions)
        return format_html_join(" · ", '<a href="{}">{}</a>', shown) or "no text; it is cleared after a month"
