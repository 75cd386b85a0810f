"""Sources and citations as tables on the desk: out by the lists' actions, in by a page that looks first."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from profiles import uploads
from profiles.admin.shared import PUBLISH, DeskAdmin, person_of
from profiles.models import Citation, Profile, Upload

FORMS = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
KINDS: dict[str, tuple[str, str]] = {
    "sources": ("profiles.add_source", "profiles.change_source"),
    "citations": ("profiles.add_citation", "profiles.change_citation"),
}


class TableForm(forms.Form):
    file = forms.FileField(
        label="CSV or XLSX", help_text="Columns may be missing; a row that says what is on file changes nothing."
    )


class Tables(DeskAdmin):
    """Puts the actions that export on a list, and the page that imports beside it."""

    table_kind = ""
    change_list_template = "admin/profiles/tables/change_list.html"
    actions = ["export_csv", "export_xlsx"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.table_view)
        return [path("table/", view, name=self._table_name), *super().get_urls()]

    @property
    def _table_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_table"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        may = all(request.user.has_perms([one]) for one in KINDS[self.table_kind])
        table = {"url": reverse(f"admin:{self._table_name}"), "kind": self.table_kind} if may else None
        return super().changelist_view(request, {**(extra_context or {}), "table": table})

    # --- Out ---

    @admin.action(description="Export as CSV", permissions=["view"])
    def export_csv(self, request: HttpRequest, chosen: QuerySet[Any]) -> HttpResponse:
        return self._export(chosen, "csv")

    @admin.action(description="Export as XLSX", permissions=["view"])
    def export_xlsx(self, request: HttpRequest, chosen: QuerySet[Any]) -> HttpResponse:
        return self._export(chosen, "xlsx")

    def _export(self, chosen: QuerySet[Any], form: str) -> HttpResponse:
        from profiles.tables.actions import export_table  # only who needs tables loads what reads and writes them

        body = export_table(self.table_kind, self.rows_of(chosen), form=form)
        name = f'attachment; filename="{self.table_kind}.{form}"'
        return HttpResponse(body, content_type=FORMS[form], headers={"Content-Disposition": name})

    def rows_of(self, chosen: QuerySet[Any]) -> QuerySet[Any]:
        return chosen

    # --- In ---

    def table_view(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perms(KINDS[self.table_kind]):
            raise PermissionDenied
        if "_apply" in request.POST:
            return self._apply(request)
        form = TableForm(request.POST, request.FILES) if request.method == "POST" else TableForm()
        shown = self._look(request, form) if form.is_valid() else {}
        return self._table_page(request, {"form": form, **shown})

    def _look(self, request: HttpRequest, form: TableForm) -> dict[str, Any]:
        from profiles.tables.actions import BYTES_MAX, BadTable

        file = form.cleaned_data["file"]
        body, by = file.read(BYTES_MAX + 1), person_of(request)
        try:
            imported = self._imported(request, body, check=True)
        except BadTable as refused:
            return {"problems": refused.problems, "name": file.name}
        upload = uploads.keep(kind=self.table_kind, name=file.name, body=body, by=by)
        return {"upload": upload, "imported": imported, "name": file.name}

    def _apply(self, request: HttpRequest) -> HttpResponse:
        from profiles.tables.actions import BadTable

        try:
            upload = uploads.kept(kind=self.table_kind, number=request.POST.get("upload", ""), by=person_of(request))
            imported = self._imported(request, bytes(upload.body))
        except uploads.UploadGone as gone:
            messages.error(request, str(gone))
            return HttpResponseRedirect(request.path)
        except BadTable as refused:
            return self._table_page(request, {"form": TableForm(), "problems": refused.problems, "name": upload.name})
        uploads.forget(upload)
        self._say(request, upload, imported)
        return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))

    def _imported(self, request: HttpRequest, body: bytes, *, check: bool = False) -> Any:
        from profiles.tables.actions import import_table, read_table

        by, may_publish = person_of(request), request.user.has_perm(PUBLISH)
        return import_table(
            self.table_kind, read_table(self.table_kind, body), by=by, may_publish=may_publish, check=check
        )

    def _say(self, request: HttpRequest, upload: Upload, imported: Any) -> None:
        self.message_user(
            request,
            f"{upload}: {imported.added} added, {imported.changed} changed, {imported.same} the same.",
            messages.SUCCESS,
        )
        for held in imported.held:
            self.message_user(request, f"{held} waits for another editor.", messages.WARNING)

    def _table_page(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        from profiles.tables.actions import TABLES

        columns = [one.column_name for one in TABLES[self.table_kind]().get_import_fields()]
        page = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Import {self.table_kind}",
            "columns": columns,
        }
        return TemplateResponse(request, "admin/profiles/tables/import.html", {**page, **context})


class SourceTables(Tables):
    table_kind = "sources"


class CitationTables(Tables):
    """The citations of the profiles that are chosen."""

    table_kind = "citations"

    def rows_of(self, chosen: QuerySet[Profile]) -> QuerySet[Citation]:
        return Citation.objects.filter(profile__in=chosen.values("pk")).order_by("profile__slug", "position", "pk")
