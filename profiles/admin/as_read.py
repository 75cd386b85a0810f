"""A text that nobody may change any more, on the desk: in words and lines, where the form has JSON and lists."""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from profiles.admin.shared import listed
from profiles.markup import render_markdown
from profiles.models import Revision

Told = Callable[[Revision], SafeString | str | None]
WHEN = {"now": "Now", "quarter": "This quarter", "year": "This year"}


def _lines(revision: Revision, name: str) -> Iterator[SafeString]:
    for line in getattr(revision, name):
        yield format_html('<span class="as-typed">{}</span>', line)


def _statements(revision: Revision, name: str) -> Iterator[SafeString]:
    for key, statement in revision.statements.items():
        yield format_html("<strong>{}</strong> {}", key, statement)


def _sections(revision: Revision, name: str) -> Iterator[SafeString]:
    for section in revision.sections:
        yield format_html(
            "<strong>{}</strong>{}", section.get("heading", ""), render_markdown(section.get("body", ""), below=3)
        )


def _outlook(revision: Revision, name: str) -> Iterator[SafeString]:
    for when, label in WHEN.items():
        if told := revision.outlook.get(when):
            headline = told.get("headline", "")
            heading = f"{label}: {headline}" if headline else label
            yield format_html('<strong>{}</strong><div class="as-typed">{}</div>', heading, told.get("body", ""))


SAID = {"statements": _statements, "sections": _sections, "outlook": _outlook}
LISTS = ("aliases", "number_resources", "what_it_does", "why_it_matters", "what_to_watch", "related")


def _told(name: str) -> Told:
    @admin.display(description=name.replace("_", " ").capitalize(), empty_value="-")
    def told(revision: Revision) -> SafeString | None:
        lines = list(SAID.get(name, _lines)(revision, name))
        return listed(lines) if lines else None

    told.__name__ = f"read_{name}"
    return told


AS_READ = {name: _told(name) for name in (*SAID, *LISTS)}


def as_read(fieldsets: Any) -> list[tuple[str | None, dict[str, Any]]]:
    """Return the same fields, with words for those that a form alone can show."""
    return [
        (title, {**told, "fields": [AS_READ.get(name, name) for name in told["fields"]]}) for title, told in fieldsets
    ]
