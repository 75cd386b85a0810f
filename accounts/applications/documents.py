"""Documents that applicants hand in: taken for what their bytes are, and shown to nobody in a browser window."""

import hashlib
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from io import BytesIO
from typing import Any, Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from PIL import Image

from accounts.applications.states import NotPossible, State
from accounts.models import Application, Document

MOST_MEGABYTES = 5
MOST_BYTES = MOST_MEGABYTES * 1_000_000
MOST_PIXELS = 50_000_000
MOST_KEPT = 10  # for one person, within a month
KEPT_AFTER_END = timedelta(days=90)
FORM_BYTES = MOST_BYTES + 200_000  # with the fields around it
TYPES = {"pdf": "application/pdf", "png": "image/png", "jpeg": "image/jpeg"}

P = ParamSpec("P")


class BadDocument(Exception):
    """A file that is none of the documents we take; the text is a sentence."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was looked at and found to be what it should be."""

    kind: str
    name: str
    content: bytes

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def read_upload(content: bytes, *, name: str) -> Upload:
    """Return what a file is. Raises BadDocument."""
    if len(content) > MOST_BYTES:
        raise BadDocument(_("The file is larger than %(number)d MB.") % {"number": MOST_MEGABYTES})
    return Upload(_kind(content), plain_name(name), content)


def _kind(content: bytes) -> str:
    if content.startswith(b"%PDF-") and b"%%EOF" in content[-2048:]:
        return "pdf"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Pillow only warns of a picture that unpacks to a gigabyte
            with Image.open(BytesIO(content), formats=["PNG", "JPEG"]) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise BadDocument(_("The picture has too many pixels; make it smaller."))
                image.load()
                return "png" if image.format == "PNG" else "jpeg"
    except BadDocument:
        raise
    except Exception:  # a decoder fails in its own ways on a file that is none
        raise BadDocument(_("The file is no PDF, PNG or JPEG, or it is broken.")) from None


def plain_name(name: str) -> str:
    """What a file was called, in letters that mean nothing to a shell, a header or a file system."""
    stem = re.sub(r"[^\w .()-]", "_", name.replace("\\", "/").rpartition("/")[2]).strip(" .")
    return stem[-100:].strip(" .") or "document"


def keep(application: Application, upload: Upload) -> Document:
    """Keep a file with its application; the same bytes once. Raises NotPossible beyond what one person may keep."""
    held = application.documents.filter(digest=upload.digest).first()
    if held:
        return held
    since = timezone.now() - timedelta(days=30)
    if (
        Document.objects.filter(application__applicant=application.applicant, uploaded_at__gt=since).count()
        >= MOST_KEPT
    ):
        said = ngettext(
            "You have handed in %(number)d document within a month. Write to us if you need another one.",
            "You have handed in %(number)d documents within a month. Write to us if you need another one.",
            MOST_KEPT,
        )
        raise NotPossible(said % {"number": MOST_KEPT})
    return Document.objects.create(
        application=application,
        kind=upload.kind,
        name=upload.name,
        size=len(upload.content),
        digest=upload.digest,
        content=upload.content,
    )


def forget_old(*, at: datetime) -> None:
    """Remove the documents of applications that ended without approval a while ago."""
    ended = [State.REFUSED, State.WITHDRAWN, State.EXPIRED]
    Document.objects.filter(application__state__in=ended, application__state_since__lte=at - KEPT_AFTER_END).delete()


def answer(document: Document) -> HttpResponse:
    """A download, never a page: what somebody else uploaded runs nowhere and stays in no cache."""
    kind = document.kind
    headers = {
        "Content-Disposition": f'attachment; filename="document-{document.pk}.{kind}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, no-store",
        "X-Robots-Tag": "noindex, noarchive",
    }
    return HttpResponse(bytes(document.content), content_type=TYPES[kind], headers=headers)


def takes_uploads(view: Callable[Concatenate[HttpRequest, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """Turn a form away unread when it says that it is larger than any document; nothing longer than it says is read."""
    checked: Any = csrf_protect(view)

    @csrf_exempt  # for here only: looking for the token would read the whole form before it is measured
    @wraps(view)
    def measured(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length) > FORM_BYTES:
            return render(request, "accounts/too_large.html", {"most": MOST_MEGABYTES}, status=413)
        answered: HttpResponse = checked(request, *args, **kwargs)
        return answered

    return measured
