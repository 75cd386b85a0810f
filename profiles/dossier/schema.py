"""What is valid in a dossier, field by field; limits are the columns' own. Reads no database.

Lists count from 0 in the names of fields (`profile.citations[0]` is the first); the line is there for people.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db.models import Model
from django.utils.text import slugify

from profiles.dossier.document import KINDS, Block, Listing, Node, Problems, Scalar, read, short, shown, taken_for
from profiles.models import (
    Criticality,
    Facet,
    Figure,
    Horizon,
    Judgement,
    Kind,
    Person,
    Publisher,
    Reliability,
    Revision,
    Source,
    Stance,
    Term,
)
from profiles.models.slugs import ASCII_SLUG
from profiles.urlkeys import url_key

VERSION = "1"
MOST_ITEMS = 20_000
MOST_FEW = 500


class Entry(dict[str, Any]):
    """One mapping of a dossier, checked: every field has a value, `given` says which ones the file names."""

    def __init__(self, line: int, where: str) -> None:
        super().__init__()
        self.line = line
        self.where = where
        self.given: set[str] = set()
        self.lines: dict[str, int] = {}

    def named(self, name: str) -> str:
        return f"{self.where}.{name}" if self.where else name


@dataclass(frozen=True)
class Dossier:
    """One file, checked as far as a file can be checked by itself."""

    folder: Path
    problems: Problems
    whole: Entry

    @property
    def publishers(self) -> list[Entry]:
        return self.whole["publishers"]  # type: ignore[no-any-return]

    @property
    def sources(self) -> list[Entry]:
        return self.whole["sources"]  # type: ignore[no-any-return]

    @property
    def profile(self) -> Entry:
        return self.whole["profile"]  # type: ignore[no-any-return]

    def wrong(self, entry: Entry, name: str, what: str) -> None:
        """Add a problem with a field, or with something in it: `judgements[2]`."""
        line = entry.lines.get(name) or entry.lines.get(name.partition("[")[0]) or entry.line
        self.problems.add(line, entry.named(name), what)


# --- Kinds of values --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class At:
    """A place in the file, for saying what is wrong there."""

    problems: Problems
    where: str
    line: int

    def wrong(self, what: str) -> "Bad":
        self.problems.add(self.line, self.where, what)
        return BAD

    def inside(self, name: str, line: int) -> "At":
        dot = "." if self.where and not name.startswith("[") else ""
        return At(self.problems, f"{self.where}{dot}{name}", line)


class Bad:
    """What a value is that could not be read; the problem has been told."""


BAD = Bad()


class ValueKind(Protocol):
    """A kind of value: how it is read, and what it is when the file does not say."""

    @property
    def default(self) -> Any: ...

    def read(self, node: Node, at: At) -> Any: ...


def _scalar(node: Node, at: At, wanted: str) -> Scalar | Bad:
    if isinstance(node, Scalar):
        return node
    return at.wrong(f"is a {'list' if isinstance(node, Listing) else 'mapping'}; write {wanted}.")


@dataclass(frozen=True)
class Text:
    """Words. Without `lines`, they stand on one."""

    most: int | None = None
    lines: bool = False
    blank: bool = True
    default: str = ""

    def read(self, node: Node, at: At) -> Any:
        scalar = _scalar(node, at, "text")
        if not isinstance(scalar, Scalar):
            return scalar
        kind = taken_for(scalar)
        if kind == "null":
            return at.wrong("is empty; write what belongs here or leave it out.")
        if kind != "text":
            said = short(scalar.text)
            return at.wrong(f'is {said}, which YAML reads as {KINDS[kind]}; write "{said}", with the quotes.')
        text = scalar.text.strip("\n").rstrip() if self.lines else scalar.text.strip()
        return self._checked(text, at)

    def _checked(self, text: str, at: At) -> Any:
        if odd := _UNPRINTABLE.search(text):
            return at.wrong(f"holds the control character U+{ord(odd.group()):04X}; take it out.")
        if not self.lines and "\n" in text:
            return at.wrong("holds a line break; write it on one line.")
        if not text and not self.blank:
            return at.wrong("is empty; write what belongs here or leave it out.")
        if self.most is not None and len(text) > self.most:
            return at.wrong(f"is {len(text)} characters long; write at most {self.most}.")
        return text


# Escapes in quotes can spell what YAML refuses in the open: NUL, which PostgreSQL cannot store, and half characters.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Slug:
    most: int = 100
    default: str = ""

    def read(self, node: Node, at: At) -> Any:
        text = Text(blank=False).read(node, at)
        if isinstance(text, Bad):
            return text
        try:
            ASCII_SLUG(text)
        except ValidationError:
            example = slugify(text)[: self.most] or "example-registry"
            return at.wrong(f"is {shown(text)}; write small letters a-z, digits and single hyphens, such as {example}.")
        return Text(self.most).read(node, at)


@dataclass(frozen=True)
class Url:
    """An address on the web. It is counted in bytes, because an index has to hold it."""

    most: int
    default: str = ""

    def read(self, node: Node, at: At) -> Any:
        text = Text().read(node, at)
        if isinstance(text, Bad) or not text:
            return text
        if not text.lower().startswith(("http://", "https://")):
            return at.wrong(f"is {shown(text)}; write an address that starts with https:// or http://.")
        if max(len(text.encode()), len((url_key(text) or "").encode())) > self.most:
            return at.wrong(f"is longer than {self.most} bytes; write a shorter address.")
        try:
            _VALID_URL(text)
        except ValidationError:
            return at.wrong(
                f"is {shown(text)}, which is not a complete address; write one such as https://example.org/page."
            )
        return text


_VALID_URL = URLValidator(schemes=["http", "https"])


@dataclass(frozen=True)
class Day:
    default: None = None

    def read(self, node: Node, at: At) -> Any:
        scalar = _scalar(node, at, "a day such as 2026-01-31")
        if not isinstance(scalar, Scalar):
            return scalar
        if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", scalar.text):
            return at.wrong(f"is {shown(scalar.text)}; write a day as YYYY-MM-DD, or null.")
        try:
            return date.fromisoformat(scalar.text)
        except ValueError:
            return at.wrong(f"is {scalar.text}, which no calendar has; write a day as YYYY-MM-DD, or null.")


@dataclass(frozen=True)
class Flag:
    default: bool = False

    def read(self, node: Node, at: At) -> Any:
        scalar = _scalar(node, at, "true or false")
        if not isinstance(scalar, Scalar):
            return scalar
        if taken_for(scalar) != "bool":
            quoted = " in quotes, which is text" if not scalar.plain and scalar.text in {"true", "false"} else ""
            return at.wrong(f"is {shown(scalar.text)}{quoted}; write true or false.")
        return scalar.text.lower() in {"true", "yes", "on"}


@dataclass(frozen=True)
class Number:
    least: int
    most: int
    default: int

    def read(self, node: Node, at: At) -> Any:
        wanted = f"write a whole number from {self.least} to {self.most}"
        scalar = _scalar(node, at, f"a whole number from {self.least} to {self.most}")
        if not isinstance(scalar, Scalar):
            return scalar
        if not scalar.plain:
            return at.wrong(f"is {shown(scalar.text)} in quotes, which is text; {wanted} without quotes.")
        if not re.fullmatch("0|[1-9][0-9]{0,5}", scalar.text) or not self.least <= int(scalar.text) <= self.most:
            return at.wrong(f"is {short(scalar.text)}; {wanted}.")
        return int(scalar.text)


@dataclass(frozen=True)
class OneOf:
    """One word of a few. `blank` allows none of them."""

    words: Sequence[str]
    default: str = ""

    def read(self, node: Node, at: At) -> Any:
        listed = _either(self.words)
        scalar = _scalar(node, at, listed)
        if not isinstance(scalar, Scalar):
            return scalar
        if scalar.text in self.words or (scalar.text == self.default == ""):
            return scalar.text
        meant = _meant(scalar.text, self.words)
        return at.wrong(f"is {shown(scalar.text)}; write {listed}{meant or '.'}")


def _either(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]


def _meant(text: str, words: Sequence[str]) -> str:
    # Comparing is slow: nobody misspells a whole page, nor one key among thousands by accident of a letter.
    if len(text) > 60 or len(words) > 500:
        return ""
    by_lower = {word.lower().replace("-", "_"): word for word in words}
    close = get_close_matches(text.lower().replace("-", "_"), list(by_lower), n=1)
    return f"; did you mean {by_lower[close[0]]}?" if close else ""


@dataclass(frozen=True)
class Each:
    """A list of one kind of value."""

    kind: ValueKind
    most: int = MOST_FEW
    unique: bool = False

    @property
    def default(self) -> list[Any]:
        return []

    def read(self, node: Node, at: At) -> Any:
        if not isinstance(node, Listing):
            return at.wrong("is not a list; write one item a line, each after a hyphen, or [one, two].")
        if len(node.items) > self.most:
            return at.wrong(f"holds {len(node.items)} items; write at most {self.most}.")
        read = [self.kind.read(item, at.inside(f"[{index}]", item.line)) for index, item in enumerate(node.items)]
        if self.unique:
            self._refuse_twins(read, node, at)
        return [value for value in read if not isinstance(value, Bad)]

    def _refuse_twins(self, read: list[Any], node: Listing, at: At) -> None:
        seen: set[Any] = set()
        for index, value in enumerate(read):
            if not isinstance(value, Bad) and value in seen:
                at.inside(f"[{index}]", node.items[index].line).wrong(f"names {shown(value)} a second time; keep one.")
            seen.add(value)


@dataclass(frozen=True)
class Fields:
    """A mapping with known fields. What is missing gets its default; what is unknown is an error."""

    called: str
    fields: Mapping[str, ValueKind]
    required: frozenset[str] = frozenset()
    default: None = None

    def read(self, node: Node, at: At) -> Any:
        if not isinstance(node, Block):
            return at.wrong(f"is not {self.called}; write fields with names, such as {next(iter(self.fields))}: …")
        entry = Entry(node.line, at.where)
        for name, inner in node.fields.items():
            self._read_field(entry, name, inner, at.inside(short(name), node.lines[name]))
        for name in self.required - node.fields.keys():
            at.inside(name, node.line).wrong(f"is missing; {self.called} needs it.")
        for name, kind in self.fields.items():
            entry.setdefault(name, kind.default)
        return entry

    def _read_field(self, entry: Entry, name: str, node: Node, at: At) -> None:
        entry.lines[name] = at.line
        kind = self.fields.get(name)
        if kind is None:
            at.wrong(f"is not a field of {self.called}{_meant_field(name, self.fields)}")
        elif isinstance(node, Scalar) and taken_for(node) == "null":
            if name in self.required:
                at.wrong(f"is empty; {self.called} needs it.")
        else:
            value = kind.read(node, at)
            if not isinstance(value, Bad):
                entry[name] = value
                entry.given.add(name)


def _meant_field(name: str, fields: Mapping[str, ValueKind]) -> str:
    if name == "<<":
        return ": merge keys are not read; write the fields out."
    meant = _meant(name, list(fields))
    return meant if meant else f"; it has {', '.join(fields)}."


# --- The fields -------------------------------------------------------------------------------------------------------


def _column(model: type[Model], name: str) -> int | None:
    column = model._meta.get_field(name)
    return getattr(getattr(column, "base_field", column), "max_length", None)


def _line(model: type[Model], name: str, *, blank: bool = True) -> Text:
    return Text(_column(model, name), blank=blank)


def _url(model: type[Model], name: str) -> Url:
    return Url(_column(model, name) or 0)


PROSE = Text(lines=True)
SAID = Text(lines=True, blank=False)

PUBLISHER = Fields(
    "a publisher",
    {
        "slug": Slug(),
        "name": _line(Publisher, "name", blank=False),
        "reliability": OneOf(Reliability.values, Reliability.F),
        "reliability_reason": PROSE,
        "homepage": _url(Publisher, "homepage"),
    },
    frozenset({"slug", "name"}),
)


@dataclass(frozen=True)
class Language:
    default: str = ""

    def read(self, node: Node, at: At) -> Any:
        text = _line(Source, "language").read(node, at)
        if isinstance(text, str) and text and not re.fullmatch("[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", text):
            return at.wrong(f"is {shown(text)}; write a language tag such as en or zh-Hans.")
        return text


KEY = Text(200, blank=False)
_LABEL = Text(200)
SOURCE = Fields(
    "a source",
    {
        "key": KEY,
        "publisher": Slug(),
        "title": _line(Source, "title", blank=False),
        "authors": Each(_line(Source, "authors", blank=False)),
        "url": _url(Source, "url"),
        "published_on": Day(),
        "language": Language(),
        "accessed_on": Day(),
        "archived_url": _url(Source, "archived_url"),
        "derived_from": Each(KEY, unique=True),
    },
    frozenset({"key", "publisher", "title"}),
)


@dataclass(frozen=True)
class TermName:
    """The name of a term; its address is made from it."""

    default: str = ""

    def read(self, node: Node, at: At) -> Any:
        text = _line(Term, "name", blank=False).read(node, at)
        if isinstance(text, str) and not slugify(text):
            return at.wrong(f"is {shown(text)}; it needs a letter a-z or a digit, because its address is made from it.")
        return text


ANSWER = Fields("a facet value", {"term": TermName(), "rationale": PROSE}, frozenset({"term"}))
JUDGEMENT = Fields(
    "a key judgement",
    {"key": _line(Judgement, "key", blank=False), "statement": PROSE, "essential": Flag(), "lasting": Flag()},
    frozenset({"key"}),
)
CITATION = Fields(
    "a citation",
    {
        "source": KEY,
        "stance": OneOf(Stance.values, Stance.SUPPORTS),
        "credibility": Number(1, 6, default=6),
        "direct": Flag(),
        "establishes": PROSE,
        "judgements": Each(KEY, unique=True),
    },
    frozenset({"source"}),
)
SECTION = Fields("a section", {"heading": Text(300), "body": PROSE})
EXPECTATION = Fields("an expectation", {"headline": Text(300), "body": PROSE})
WHEN = ("now", "quarter", "year")


@dataclass(frozen=True)
class FileName:
    """A file inside the dossier's folder, named from there."""

    default: str = ""

    def read(self, node: Node, at: At) -> Any:
        text = _line(Figure, "filename", blank=False).read(node, at)
        if isinstance(text, Bad):
            return text
        path = PurePosixPath(text)
        if path.is_absolute() or ".." in path.parts or "\\" in text:
            return at.wrong(f"is {shown(text)}; name a file that lies beside the dossier, such as example.webp.")
        return text


