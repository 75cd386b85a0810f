"""Asking a server for JSON, with limits on everything that is not ours to choose: time, size, where it sends us next.

Every address is looked up here and then connected to as it was found, so that a name cannot point elsewhere between
the look and the connection.
"""

import asyncio
import json
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx

SECONDS = 10.0
CONNECT_SECONDS = 3.0
MOST_BYTES = 1_000_000
MOST_REDIRECTS = 4
TYPES = {"application/rdap+json", "application/json"}
USUAL_PORTS = {"http": 80, "https": 443}
TRANSLATED = ip_network("64:ff9b::/96")  # IPv4 behind a translator: what looks public may lead inside

# Of our own, and never waited for: a resolver that hangs must not hold the process longer than a question may take.
_names = ThreadPoolExecutor(4, thread_name_prefix="names")


class NoAnswer(Exception):
    """No answer that could be used, this time; the text is a sentence."""


class NotFound(Exception):
    """The server says that it knows of no such thing."""


def get_json(url: str, *, home: str) -> Any:
    """Return what a server of the registries says. `home` is the address the operator chose to trust.

    Raises NotFound, and NoAnswer for everything else that is no JSON of a sensible size in time.
    """
    try:
        status, body = _asked(url, home)
    except TimeoutError:
        raise NoAnswer(f"It did not answer within {SECONDS:.0f} seconds.") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
        raise NoAnswer(f"It could not be asked ({type(error).__name__}).") from None
    if status == 404:
        raise NotFound
    if status != 200:
        raise NoAnswer(f"It answered with HTTP {status}.")
    return _json(body)


def _asked(url: str, home: str) -> tuple[int, bytes]:
    # In a thread of its own: whoever calls may have a loop already, and a thread has one at most.
    with ThreadPoolExecutor(1, thread_name_prefix="asking") as thread:
        return thread.submit(lambda: asyncio.run(_in_time(url, home))).result()


def _json(body: bytes) -> Any:
    try:
        return json.loads(body.decode())
    except (ValueError, RecursionError):  # broken, not UTF-8, a number of a million digits, nested without end
        raise NoAnswer("Its answer was no JSON.") from None


async def _in_time(url: str, home: str) -> tuple[int, bytes]:
    # Around everything: a limit for each read would let a server drip one byte at a time for ever.
    async with asyncio.timeout(SECONDS):
        headers = {"Accept": ", ".join(sorted(TYPES)), "Accept-Encoding": "identity", "User-Agent": "Assay"}
        timeout = httpx.Timeout(SECONDS, connect=CONNECT_SECONDS)
        async with httpx.AsyncClient(trust_env=False, timeout=timeout, headers=headers) as client:
            return await _follow(client, url, home)


async def _follow(client: httpx.AsyncClient, url: str, home: str) -> tuple[int, bytes]:
    for _hop in range(MOST_REDIRECTS + 1):
        response = await _ask(client, url, home)
        try:
            if not response.has_redirect_location:
                return response.status_code, await _body(response)
            url = urljoin(url, response.headers["Location"])
        finally:
            await response.aclose()
    raise NoAnswer(f"It sent us on more than {MOST_REDIRECTS} times.")


async def _ask(client: httpx.AsyncClient, url: str, home: str) -> httpx.Response:
    parts = allowed(url, home)
    host = parts.hostname or ""
    problem: Exception = NoAnswer("It has no address.")
    for address in await _addresses(parts, trusted=_origin(parts) == _origin(urlsplit(home))):
        try:
            request = client.build_request(
                "GET",
                httpx.URL(url).copy_with(host=str(address)),
                headers={"Host": parts.netloc},
                extensions={"sni_hostname": host},
            )
            return await client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            problem = error
    raise problem


async def _body(response: httpx.Response) -> bytes:
    if response.status_code != 200:
        return b""
    if response.headers.get("Content-Type", "").partition(";")[0].strip().lower() not in TYPES:
        raise NoAnswer("Its answer was of another type than asked for.")
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise NoAnswer("Its answer was packed, which was not asked for.")
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > MOST_BYTES:
            raise NoAnswer(f"Its answer was longer than {MOST_BYTES:,} bytes.")
    return bytes(body)


# --- Where we may be sent ---------------------------------------------------------------------------------------------


def allowed(url: str, home: str) -> SplitResult:
    """Return the parts of an address we may ask: the operator's own, or any at the usual port of a public host.

    Without TLS only where the operator's own has none. Raises NoAnswer.
    """
    parts, own = _parts(url), urlsplit(home)
    if _origin(parts) == _origin(own):
        return parts
    schemes = {"https", own.scheme}
    if parts.scheme not in schemes or not parts.hostname or _origin(parts)[2] != USUAL_PORTS[parts.scheme]:
        raise NoAnswer("It sent us to an address that we do not ask.")
    return parts


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _origin(parts)
    except ValueError:
        raise NoAnswer("It sent us to something that is no address.") from None
    if parts.username is not None or parts.password is not None:
        raise NoAnswer("It sent us to an address that we do not ask.")
    return parts


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    return parts.scheme, parts.hostname or "", parts.port or USUAL_PORTS.get(parts.scheme, 0)


async def _addresses(parts: SplitResult, *, trusted: bool) -> Sequence[IPv4Address | IPv6Address]:
    _scheme, host, port = _origin(parts)
    look = asyncio.get_running_loop().run_in_executor(_names, resolve, host, port)
    found = await look
    if not trusted and not all(is_public(address) for address in found):
        raise NoAnswer("It sent us to an address that is not public.")
    return found


def resolve(host: str, port: int) -> list[IPv4Address | IPv6Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(str(address[0]).partition("%")[0]) for *_, address in found))


def is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and (address.ipv4_mapped or address.sixtofour or address.teredo):
        return False
    return address.is_global and not address.is_multicast and address not in TRANSLATED
