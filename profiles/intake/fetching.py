"""Fetching an address that somebody pasted, without being sent where we must not go.

The name is looked up once, every address it has must be public, and the connection goes to the very address that was
checked. Sizes, times and redirects are bounded, and a host that asks robots to stay away is left alone.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from urllib.parse import urljoin

import httpcore
from django.conf import settings

from profiles.intake import robots
from profiles.intake.addresses import NotAllowed, Target, is_public, target_of

AGENT = "Assay"
PAGES = "text/html, application/xhtml+xml, text/plain;q=0.8"
ROBOTS_BYTES = 500_000
REDIRECTS = {301, 302, 303, 307, 308}

Header = tuple[bytes, bytes]
Failed = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, ssl.SSLError, OSError)


class NotFetched(Exception):
    """Why there is no page, as a sentence for the editor. `status` is what the host answered, if it did."""

    def __init__(self, sentence: str, status: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status


class NotWelcome(NotFetched):
    """The host asks robots to stay away, or cannot say whether they may come."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a host answered: where it was in the end, its status, its type, and its bytes."""

    url: str
    status: int
    content_type: str
    body: bytes


def looked_up(host: str, port: int) -> list[str]:
    """Return the addresses that a name has now."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


@dataclass(frozen=True, slots=True)
class Limits:
    """How far fetching may go. The defaults are for the open internet."""

    seconds: float = 10.0  # for a page with its redirects and its robots.txt
    bytes: int = 3_000_000
    redirects: int = 3
    any_port: bool = False
    is_public: Callable[[str], bool] = is_public
    look_up: Callable[[str, int], list[str]] = looked_up


INTERNET = Limits()


@dataclass
class _Visit:
    """One page's worth of asking: what is left of its time, the hosts it has pinned, what they tell robots."""

    limits: Limits
    until: float
    pinned: dict[str, list[str]] = field(default_factory=dict)
    robots: dict[str, str] = field(default_factory=dict)

    def left(self) -> float:
        left = self.until - time.monotonic()
        if left <= 0:
            raise NotFetched(f"The host took longer than {self.limits.seconds:g} seconds.")
        return left

    def addresses_of(self, target: Target) -> list[str]:
        """Return the addresses to connect to: looked up and checked once, and the same from then on."""
        if target.host not in self.pinned:
            self.pinned[target.host] = _checked(target, self.limits)
        return self.pinned[target.host]


def _checked(target: Target, limits: Limits) -> list[str]:
    try:
        addresses = limits.look_up(target.host, target.port)
    except (OSError, UnicodeError):
        raise NotFetched(f"There is no host called {target.host}.") from None
    # One address that is not public is enough: which of them is used would be up to whoever runs that name.
    if not addresses or not all(limits.is_public(address) for address in addresses):
        raise NotAllowed(f"{target.host} is not a host on the open internet, so it is not asked.")
    return addresses


class _Stream(httpcore.NetworkStream):
    """A connection that ends when the visit's time is up, however slowly bytes drip in."""

    def __init__(self, stream: httpcore.NetworkStream, visit: _Visit) -> None:
        self._stream, self._visit = stream, visit

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._visit.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._visit.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None) -> "_Stream":  # fmt: skip
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, self._visit.left()), self._visit)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Pinned(httpcore.NetworkBackend):
    """Connects to an address that was checked instead of asking for the name's addresses again."""

    def __init__(self, addresses: list[str], visit: _Visit) -> None:
        self._addresses, self._visit = addresses, visit

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, local_address: str | None = None, socket_options: Iterable[Any] | None = None) -> httpcore.NetworkStream:  # fmt: skip
        *others, last = self._addresses
        for address in others:
            with suppress(httpcore.ConnectError):
                return self._connect(address, port)
        return self._connect(last, port)

    def _connect(self, address: str, port: int) -> _Stream:
        return _Stream(httpcore.SyncBackend().connect_tcp(address, port, self._visit.left()), self._visit)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def agent() -> str:
    """How we name ourselves to hosts, with where to read who we are."""
    return f"{AGENT} (+{settings.SITE_URL}/about/)"