FIGURE = Fields(
    "a figure",
    {
        "file": FileName(),
        "alt": PROSE,
        "caption": PROSE,
        "credit": _line(Revision, "figure_credit"),
        "source_context": PROSE,
        "relevance": PROSE,
        "provenance": PROSE,
    },
    frozenset({"file"}),
)
# `superseded_by` is the key of a later correction; only one that another names needs a key.
CORRECTION = Fields(
    "a correction",
    {"on": Day(), "text": SAID, "key": _LABEL, "superseded_by": _LABEL},
    frozenset({"on", "text"}),
)
LATER = "a later day supersedes an earlier one, and on one day what stands below what stands above."
STATUSES = ("draft", "published")
PROFILE: dict[str, ValueKind] = {
    "slug": Slug(),
    "name": _line(Revision, "name", blank=False),
    "aliases": Each(_line(Revision, "aliases", blank=False)),
    "kind": OneOf(Kind.values, Kind.ORGANISATION),
    "standfirst": PROSE,
    "base": _line(Revision, "base"),
    "homepage": _url(Revision, "homepage"),
    "number_resources": Each(_line(Revision, "number_resources", blank=False)),
    "status": OneOf(STATUSES),
    "author": _line(Person, "name"),
    "reviewer": _line(Person, "name"),
    "first_published": Day(),
    "last_verified": Day(),
    "next_review": Day(),
    "facets": Fields("the facets of a profile", dict.fromkeys(Facet.values, ANSWER)),
    "operational_criticality": OneOf(Criticality.values),
    "time_horizon": OneOf(Horizon.values),
    "judgements": Each(JUDGEMENT),
    "sections": Each(SECTION),
    "what_it_does": Each(SAID),
    "why_it_matters": Each(SAID),
    "what_to_watch": Each(SAID),
    "outlook": Fields("the outlook", dict.fromkeys(WHEN, EXPECTATION)),
    "figure": FIGURE,
    "related": Each(Slug(), unique=True),
    "corrections": Each(CORRECTION),
}


