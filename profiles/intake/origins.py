"""From a text to the origins it names: who reported it first, whose paper it goes back to, who said it.

Everything found is a proposal with the passage that made it. English first; of other languages only the plainest phrases.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

LONGEST_TEXT = 200_000
LONGEST_SENTENCE = 1_500
MOST_FOUND = 60

REPORT, PAPER, STATEMENT = "report", "paper", "statement"
KINDS = (REPORT, PAPER, STATEMENT)

MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_MONTH = (
    r"(?:Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?|July?|Aug(?:ust|\.)?"
    r"|Sept?(?:ember|\.)?|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)(?![a-z])"
)
_WORD = r"(?<!\w)(?:(?:[A-Z]\.){2,6}|[A-Z][\w&’'\-]{0,40})"  # bounded, or a word without end would be tried for ever
# "the Institute of Water and Soil", "RIPE NCC", "El País"; at most seven words, so that a sentence of capitals ends too.
_NAME = rf"(?:the\s+)?(?P<name>(?:{_WORD})(?:\s+(?:(?:of|for|de|du|des|del|la|and|&)\s+)?(?:the\s+)?{_WORD}){{0,6}})"
_PAPER = (
    r"(?:paper|study|preprint|working\s+paper|white\s+paper|academic\s+(?:paper|article)|research\s+(?:paper|note))s?"
)
_REPORT = r"(?:report|investigation|story|article|exclusive|scoop|dispatch)s?"
_SAID = r"(?:said|says|stated|wrote|announced|confirmed|explained|claimed|insisted|added)"

# What may stand in front of or behind a name without being one.
NO_NAME = {
    *("a", "an", "the", "he", "she", "it", "we", "they", "i", "you", "this", "that", "these", "those", "his", "her", "its"),
    *("in", "on", "at", "by", "for", "but", "and", "or", "also", "however", "meanwhile", "last", "one", "two", "some"),
    *("congress", "parliament", "senate", "lawmakers", "reporters", "according", "researchers", "officials", "analysts"),
    *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "when", "while", "after", "as", "if"),
    *("what", "why", "how", "who", "there", "here", "our", "their", "my", "your", "most", "many", "several", "experts"),
    *MONTHS,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class When:
    """The time an origin is said to be of, as far as the text says."""

    month: int | None = None
    day: int | None = None
    year: int | None = None

    def __str__(self) -> str:
        month = MONTHS[self.month - 1].capitalize() if self.month else ""
        return " ".join(str(part) for part in (self.day, month, self.year) if part)


@dataclass(frozen=True, slots=True)
class Named:
    """An origin that a text names: whose it is, what it is, when it came out, and where in the text that stands.

    Without a name the text says only what it was, "a paper they published in June", or that there were reports.
    """

    kind: str
    name: str
    cue: str
    start: int
    end: int
    when: When = When()

    @property
    def is_plain(self) -> bool:
        """Whether the text tells enough of it to propose it by itself."""
        return bool(self.name) or (self.kind == PAPER and self.when.month is not None)


def _rule(kind: str, pattern: str) -> tuple[str, re.Pattern[str]]:
    return kind, re.compile(pattern.replace(" ", r"\s+"))


RULES = [
    _rule(REPORT, rf"(?:(?i:first|originally|as|was|were|been) )*(?i:reported|revealed|published|broken|uncovered) (?i:first )?(?i:by) {_NAME}"),
    _rule(REPORT, rf"\b(?i:an?|the|in|its|from) {_NAME} (?:exclusive )?{_REPORT}\b"),
    _rule(REPORT, rf"(?i:{_REPORT}) (?i:by|from|in) {_NAME}"),
    _rule(REPORT, rf"(?i:according to) {_NAME}"),
    _rule(REPORT, rf"(?i:seen|reviewed|obtained|viewed|cited) (?i:by) {_NAME}"),
    _rule(REPORT, rf"\b(?i:told|tells) {_NAME}"),
    _rule(REPORT, rf"{_NAME} (?:first |has |had )*(?:reported|revealed|reports) (?:that|on|in|last|earlier|this|how|first)\b"),
    _rule(REPORT, rf"(?:^|\n)[^\S\n]*[\[(—–-]?[^\S\n]*(?i:via|source:|hat tip:?|h/t:?)[^\S\n]+{_NAME}[^\S\n]*[\])]?[^\S\n]*(?:\n|$)"),
    _rule(REPORT, rf"\((?i:via|source:?) {_NAME}\)"),
    _rule(PAPER, rf"(?i:{_PAPER}) (?i:by|from|of|published by|released by|at) {_NAME}"),
    _rule(PAPER, rf"\b(?i:an?|the|in|its|their|new) {_NAME} {_PAPER}\b"),
    _rule(STATEMENT, rf"{_NAME} {_SAID} (?:in|through|on) (?i:an? |its |the )?(?:\w+ )?(?:statement|blog post|post|press release|filing|letter|email)"),
    _rule(STATEMENT, rf"(?i:statement|blog post|press release|announcement|filing|letter) (?i:by|from|of) {_NAME}"),
    _rule(REPORT, r"据(?P<name>[一-鿿A-Za-z·]{2,12}?)(?:的)?(?:报道|报导|消息|報道|報導)"),
    _rule(PAPER, r"据(?P<name>[一-鿿A-Za-z·]{2,16}?)(?:的)?(?:论文|研究|論文)"),
]  # fmt: skip
# A paper or report with a time and no name.
UNNAMED = [
    _rule(PAPER, rf"\b(?i:an?|the|their|one|this) (?:(?P<before>{_MONTH})(?: (?P<year>\d{{4}}))? )(?:\w+ )?{_PAPER}\b"),
    _rule(PAPER, rf"(?i:{_PAPER})(?: \w+){{0,3}} (?i:published|released|posted|written|submitted)?(?: \w+){{0,2}}? ?(?i:in|on) (?P<after>{_MONTH})"),
    _rule(PAPER, rf"\b(?i:recent|new|academic|several|published|scientific)(?: \w+)? {_PAPER}\b"),
    _rule(REPORT, r"\b(?i:recent|earlier|media|news|press|several|multiple|the|after|latest) (?:\w+ )?reports (?i:that|of|revealed|emerged|in|claim|claimed|suggested)\b"),
    _rule(REPORT, r"\b(?i:reportedly|it was reported|was reported|has been reported)\b"),
]  # fmt: skip
_TIME = re.compile(
    rf"(?:\b(?i:on|in|dated|of|last|since)\s+)?(?:(?P<day1>\d{{1,2}})\s+)?(?P<month>{_MONTH})(?:\s+(?P<day2>\d{{1,2}})(?!\d))?(?:,?\s+(?P<year>(?:19|20)\d\d))?"
)
# "Photo by Ann via Wire", "(Image credit: Wire)": whose picture it is says nothing of whose story.
_PICTURE = re.compile(r"(?i)\b(?:photo(?:graph)?|image|picture|illustration|credit|getty|shutterstock|alamy|afp via)\b")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"”’»)]*(?P<gap>\s+)(?=[\"“‘«(]*[A-Z0-9])|\n+|(?<=[。！？])")
_ABBREVIATED = re.compile(
    r"(?:\b(?:Jan|Feb|Mar|Apr|Aug|Sept?|Oct|Nov|Dec|Mr|Mrs|Ms|Dr|Prof|Gov|Sen|Rep|Gen|Col|St|No|Inc|Ltd|Co|Corp|vs)|\b[A-Z]|\.[A-Z])\.$"
)


def sentences(text: str) -> list[tuple[int, int]]:
    """Return where each sentence begins and ends; one that does not end is cut."""
    found, start = [], 0
    ends = (match.start("gap" if match["gap"] else 0) for match in _SENTENCE_END.finditer(text))
    for end in [*ends, len(text)]:
        newline = end < len(text) and text[end] == "\n"
        if end < len(text) and not newline and _ABBREVIATED.search(text[max(start, end - 8) : end]):
            continue
        found += list(_stripped(text, start, end))
        start = end
    return found


def _stripped(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while start < end:
        yield start, min(end, start + LONGEST_SENTENCE)
        start += LONGEST_SENTENCE


def named_origins(text: str) -> list[Named]:
    """Return the origins that a text names, in the order of the text; the same one once, where it is told best."""
    found: dict[tuple[str, str], Named] = {}
    for one in _all_named(text[:LONGEST_TEXT]):
        key = (one.kind, one.name.casefold() or str(one.when))
        if one.is_plain and (key not in found or (not _tells_when(found[key]) and _tells_when(one))):
            found[key] = one
        if len(found) >= MOST_FOUND:
            break
    return sorted(found.values(), key=lambda one: one.start)


def told_passages(text: str) -> list[Named]:
    """Return every place where a text says that it retells something, whether or not it names what."""
    return list(_all_named(text[:LONGEST_TEXT]))


def _tells_when(one: Named) -> bool:
    return one.when.month is not None


def _all_named(text: str) -> Iterator[Named]:
    count = 0
    for start, end in sentences(text):
        sentence = text[start:end]
        if _PICTURE.search(sentence) and len(sentence) < 200:
            continue
        for one in _in_sentence(sentence):
            yield replace(one, start=start + one.start, end=start + one.end)
            count += 1
        if count > 10 * MOST_FOUND:
            return


def _in_sentence(sentence: str) -> Iterator[Named]:
    taken: list[tuple[int, int]] = []
    for kind, pattern in RULES:
        for match in pattern.finditer(sentence):
            name = clean_name(match["name"])
            if not name or _overlaps(match.span("name"), taken):
                continue
            taken.append(match.span("name"))
            yield Named(kind, name, " ".join(match[0].split()), match.start(), match.end(), _when(sentence, match))
    for kind, pattern in UNNAMED:
        for match in pattern.finditer(sentence):
            if not _overlaps(match.span(), taken):
                taken.append(match.span())
                yield Named(kind, "", " ".join(match[0].split()), match.start(), match.end(), _when_of(match))


def _overlaps(span: tuple[int, int], taken: list[tuple[int, int]]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in taken)


def clean_name(name: str) -> str:
    """Return a name without what only stood beside it; nothing where no name is left."""
    words = name.replace("’", "'").split()
    while words and _is_no_name(words[0]):
        words.pop(0)
    while words and (_is_no_name(words[-1]) or words[-1] in {"&", "of", "de"}):
        words.pop()
    bare = " ".join(words).removesuffix("'s").removesuffix("'").strip(" -.,")
    return bare if len(bare) > 1 else ""


def _is_no_name(word: str) -> bool:
    return word.casefold().strip("'.,") in NO_NAME


def _when(sentence: str, match: re.Match[str]) -> When:
    """The time that stands beside a name: right behind it, or in the words before it."""
    near = _TIME.search(sentence, match.end("name"), min(len(sentence), match.end("name") + 30))
    if near is None or sentence[match.end("name") : near.start()].strip(" ,(") not in {"", "on", "in"}:
        return When()
    return _time(near)


def _time(match: re.Match[str]) -> When:
    day = int(match["day1"] or match["day2"] or 0)
    year = int(match["year"]) if match["year"] else None
    return When(month_of(match["month"]), day if 0 < day < 32 else None, year)


def _when_of(match: re.Match[str]) -> When:
    said = match.groupdict()
    month = said.get("before") or said.get("after")
    return When(month_of(month), None, int(said["year"]) if said.get("year") else None) if month else When()


def month_of(word: str) -> int | None:
    """Return the number of a month by its name or the beginning of it."""
    start = word.casefold().rstrip(".")[:3]
    return next((number for number, name in enumerate(MONTHS, 1) if name.startswith(start)), None)


# --- Who said it ------------------------------------------------------------------------------------------------------

_BEHIND = re.compile(
    rf"[,.]?[\"”’»]?,?\s+(?:{_NAME}(?:,[^,.]{{1,80}},)?\s+{_SAID}\b|{_SAID}\s+{_NAME.replace('<name>', '<other>')})"
)
_BEFORE = re.compile(rf"{_NAME}(?:,[^,.]{{1,80}},)?\s+{_SAID}(?:\s+\w+){{0,6}}[,:]?\s*[\"“‘«]?$")


def said_by(text: str, start: int, end: int) -> str:
    """Return who is quoted between two places of a text, as far as the words right beside it tell."""
    match = _BEHIND.match(text, end, min(len(text), end + 200))
    if match:
        return clean_name(match["name"] or match["other"])
    before = _BEFORE.search(text[max(0, start - 160) : start])
    return clean_name(before["name"]) if before else ""
