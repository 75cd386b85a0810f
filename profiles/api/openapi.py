"""The description of the API: what the operations say of themselves, and every refusal they share."""

import json
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from profiles.api import problems
from profiles.api.operations import api

Document = dict[str, Any]
BASE = "api/v1/"
RETRY = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
HEADERS: dict[int, Document] = {
    405: {"Allow": {"description": "What may be asked.", "schema": {"type": "string"}}},
    429: {
        **RETRY,
        "RateLimit": {"description": "What is left, and for how many seconds.", "schema": {"type": "string"}},
    },
    503: RETRY,
}
PROBLEM: Document = {
    "title": "Problem",
    "description": "Why there is no other answer (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["parameter", "detail"],
                "properties": {"parameter": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}


@cache
def description() -> Document:
    """Return the OpenAPI document; it changes with the code alone."""
    told: Document = api.get_openapi_schema(path_prefix=BASE)
    for path, methods in told["paths"].items():
        for operation in methods.values():
            _describe_refusals(operation, has_parts="{" in path)
    told["components"]["schemas"]["Problem"] = PROBLEM
    told["components"]["responses"] = {_name(kind): _refusal(kind) for kind in problems.KINDS}
    told["servers"] = [{"url": settings.SITE_URL}]
    told["info"]["license"] = {"name": "CC BY 4.0", "url": "https://creativecommons.org/licenses/by/4.0/"}
    told["externalDocs"] = {"url": f"{settings.SITE_URL}{reverse('api:documentation')}"}
    return told


def _describe_refusals(operation: Document, *, has_parts: bool) -> None:
    answers = {str(status): answer for status, answer in operation["responses"].items()}
    answers["200"]["headers"] = {
        "ETag": {"description": "Send it back as If-None-Match.", "schema": {"type": "string"}},
        "RateLimit-Policy": {"description": "How many requests in how many seconds.", "schema": {"type": "string"}},
    }
    answers["304"] = {"description": "Nothing has changed since."}
    if has_parts:
        answers["301"] = {"description": "The profile has another address now; Location names it."}
    for kind in problems.KINDS:
        if kind is not problems.NOT_FOUND or has_parts:
            answers[str(kind.status)] = {"$ref": f"#/components/responses/{_name(kind)}"}
    operation["responses"] = dict(sorted(answers.items()))


def _name(kind: problems.Kind) -> str:
    return kind.slug.title().replace("-", "")


def _refusal(kind: problems.Kind) -> Document:
    refusal: Document = {
        "description": kind.title,
        "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    return refusal | ({"headers": HEADERS[kind.status]} if kind.status in HEADERS else {})


def openapi(request: HttpRequest) -> HttpResponse:
    return HttpResponse(json.dumps(description()), content_type="application/json")