def parse(
    path: Path,
    *,
    beside_profile: Mapping[str, ValueKind] | None = None,
    in_citation: Mapping[str, ValueKind] | None = None,
) -> Dossier:
    """Return the checked dossier of a file, or raise BadDossier with everything that is wrong with it.

    The two mappings are fields that others keep in the same file: beside `profile`, and in each citation.
    """
    problems = Problems(str(path))
    root = read(path, problems)
    _refuse_version(root, problems)
    whole = _whole(beside_profile or {}, in_citation or {}).read(root, At(problems, "", root.line))
    dossier = Dossier(path.parent, problems, whole)
    if isinstance(dossier.profile, Entry):
        _check(dossier)
    problems.raise_any()
    return dossier


def _whole(beside_profile: Mapping[str, ValueKind], in_citation: Mapping[str, ValueKind]) -> Fields:
    citation = Fields(CITATION.called, {**CITATION.fields, **in_citation}, CITATION.required)
    citations = Each(citation, most=MOST_ITEMS)
    profile = Fields("a profile", {**PROFILE, "citations": citations}, frozenset({"slug", "name"}))
    return Fields(
        "a dossier",
        {
            "dossier": Number(1, 1, default=1),
            "publishers": Each(PUBLISHER, most=MOST_ITEMS),
            "sources": Each(SOURCE, most=MOST_ITEMS),
            "profile": profile,
            **beside_profile,
        },
        frozenset({"dossier", "profile"}),
    )


