"""Is an address that of a registered contact? Asked of the registries in their own protocol (RFC 9083).

An address counts if it is, letter for letter, that of a contact with one of three roles. Only the case of ASCII letters
is let go: whatever else could be forgiven is what somebody who pretends would use.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import islice
from typing import Any
from urllib.parse import quote

from accounts.applications.resources import Kind, Resource
from accounts.applications.web import NoAnswer, NotFound, get_json

ROLES = ("registrant", "administrative", "technical")
DEEPEST = 4  # a contact of a contact of the holder of the network
MOST_CONTACTS = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found, in a sentence that names nobody."""

    matched: bool
    words: str


@dataclass(frozen=True, slots=True)
class Contact:
    role: str
    address: str


def look(resource: Resource, addresses: Collection[str], *, home: str) -> Answer:
    """Ask the registry whether one of the addresses is a contact's. Raises NoAnswer when it should be asked again."""
    try:
        answer = get_json(url_of(resource, home), home=home)
    except NotFound:
        return Answer(False, "The registry knows of no such resource.")
    return judge(resource, answer, addresses)


def url_of(resource: Resource, home: str) -> str:
    key = {Kind.AUTNUM: resource.text.removeprefix("AS")}.get(resource.kind, resource.text)
    return f"{home.rstrip('/')}/{resource.kind}/{quote(key, safe='/:')}"


def judge(resource: Resource, answer: object, addresses: Collection[str]) -> Answer:
    """Say what an answer shows. Raises NoAnswer for one that is about something else."""
    if not isinstance(answer, dict) or not _describes(answer, resource):
        raise NoAnswer("It answered about something else than was asked.")
    contacts = list(islice(_contacts(answer, resource), MOST_CONTACTS))
    for contact in contacts:
        if any(same_address(contact.address, address) for address in addresses):
            return Answer(True, f"The applicant's address is that of a contact: {contact.role}.")
    if not contacts:
        return Answer(False, "The registry shows no contact with an address.")
    return Answer(False, f"Contacts with an address: {len(contacts)}. None is the applicant's.")


def same_address(one: str, other: str) -> bool:
    # Lowering a letter such as the Kelvin sign makes it an ASCII one.
    return one.isascii() and other.isascii() and one.lower() == other.lower()


# --- Reading an answer, whatever it is --------------------------------------------------------------------------------


def _describes(answer: dict[str, Any], resource: Resource) -> bool:
    kind = answer.get("objectClassName")
    if resource.kind == Kind.ENTITY:
        handle = answer.get("handle")
        return kind == "entity" and isinstance(handle, str) and same_address(handle, resource.text)
    if resource.kind == Kind.AUTNUM:
        start, end = answer.get("startAutnum"), answer.get("endAutnum")
        return kind == "autnum" and type(start) is int and type(end) is int and start <= resource.number <= end
    return kind == "ip network" and _covers(answer, resource)


def _covers(answer: dict[str, Any], resource: Resource) -> bool:
    network = resource.network
    try:
        start, end = (ip_address(str(answer.get(name))) for name in ("startAddress", "endAddress"))
    except ValueError:
        return False
    if start.version != network.version or end.version != network.version:
        return False
    return int(start) <= int(network.network_address) and int(network.broadcast_address) <= int(end)


def _contacts(answer: dict[str, Any], resource: Resource) -> Iterator[Contact]:
    if resource.kind == Kind.ENTITY:
        yield from (Contact("registrant", address) for address in _addresses(answer))
    yield from _of_entities(answer.get("entities"), DEEPEST)


def _of_entities(entities: object, depth: int) -> Iterator[Contact]:
    """The contacts below something, each on a way of entities that all have one of the roles."""
    if not isinstance(entities, list) or not depth:
        return
    for entity in entities:
        role = _role(entity)
        if role:
            yield from (Contact(role, address) for address in _addresses(entity))
            yield from _of_entities(entity.get("entities"), depth - 1)


def _role(entity: object) -> str:
    roles = entity.get("roles") if isinstance(entity, dict) else None
    return next((role for role in ROLES if role in roles), "") if isinstance(roles, list) else ""


def _addresses(entity: dict[str, Any]) -> Iterator[str]:
    card = entity.get("vcardArray")
    properties = card[1] if isinstance(card, list) and len(card) == 2 and isinstance(card[1], list) else []
    for entry in properties:
        if isinstance(entry, list) and len(entry) >= 4 and entry[0] == "email" and isinstance(entry[3], str):
            yield entry[3]
