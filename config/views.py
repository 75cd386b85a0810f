"""Answers that need no content: is it alive, is it ready, and the pages for when something is wrong."""

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import Error as DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from redis import Redis, RedisError

from config.halfway import apps_halfway
from config.languages import front_pages
from config.models import Site


@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """The process answers. Touches nothing else: a database outage must not restart the web server."""
    return HttpResponse("alive\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Each part by name. Redis may be away: pages are served and edits are graded without it, only more slowly."""
    parts = {"database": _database(), "migrations": _migrations(), "redis": _redis()}
    ready = parts["database"] == parts["migrations"] == "ok"
    return JsonResponse({"ready": ready, **parts}, status=200 if ready else 503)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "unreachable"
    return "ok"


def _migrations() -> str:
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes()) or apps_halfway()
        return "pending" if pending else "ok"
    except DatabaseError:
        return "unknown"


def _redis() -> str:
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as redis:
            redis.ping()
    except RedisError:
        return "unreachable"
    return "ok"


@require_safe
def logo(request: HttpRequest, digest: str, extension: str) -> HttpResponse:
    """The site's logo. The address holds the hash of the bytes, so it never means anything else."""
    found = Site.objects.filter(logo_digest=digest).values_list("logo", flat=True).first()
    if not found:
        raise Http404
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(bytes(found), content_type=f"image/{extension}", headers=headers)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "400.html", front_pages(), status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", front_pages(), status=403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", front_pages(), status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    return render(None, "500.html", status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403_csrf.html", front_pages(), status=403)