def _refuse_version(root: Block, problems: Problems) -> None:
    version = root.fields.get("dossier")
    # Another version has other fields; a list of those would only distract.
    if isinstance(version, Scalar) and version.text.isdigit() and version.text != VERSION:
        problems.fail(
            version.line, f"dossier: is version {short(version.text)}; this is a reader of version {VERSION}."
        )


# --- What must hold between the fields --------------------------------------------------------------------------------


def _check(dossier: Dossier) -> None:
    _refuse_second(dossier, dossier.publishers, "slug")
    _refuse_second(dossier, dossier.sources, "key")
    _refuse_second(dossier, dossier.profile["judgements"], "key")
    _refuse_second(dossier, dossier.profile["corrections"], "key")
    _check_sources(dossier)
    _check_citations(dossier)
    _check_corrections(dossier)
    profile = dossier.profile
    for index, slug in enumerate(profile["related"]):
        if slug == profile["slug"]:
            dossier.wrong(profile, f"related[{index}]", "is the profile itself; name others.")
    for section in profile["sections"]:
        if not section["heading"] and not section["body"]:
            dossier.wrong(section, "heading", "is empty, and so is the body; write one of them or drop the section.")


def _refuse_second(dossier: Dossier, entries: Sequence[Entry], name: str) -> None:
    first: dict[str, Entry] = {}
    for entry in entries:
        known = first.setdefault(entry[name], entry)
        if known is not entry and entry[name]:
            dossier.wrong(
                entry, name, f"is {shown(entry[name])}, as on line {known.lines[name]}; every {name} stands once."
            )


