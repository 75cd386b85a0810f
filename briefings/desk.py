"""A dossier brought to the desk: looked at with the grades that would move, then applied."""

import tempfile
from pathlib import Path
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts.models import User
from briefings.dossier import BadDossier, Imported, import_dossier
from config.desk import READS_GATED
from profiles import uploads
from profiles.models import Citation, Publisher, Reliability

KIND = "dossier"
NAME = "dossier.yaml"
BYTES_MAX = 2_000_000
MAY = ["profiles.publish_profile", READS_GATED]
MEANWHILE = "Somebody changed the same rows meanwhile; nothing of this file was kept. Look at it again."
FOUR_EYES = (
    "It would open band A ({what}), which takes another editor. Take that out of the file and propose it on the desk."
)


class Refused(Exception):
    """Why a dossier is not applied, in sentences."""


class DossierForm(forms.Form):
    file = forms.FileField(
        label="Dossier (YAML)",
        help_text="The file is the whole profile: what it lacks is removed. A picture is imported by the operator.",
    )


def dossiers(request: HttpRequest) -> HttpResponse:
    """Look at a dossier, or apply the one that was looked at. For editors who may read what it holds."""
    if not request.user.has_perms(MAY):
        raise PermissionDenied
    assert isinstance(request.user, User)
    if "_apply" in request.POST:
        return _apply(request, request.user)
    form = DossierForm(request.POST, request.FILES) if request.method == "POST" else DossierForm()
    return _page(request, {"form": form, **(_look(form, request.user) if form.is_valid() else {})})


def _look(form: DossierForm, by: User) -> dict[str, Any]:
    file = form.cleaned_data["file"]
    body = file.read(BYTES_MAX + 1)
    try:
        imported = imported_from(body, check=True)
    except Refused as refused:
        return {"problems": str(refused).splitlines(), "name": file.name}
    upload = uploads.keep(kind=KIND, name=file.name, body=body, by=by)
    return {"upload": upload, "imported": imported, "name": file.name}


def _apply(request: HttpRequest, by: User) -> HttpResponse:
    try:
        upload = uploads.kept(kind=KIND, number=request.POST.get("upload", ""), by=by)
        imported = imported_from(bytes(upload.body))
    except uploads.UploadGone as gone:
        messages.error(request, str(gone))
        return HttpResponseRedirect(request.path)
    except Refused as refused:
        return _page(
            request, {"form": DossierForm(), "problems": str(refused).splitlines(), "name": upload.name}
        )  # fmt: skip
    uploads.forget(upload)
    messages.success(request, f"{imported.slug}: {', '.join(imported.changes) or 'nothing changed'}.")
    return HttpResponseRedirect(reverse("admin:profiles_profile_changelist"))


def imported_from(body: bytes, *, check: bool = False) -> Imported:
    """Import a dossier, all of it or nothing; what opens band A is refused, for nobody does that alone. Raises Refused."""
    if len(body) > BYTES_MAX:
        raise Refused(f"The file is larger than {BYTES_MAX:,} bytes.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        path.write_bytes(body)
        try:
            with transaction.atomic():
                _refuse_band_a(path)
                return import_dossier(path, check=check)
        except BadDossier as error:
            raise Refused(str(error).replace(f"{path}", "The file")) from None
        except IntegrityError:
            raise Refused(MEANWHILE) from None


def _refuse_band_a(path: Path) -> None:
    """Import it for a moment to see whether it sets an A, or cites a source of one directly, that did not stand before."""
    before, place = _top(), transaction.savepoint()
    import_dossier(path)
    new = sorted(_top() - before)
    transaction.savepoint_rollback(place)
    if new:
        raise Refused(FOUR_EYES.format(what="; ".join(new)))


def _top() -> set[str]:
    letters = Publisher.objects.filter(reliability=Reliability.A).values_list("slug", flat=True)
    direct = Citation.objects.filter(direct=True, source__publisher__reliability=Reliability.A)
    named = direct.values_list("profile__slug", "source_id", "source__title")
    return {
        *(f"{slug} has Reliability A" for slug in letters),
        *(f"{slug} cites “{title}” ({number}) directly" for slug, number, title in named),
    }


def _page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    page = {**admin.site.each_context(request), "title": "Import a dossier", **context}
    return TemplateResponse(request, "admin/dossier.html", page)
