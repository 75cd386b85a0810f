"""What a cell of a table may hold, and what would be right where it does not."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from import_export.widgets import Widget

# A spreadsheet takes what begins like this for a formula, and does what it says.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
BETWEEN = " | "
YES, NO = {"yes", "true", "1", "y"}, {"no", "false", "0", "n", ""}


def neutral(text: str) -> str:
    """Return a text that no spreadsheet runs: one that looks like a formula gets an apostrophe in front."""
    return f"'{text}" if text.startswith(FORMULA) or text.startswith("'") else text


def plain(cell: object) -> str:
    """Return what a cell says as text, without the apostrophe that `neutral` put in front."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = str(cell.isoformat()[:10] if hasattr(cell, "isoformat") else cell).strip()
    return text[1:] if text.startswith("'") and text[1:].startswith((*FORMULA, "'")) else text


class Cell(Widget):  # type: ignore[misc]  # import-export has no types
    """One column's way of saying a value. `clean` raises ValueError with a sentence that says what would be right."""

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "" if value is None else str(value)

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        return self.read(str(value or ""))

    def read(self, text: str) -> Any:
        raise NotImplementedError


class Line(Cell):
    """A text of so many characters."""

    def __init__(self, longest: int = 100_000, *, needed: str = "") -> None:
        super().__init__()
        self.longest, self.needed = longest, needed

    def read(self, text: str) -> str:
        if self.needed and not text:
            raise ValueError(f"is empty; {self.needed}.")
        if len(text) > self.longest:
            raise ValueError(f"has {len(text)} characters; write at most {self.longest}.")
        if "\x00" in text:
            raise ValueError("holds a sign that no text can hold; write it anew.")
        return text


class Address(Line):
    def read(self, text: str) -> str:
        text = super().read(text)
        try:
            good = not text or (urlsplit(text).scheme in {"http", "https"} and bool(urlsplit(text).hostname))
        except ValueError:
            good = False
        if not good or len(text.split()) > 1:
            raise ValueError(f"{_told(text)} is not an address; write one such as https://example.org/report.")
        return text


class Day(Cell):
    def read(self, text: str) -> date | None:
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            raise ValueError(f"{_told(text)} is not a day; write one such as 2024-11-01.") from None


class Names(Cell):
    """A list, its entries apart by a bar, for names may hold commas."""

    def __init__(self, longest: int) -> None:
        super().__init__()
        self.name = Line(longest)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return BETWEEN.join(value or ())

    def read(self, text: str) -> list[str]:
        return [self.name.read(name.strip()) for name in text.split(BETWEEN.strip()) if name.strip()]


class Keys(Cell):
    """The key judgements that rest on a citation, by their keys, spaces between."""

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return " ".join(value or ())

    def read(self, text: str) -> list[str]:
        return sorted(set(text.replace(",", " ").split()))


class Flag(Cell):
    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "yes" if value else "no"

    def read(self, text: str) -> bool:
        if text.lower() not in YES | NO:
            raise ValueError(f"{_told(text)} is neither yes nor no; write one of them.")
        return text.lower() in YES


class Number(Cell):
    def __init__(self, least: int, most: int, default: int | None = None) -> None:
        super().__init__()
        self.least, self.most, self.default = least, most, default

    def read(self, text: str) -> int | None:
        if not text:
            return self.default
        if text.isascii() and text.isdigit() and len(text) < 19 and self.least <= int(text) <= self.most:
            return int(text)
        raise ValueError(f"{_told(text)} is not a whole number from {self.least} to {self.most}.")


class OneOf(Cell):
    def __init__(self, words: Iterable[str], default: str) -> None:
        super().__init__()
        self.words, self.default = list(words), default

    def read(self, text: str) -> str:
        if text and text.lower() not in self.words:
            raise ValueError(f"{_told(text)} is not one of {', '.join(self.words)}.")
        return text.lower() or self.default


class Found(Cell):
    """A row of another table, by the word that names it; `rows` is filled before a table is read."""

    def __init__(self, what: str, name: str) -> None:
        super().__init__()
        self.what, self.name = what, name
        self.rows: Mapping[str, Any] = {}

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "" if value is None else str(getattr(value, self.name))

    def key(self, text: str) -> str:
        return text

    def read(self, text: str) -> Any:
        if found := self.rows.get(self.key(text)):
            return found
        if not text:
            raise ValueError(f"is empty; write {self.what}.")
        raise ValueError(f"{_told(text)} is not on file; write {self.what}.")


def _told(text: str) -> str:
    return f"“{text[:60]}…”" if len(text) > 60 else f"“{text}”"
