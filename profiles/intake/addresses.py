"""Which addresses the desk may fetch: the web's, of machines that anybody can reach, and no other."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, quote, urlsplit

PORTS = {"http": 80, "https": 443}
LONGEST = 2000

# What Python calls global and nobody can be reached at, or only through somebody else's gate.
NOT_PUBLIC_4 = [IPv4Network("192.88.99.0/24")]  # the relays of 6to4
GLOBAL_UNICAST = IPv6Network("2000::/3")  # leaves out mapped, compatible, NAT64, local, site-local and multicast
NOT_PUBLIC_6 = [
    IPv6Network("2001::/23"),  # Teredo carries an IPv4 address inside, the rest are for protocols
    IPv6Network("2001:db8::/32"),
    IPv6Network("2002::/16"),  # 6to4 carries an IPv4 address inside
    IPv6Network("3fff::/20"),
]


class NotAllowed(Exception):
    """Why an address is not fetched, as a sentence for the editor."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart: whom to ask, and for what. The host is in the letters of the DNS."""

    scheme: str
    host: str
    port: int
    path: str  # with its query, never its fragment

    @property
    def host_header(self) -> str:
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == PORTS[self.scheme] else f"{name}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host_header}{self.path}"


def is_public(address: str) -> bool:
    """Tell whether an IP address belongs to the open internet. What cannot be read as one does not."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        return ip in GLOBAL_UNICAST and ip.is_global and not any(ip in network for network in NOT_PUBLIC_6)
    return _is_public_4(ip)


def _is_public_4(ip: IPv4Address) -> bool:
    taken = ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback or ip.is_link_local
    return ip.is_global and not taken and not any(ip in network for network in NOT_PUBLIC_4)


def target_of(url: str, *, any_port: bool = False) -> Target:
    """Take an address apart. Raises NotAllowed with what is wrong with it."""
    parts = _split(url)
    if parts.scheme not in PORTS:
        raise NotAllowed("Only addresses that begin with http:// or https:// are fetched.")
    if "@" in parts.netloc:
        raise NotAllowed("This address carries a user name or password; take it out.")
    host, port = _host(parts), parts.port or PORTS[parts.scheme]
    if port not in PORTS.values() and not any_port:
        raise NotAllowed(f"This address names port {port}; only the web's own, 80 and 443, are asked.")
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?[]") if parts.query else ""
    return Target(parts.scheme, host, port, path + query)


def _split(url: str) -> SplitResult:
    url = url.strip()
    if len(url) > LONGEST:
        raise NotAllowed(f"This address is longer than {LONGEST} characters.")
    if any(character.isspace() or ord(character) < 32 or character == "\\" for character in url):
        raise NotAllowed("This is not an address: it holds a space or a sign that no address may hold.")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise NotAllowed("This is not an address.") from None
    return parts


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if "%" in host:  # the zone of a link-local address, or a host in disguise
        raise NotAllowed("This is not the name of a host.")
    if ":" in host:
        return host
    try:
        name = host.encode("idna").decode()
    except UnicodeError:
        raise NotAllowed("This is not the name of a host.") from None
    if not name or any(character in "/?#@[]" for character in name):
        raise NotAllowed("This address names no host.")
    return name.lower()
