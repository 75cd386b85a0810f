"""From a page or a pasted text to the facts a source is filed with, and its text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from profiles.intake.addresses import NotAllowed, target_of
from profiles.intake.origins import LONGEST_TEXT
from profiles.urlkeys import url_key

PAGE_BYTES_MAX = 2_000_000
TAGS_MAX = 60_000
TITLE_MAX, NAME_MAX, AUTHORS_MAX = 500, 200, 20
PASTED_MAX = 20
TEXT_MIN = 40  # characters; below that nothing was read

_PAGE = re.compile(rb"\s*(?:<!--.{0,2000}?-->\s*|<\?xml[^>]{0,200}>\s*)*<(?:!doctype\s+html|html)\b", re.I | re.S)
_LANGUAGE = re.compile(
    rb"<html\b[^>]{0,500}?\blang\s*=\s*[\"']?([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2})(?![A-Za-z0-9-])", re.I
)
_LOCALE = re.compile(
    rb"<meta\b[^>]{0,200}?og:locale[\"'][^>]{0,200}?content=[\"']([a-z]{2,3})(?:[_-]([A-Za-z]{2,8}))?[\"']", re.I
)
_BETWEEN = re.compile(r"\n[^\S\n]*[-=*_]{3,}[^\S\n]*(?=\n|$)")
_ADDRESS = re.compile(r"https?://\S+", re.I)
_HAN = re.compile(r"[㐀-鿿]")
_KANA = re.compile(r"[぀-ヿ]")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b\ufeff\ud800-\udfff]")


class NotReadable(Exception):
    """Why nothing can be read from a page, as a sentence for the editor."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What an article says of itself, as far as it does. An editor corrects it before anything is filed."""

    title: str = ""
    authors: tuple[str, ...] = ()
    publisher: str = ""
    published_on: date | None = None
    language: str = ""
    url: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class Pasted:
    """One article out of what was pasted: its address, its text, or both."""

    url: str = ""
    body: str = ""


# --- What was pasted --------------------------------------------------------------------------------------------------


def split_paste(pasted: str) -> list[Pasted]:
    """Return the articles in what was pasted.

    Addresses alone are one article each. Texts stand apart by a line of dashes; a text may begin with its address.
    """
    parts = [part.strip() for part in _BETWEEN.split(f"\n{_normal(pasted)}\n")]
    return [article for part in parts if part for article in _articles(part)]


def _normal(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _articles(part: str) -> Iterator[Pasted]:
    lines = [line.strip() for line in part.splitlines() if line.strip()]
    if all(_ADDRESS.fullmatch(line) for line in lines):
        yield from (Pasted(url=line) for line in dict.fromkeys(lines))
    elif _ADDRESS.fullmatch(lines[0]):
        yield Pasted(url=lines[0], body=part.partition("\n")[2].strip())
    else:
        yield Pasted(body=part)


# --- Plain text -------------------------------------------------------------------------------------------------------


def read_text(body: str, url: str = "") -> Facts:
    """Read a pasted text: its first line, where it looks like a headline, is its title. A page's source is read as one."""
    if is_page(body.encode("utf-8", "replace")[:5000]):
        return read_page(body.encode("utf-8", "replace"), url)
    body = clean(body)
    first = body.partition("\n")[0].strip()
    is_title = "\n" in body and 0 < len(first) <= TITLE_MAX and not first.endswith((".", "。", ",", ":"))
    return Facts(title=first if is_title else "", language=_script(body), url=url, body=body)


def clean(text: str) -> str:
    """Return a text that the database can hold and a page can show, cut at the length we read."""
    return _UNPRINTABLE.sub("", _normal(text))[:LONGEST_TEXT].strip()


def _script(body: str) -> str:
    start = body[:4000]
    if len(_KANA.findall(start)) > len(start) / 20:
        return "ja"
    return "zh" if len(_HAN.findall(start)) > len(start) / 5 else ""


# --- Pages ------------------------------------------------------------------------------------------------------------


def is_page(body: bytes) -> bool:
    return bool(_PAGE.match(body))


def read_page(body: bytes, url: str = "") -> Facts:
    """Read an HTML page from JSON-LD, Open Graph, its meta tags and its text. Raises NotReadable.

    Nothing is fetched, whatever the page links to; a page that is too large or too deep is refused or cut.
    """
    # Trees of tags grow far larger than their bytes.
    if len(body) > PAGE_BYTES_MAX or body.count(b"<") > TAGS_MAX:
        raise NotReadable("This page is too large to be read. Paste its text instead.")
    document = _extracted(body, url)
    text = clean(document.get("text") or "") if document else ""
    if document is None or len(text) < TEXT_MIN:
        raise NotReadable("No article was found on this page. Paste its text instead.")
    return replace(
        _facts(document), language=_language(body) or _script(text), url=_canonical(document, url), body=text
    )


def _extracted(body: bytes, url: str) -> dict[str, Any] | None:
    # Imported here: it takes as long as the rest of the site to start, and only who reads a page needs it.
    from trafilatura import bare_extraction

    try:
        found = bare_extraction(body, url=url or None, with_metadata=True, include_comments=False, include_tables=False)
    except (ValueError, TypeError, AttributeError, LookupError, AssertionError, RecursionError) as error:
        # What a broken page makes a parser stumble over is the page's fault, and nobody's alarm.
        raise NotReadable("This page is too broken to be read. Paste its text instead.") from error
    return found.as_dict() if found is not None and not isinstance(found, dict) else found


def _facts(document: dict[str, Any]) -> Facts:
    authors = [clean(name)[:NAME_MAX] for name in (document.get("author") or "").split(";")]
    return Facts(
        title=_line(document.get("title"))[:TITLE_MAX],
        authors=tuple(dict.fromkeys(name for name in authors if name))[:AUTHORS_MAX],
        publisher=_line(document.get("sitename"))[:NAME_MAX],
        published_on=_day(document.get("date")),
    )


def _line(text: str | None) -> str:
    return " ".join(clean(text or "").split())


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def _canonical(document: dict[str, Any], url: str) -> str:
    """Return the address a page gives itself, if it is one and of the same host: a page may not speak for another's."""
    said = (document.get("url") or "").strip()
    try:
        target_of(said, any_port=True)
    except NotAllowed:
        return url
    same = not url or _host(said) == _host(url)
    return said if same and url_key(said) else url


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")


def _language(body: bytes) -> str:
    start = body[:50_000]
    if said := _LANGUAGE.search(start):
        return said[1].decode()
    if said := _LOCALE.search(start):
        return "-".join(part.decode() for part in said.groups() if part)
    return ""
