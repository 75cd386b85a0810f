"""Two texts compared word by word: what stayed, what went, what came. Plain values in, plain values out."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

SAME, GONE, NEW = "same", "gone", "new"
WORDS_MAX = 4000  # comparing takes the square of it; longer texts are compared by lines
AROUND = 160  # characters of what stayed that are shown on each side of a change

WORD = re.compile(r"\w+|\s+|[^\w\s]")
LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some of the text, and whether it stayed, went or came."""

    kind: str
    text: str


def pieces(before: str, after: str) -> list[Piece]:
    """Return both texts as one: read without what came it is the old one, without what went the new one."""
    if before == after:
        return [Piece(SAME, after)] if after else []
    return list(_joined(_compared(before, after)))


def _compared(before: str, after: str) -> Iterator[Piece]:
    old, new = WORD.findall(before), WORD.findall(after)
    if max(len(old), len(new)) > WORDS_MAX:
        old, new = LINE.findall(before), LINE.findall(after)
    for what, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            yield Piece(SAME, "".join(old[i1:i2]))
            continue
        yield Piece(GONE, "".join(old[i1:i2]))
        yield Piece(NEW, "".join(new[j1:j2]))


def _joined(found: Iterator[Piece]) -> Iterator[Piece]:
    """A blank that stayed between two words that changed is no news: the words are shown as one change."""
    gone = new = ""
    for piece in found:
        if piece.kind == GONE:
            gone += piece.text
        elif piece.kind == NEW:
            new += piece.text
        elif not piece.text.strip() and (gone or new) and "\n" not in piece.text:
            gone, new = gone + piece.text, new + piece.text
        else:
            yield from _changed(gone, new)
            gone = new = ""
            yield piece
    yield from _changed(gone, new)


def _changed(gone: str, new: str) -> Iterator[Piece]:
    if gone:
        yield Piece(GONE, gone)
    if new:
        yield Piece(NEW, new)


def shortened(told: list[Piece]) -> list[Piece]:
    """Leave out the middle of what stayed, where that is long."""
    last = len(told) - 1
    return [_short(piece, place == 0, place == last) for place, piece in enumerate(told)]


def _short(piece: Piece, first: bool, last: bool) -> Piece:
    text = piece.text
    if piece.kind != SAME or len(text) <= 2 * AROUND + 20 or (first and last):
        return piece
    head, tail = ("" if first else text[:AROUND]), ("" if last else text[-AROUND:])
    return Piece(SAME, f"{head} … {tail}")
