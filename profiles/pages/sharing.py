"""The picture that stands beside a link to a profile where it is shared: its name and its grade, drawn from public words.

Its address holds a digest of everything that is drawn, so a picture never changes and a profile that does gets another.
"""

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from functools import cache
from hashlib import blake2b
from io import BytesIO
from unicodedata import normalize

from django.conf import settings
from django.core.cache import cache as kept
from django.utils.translation import gettext as _
from django.utils.translation import override
from PIL import Image, ImageDraw, ImageFont

from config.addresses import address
from config.site import site
from profiles.grading.scale import SCALE
from profiles.grading.working import label_in_words
from profiles.pages.showing import ShownGrade

DRAWING = 1  # another look is another picture
WIDTH, HEIGHT = SIZE = (1200, 630)
LEFT, RIGHT = 72, WIDTH - 72
DAY = 86_400

PAPER, INK, SOFT, ACCENT, RULE = "#fbfaf7", "#1c2326", "#566065", "#12505e", "#8b8f8d"
BANDS = {
    "internal": "#e6eef0",
    "d": "#cbdfe3",
    "c-d": "#9fc5cd",
    "b-c": "#69a4b0",
    "a-b": "#34788a",
    "a": "#12404b",
}
SERIF, SANS, SANS_BOLD = "assay-serif-600.ttf", "inter-450.ttf", "inter-600.ttf"
NO_SUCH_CHARACTER = "\U0010ffff"
ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class ShareCard:
    """What is drawn. A grade that is being updated is not shown: its score would be read as the one of now.

    It is English whatever the page is in: one picture for all, in letters that our fonts have.
    """

    slug: str
    name: str
    about: str
    score: str = ""
    letters: str = ""
    label: str = ""
    breadth: str = ""
    updating: bool = False

    @property
    def version(self) -> str:
        return blake2b(
            repr((DRAWING, settings.SITE_URL, site().name, *astuple(self))).encode(), digest_size=6
        ).hexdigest()

    @property
    def path(self) -> str:
        return address("profiles:card", self.slug, self.version)

    @property
    def grade_in_words(self) -> str:
        if not self.score:
            return self.unsaid
        said = {"letters": self.letters, "score": self.score, "label": label_in_words(self.label)}
        return _("Grade %(letters)s, %(score)s, %(label)s") % said

    @property
    def unsaid(self) -> str:
        return _("grade being updated") if self.updating else _("not graded yet")


def share_card(
    *, slug: str, names: Sequence[str], about: Sequence[str], grade: ShownGrade | None, updating: bool
) -> ShareCard:
    """Return the card of a profile. `names` are its name and its aliases, `about` its kind and its region."""
    card = ShareCard(slug, drawable([*names, slug]), drawable([" · ".join(filter(None, about))]), updating=updating)
    if grade is None or updating:
        return card
    return ShareCard(
        card.slug, card.name, card.about, grade.score, grade.band.letters, grade.band.label, grade.in_english, updating
    )


def picture_of(card: ShareCard) -> bytes:
    """Return the PNG of a card; kept for a day, since every place where a link is shared asks for it."""
    key = f"card:{card.slug}:{card.version}"
    held: bytes | None = kept.get(key)
    if held is None:
        held = draw(card)
        kept.set(key, held, DAY)
    return held


# --- What our fonts can write -------------------------------------------------------------------------------------------


def drawable(names: Sequence[str]) -> str:
    """Return the first of these names that our fonts can write, "" where they can write none.

    They hold Latin letters. A name in another script would be a row of empty boxes; an alias or the slug says who it is.
    """
    return next((plain for name in names if (plain := _plain(name))), "")


def _plain(name: str) -> str:
    """Return the name in characters that can be drawn: accents we lack fall away, anything else that is lacking is fatal."""
    written = [_nearest(character) for character in normalize("NFC", " ".join(name.split()))]
    return "" if None in written else "".join(filter(None, written))


@cache
def _nearest(character: str) -> str | None:
    if _has(character):
        return character
    base = normalize("NFD", character)[0]
    return base if base != character and _has(base) else None


def _has(character: str) -> bool:
    font = _font(SERIF, 40)
    if character == " ":
        return True
    drawn, missing = font.getmask(character), font.getmask(NO_SUCH_CHARACTER)
    return drawn.size[0] > 0 and (drawn.size, bytes(drawn)) != (missing.size, bytes(missing))


@cache
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    path = settings.BASE_DIR / "config" / "static" / "fonts" / name
    # Ligatures and right-to-left text would need a library that not every Pillow brings; the same picture everywhere.
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)


# --- The drawing --------------------------------------------------------------------------------------------------------


