"""The history of one thing on the desk, in words: who changed what, when and why, and what it said before."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import Any

from django.apps import apps
from django.contrib.admin.utils import unquote
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import BooleanField, DateField, ForeignKey, JSONField, Model, QuerySet, Window
from django.db.models.functions import Lag
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst

from config.desk import READS_GATED
from profiles.diffing import GONE, NEW, Piece, pieces, shortened
from profiles.models import Revision
from profiles.models.profile import TEXT
from profiles.models.stage import Stage, Staged
from profiles.stages import PUBLISH, named

AT_ONCE = 100
# What belongs to a thing is read with it: the events of its parts, and the column by which they name it.
PARTS = {
    "profiles.source": [("derivation", "source")],
    "profiles.profile": [
        ("judgement", "profile"),
        ("citation", "profile"),
        ("judgementcitation", "profile"),
        ("correction", "profile"),
    ],
    "profiles.revision": [("facetvalue", "revision")],
    "briefings.teaser": [("briefing", "teaser")],
}
# By what a part is called, where its own words need others.
CALLED = {
    "citation": ["source"],
    "judgement": ["key"],
    "judgementcitation": ["judgement", "source"],
    "derivation": ["origin"],
    "facetvalue": ["term"],
    "correction": ["on"],
}
VERBS = {"insert": "added", "update": "changed", "delete": "removed", "baseline": "on file when its history began"}
KINDS = {"judgementcitation": "link", "facetvalue": "facet"}
# A link names its citation's source beside it, which says more.
PROPER = {"pgh_id", "pgh_created_at", "pgh_label", "pgh_obj", "actor", "reason", "id", "citation"}


@dataclass(frozen=True, slots=True)
class Change:
    """One field, with what it said and says."""

    label: str
    pieces: list[Piece]


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened to the thing itself, or to one of its parts."""

    what: str
    changes: list[Change]


@dataclass(frozen=True, slots=True)
class Save:
    """What was changed together."""

    at: datetime
    who: str
    why: str
    entries: list[Entry]


@dataclass(slots=True)
class Names:
    """What rows are called that events name by number."""

    of: dict[type[Model], dict[int, str]] = field(default_factory=dict)

    def get(self, model: type[Model], pk: Any) -> str:
        return self.of.get(model, {}).get(pk, f"no. {pk}, removed meanwhile")


# --- Reading ----------------------------------------------------------------------------------------------------------


def event_model(model: type[Model]) -> Any:
    """The model of a model's history, or None where it has none."""
    try:
        return apps.get_model(model._meta.app_label, f"{model._meta.model_name}event")
    except LookupError:
        return None


def _streams(model: type[Model], pk: Any) -> Iterator[tuple[QuerySet[Any], str]]:
    """The events of a thing and of its parts, each with the column that names the thing."""
    yield event_model(model)._default_manager.filter(pgh_obj=pk), ""
    for part, column in PARTS.get(model._meta.label_lower, []):
        events = apps.get_model(model._meta.app_label, f"{part}event")
        yield events._default_manager.filter(**{column: pk}), column


def history_of(model: type[Model], pk: Any, *, before: datetime | None = None) -> tuple[list[Save], datetime | None]:
    """Return the newest saves of a thing, newest first, and from when to go on."""
    read = [_read(events, besides, before) for events, besides in _streams(model, pk)]
    found = sorted((one for some in read for one in some), key=lambda one: one[0].pgh_created_at, reverse=True)
    shown = found[:AT_ONCE]
    names = _names(event for pair in shown for event in pair[:2] if event)
    saves = list(_saves(shown, names, model))
    more = len(found) > AT_ONCE
    return saves, shown[-1][0].pgh_created_at if more else None


def _read(events: QuerySet[Any], besides: str, before: datetime | None) -> list[tuple[Any, Any, str]]:
    """The newest events of one stream, each with the one before it of the same row."""
    lag = Window(Lag("pgh_id"), partition_by="pgh_obj", order_by="pgh_id")
    # Leaving out what is newer first takes nothing from what is older: the one before is among those.
    told = events.filter(pgh_created_at__lt=before) if before else events
    newest = list(told.annotate(before_id=lag).order_by("-pgh_id")[: AT_ONCE + 1])
    earlier = events.in_bulk([one.before_id for one in newest if one.before_id])
    return [(one, earlier.get(one.before_id), besides) for one in newest]


def _names(events: Iterable[Any]) -> Names:
    """What the rows are called that these events point to: one query for each kind of row."""
    wanted: dict[type[Model], set[int]] = {get_user_model(): set()}
    for event in events:
        if event.actor:
            wanted[get_user_model()].add(event.actor)
        for column in _columns(event):
            if isinstance(column, ForeignKey) and getattr(event, column.attname):
                wanted.setdefault(column.related_model, set()).add(getattr(event, column.attname))
    return Names({model: _called(model, pks) for model, pks in wanted.items()})


