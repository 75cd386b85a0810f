"""Two editors at once: what somebody else has saved since a form was opened stands beside what was typed.

A form carries a fingerprint of each value it was opened with. What has another value by now is never overwritten and
never swallowed: both are shown, one is chosen, and whatever else was typed stays in the form.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from django import forms
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.contenttypes.models import ContentType
from django.forms.boundfield import BoundField
from django.http import HttpRequest, HttpResponse, QueryDict

from profiles.stages import named

OPENED, CHOOSE = "_opened", "_choose-"
MINE, THEIRS = "mine", "theirs"
SENTENCE = "Not saved yet: somebody else saved this while you were writing. Nothing you typed is lost; choose above."
NOTHING = "(nothing)"
ROWS_MAX = 20_000

Values = Mapping[str, list[str]]  # as a browser posts them, by the name of the field


@dataclass(frozen=True, slots=True)
class Difference:
    """What has another value by now, and what was typed; `preset` is chosen unless one says otherwise."""

    name: str
    label: str
    mine: str
    theirs: str
    preset: str

    @property
    def choice(self) -> str:
        return f"{CHOOSE}{self.name}"


@dataclass(frozen=True, slots=True)
class Row:
    """A stored row of an inline, as its form shows it."""

    label: str
    values: Values
    form: Any


@dataclass(slots=True)
class Typed:
    """A row of an inline as it was sent; `pk` is empty for a new one."""

    pk: str
    values: dict[str, list[str]]
    deleted: bool


@dataclass(frozen=True, slots=True)
class Inline:
    prefix: str
    names: frozenset[str]
    rows: Mapping[str, Row]  # by primary key

    def typed(self, posted: QueryDict) -> list[Typed]:
        total = posted.get(f"{self.prefix}-TOTAL_FORMS", "")
        count = min(int(total), ROWS_MAX) if total.isdecimal() and len(total) < 6 else 0
        return [self._typed(posted, f"{self.prefix}-{number}-") for number in range(count)]

    def _typed(self, posted: QueryDict, start: str) -> Typed:
        values = {name: posted.getlist(start + name) for name in self.names}
        return Typed(posted.get(f"{start}id", ""), values, bool(posted.get(f"{start}DELETE")))

    def write(self, posted: QueryDict, rows: Iterable[Typed]) -> None:
        """Send these rows instead: those that are stored first, as a formset expects them."""
        for name in [name for name in posted if re.match(rf"{self.prefix}-\d+-", name)]:
            del posted[name]
        ordered = sorted(rows, key=lambda row: not row.pk)
        for number, row in enumerate(ordered):
            start = f"{self.prefix}-{number}-"
            for name, held in row.values.items():
                posted.setlist(start + name, held)
            posted[f"{start}id"] = row.pk
            if row.deleted:
                posted[f"{start}DELETE"] = "on"
        posted[f"{self.prefix}-TOTAL_FORMS"] = str(len(ordered))
        posted[f"{self.prefix}-INITIAL_FORMS"] = str(sum(1 for row in ordered if row.pk))


@dataclass(frozen=True, slots=True)
class Stored:
    """What a form would show if it were opened now."""

    form: Any
    values: Values
    inlines: tuple[Inline, ...]

    def fingerprints(self) -> str:
        return json.dumps(
            {
                "fields": {name: _print({name: held}) for name, held in self.values.items()},
                "rows": {one.prefix: {pk: _print(row.values) for pk, row in one.rows.items()} for one in self.inlines},
            }
        )


@dataclass(slots=True)
class Compared:
    """What came of comparing: the choices to make, and what is told besides."""

    differences: list[Difference] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.differences or self.notices)


# --- Values -----------------------------------------------------------------------------------------------------------


def _print(values: Values) -> str:
    # A box without a tick is not sent at all, so nothing and an empty value are the same.
    plain = {name: _plain(held) for name, held in values.items() if _plain(held)}
    return blake2b(json.dumps(plain, sort_keys=True).encode(), digest_size=6).hexdigest()


def _plain(values: list[str]) -> list[str]:
    """A browser sends other line ends than were stored; neither they nor the order of ticks is a change."""
    return sorted(filter(None, (value.replace("\r\n", "\n").strip() for value in values)))


def as_posted(bound: BoundField) -> list[str]:
    """What a browser would send back of this field, untouched."""
    value, widget = bound.value(), bound.field.widget
    if isinstance(widget, forms.CheckboxInput):
        return ["on"] if value else []
    shown = widget.format_value(value)
    if isinstance(shown, list | tuple):
        return [str(one) for one in shown]
    return [] if shown is None else [str(shown)]


def _in_words(form: Any, name: str, values: list[str]) -> str:
    """What was chosen or typed, for somebody to compare."""
    asked = form.fields[name]
    if isinstance(asked, forms.BooleanField):
        return "yes" if _plain(values) else "no"
    if isinstance(asked, forms.ModelChoiceField):
        offered: Any = asked.queryset
        found = offered.filter(pk__in=[value for value in values if value.isdecimal()])
        return ", ".join(str(one) for one in found) or NOTHING
    labels = {str(key): str(label) for key, label in getattr(asked, "choices", ())}
    return "\n".join(labels.get(value, value) for value in values).strip() or NOTHING


def stored(form: Any, formsets: Iterable[Any]) -> Stored:
    """What these unbound forms show."""
    besides = set(getattr(form, "asked_besides", ()))
    values = {name: as_posted(form[name]) for name in form.fields if name not in besides}
    return Stored(form, values, tuple(_inline(formset) for formset in formsets))


def _inline(formset: Any) -> Inline:
    besides = {formset.model._meta.pk.name, formset.fk.name, "DELETE"}
    names = frozenset(formset.empty_form.fields) - besides
    rows = {
        str(form.instance.pk): Row(str(form.instance), {name: as_posted(form[name]) for name in names}, form)
        for form in formset.initial_forms
    }
    return Inline(formset.prefix, names, rows)


# --- Comparing --------------------------------------------------------------------------------------------------------


def compare(posted: QueryDict, now: Stored) -> Compared:
    """Put what is stored into the form where that was chosen, and return what has to be chosen still."""
    fields, rows = _opened(posted)
    compared = Compared()
    for name, theirs in now.values.items():
        if name in fields:
            compared.differences += _compare_field(posted, fields[name], now.form, name, theirs)
    for inline in now.inlines:
        _compare_inline(posted, compared, inline, rows.get(inline.prefix, {}))
    return compared


def _opened(posted: QueryDict) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    try:
        opened = json.loads(str(posted[OPENED]))
        return dict(opened["fields"]), {prefix: dict(rows) for prefix, rows in opened["rows"].items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}, {}


def _compare_field(posted: QueryDict, before: str, form: Any, name: str, theirs: list[str]) -> Iterator[Difference]:
    mine = posted.getlist(name)
    if before == _print({name: theirs}):
        if posted.get(CHOOSE + name) == THEIRS:
            posted.setlist(name, theirs)
    elif form.fields[name].widget.is_hidden:
        posted.setlist(name, theirs)
    elif _plain(mine) != _plain(theirs):
        preset = THEIRS if before == _print({name: mine}) else MINE
        label = str(form[name].label)
        yield Difference(name, label, _in_words(form, name, mine), _in_words(form, name, theirs), preset)


def _compare_inline(posted: QueryDict, compared: Compared, inline: Inline, opened: Mapping[str, str]) -> None:
    typed = inline.typed(posted)
    there = {row.pk for row in typed}
    for row in typed:
        if row.pk in inline.rows and row.pk in opened:
            name = f"{inline.prefix}-{row.pk}"
            compared.differences += _compare_row(posted, opened[row.pk], name, inline.rows[row.pk], row)
    for row in [row for row in typed if row.pk and row.pk not in inline.rows]:
        compared.notices.append(_taken_up_again(row, opened))
    for pk in inline.rows.keys() - there - opened.keys():
        compared.notices.append(f"Somebody else has added “{inline.rows[pk].label}”; it stands below.")
        typed.append(Typed(pk, dict(inline.rows[pk].values), False))
    inline.write(posted, [row for row in typed if not _is_gone(row, inline)])


def _is_gone(row: Typed, inline: Inline) -> bool:
    return bool(row.pk) and row.pk not in inline.rows


def _taken_up_again(row: Typed, opened: Mapping[str, str]) -> str:
    """What somebody else has removed is gone; but what was typed into it becomes a new row."""
    if row.deleted or opened.get(row.pk) == _print(row.values):
        return "Somebody else has removed an entry that you had not changed; it is gone."
    row.pk = ""
    return "Somebody else has removed an entry that you had changed; what you wrote stands below as a new one."


def _compare_row(posted: QueryDict, before: str, name: str, row: Row, typed: Typed) -> Iterator[Difference]:
    if before == _print(row.values):
        if posted.get(CHOOSE + name) == THEIRS:
            typed.values, typed.deleted = dict(row.values), False
        return
    differing = [key for key, held in row.values.items() if _plain(typed.values[key]) != _plain(held)]
    if not differing and not typed.deleted:
        return
    mine, theirs = (
        "\n".join(f"{row.form[key].label}: {_in_words(row.form, key, side[key])}" for key in differing)
        for side in (typed.values, row.values)
    )
    if typed.deleted:
        mine, theirs = "removed", theirs or "as it is stored"
    preset = THEIRS if before == _print(typed.values) and not typed.deleted else MINE
    yield Difference(name, row.label, mine, theirs, preset)


# --- The forms of the desk --------------------------------------------------------------------------------------------


class SeesOthers:
    """A form of the desk that notices what was saved since it was opened. Stands before whatever saves."""

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if request.method == "POST" and object_id and OPENED in request.POST:
            extra_context = {**(extra_context or {}), **self._compared(request, object_id)}
        return super().changeform_view(request, object_id, form_url, extra_context)  # type: ignore[misc,no-any-return]

    def _compared(self, request: HttpRequest, object_id: str) -> dict[str, Any]:
        # Locked first: of two who save at once, the second reads what the first has written.
        self.model._base_manager.select_for_update(no_key=True).filter(pk=unquote(object_id)).first()  # type: ignore[attr-defined]
        there = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]
        if there is None or not self.has_change_permission(request, there):  # type: ignore[attr-defined]
            return {}
        now = self._stored(request, there)
        request.POST = request.POST.copy()  # type: ignore[assignment]
        compared = compare(request.POST, now)
        request.others_saved = bool(compared)  # type: ignore[attr-defined]
        if not compared:
            return {"opened": request.POST[OPENED]}
        return {"opened": now.fingerprints(), "compared": compared, "who_saved": _last_saved(there)}

    def _stored(self, request: HttpRequest, there: Any) -> Stored:
        form = self.get_form(request, there, change=True)(instance=there)
        formsets = [
            made(instance=there, prefix=made.get_default_prefix(), queryset=inline.get_queryset(request))
            for made, inline in self.get_formsets_with_inlines(request, there)  # type: ignore[attr-defined]
        ]
        return stored(form, formsets)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        form = super().get_form(request, obj, change, **options)  # type: ignore[misc]
        return _refusing(form) if getattr(request, "others_saved", False) else form

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        there = context.get("original")
        if there and "opened" not in context and self.has_change_permission(request, there):  # type: ignore[attr-defined]
            formsets = [inline.formset for inline in context["inline_admin_formsets"]]
            context["opened"] = stored(context["adminform"].form, formsets).fingerprints()
        context["why"] = request.POST.get("_why", "")
        return super().render_change_form(request, context, *args, **options)  # type: ignore[misc,no-any-return]


def _refusing(form: Any) -> Any:
    """The same form, that saves nothing until the choices are made."""

    def clean(self: Any) -> Any:
        cleaned = form.clean(self)
        self.add_error(None, SENTENCE)
        return cleaned

    return type(form.__name__, (form,), {"clean": clean})


def _last_saved(there: Any) -> str:
    """Who saved it last on the desk, and when."""
    kind = ContentType.objects.get_for_model(there)
    entry = LogEntry.objects.filter(content_type=kind, object_id=there.pk).select_related("user").first()
    return f"{named(entry.user)}, {entry.action_time:%Y-%m-%d %H:%M} UTC" if entry else ""