@override("en")
def draw(card: ShareCard) -> bytes:
    image = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, WIDTH, 10), fill=ACCENT)
    pen.text((LEFT, 92), site().name, font=_fitting(SERIF, 40, site().name, 300), fill=INK, anchor="ls")
    pen.text((RIGHT, 92), card.about, font=_fitting(SANS, 26, card.about, 760), fill=SOFT, anchor="rs")
    _draw_name(pen, card.name)
    (_draw_grade if card.score else _draw_silence)(pen, card)
    _draw_scale(pen, card)
    # Few colours are in it, so it is kept in few: a third of the bytes.
    file = BytesIO()
    image.quantize(64, method=Image.Quantize.FASTOCTREE).save(file, "PNG", optimize=True)
    return file.getvalue()


def _draw_name(pen: ImageDraw.ImageDraw, name: str) -> None:
    """Write the name in one to three lines, as large as they allow."""
    for size, most in ((84, 1), (76, 2), (62, 3), (50, 3), (42, 3)):
        font = _font(SERIF, size)
        lines = _wrapped(name, _measured_with(font))
        if len(lines) <= most and all(font.getlength(line) <= RIGHT - LEFT for line in lines):
            break
    lines = _cut(lines, most, _measured_with(font))
    step = round(size * 1.14)
    top = 236 + (3 - len(lines)) * step // 3 - (size - 42) // 3
    for number, line in enumerate(lines):
        pen.text((LEFT, top + number * step - 40), line, font=font, fill=INK, anchor="ls")


Measure = Callable[[str], float]


def _measured_with(font: ImageFont.FreeTypeFont) -> Measure:
    return font.getlength


def _wrapped(text: str, measure: Measure) -> list[str]:
    """Break a text into lines at its spaces, and a word that is too long by itself wherever it must."""
    lines: list[str] = []
    for word in text.split():
        if lines and measure(f"{lines[-1]} {word}") <= RIGHT - LEFT:
            lines[-1] += f" {word}"
        else:
            lines += _broken(word, measure)
    return lines


def _broken(word: str, measure: Measure) -> list[str]:
    pieces = [""]
    for character in word:
        if pieces[-1] and measure(pieces[-1] + character) > RIGHT - LEFT:
            pieces.append("")
        pieces[-1] += character
    return pieces


def _cut(lines: list[str], most: int, measure: Measure) -> list[str]:
    if len(lines) <= most:
        return lines
    last = lines[most - 1]
    while last and measure(last + ELLIPSIS) > RIGHT - LEFT:
        last = last[:-1]
    return [*lines[: most - 1], last.rstrip(" ,.;:-–") + ELLIPSIS]


def _fitting(name: str, size: int, text: str, width: int) -> ImageFont.FreeTypeFont:
    while size > 14 and _font(name, size).getlength(text) > width:
        size -= 1
    return _font(name, size)


def _draw_grade(pen: ImageDraw.ImageDraw, card: ShareCard) -> None:
    score = _font(SERIF, 128)
    pen.text((LEFT - 6, 498), card.score, font=score, fill=INK, anchor="ls")
    beside = LEFT + round(score.getlength(card.score)) + 34
    grade = f"Grade {card.letters} · {card.label}"
    pen.text((beside, 446), grade, font=_fitting(SANS_BOLD, 42, grade, RIGHT - beside), fill=INK, anchor="ls")
    breadth = card.breadth[:1].upper() + card.breadth[1:]
    pen.text((beside, 494), breadth, font=_fitting(SANS, 30, breadth, RIGHT - beside), fill=SOFT, anchor="ls")


def _draw_silence(pen: ImageDraw.ImageDraw, card: ShareCard) -> None:
    words = card.unsaid
    pen.text((LEFT, 480), words[:1].upper() + words[1:], font=_font(SANS_BOLD, 42), fill=SOFT, anchor="ls")


def _draw_scale(pen: ImageDraw.ImageDraw, card: ShareCard) -> None:
    """The published scale as a ruler with its six bands; a marker where the score stands."""
    top, bottom = 544, 566
    for band in SCALE:
        left, right = (_along(edge) for edge in (band.floor, band.ceiling + (band.ceiling < 100)))
        pen.rectangle((left, top, right - 3, bottom), fill=BANDS[band.slug])
        pen.text(((left + right) / 2, 596), band.letters, font=_font(SANS, 22), fill=SOFT, anchor="ms")
    if card.score:
        at = _along(100 * float(card.score))
        pen.polygon([(at - 12, top - 16), (at + 12, top - 16), (at, top - 1)], fill=INK)


def _along(points: float) -> float:
    return LEFT + (RIGHT - LEFT) * points / 100
