"""What sentences are put together from, as each language does it: lists, days, and sentences that were stored in English."""

import re
from collections.abc import Iterable
from datetime import date
from functools import cache

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext


def separated(items: Iterable[object]) -> str:
    """Return "a, b, c"."""
    return pgettext("between things in a list", ", ").join(map(str, items))


def side_by_side(sentences: Iterable[str]) -> str:
    """Return "a; b": parts of one sentence that could each be one."""
    return pgettext("between parts of a sentence", "; ").join(sentences)


def day(on: date) -> str:
    """Return "3 June 2026"."""
    return date_format(on, pgettext("a day, in the letters of the date filter", "j F Y"))


def told_again(sentence: str, wordings: Iterable[str]) -> str:
    """Return a sentence of ours that was stored in English in the reader's language.

    `wordings` are the msgids it may have been made from. A sentence that none of them makes is somebody's own, and stays.
    """
    for wording in wordings:
        if found := _made_from(wording).fullmatch(sentence):
            return _(wording) % found.groupdict() if found.groupdict() else _(wording)
    return sentence


@cache
def _made_from(wording: str) -> re.Pattern[str]:
    texts = re.split(r"%\((\w+)\)s", wording)
    return re.compile(
        "".join(f"(?P<{text}>.+)" if place % 2 else re.escape(text) for place, text in enumerate(texts)), re.DOTALL
    )
