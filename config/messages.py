"""`make messages`: what there is to translate, from the code into `locale/`, and from there into what Django reads.

Needs no GNU gettext, only Babel. What it writes has no dates and no line numbers, so it changes where the words did and
nowhere else, and two people who translate at once seldom meet.
"""

import ast
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from config import env

LOCALE = env.ROOT / "locale"
BORROWED = LOCALE / "borrowed"  # what allauth and Django say in their own words, said in ours; written by hand
TRANSLATED = ("zh_Hans",)
OURS = ("accounts", "briefings", "config", "profiles")
# The desk, what developers look at and mails are English, and so is what programs read.
NOT_FOR_READERS = (
    "templates/admin/",
    "templates/styleguide.html",
    "templates/outbox.html",
    "templates/profiles/api.html",
)
PARTS: dict[str, Any] = {
    "gettext": None,
    "gettext_noop": None,
    "gettext_lazy": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
    "_": None,
}
HEADER = [("Content-Type", "text/plain; charset=UTF-8"), ("Content-Transfer-Encoding", "8bit")]
# In what Django makes of a template, everything but these calls is noise.
CALL = re.compile(r"\b(gettext|ngettext|pgettext|npgettext|_)\(")


class Messages(Catalog):
    """A catalogue whose header says what reading it takes, and nothing of when and by whom."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [*HEADER, ("Language", str(self.locale)), ("Plural-Forms", self.plural_forms)]


def main() -> None:
    found = extracted()
    for locale in TRANSLATED:
        catalog = merged(found, read(path_of(locale), locale))
        path_of(locale).write_bytes(as_po(catalog))
    for path in LOCALE.rglob("LC_MESSAGES/django.po"):
        locale = path.parts[-3]
        path.with_suffix(".mo").write_bytes(as_mo(read(path, locale)))
    missing = {locale: len(untranslated(read(path_of(locale), locale))) for locale in TRANSLATED}
    for locale, number in missing.items():
        print(f"{locale}: {len(found)} messages, {number} without a translation")


def path_of(locale: str, below: Path = LOCALE) -> Path:
    return below / locale / "LC_MESSAGES" / "django.po"


# --- From the code ----------------------------------------------------------------------------------------------------


def extracted() -> Catalog:
    """Every message of the code and the templates, each once."""
    catalog = Catalog()
    for path in sources():
        where = path.relative_to(env.ROOT).as_posix()
        for message, context in _of_template(path) if path.suffix in {".html", ".txt"} else _of_python(path):
            catalog.add(message, locations=[(where, 0)], context=context)
    return catalog


def sources() -> Iterator[Path]:
    for folder in OURS:
        yield from sorted(path for path in (env.ROOT / folder).rglob("*.py") if "migrations" not in path.parts)
    for path in sorted((env.ROOT / "templates").rglob("*")):
        is_mail = "mails" in path.parts
        if path.suffix in {".html", ".txt"} and not is_mail and not _is_apart(path):
            yield path


def _is_apart(path: Path) -> bool:
    return path.relative_to(env.ROOT).as_posix().startswith(NOT_FOR_READERS)


def _of_python(path: Path) -> Iterator[tuple[Any, str | None]]:
    function: Any
    said: Any
    for _line, function, said, _comments in extract_python(BytesIO(path.read_bytes()), PARTS, [], {}):
        yield from _message(function, said if isinstance(said, tuple) else (said,))


def _of_template(path: Path) -> Iterator[tuple[Any, str | None]]:
    told = templatize(path.read_text(), origin=str(path))
    for call in CALL.finditer(told):
        yield from _message(call[1], tuple(_arguments(told[call.end() :])))


def _arguments(text: str) -> Iterator[str]:
    """The strings that a call begins with."""
    literal = re.compile(r"""\s*u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\s*(,?)""", re.DOTALL)
    while found := literal.match(text):
        yield ast.literal_eval(found[1])
        if not found[2]:
            return
        text = text[found.end() :]


def _message(function: str, said: tuple[Any, ...]) -> Iterator[tuple[Any, str | None]]:
    context = said[0] if function.lstrip("_n").startswith("pgettext") else None
    texts = said[1:] if context is not None else said
    wanted = 2 if function.removesuffix("_lazy") in {"ngettext", "npgettext"} else 1
    if len(texts) >= wanted and all(isinstance(text, str) and text for text in texts[:wanted]):
        yield (texts[0], texts[1]) if wanted == 2 else texts[0], context


# --- Into the catalogue -----------------------------------------------------------------------------------------------


def read(path: Path, locale: str) -> Messages:
    catalog = Messages(locale=locale, fuzzy=False)
    if path.exists():
        for message in read_po(BytesIO(path.read_bytes()), locale=locale):
            if message.id:
                catalog[message.id] = message
    return catalog


def merged(found: Catalog, known: Catalog) -> Messages:
    """What was found, with the translations that are known. What nobody says any more goes."""
    catalog = Messages(locale=known.locale, fuzzy=False)
    for message in found:
        if not message.id:
            continue
        before = known.get(_key(message), message.context)
        kept = before.string if before and isinstance(before.id, tuple) == isinstance(message.id, tuple) else None
        comments = before.user_comments if before else []
        said = _string(kept, message, catalog)
        catalog.add(message.id, said, message.locations, user_comments=comments, context=message.context)
    return catalog


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _string(kept: Any, message: Message, catalog: Catalog) -> Any:
    if isinstance(message.id, tuple):
        return kept or ("",) * catalog.num_plurals
    return kept or ""


def untranslated(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id and (message.fuzzy or not _is_said(message.string))]


def _is_said(string: Any) -> bool:
    return bool(string) and (isinstance(string, str) or all(string))


def as_po(catalog: Catalog) -> bytes:
    written = BytesIO()
    write_po(written, catalog, width=0, sort_output=True, include_lineno=False, omit_header=True)
    return _header(catalog) + written.getvalue()


def _header(catalog: Catalog) -> bytes:
    lines = "".join(f'"{name}: {value}\\n"\n' for name, value in catalog.mime_headers)
    return f'msgid ""\nmsgstr ""\n{lines}\n'.encode()


def as_mo(catalog: Catalog) -> bytes:
    written = BytesIO()
    write_mo(written, catalog)
    return written.getvalue()


if __name__ == "__main__":
    main()
