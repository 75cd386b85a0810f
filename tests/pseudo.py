"""A language that nobody speaks: whatever is marked for translation loses its Latin letters, whatever is not keeps them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass

from django.utils import translation
from django.utils.translation import trans_real

from config.templatetags.parts import remembered

LANGUAGE = "zh-hans"
HOLE = re.compile(r"(%\(\w+\)[a-z])")
ENGLISH = re.compile(r"[A-Za-z]{2,}")


def _spoken(wording: str) -> str:
    return "".join(part if HOLE.fullmatch(part) else re.sub("[A-Za-z]", "字", part) for part in HOLE.split(wording))


def _else(real, spoken):
    return lambda *said: spoken(*said) if translation.get_language() == LANGUAGE else real(*said)


@contextmanager
def spoken(monkeypatch) -> Iterator[None]:
    with monkeypatch.context() as patch, translation.override(LANGUAGE):
        translated = {
            "gettext": _spoken,
            "pgettext": lambda context, wording: _spoken(wording),
            "ngettext": lambda one, many, number: _spoken(many),
            "npgettext": lambda context, one, many, number: _spoken(many),
        }
        for name, speak in translated.items():
            patch.setattr(translation._trans, name, _else(getattr(trans_real, name), speak), raising=False)
        remembered.cache_clear()
        yield
    remembered.cache_clear()


def english_in(shown, *, but=(), at="") -> dict[str, str]:
    """Every string within these values that holds a word of English, by where it stands; `but` names fields to pass by."""
    if isinstance(shown, str):
        return {at: shown} if ENGLISH.search(shown) else {}
    if is_dataclass(shown):
        parts = [(field.name, getattr(shown, field.name)) for field in fields(shown)]
    elif isinstance(shown, dict):
        parts = list(shown.items())
    else:
        parts = list(enumerate(shown)) if isinstance(shown, list | tuple) else []
    found: dict[str, str] = {}
    for name, part in parts:
        if name not in but:
            found |= english_in(part, but=but, at=f"{at}.{name}")
    return found
