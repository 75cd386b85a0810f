"""All grades as one file, sent as it is read: a site with a million grades needs no more memory than one with ten."""

import csv
import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from hashlib import blake2b
from io import StringIO
from itertools import islice
from typing import Any

from django.contrib.postgres.aggregates import StringAgg
from django.db import transaction
from django.db.models import CharField, Count, F, Max, QuerySet, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Concat
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse

from profiles.grading.causes import explain_cause
from profiles.grading.scale import band_of
from profiles.grading.working import label_in_words
from profiles.models import Grade, Profile

FORM = 1  # of the files; another one must not be taken for the same content
AT_ONCE = 1000
COLUMNS = (
    "profile", "name", "seq", "graded_at", "as_of", "score", "letters", "label", "breadth", "disputed", "method", "causes",
)  # fmt: skip
# What a spreadsheet takes for the beginning of a formula, in both widths.
FORMULA = tuple("=+-@\t\r＝＋－＠")


def as_csv() -> HttpResponse:
    return _file("grades.csv", "text/csv; charset=utf-8; header=present", _csv(_rows()))


def as_json_lines() -> HttpResponse:
    return _file("grades.jsonl", "application/jsonl; charset=utf-8", (_json(row) for row in _rows()))


def _file(name: str, media_type: str, lines: Iterable[str]) -> HttpResponse:
    licence, method = (
        reverse(f"profiles:{name}", args=args) for name, args in (("page_detail", ["terms"]), ("methodology", []))
    )
    headers = {
        "Content-Disposition": f'attachment; filename="assay-{name}"',
        "ETag": f'"{content_version()}"',
        "Link": f'<{licence}>; rel="license", <{method}>; rel="describedby"',
    }
    # Said to be what the decorator of public pages wants: it is told the ETag and never looks at the content.
    response: Any = StreamingHttpResponse(_together(lines), content_type=media_type, headers=headers)
    return response  # type: ignore[no-any-return]


def content_version() -> str:
    """Return what changes whenever a line of the files does: which texts are live, and which grades there are."""
    live = Profile.objects.published()
    pk, text = Cast("pk", CharField()), Cast("live_revision", CharField())
    one = Concat(pk, Value(" "), "slug", Value(" "), text, output_field=CharField())
    profiles = live.aggregate(all=StringAgg(one, ",", order_by="pk"))["all"]
    grades = Grade.objects.filter(profile__in=live).aggregate(number=Count("pk"), newest=Max("pk"))
    said = f"{FORM} {profiles} {grades['number']} {grades['newest']}"
    return blake2b(said.encode(), digest_size=16).hexdigest()


def _rows() -> Iterator[dict[str, Any]]:
    """Yield every public grade in a stable order, through a cursor on the server."""
    # In a transaction: outside one PostgreSQL would work out every row before it hands over the first.
    with transaction.atomic():
        for row in _grades().iterator(chunk_size=AT_ONCE):
            yield _row(**row)


def _grades() -> QuerySet[Any, Any]:
    # By number, not by slug: a profile that is renamed keeps its place.
    shown = Grade.objects.filter(profile__in=Profile.objects.published()).order_by("profile_id", "seq")
    return shown.annotate(
        slug=F("profile__slug"),
        name=F("profile__live_revision__name"),
        breadth=KT("verdict__breadth"),
        disputed=KT("verdict__disputed"),
    ).values("slug", "name", "seq", "graded_at", "as_of", "score", "breadth", "disputed", "method", "causes")


def _row(slug: str, score: Decimal, disputed: str | None, causes: list[dict[str, Any]], **rest: Any) -> dict[str, Any]:
    band = band_of(score)
    told = {
        "profile": slug,
        "score": float(score),
        "letters": band.letters,
        "label": label_in_words(band.label),
        "disputed": disputed == "true",
        "causes": [explain_cause(cause) for cause in causes],
        "graded_at": rest["graded_at"].isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "as_of": rest["as_of"].isoformat(),
    }
    return {name: {**rest, **told}[name] for name in COLUMNS}


def _json(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def _csv(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    yield _line(COLUMNS)
    for row in rows:
        words = {"causes": " ".join(row["causes"]), "disputed": "yes" if row["disputed"] else "no"}
        score = {"score": f"{row['score']:.2f}"}
        yield _line(_harmless(value) for value in {**row, **words, **score}.values())


def _line(values: Iterable[Any]) -> str:
    held = StringIO()
    csv.writer(held).writerow(values)
    return held.getvalue()


def _harmless(value: Any) -> Any:
    """Return a cell that no spreadsheet runs: what begins like a formula gets an apostrophe in front."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _together(lines: Iterable[str]) -> Iterator[bytes]:
    # Each piece passes through every layer of the server by itself.
    lines = iter(lines)
    while piece := "".join(islice(lines, 200)):
        yield piece.encode()
