"""When two addresses are one: scheme, www., default port, fragment, tracking parameters and trailing slash apart."""

from urllib.parse import parse_qsl, urlencode, urlsplit

TRACKING = {"fbclid", "gclid", "dclid", "msclkid", "mc_cid", "mc_eid", "igshid", "ref_src"}
DEFAULT_PORTS = {"http": 80, "https": 443}


def url_key(url: str) -> str | None:
    """Return what is left of an address when two spellings of it must be equal; None for no address.

    An address that cannot be taken apart is its own key.
    """
    if not url.strip():
        return None
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").removeprefix("www.")
        port = "" if parts.port in {None, *DEFAULT_PORTS.values()} else f":{parts.port}"
    except ValueError:
        return url.strip()
    query = urlencode([pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not _tracks(pair[0])])
    return host + port + parts.path.rstrip("/") + (f"?{query}" if query else "")


def _tracks(name: str) -> bool:
    return name.lower() in TRACKING or name.lower().startswith("utm_")
