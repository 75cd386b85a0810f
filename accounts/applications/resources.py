"""Number resources and domains as people write them, and what is meant. Plain values; knows no database."""

import re
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network

from django.utils.translation import gettext as _

MOST_RESOURCES = 5
HIGHEST_AS = 2**32 - 1
AS_NUMBER = re.compile(r"(?:AS)?([0-9]{1,10})", re.ASCII | re.IGNORECASE)
HANDLE = re.compile(r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+", re.ASCII | re.IGNORECASE)
LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.ASCII)


class Unclear(ValueError):
    """What was written names no resource or domain; the text is a sentence for whoever wrote it."""


class Kind(StrEnum):
    """What kind of resource it is, in the word of the registries' protocol."""

    AUTNUM = "autnum"
    IP = "ip"
    ENTITY = "entity"


@dataclass(frozen=True, slots=True)
class Resource:
    """An AS number, a prefix or the handle of an organisation; `text` is how it is written everywhere here."""

    kind: Kind
    text: str

    @property
    def number(self) -> int:
        return int(self.text.removeprefix("AS"))

    @property
    def network(self) -> IPv4Network | IPv6Network:
        return ip_network(self.text)


def parse_resources(text: str) -> list[Resource]:
    """Read one resource a line, or several with commas between; each counts once. Raises Unclear."""
    written = [part.strip() for part in re.split(r"[\n,;]", text) if part.strip()]
    found = list(dict.fromkeys(parse_resource(part) for part in written))
    if len(found) > MOST_RESOURCES:
        raise Unclear(_("Name up to %(number)d resources; one is enough.") % {"number": MOST_RESOURCES})
    return found


def parse_resource(written: str) -> Resource:
    if number := AS_NUMBER.fullmatch(written):
        return _autonomous_system(written, int(number[1]))
    if ":" in written or "/" in written or written[:1].isdigit():
        return _prefix(written)
    if HANDLE.fullmatch(written) and len(written) <= 100:
        return Resource(Kind.ENTITY, written.upper())
    raise Unclear(
        _(
            "“%(written)s” is no resource we know: write AS64500, 192.0.2.0/24, 2001:db8::/32 or a handle like ORG-EX1-RIPE."
        )
        % {"written": written[:60]}
    )


def _autonomous_system(written: str, number: int) -> Resource:
    if not 0 < number <= HIGHEST_AS:
        raise Unclear(_("There is no AS number %(written)s.") % {"written": written})
    return Resource(Kind.AUTNUM, f"AS{number}")


def _prefix(written: str) -> Resource:
    try:
        network = ip_network(written)
    except ValueError:
        raise Unclear(
            _("“%(written)s” is no prefix: write the first address and the length, as in 192.0.2.0/24.")
            % {"written": written[:60]}
        ) from None
    if network.prefixlen == 0:
        raise Unclear(_("Nobody holds all addresses; write the prefix that is yours."))
    return Resource(Kind.IP, str(network))


def parse_domain(written: str) -> str:
    """Return a domain in the letters DNS uses. Raises Unclear."""
    name = written.strip().rstrip(".").lower()
    if not name.isascii():
        raise Unclear(_("Write the domain as DNS does, its special letters as xn--…."))
    labels = name.split(".")
    if len(name) > 200 or len(labels) < 2 or labels[-1].isdigit() or not all(map(LABEL.fullmatch, labels)):
        raise Unclear(_("Write the domain alone, as in example.org."))
    return name
