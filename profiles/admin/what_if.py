"""What if: on a form of the desk, the grade before and after, worked out from what is filled in and not saved."""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from profiles.admin.shared import DeskAdmin
from profiles.models import Citation, Derivation, Judgement, Profile, Publisher, Reliability, Source
from profiles.pages import what_if
from profiles.pages.what_if import FilledSource, Origin, Panel, Use

FRAGMENT = "X-What-If"


class WhatIf(DeskAdmin):
    """Puts the panel under a form, and answers what it asks. Mixed into the admin of whatever moves grades."""

    what_if_watches = ""  # the fields that move a grade, as a CSS selector
    suppose: Callable[[HttpRequest, Any], Panel]  # what the grades would be; called in a snapshot that cannot write

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.asking_view(self.what_if)  # type: ignore[attr-defined]
        return [path("<int:pk>/what-if/", view, name=self._what_if_name), *super().get_urls()]

    @property
    def _what_if_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_what_if"

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if obj := context.get("original"):
            context["what_if"] = self.what_if_of(obj)
        return super().render_change_form(request, context, *args, **kwargs)

    def what_if_of(self, obj: Model) -> dict[str, str]:
        """Return what a page tells the script that asks."""
        return {"url": reverse(f"admin:{self._what_if_name}", args=[obj.pk]), "watches": self.what_if_watches}

    def what_if(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Answer the panel: alone for the script on the form, as a page for whoever has none."""
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            obj = self.get_object(request, str(pk))
            if obj is None:
                raise Http404
            if not self.has_view_or_change_permission(request, obj):
                raise PermissionDenied
            form = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[pk])
            if request.method != "POST":
                return HttpResponseRedirect(form)
            panel = self.suppose(request, obj)
        context = {"panel": panel, "form_url": form}
        if FRAGMENT in request.headers:
            return TemplateResponse(request, "admin/_what_if_panel.html", context)
        page = {**self.admin_site.each_context(request), "title": "What if", "opts": self.opts, "original": obj}
        return TemplateResponse(request, "admin/what_if.html", page | context)

    def _filled(self, request: HttpRequest, obj: Model) -> Any:
        """Return the form as it is filled in, checked but not saved; None for who may only look."""
        if not self.has_change_permission(request, obj):
            return None
        form = self.get_form(request, obj, change=True)(request.POST, request.FILES, instance=obj)
        form.is_valid()
        return form

    def _formset(self, request: HttpRequest, obj: Model, model: type[Model]) -> Any:
        """Return the rows for that model as they are filled in; None for who may only look, or came without them."""
        for formset_class, inline in self.get_formsets_with_inlines(request, obj):
            if inline.model is model and self._may_fill(request, obj, inline):
                prefix = formset_class.get_default_prefix()
                formset = formset_class(**self.get_formset_kwargs(request, obj, inline, prefix))
                return formset if formset.management_form.is_valid() else None
        return None

    def _may_fill(self, request: HttpRequest, obj: Model, inline: admin.options.InlineModelAdmin) -> bool:
        return self.has_change_permission(request, obj) and inline.has_change_permission(request, obj)


class Rows:
    """The rows of a formset by what saving would do with them; what cannot be read is told in `notes`."""

    def __init__(self, formset: Any, stored: dict[int, Any]) -> None:
        self.kept: dict[int, Any] = {}
        self.new: list[Any] = []
        self.gone: set[int] = set()
        self.notes: list[str] = []
        if formset is not None:
            formset.is_valid()
            for number, form in enumerate(formset.forms, 1):
                self._sort(form, f"{formset.model._meta.verbose_name.capitalize()} {number}", stored)
            self.notes += formset.non_form_errors()

    def _sort(self, form: Any, name: str, stored: dict[int, Any]) -> None:
        pk = form.instance.pk
        if not form.has_changed():
            return
        if form.cleaned_data.get("DELETE"):
            self.gone.add(pk)
        elif form.errors:
            left = "what is on file counts" if pk in stored else "it is left out"
            self.notes.append(f"{name} is not complete, so {left}: {first_error(form)}")
        elif pk in stored:
            self.kept[pk] = form
        else:
            self.new.append(form)

    def after(self, stored: dict[int, Any]) -> Iterator[tuple[int | None, Any]]:
        """Yield what would be there after saving: the id of a row that stays, the form of one that is changed or new."""
        for pk in stored:
            if pk not in self.gone:
                yield pk, self.kept.get(pk)
        yield from ((None, form) for form in self.new)


def first_error(form: Any) -> str:
    field, errors = next(iter(form.errors.items()))
    label = form[field].label if field in form.fields else ""
    return f"{label}: {errors[0]}" if label else str(errors[0])


class CitationsWhatIf(WhatIf):
    """What if these citations and judgements were saved?"""

    what_if_watches = '[name^="citations-"]:not([name$="-establishes"]), [name^="judgements-"]'

    def suppose(self, request: HttpRequest, obj: Profile) -> Panel:
        uses, judgements = what_if.stored_uses(obj), what_if.stored_judgements(obj)
        cited = Rows(self._formset(request, obj, Citation), uses)
        judged = Rows(self._formset(request, obj, Judgement), judgements)
        return what_if.panel_of_citations(
            obj,
            [form.instance if form else judgements[pk or 0] for pk, form in judged.after(judgements)],
            [_use(form) if form else uses[pk or 0] for pk, form in cited.after(uses)],
            [*cited.notes, *judged.notes, *_direct_proposals(cited)],
        )


def _use(form: Any) -> Use:
    return Use(form.instance, frozenset(judgement.pk for judgement in form.cleaned_data["rests"]))


def _direct_proposals(cited: Rows) -> Iterator[str]:
    for form in (*cited.kept.values(), *cited.new):
        citation: Citation = form.instance
        if {"direct", "source"} & set(form.changed_data) and citation.direct and _is_a(citation.source.publisher):
            yield _waits(f"“{citation.source}” as a direct source of a publisher of Reliability A")


class SourceWhatIf(WhatIf):
    """What if this source were saved with this publisher, this day, these origins?"""

    what_if_watches = '[name^="derivations-"], [name="publisher"], [name="published_on"]'

    def suppose(self, request: HttpRequest, obj: Source) -> Panel:
        stored = what_if.stored_source(obj)
        form, rows = self._filled(request, obj), Rows(None, {})
        by_pk = {origin.id: origin for origin in stored.origins if origin.id}
        if form is not None:
            rows = Rows(self._formset(request, obj, Derivation), by_pk)
        filled = FilledSource(
            id=obj.pk,
            publisher=_read(form, "publisher", stored.publisher),
            published=_read(form, "published_on", stored.published),
            origins=tuple(_origin(one) if one else by_pk[pk or 0] for pk, one in rows.after(by_pk)),
        )
        notes = [*_unread(form, "publisher", "published_on"), *rows.notes, *_move_proposals(stored, filled)]
        return what_if.panel_of_source(obj, filled, notes)


def _move_proposals(stored: FilledSource, filled: FilledSource) -> Iterator[str]:
    publishers = Publisher.objects.in_bulk([stored.publisher, filled.publisher])
    opens = _is_a(publishers[filled.publisher]) and not _is_a(publishers[stored.publisher])
    if opens and Citation.objects.filter(source=filled.id, direct=True).exists():
        yield _waits(f"To file it under {publishers[filled.publisher]}, of Reliability A,")


def _origin(form: Any) -> Origin:
    return Origin(form.instance.position, form.instance.pk, form.instance.origin_id)


class LetterWhatIf(WhatIf):
    """What if this publisher were saved under this reliability letter?"""

    what_if_watches = '[name="reliability"]'

    def suppose(self, request: HttpRequest, obj: Publisher) -> Panel:
        stored = obj.reliability
        form = self._filled(request, obj)
        letter = _read(form, "reliability", stored)
        proposal = [_waits("Reliability A")] if letter == Reliability.A != stored else []
        return what_if.panel_of_letter(obj, letter, [*_unread(form, "reliability"), *proposal])


def _read(form: Any, field: str, stored: Any) -> Any:
    """Return what a form says in that field; what is on file where it says nothing that could be saved."""
    if form is None or field not in form.cleaned_data:
        return stored
    value = form.cleaned_data[field]
    return value.pk if isinstance(value, Model) else value


def _unread(form: Any, *fields: str) -> Iterator[str]:
    for field in fields:
        if form is not None and field in form.errors:
            yield f"{form.fields[field].label}: {form.errors[field][0]} What is on file counts."


def _is_a(publisher: Publisher) -> bool:
    return publisher.reliability == Reliability.A


def _waits(what: str) -> str:
    return f"{what} is a proposal: it counts once another editor accepts it. Shown is the grade after that."
