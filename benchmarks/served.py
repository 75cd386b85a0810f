"""The site as `config.wsgi` serves it, and on the same server a view that asks nothing, as a new Django project has it."""

from collections.abc import Callable, Iterable
from typing import Any

from config.wsgi import application as site  # first: it sets Django up

# isort: split
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.test.utils import override_settings
from django.urls import path

from config import urls

BARE, BAREST = "/bare/", "/barest/"
# What `django-admin startproject` writes.
OF_A_NEW_PROJECT = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]


def bare(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"bare", content_type="text/plain", headers={"Content-Length": "4"})


urlpatterns = [path(BARE.lstrip("/"), bare), path(BAREST.lstrip("/"), bare), *urls.urlpatterns]
settings.ROOT_URLCONF = __name__


def behind(middleware: list[str]) -> WSGIHandler:
    with override_settings(MIDDLEWARE=middleware):
        return WSGIHandler()


answering = {BARE: behind(OF_A_NEW_PROJECT), BAREST: behind([])}


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    answer = answering.get(environ["PATH_INFO"], site)
    return answer(environ, start_response)
