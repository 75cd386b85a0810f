"""A step on the desk: one thing that is done to one row, on a page that says what it does and asks for the reason."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from accounts.actions import Refused
from accounts.models import User


class Reason(forms.Form):
    """Why. Whoever looks next year wants to know."""

    reason = forms.CharField(label="Why", widget=forms.Textarea(attrs={"rows": 3, "cols": 80}))


@dataclass(frozen=True, slots=True)
class Step:
    """What may be done to a row: its address, its words, and the action that does it."""

    name: str
    label: str
    says: str  # what happens, for whoever is about to do it
    done: str
    permission: str
    take: Callable[[Any, User, str], object]
    possible: Callable[[Any], bool]
    form: type[forms.Form] = Reason


@dataclass(frozen=True, slots=True)
class Tool:
    """A link at the top of a page of the desk."""

    label: str
    url: str


class Steps:
    """Gives each step a page of its own, and the row's page a link to it."""

    steps: Sequence[Step] = ()

    def tools(self, request: HttpRequest, obj: Any) -> Iterator[Tool]:
        for step in self.steps:
            if self.may_take(request, step) and step.possible(obj):
                yield Tool(step.label, reverse(f"admin:{self._name(step)}", args=[obj.pk]))

    def may_take(self, request: HttpRequest, step: Step) -> bool:
        return request.user.has_perm(step.permission)

    def get_urls(self) -> list[Any]:
        own = [path(f"<path:object_id>/{step.name}/", self._view(step), name=self._name(step)) for step in self.steps]
        return [*own, *super().get_urls()]  # type: ignore[misc]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if context.get("original"):
            context["tools"] = list(self.tools(request, context["original"]))
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]

    def _name(self, step: Step) -> str:
        options = self.opts  # type: ignore[attr-defined]
        return f"{options.app_label}_{options.model_name}_{step.name}"

    def _view(self, step: Step) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, object_id: str) -> HttpResponse:
            return self._answer(request, step, object_id)

        wrapped: Callable[..., HttpResponse] = self.admin_site.admin_view(view)  # type: ignore[attr-defined]
        return wrapped

    def _answer(self, request: HttpRequest, step: Step, object_id: str) -> HttpResponse:
        if not self.may_take(request, step):
            raise PermissionDenied
        obj = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]
        if obj is None:
            raise Http404
        page = HttpResponseRedirect(reverse(f"admin:{self._name(step).removesuffix(step.name)}change", args=[obj.pk]))
        if not step.possible(obj):
            messages.warning(request, "There is nothing to do here any more.")
            return page
        form = step.form(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid() and self._taken(request, step, obj, form):
            return page
        return self._ask(request, step, obj, form)

    def _taken(self, request: HttpRequest, step: Step, obj: Model, form: forms.Form) -> bool:
        assert isinstance(request.user, User)
        try:
            step.take(obj, request.user, form.cleaned_data.get("reason", ""))
        except Refused as refused:
            form.add_error(None, str(refused))
            return False
        self.log_change(request, obj, step.done)  # type: ignore[attr-defined]
        messages.success(request, step.done)
        return True

    def _ask(self, request: HttpRequest, step: Step, obj: Model, form: forms.Form) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": step.label,
            "opts": self.opts,  # type: ignore[attr-defined]
            "original": obj,
            "step": step,
            "form": form,
        }
        return TemplateResponse(request, "admin/accounts/step.html", context)
