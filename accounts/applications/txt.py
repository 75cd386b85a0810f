"""Is a domain the applicant's? They show it by a TXT record that only whoever runs the domain can set."""

import dns.exception
import dns.resolver
from django.conf import settings

from accounts.applications.rdap import Answer
from accounts.applications.web import NoAnswer

LABEL = "_assay-verification"
SECONDS = 5.0


class NotThere(NoAnswer):
    """DNS answered, and the record is not there (yet)."""


def record_of(domain: str) -> str:
    return f"{LABEL}.{domain}"


def value_of(token: str) -> str:
    return f"assay-verification={token}"


def look(domain: str, token: str) -> Answer:
    """Ask DNS for the record. Raises NotThere, or NoAnswer where DNS did not answer."""
    try:
        answer = _resolver().resolve(f"{record_of(domain)}.", "TXT", lifetime=SECONDS)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        raise NotThere("The record is not there.") from None
    except dns.exception.DNSException as error:
        raise NoAnswer(f"DNS did not answer ({type(error).__name__}).") from None
    values = [b"".join(record.strings) for record in answer]
    if value_of(token).encode() not in values:
        raise NotThere("There is a record of that name, and it says something else.")
    return Answer(True, "The record is there and says what was asked for.")


def _resolver() -> dns.resolver.Resolver:
    resolver = dns.resolver.Resolver(configure=settings.DNS_RESOLVER is None)
    if settings.DNS_RESOLVER:
        address, resolver.port = settings.DNS_RESOLVER
        resolver.nameservers = [address]
    resolver.timeout = 2.0
    return resolver