def _check_sources(dossier: Dossier) -> None:
    keys = [source["key"] for source in dossier.sources]
    known = set(keys)
    same: dict[object, Entry] = {}
    for source in dossier.sources:
        for index, origin in enumerate(source["derived_from"]):
            if origin == source["key"]:
                dossier.wrong(source, f"derived_from[{index}]", "is the source itself; name what it repeats.")
            elif origin not in known:
                dossier.wrong(source, f"derived_from[{index}]", _unknown(origin, keys))
        first = same.setdefault(identity(source), source)
        if first is not source:
            what = "address" if source["url"] else "publisher, title and date, without an address"
            name = "url" if source["url"] else "title"
            dossier.wrong(source, name, f"is the same source as on line {first.line}: the same {what}; keep one.")


def identity(source: Entry) -> object:
    """Return what makes two entries one source: the normalised address, or what identifies a source without one."""
    return url_key(source["url"]) or (source["publisher"], source["title"], source["published_on"])


def _unknown(key: str, keys: Sequence[str]) -> str:
    return f"is {shown(key)}, which is not the key of a source in this file{_meant(key, keys) or '.'}"


def _check_citations(dossier: Dossier) -> None:
    sources = {source["key"] for source in dossier.sources}
    judgements = [judgement["key"] for judgement in dossier.profile["judgements"]]
    known = set(judgements)
    taken: dict[tuple[str, str], Entry] = {}
    for citation in dossier.profile["citations"]:
        if citation["source"] not in sources:
            dossier.wrong(citation, "source", _unknown(citation["source"], list(sources)))
        for index, key in enumerate(citation["judgements"]):
            if key not in known:
                what = f"is {shown(key)}, which is not the key of a judgement{_meant(key, judgements) or '.'}"
                dossier.wrong(citation, f"judgements[{index}]", what)
        for key in _uses(citation, known):
            first = taken.setdefault((citation["source"], key), citation)
            if first is not citation:
                dossier.wrong(citation, "source", _again(citation, key, first))


def _check_corrections(dossier: Dossier) -> None:
    corrections = dossier.profile["corrections"]
    keys = [correction["key"] for correction in corrections if correction["key"]]
    # A day that could not be read has been told already.
    when = [(correction["on"] or date.max, place) for place, correction in enumerate(corrections)]
    named = {correction["key"]: at for correction, at in zip(corrections, when, strict=True)}
    for correction, at in zip(corrections, when, strict=True):
        key = correction["superseded_by"]
        if key and key not in keys:
            what = f"is {shown(key)}, which is not the key of a correction{_meant(key, keys) or '.'}"
            dossier.wrong(correction, "superseded_by", what)
        elif key and correction["on"] and named[key] <= at:
            dossier.wrong(correction, "superseded_by", f"is {shown(key)}, which is no later one; {LATER}")


def _uses(citation: Entry, judgements: set[str]) -> Iterator[str]:
    """Yield what the source is cited for; a profile without judgements is one question by itself."""
    yield from citation["judgements"] if judgements else [""]


def _again(citation: Entry, key: str, first: Entry) -> str:
    rule = f"judgement {key} rests on a source once" if key else "without judgements a source is cited once"
    return f"is {shown(citation['source'])}, as on line {first.line}; {rule}."