def _called(model: type[Model], pks: set[int]) -> dict[int, str]:
    found = model._default_manager.in_bulk(pks)
    word = named if model is get_user_model() else str
    return {pk: word(row) for pk, row in found.items()}


def _columns(event: Any) -> list[Any]:
    return [column for column in event._meta.local_fields if column.name not in PROPER]


# --- Telling ----------------------------------------------------------------------------------------------------------


def _saves(read: list[tuple[Any, Any, str]], names: Names, model: type[Model]) -> Iterator[Save]:
    def together(one: tuple[Any, Any, str]) -> tuple[datetime, int | None, str]:
        event = one[0]
        return event.pgh_created_at, event.actor, event.reason

    for (at, actor, reason), some in groupby(read, key=together):
        who = names.get(get_user_model(), actor) if actor else "nobody on the desk: a command, a worker or SQL"
        entries = [_entry(event, earlier, besides, names, model) for event, earlier, besides in some]
        yield Save(at, who, reason, [entry for entry in entries if entry])


def _entry(event: Any, earlier: Any, besides: str, names: Names, model: type[Model]) -> Entry:
    tracked = event.pgh_tracked_model
    verb = VERBS[event.pgh_label]
    is_itself = tracked is model
    kind = capfirst(KINDS.get(str(tracked._meta.model_name), str(tracked._meta.verbose_name)))
    what = f"{kind} {verb}" if is_itself else f"{kind} {_title(event, names)} {verb}"
    if event.pgh_label == "baseline":
        return Entry(what, [])
    was, now = (event, None) if event.pgh_label == "delete" else (earlier, event)
    if event.pgh_label == "insert":
        was = None
    told = set() if is_itself or (was and now) else set(CALLED.get(str(tracked._meta.model_name), []))
    return Entry(what, list(_changes(was, now, {besides, *told}, names)))


def _title(event: Any, names: Names) -> str:
    by_name = {column.name: column for column in _columns(event)}
    called = CALLED.get(event.pgh_tracked_model._meta.model_name, [])
    return " · ".join(f"“{_in_words(by_name[name], event, names)}”" for name in called)


def _changes(was: Any, now: Any, besides: set[str], names: Names) -> Iterator[Change]:
    for column in _columns(now or was):
        old, new = (_in_words(column, event, names) if event else "" for event in (was, now))
        if column.name not in besides and old != new:
            yield Change(_label(column, now or was), _compared(column, old, new))


def _compared(column: Any, old: str, new: str) -> list[Piece]:
    """Word by word, unless it was chosen as a whole."""
    if column.flatchoices or isinstance(column, ForeignKey | BooleanField | DateField):
        return [Piece(kind, text) for kind, text in ((GONE, old), (NEW, new)) if text]
    return shortened(pieces(old, new))


def _label(column: Any, event: Any) -> str:
    return capfirst(str(event.pgh_tracked_model._meta.get_field(column.name).verbose_name))