def fetch(url: str, limits: Limits = INTERNET, *, method: str = "GET", accept: str = PAGES) -> Page:
    """Return what the address answers with, whatever its status. Raises NotAllowed and NotFetched, each a sentence."""
    visit = _Visit(limits, time.monotonic() + limits.seconds)
    target = target_of(url, any_port=limits.any_port)
    try:
        _ask_robots(target, visit)
        return _follow(target, visit, method, accept, allowed=True)
    except Failed as error:
        raise NotFetched(_in_words(error, target)) from None


def _in_words(error: Exception, target: Target) -> str:
    if isinstance(error, httpcore.TimeoutException | TimeoutError):
        return f"{target.host} did not answer in time."
    if "CERTIFICATE_VERIFY_FAILED" in str(error):  # httpcore keeps of the error nothing but its words
        return f"{target.host} could not show that it is {target.host} (its certificate)."
    if isinstance(error, httpcore.ProtocolError):
        return f"{target.host} answered with something that is no web page."
    return f"{target.host} cannot be reached."


def _follow(target: Target, visit: _Visit, method: str, accept: str, *, allowed: bool = False) -> Page:
    """Ask, and follow redirects within the host; `allowed` asks its robots.txt about each of them."""
    first = target
    for _ in range(visit.limits.redirects + 1):
        page, onward = _ask(target, visit, method, accept)
        if onward is None:
            return page
        target = _next(target, onward, visit.limits)
        if target.host != first.host:
            sentence = f"{first.host} sends us on to {target.host}; paste that address if you trust it."
            raise NotFetched(sentence, page.status)
        if allowed:
            _ask_robots(target, visit)
    raise NotFetched(f"{first.host} sends us on more than {visit.limits.redirects} times.")


def _next(target: Target, onward: str, limits: Limits) -> Target:
    try:
        return target_of(urljoin(str(target), onward), any_port=limits.any_port)
    except (NotAllowed, ValueError):
        raise NotFetched(f"{target.host} sends us on to an address that is not fetched.") from None


def _ask(target: Target, visit: _Visit, method: str, accept: str) -> tuple[Page, str | None]:
    """Ask once; return the answer, and where it sends us if it does."""
    backend = _Pinned(visit.addresses_of(target), visit)
    with httpcore.ConnectionPool(ssl_context=_tls(), network_backend=backend, max_connections=1) as pool:
        url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
        with pool.stream(method, url, headers=_headers(target, accept)) as response:
            said = {name.lower().decode("latin-1"): value.decode("latin-1") for name, value in response.headers}
            onward = said.get("location") if response.status in REDIRECTS else None
            body = b"" if onward else b"".join(_within(response.iter_stream(), said, visit))
            return Page(str(target), response.status, said.get("content-type", ""), body), onward


def _headers(target: Target, accept: str) -> list[Header]:
    said = {"Host": target.host_header, "User-Agent": agent(), "Accept": accept, "Connection": "close"}
    # Packed bytes could unfold to any size.
    said["Accept-Encoding"] = "identity"
    return [(name.encode(), value.encode("latin-1", "replace")) for name, value in said.items()]


def _within(chunks: Iterator[bytes], said: dict[str, str], visit: _Visit) -> Iterator[bytes]:
    if said.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        raise NotFetched("The host sent its page packed, though it was asked not to.")
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > visit.limits.bytes:
            raise NotFetched(f"The page is larger than {visit.limits.bytes:,} bytes.")
        visit.left()
        yield chunk


def _ask_robots(target: Target, visit: _Visit) -> None:
    """Raise NotFetched where the host does not want robots at that path, or cannot say."""
    there = replace(target, path="/robots.txt")
    if str(there) not in visit.robots:
        visit.robots[str(there)] = _robots_of(there, visit)
    if not robots.allows(visit.robots[str(there)], AGENT, target.path):
        raise NotWelcome(f"{target.host} asks robots not to read this page. Paste its text instead.")


def _robots_of(there: Target, visit: _Visit) -> str:
    # Of a file that is too long the beginning would do, but a host that sends it means no good.
    narrow = replace(visit, limits=replace(visit.limits, bytes=min(visit.limits.bytes, ROBOTS_BYTES)))
    page = _follow(there, narrow, "GET", "text/plain")
    if page.status >= 500 or page.status == 429:
        raise NotWelcome(f"{there.host} cannot say at the moment whether robots are welcome.", page.status)
    return page.body.decode("utf-8", "replace") if page.status < 300 else ""
