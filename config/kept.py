"""Public pages as bytes, answered ahead of Django: made once for each version of what they show, then only handed out.

The version is read before a page is made, in the snapshot it is made from. So a page that was made while an edit
committed is kept under the number from before the edit, which nobody asks for any more.
"""

import gzip
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import brotli
import psycopg
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.http.request import split_domain_port, validate_host
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils import translation

from config import content, env, languages, negotiation, usage
from config.negotiation import IDENTITY
from config.pagecache import MAY_BE_KEPT, PUBLIC, Public
from config.shelf import ADDRESSES, QUESTIONS, Head, Room, Shelf
from config.site import Record, site

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

STILL = 0.005  # seconds for which nothing is asked anew whether anything has changed
SLIP = 1000  # bytes that a page takes besides its bodies
LONGEST_PATH, LONGEST_QUERY = 300, 2000
DEAF = 1.0  # seconds in which a database that could not be reached is left to Django
PATIENCE = 0.5  # seconds to wait for whoever is making the page, before we make it ourselves
GLANCE = 0.01
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda body: bytes(brotli.compress(body, mode=brotli.MODE_TEXT, quality=4)),
    "gzip": lambda body: gzip.compress(body, 5, mtime=0),
    IDENTITY: lambda body: body,
}
# Said anew for each reader; the rest of the headers belongs to the page.
OURS = {"content-length", "etag", "vary", "content-encoding"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What Django said."""

    status: str
    headers: Headers
    body: bytes
    may_be_kept: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for a public page, and what its bytes may depend on."""

    request: Environ
    path: str
    query: str
    scheme: str
    told: Public
    parts: dict[str, Any]
    coding: str

    @property
    def is_head(self) -> bool:
        return bool(self.request["REQUEST_METHOD"] == "HEAD")

    @property
    def address(self) -> str:
        return f"{self.scheme}:{self.path}?{self.query}"

    @property
    def room(self) -> Room:
        return QUESTIONS if self.query else ADDRESSES

    @property
    def has_tags(self) -> bool:
        return "HTTP_IF_NONE_MATCH" in self.request

    def has_already(self, head: Head) -> bool:
        return negotiation.has_already(self.request.get("HTTP_IF_NONE_MATCH", ""), _etag(head, self.coding))

    def version(self) -> str | None:
        return self.told.version(**self.parts)

    def key(self, version: str) -> str:
        # A page that says how many days ago something was must not outlive its day.
        return f"{release()}-{called(site())}:{today()}:{version}:{self.address}"

    def for_everybody(self) -> Environ:
        """The request that anybody could have made: what comes back is what everybody may have."""
        # No header of theirs, whatever it is called: one that a view looked at would be in everybody's page.
        secure = (settings.SECURE_PROXY_SSL_HEADER or ("",))[0]
        plain = {name: value for name, value in self.request.items() if not name.startswith("HTTP_") or name == secure}
        own = {"REQUEST_METHOD": "GET", "QUERY_STRING": self.query, "HTTP_HOST": urlsplit(settings.SITE_URL).netloc}
        return plain | own


class KeptPages:
    """The outermost layer: public pages from what is kept, everything else from the application behind it."""

    def __init__(self, application: Application, shelf: Shelf | None = None) -> None:
        self.application = application
        self.shelf = shelf or Shelf(settings.REDIS_URL)
        self.recent = Recent()
        self.pulse = Pulse()
        self.deaf_until = 0.0

    def __call__(self, request: Environ, start_response: StartResponse) -> Iterable[bytes]:
        asked = read(request)
        page = self._page_of_now(asked) if asked else None
        if asked is None or page is None:
            return self.application(request, start_response)
        return self._answer(asked, page, start_response)

    def _page_of_now(self, asked: Asked) -> "Page | None":
        """What is at hand of the page under its version of now; None where only Django knows what to answer."""
        moment = self._sure_of(lambda: f"{self.pulse.beat()} {today()} {called(site())}")
        page = self.recent.get(asked.address)
        if moment is None or (page and page.moment == moment):
            return page if moment else None
        version = self._sure_of(asked.version)
        if version is None:
            return None
        key = asked.key(version)
        if page and page.key == key:
            page.moment = moment
        else:
            page = Page(key, moment)
            self.recent.put(asked.address, page)
        return page

    def _sure_of(self, ask: Callable[[], str | None]) -> str | None:
        """Ask the database; a connection that the server has ended meanwhile is made anew once."""
        if time.monotonic() < self.deaf_until:
            return None
        was_open = connection.connection is not None
        try:
            return ask()
        except (DatabaseError, psycopg.Error):
            connection.close()
        if was_open:
            return self._sure_of(ask)
        # Connecting to a database that is away takes seconds, and Django will try as well to say that it is.
        self.deaf_until = time.monotonic() + DEAF
        return None

    def _answer(self, asked: Asked, page: "Page", start_response: StartResponse) -> Iterable[bytes]:
        head = page.head
        if head is None and asked.has_tags:
            head = page.head = self.shelf.head(page.key)
        if head and asked.has_already(head):
            return _not_modified(head, asked, start_response)
        found = self._find(asked, page)
        if found:
            return _respond(*found, asked, start_response)
        return self._wait_or_make(asked, page, start_response)

    def _find(self, asked: Asked, page: "Page") -> tuple[Head, bytes] | None:
        if page.head and (body := page.bodies.get(asked.coding)) is not None:
            return page.head, body
        found = self.shelf.page(page.key, asked.coding)
        if found is None:
            return None
        head, body = found
        if body is None:
            plain = self.shelf.plain_body(page.key)
            if plain is None:
                return None
            body = COMPRESS[asked.coding](plain)
            self.shelf.keep(page.key, head, {asked.coding: body}, asked.room)
        self.recent.fill(asked.address, page, head, asked.coding, body)
        return head, body

    def _wait_or_make(self, asked: Asked, page: "Page", start_response: StartResponse) -> Iterable[bytes]:
        until = time.monotonic() + PATIENCE
        while not (ours := self.shelf.take_turn(page.key)) and time.monotonic() < until:
            time.sleep(GLANCE)
            if found := self._find(asked, page):
                return _respond(*found, asked, start_response)
        try:
            # Between our last look and our turn somebody else may have come to the end of theirs.
            if ours and (found := self._find(asked, page)):
                return _respond(*found, asked, start_response)
            return self._make(asked, page, start_response)
        finally:
            if ours:
                self.shelf.end_turn(page.key)

    def _make(self, asked: Asked, page: "Page", start_response: StartResponse) -> Iterable[bytes]:
        version, answer = self._ask_django(asked)
        if version is None or not _is_for_everybody(answer):
            start_response(answer.status, answer.headers)
            return [] if asked.is_head else [answer.body]
        head = Head(_header(answer, "etag").strip('"'), tuple(_own(answer.headers)))
        body = COMPRESS[asked.coding](answer.body)
        key = asked.key(version)
        self.shelf.keep(key, head, {IDENTITY: answer.body, asked.coding: body}, asked.room)
        if key == page.key:
            self.recent.fill(asked.address, page, head, asked.coding, body)
        return _respond(head, body, asked, start_response)

    def _ask_django(self, asked: Asked) -> tuple[str | None, Answer]:
        version, answer = None, None
        try:
            with one_snapshot():
                version, named = asked.version(), called(site())
                answer = call(self.application, asked.for_everybody())
            if named != called(site()):
                version = None  # the site got another name meanwhile, and the page may have taken either
        except (DatabaseError, psycopg.Error):
            # Broken off at the end, what was made may be of two minds; at the beginning, Django says what is wrong.
            connection.close()
            version = None
        return version, answer or call(self.application, asked.for_everybody())


# --- What one process has at hand -------------------------------------------------------------------------------------


class Pulse:
    """A number that is another one after any change at all. Read at most so often, however many ask.

    While it stands still every version does, so that one small question answers for all pages.
    """

    def __init__(self) -> None:
        self.last = (-STILL, "")  # in one piece, or a thread could take an old number for the one just read

    def beat(self) -> str:
        asked_at = time.monotonic()
        read_at, number = self.last
        if asked_at >= read_at + STILL:
            number = content.of_everything() or ""
            self.last = (asked_at, number)
        return number


@dataclass(slots=True)
class Page:
    """One page in one version: the moment at which that was last known to be the version of now, and what we have of it."""

    key: str
    moment: str
    head: Head | None = None
    bodies: dict[str, bytes] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return SLIP + sum(map(len, self.bodies.values()))


class Recent:
    """The pages last asked for, without a way to Redis. A new version takes the place of the old one."""

    def __init__(self, most: int = 2 << 20) -> None:
        self.most, self.size = most, 0
        self.pages: OrderedDict[str, Page] = OrderedDict()
        self.lock = Lock()

    def get(self, address: str) -> Page | None:
        with self.lock:
            page = self.pages.get(address)
            if page:
                self.pages.move_to_end(address)
            return page

    def put(self, address: str, page: Page) -> None:
        with self.lock:
            old = self.pages.pop(address, None)
            self.size += page.size - (old.size if old else 0)
            self.pages[address] = page
            self._make_room()

    def fill(self, address: str, page: Page, head: Head, coding: str, body: bytes) -> None:
        with self.lock:
            before = page.size
            page.head = head
            page.bodies[coding] = body
            if self.pages.get(address) is page:  # it may have had to go meanwhile
                self.size += page.size - before
                self._make_room()

    def _make_room(self) -> None:
        while self.size > self.most and self.pages:
            self.size -= self.pages.popitem(last=False)[1].size


def in_front_of(application: Application) -> Application:
    """Stand before the site; not in development, where whoever edits a template wants to see it."""
    return application if settings.DEBUG else KeptPages(application)


# --- What is asked ----------------------------------------------------------------------------------------------------


def read(request: Environ) -> Asked | None:
    """Return what is asked for if it is a public page, and None where the answer is Django's alone."""
    path, query = request.get("PATH_INFO", ""), request.get("QUERY_STRING", "")
    host = request.get("HTTP_HOST", "")
    plain = path.isascii() and len(path) <= LONGEST_PATH and len(query) <= LONGEST_QUERY
    if request["REQUEST_METHOD"] not in {"GET", "HEAD"} or not plain or request.get("SCRIPT_NAME") or not is_ours(host):
        return None
    found = public_page(path)
    if found is None:
        return None
    told: Public = found.func.public  # type: ignore[attr-defined]
    return Asked(
        request=request,
        path=path,
        query=told.narrowed(query.encode("latin-1")) if query else "",
        scheme=_scheme(request),
        told=told,
        parts=found.kwargs,
        coding=negotiation.coding_for(request.get("HTTP_ACCEPT_ENCODING", "")),
    )


@lru_cache(maxsize=64)
def is_ours(host: str) -> bool:
    """Tell whether Django would answer under this name."""
    domain, _port = split_domain_port(host)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


@lru_cache(maxsize=4096)
def public_page(path: str) -> ResolverMatch | None:
    try:
        with translation.override(languages.of_path(path).code):
            found = resolve(path)
    except Resolver404:
        return None
    told = getattr(found.func, "public", None)
    return found if told and told.reads is not None else None


def _scheme(request: Environ) -> str:
    # Some headers are sent over TLS alone, so the two are kept apart.
    if settings.SECURE_PROXY_SSL_HEADER:
        name, secure = settings.SECURE_PROXY_SSL_HEADER
        if said := request.get(name):
            return "https" if said.split(",")[0].strip() == secure else "http"
    return str(request.get("wsgi.url_scheme", "http"))


@lru_cache(maxsize=16)
def called(record: Record) -> str:
    """What stands for the site's own record, which each process reads anew every few seconds, in the key of a page."""
    return blake2b(repr(record).encode(), digest_size=4).hexdigest()


def today() -> int:
    return int(time.time()) // 86400


# --- Asking Django ----------------------------------------------------------------------------------------------------


@contextmanager
def one_snapshot() -> Iterator[None]:
    """One transaction that sees one state of the database. Inside another one, which only tests have, that one."""
    if connection.in_atomic_block:
        yield
        return
    connection.ensure_connection()
    own = connection.connection
    own.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    try:
        with transaction.atomic():
            yield
    finally:
        if not own.closed:
            own.isolation_level = None


def call(application: Application, request: Environ) -> Answer:
    said: list[tuple[str, Headers]] = []

    def start_response(status: str, headers: Headers, exc_info: Any = None) -> None:
        said.append((status, headers))

    response = application(request, start_response)
    try:
        body = b"".join(response)
    finally:
        if hasattr(response, "close"):
            response.close()
    status, headers = said[-1]
    return Answer(status, headers, body, bool(request.get(MAY_BE_KEPT)))


def _is_for_everybody(answer: Answer) -> bool:
    names = {name.lower() for name, _value in answer.headers}
    return (
        answer.may_be_kept
        and answer.status.startswith("200 ")
        and _header(answer, "cache-control") == PUBLIC
        and not names & {"set-cookie", "vary", "content-encoding"}
    )


def _header(answer: Answer, wanted: str) -> str:
    return next((value for name, value in answer.headers if name.lower() == wanted), "")


def _own(headers: Headers) -> Headers:
    return [(name, value) for name, value in headers if name.lower() not in OURS]


# --- Answering --------------------------------------------------------------------------------------------------------


def _respond(head: Head, body: bytes, asked: Asked, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with a page, unless the reader has it already. What is served is counted here: Django is not told who asks."""
    if asked.has_already(head):
        return _not_modified(head, asked, start_response)
    headers = [
        *head.headers,
        ("Content-Length", str(len(body))),
        ("ETag", _etag(head, asked.coding)),
        ("Vary", "Accept-Encoding"),
    ]
    if asked.coding != IDENTITY:
        headers.append(("Content-Encoding", asked.coding))
    start_response("200 OK", headers)
    usage.seen(asked.path, asked.request)
    return [] if asked.is_head else [body]


def _not_modified(head: Head, asked: Asked, start_response: StartResponse) -> Iterable[bytes]:
    said = [("Cache-Control", PUBLIC), ("ETag", _etag(head, asked.coding)), ("Vary", "Accept-Encoding")]
    start_response("304 Not Modified", said)
    usage.seen(asked.path, asked.request)
    return []


def _etag(head: Head, coding: str) -> str:
    # Strong tags must differ where the bytes do.
    return f'"{head.etag}"' if coding == IDENTITY else f'"{head.etag}-{coding}"'


# --- Which release ----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def release() -> str:
    """What changes with every release and setting that a page may show, so that a new one never serves pages of an old one."""
    database = settings.DATABASES["default"]
    told = (
        settings.SITE_URL,
        settings.DEMO,
        settings.LANGUAGE_CODE,
        database["HOST"],
        database["PORT"],
        database["NAME"],
    )
    digest = blake2b(repr(told).encode(), digest_size=6)
    folders = ("accounts", "briefings", "config", "profiles", "templates", "locale", "locks")
    for path in sorted(path for folder in folders for path in (env.ROOT / folder).rglob("*")):
        if path.suffix in {".py", ".html", ".txt", ".xml", ".mo"}:
            digest.update(f"\0{path}\0".encode() + path.read_bytes())
    manifest = settings.STATIC_ROOT / "staticfiles.json"  # by which the static files are named
    digest.update(manifest.read_bytes() if manifest.exists() else b"")
    return digest.hexdigest()
