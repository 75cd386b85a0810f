"""The page that explains the API, made of its description."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from config.pagecache import public
from profiles.api import limits, problems
from profiles.api.asked import Paged
from profiles.api.openapi import description


@dataclass(frozen=True, slots=True)
class Parameter:
    """What one parameter may be."""

    name: str
    about: str
    values: Sequence[str]
    bounds: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked."""

    id: str
    path: str
    summary: str
    about: str
    parameters: Sequence[Parameter]

    @property
    def is_example(self) -> bool:
        """Whether the address can be opened as it stands."""
        return "{" not in self.path


@public
def documentation(request: HttpRequest) -> HttpResponse:
    operations = [_operation(path, methods["get"]) for path, methods in description()["paths"].items()]
    context = {
        "operations": operations,
        "problems": problems.KINDS,
        "a_minute": limits.A_MINUTE,
        "a_download": limits.A_DOWNLOAD,
    }
    return render(request, "profiles/api.html", context)


def _operation(path: str, told: dict[str, Any]) -> Operation:
    parameters = [_parameter(one) for one in told["parameters"] if one["in"] == "query"]
    parameters.sort(key=lambda one: one.name in Paged.model_fields)  # what every list takes comes last
    return Operation(told["operationId"], path, told["summary"], told.get("description", ""), parameters)


def _parameter(told: dict[str, Any]) -> Parameter:
    shapes = told["schema"].get("anyOf", [told["schema"]])
    values = [value for shape in shapes for value in shape.get("enum", ())]
    about = told.get("description") or ("The slug of a term." if not values else "")
    bounds = next((f"{one['minimum']} to {one['maximum']}" for one in shapes if "maximum" in one), "")
    return Parameter(told["name"], about, values, bounds)
