"""A ceiling on what one client asks in a minute. Counted in Redis; while that is away nobody is turned down."""

import time
from ipaddress import ip_address

from django.core.cache import cache
from django.utils.crypto import salted_hmac

A_MINUTE = 300
A_DOWNLOAD = 30  # a whole file counts for as many
MINUTE = 60
POLICY = f'"minute";q={A_MINUTE};w={MINUTE}'


def seconds_to_wait(address: str, *, cost: int = 1) -> int:
    """Take that many of the client's requests for this minute; return 0, or the seconds until there are new ones."""
    now = time.time()
    key = f"api:{_digest(address)}:{int(now // MINUTE)}"
    cache.add(key, 0, 2 * MINUTE)
    try:
        used = cache.incr(key, cost)
    except ValueError:  # Redis came back between the two, or forgot
        return 0
    return 0 if used <= A_MINUTE else MINUTE - int(now % MINUTE)


def headers(wait: int) -> dict[str, str]:
    """What a client that has to wait is told; nothing is left of its minute."""
    return {"Retry-After": str(wait), "RateLimit": f'"minute";r=0;t={wait}'}


def _digest(address: str) -> str:
    return salted_hmac("profiles.api", _client(address), algorithm="sha256").hexdigest()


def _client(address: str) -> str:
    """Return who the address belongs to: of IPv6 the network, since one client has all the addresses in it."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    return str(int(ip) >> 64) if ip.version == 6 else address