def _in_words(column: Any, row: Any, names: Names) -> str:
    value = getattr(row, column.attname)
    if value is None or value == "":
        return ""
    if isinstance(column, ForeignKey):
        return names.get(column.related_model, value)
    if isinstance(column, JSONField):
        return "\n\n".join(_lines(value))
    return _plain(dict(column.flatchoices).get(value, value) if column.flatchoices else value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "\n".join(map(str, value))
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    return value.isoformat() if isinstance(value, date) else str(value)


def _lines(value: Any) -> Iterator[str]:
    """Sections, statements and an outlook as somebody would read them aloud."""
    if isinstance(value, Mapping) and value.keys() <= {"heading", "headline", "body"}:
        yield from filter(None, (str(value.get(key, "")) for key in ("heading", "headline", "body")))
    elif isinstance(value, Mapping):
        for key, held in value.items():
            yield f"{key}: {held}" if isinstance(held, str) else f"{key}:\n" + "\n".join(_lines(held))
    elif isinstance(value, list):
        for held in value:
            yield "\n".join(_lines(held))
    else:
        yield str(value)


def against_live(revision: Revision) -> list[Change]:
    """What this text says otherwise than the one that readers see."""
    live = revision.profile.live_revision
    if live is None or live == revision:
        return []
    columns: list[Any] = [revision._meta.get_field(name) for name in TEXT]
    names = Names()
    for column in columns:
        if isinstance(column, ForeignKey):
            pks = {pk for pk in (getattr(live, column.attname), getattr(revision, column.attname)) if pk}
            names.of.setdefault(column.related_model, {}).update(_called(column.related_model, pks))
    said = [
        (column, capfirst(str(column.verbose_name)), _in_words(column, live, names), _in_words(column, revision, names))
        for column in columns
    ]
    changes = [Change(label, _compared(column, old, new)) for column, label, old, new in said if old != new]
    return [*changes, *told_apart("Facets", _facets(live), _facets(revision))]


def told_apart(label: str, old: str, new: str) -> list[Change]:
    """What a plain text says otherwise, if it does."""
    return [Change(label, shortened(pieces(old, new)))] if old != new else []


def _facets(revision: Revision) -> str:
    values = revision.facet_values.select_related("term").order_by("facet")
    return "\n".join(f"{one.term.get_facet_display()}: {one.term}. {one.rationale}".rstrip() for one in values)


# --- Pages ------------------------------------------------------------------------------------------------------------


class TellsHistory:
    """A form of the desk whose History button leads to every version of what it edits, and to what was removed."""

    def get_urls(self) -> list[URLPattern]:
        if event_model(self.model) is None:  # type: ignore[attr-defined]
            return super().get_urls()  # type: ignore[misc,no-any-return]
        name = f"{self.opts.app_label}_{self.opts.model_name}_removed"  # type: ignore[attr-defined]
        view = self.admin_site.admin_view(self.removed_view)  # type: ignore[attr-defined]
        return [path("removed/", view, name=name), *super().get_urls()]  # type: ignore[misc]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if event_model(self.model) and request.user.has_perm(PUBLISH):  # type: ignore[attr-defined]
            extra_context = {"removed_url": "removed/", **(extra_context or {})}
        return super().changelist_view(request, extra_context)  # type: ignore[misc,no-any-return]

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        events = event_model(self.model)  # type: ignore[attr-defined]
        if events is None:
            return super().history_view(request, object_id, extra_context)  # type: ignore[misc,no-any-return]
        pk = unquote(object_id)
        there = self.get_object(request, pk)  # type: ignore[attr-defined]
        self._check_history(request, events, there)
        saves, older = history_of(self.model, pk, before=_moment(request)) if there or pk.isdecimal() else ([], None)  # type: ignore[attr-defined]
        if there is None and not saves:
            raise Http404
        context = {
            **self._history_page(
                request, "History", str(there) if there else f"{capfirst(self._history_kind)} no. {pk}, removed"
            ),
            "there": there,
            "saves": saves,
            "older": older.isoformat() if older else "",
            "against": self.against(there) if there else [],
            "may_draft": isinstance(there, Staged) and _went_up(there) and self.has_add_permission(request),  # type: ignore[attr-defined]
            "back": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[pk]),  # type: ignore[attr-defined]
        }
        return render(request, "admin/history.html", context)

    def against(self, there: Any) -> list[Change]:
        """What this says otherwise than what readers see; nothing for what has no revisions."""
        return []

    def removed_view(self, request: HttpRequest) -> HttpResponse:
        """What was removed of this kind, newest first."""
        events = event_model(self.model)  # type: ignore[attr-defined]
        self._check_history(request, events, None)
        gone = list(events._default_manager.filter(pgh_label="delete").order_by("-pgh_id")[:AT_ONCE])
        names = _names(gone)
        rows = [
            (_removed_name(event, names), event, names.get(get_user_model(), event.actor) if event.actor else "")
            for event in gone
        ]
        context = {**self._history_page(request, f"Removed {self.opts.verbose_name_plural}", ""), "rows": rows}  # type: ignore[attr-defined]
        return render(request, "admin/removed.html", context)

    def _check_history(self, request: HttpRequest, events: Any, there: Any) -> None:
        may = self.has_view_or_change_permission(request, there) if there else request.user.has_perm(PUBLISH)  # type: ignore[attr-defined]
        parts = [
            apps.get_model(events._meta.app_label, f"{part}event") for part, _of in PARTS.get(self._history_label, [])
        ]
        is_gated = any(getattr(one, "gated", False) for one in (events, *parts))
        if not may or (is_gated and not request.user.has_perm(READS_GATED)):
            raise PermissionDenied

    @property
    def _history_label(self) -> str:
        return str(self.opts.label_lower)  # type: ignore[attr-defined]

    @property
    def _history_kind(self) -> str:
        return str(self.opts.verbose_name)  # type: ignore[attr-defined]

    def _history_page(self, request: HttpRequest, title: str, subtitle: str) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": title,
            "subtitle": subtitle,
            "opts": self.opts,  # type: ignore[attr-defined]
            "list_url": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"),  # type: ignore[attr-defined]
        }


def _went_up(text: Staged) -> bool:
    return text.stage == Stage.PUBLISHED


def _moment(request: HttpRequest) -> datetime | None:
    """From when to go on, as the page before said it."""
    asked = request.GET.get("before", "")
    try:
        moment = parse_datetime(asked) if len(asked) < 40 else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None


def _removed_name(event: Any, names: Names) -> str:
    by_name = {column.name: column for column in _columns(event)}
    said = next((name for name in ("title", "name", "slug", "key", "text") if name in by_name), None)
    if said:
        return _in_words(by_name[said], event, names)
    return _title(event, names).strip("“”") or f"no. {event.id}"
