"""The language of a page is part of its address, and nothing else decides it: no cookie, no header, no account.

So every page stays the same bytes for everybody who asks for it. English addresses have no prefix; what is written in
front of the same pages in Chinese is `/zh-hans/`. What programs read, the desk, and mails of ours are English.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import Resolver404, ResolverMatch, URLPattern, URLResolver, resolve
from django.utils import translation


@dataclass(frozen=True, slots=True)
class Language:
    """One language of the site, as those who ask for it write it."""

    code: str  # Django's
    tag: str  # of HTML
    open_graph: str
    name: str

    @property
    def prefix(self) -> str:
        return "" if self.code == "en" else f"{self.code}/"


ENGLISH = Language("en", "en", "en_GB", "English")
CHINESE = Language("zh-hans", "zh-Hans", "zh_CN", "简体中文")
LANGUAGES = (ENGLISH, CHINESE)
LOCAL = re.compile(r"(/(?!/)[^?#]*)(.*)", re.DOTALL)
IN_EACH = f"[{CHINESE.prefix}]"  # begins the route of every page that has all languages


@dataclass(frozen=True, slots=True)
class Version:
    """The same page in one of the languages."""

    language: Language
    path: str
    query: str
    is_this: bool

    @property
    def url(self) -> str:
        return f"{settings.SITE_URL}{self.path}"

    @property
    def link(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


def now() -> Language:
    code = translation.get_language()
    return next((language for language in LANGUAGES if language.code == code), ENGLISH)


def of_path(path: str) -> Language:
    # Django's own reading takes /zh/ and /zh-cn/ for Chinese as well; those are addresses of nothing.
    return CHINESE if f"{path}/".startswith(f"/{CHINESE.prefix}") else ENGLISH


def versions(path: str, query: str = "") -> list[Version]:
    """The addresses of one page in all languages, this one among them."""
    plain = path.removeprefix(f"/{of_path(path).prefix}")
    return [Version(one, f"/{one.prefix}{plain.removeprefix('/')}", query, one == now()) for one in LANGUAGES]


def front_pages() -> dict[str, list[Version]]:
    """The context of an answer that must not tell its own address: whoever switches languages there begins anew."""
    return {"versions": versions(f"/{now().prefix}")}


def has_versions(match: ResolverMatch | None) -> bool:
    return match is not None and match.route.startswith(IN_EACH)


def in_this_language(address: str) -> str:
    """The address that editors wrote in a text, for whoever reads on in the language of now: ours, if it has all."""
    local = LOCAL.fullmatch(address)
    if not local or now() == ENGLISH or of_path(local[1]) != ENGLISH:
        return address
    path = f"/{now().prefix}{local[1].removeprefix('/')}"
    try:
        return path + local[2] if has_versions(resolve(path)) else address
    except Resolver404:
        return address


class LanguageOfTheAddress:
    """Answers in the language that the address names. Stands outside of whatever may have to say something.

    Django's own middleware looks at cookies and headers and tells caches so, which would make many pages of one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with translation.override(of_path(request.path_info).code):
            return self.get_response(request)


def in_each_language(*patterns: URLPattern | URLResolver) -> URLResolver:
    """Addresses that exist once for each language. Unlike Django's own, an included list may hold these beside others."""
    return URLResolver(LanguagePrefix(), list(patterns))  # type: ignore[arg-type]


class LanguagePrefix:
    """What stands before an address in the language of now: nothing in English."""

    converters: dict[str, Any] = {}
    name = None

    @property
    def prefix(self) -> str:
        return now().prefix

    @property
    def regex(self) -> re.Pattern[str]:
        return re.compile(self.prefix)

    def match(self, path: str) -> tuple[str, tuple[Any, ...], dict[str, Any]] | None:
        return (path.removeprefix(self.prefix), (), {}) if path.startswith(self.prefix) else None

    def check(self) -> Sequence[Any]:
        return []

    def describe(self) -> str:
        return f"'{self}'"

    def __str__(self) -> str:
        return IN_EACH
