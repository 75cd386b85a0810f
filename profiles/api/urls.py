from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import URLPattern, path, re_path
from django.urls.exceptions import Resolver404
from django.urls.resolvers import get_resolver

from profiles.api import problems
from profiles.api.documentation import documentation
from profiles.api.door import door
from profiles.api.limits import A_DOWNLOAD
from profiles.api.openapi import openapi
from profiles.api.operations import api

app_name = "api"


def nowhere(request: HttpRequest, rest: str) -> HttpResponse:
    """An address without its last slash leads to the one with it; any other is told to be nothing."""
    with_slash = f"{request.path}/"
    if not rest.endswith("/") and _leads_somewhere(with_slash):
        asked = request.META.get("QUERY_STRING", "")
        return HttpResponsePermanentRedirect(with_slash + (f"?{asked}" if asked else ""))
    return problems.not_found(request)


def _leads_somewhere(address: str) -> bool:
    try:
        return get_resolver().resolve(address).url_name != "nowhere"
    except Resolver404:
        return False


def _behind_the_door(pattern: URLPattern) -> URLPattern:
    cost = A_DOWNLOAD if pattern.name in {"grades_csv", "grades_jsonl"} else 1
    return path(f"v1/{pattern.pattern}", door(pattern.callback, cost=cost), name=pattern.name)


urlpatterns = [
    path("", documentation, name="documentation"),
    path("v1/openapi.json", door(openapi), name="openapi"),
    *(_behind_the_door(one) for one in api.urls[0] if isinstance(one, URLPattern) and one.name != "api-root"),
    re_path(r"^v1/(?P<rest>.*)$", door(nowhere), name="nowhere"),
]
