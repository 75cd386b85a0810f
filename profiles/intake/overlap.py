"""From two texts to what they share: quotations, passages in nearly the same words, and the same story told twice.

Plain functions over plain texts. Places are offsets into the texts as they came.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from rapidfuzz import fuzz
from rapidfuzz.distance import Indel

from profiles.intake.origins import LONGEST_TEXT, Named, sentences, told_passages

SHINGLE = 5  # words
MOST_WORDS = 30_000
QUOTED_WORDS_MIN = 5
QUOTED_WORDS_MAX = 300
QUOTATIONS_MAX = 120
SAME_QUOTATION = 88.0
PART_OF_A_QUOTATION = 95.0
PASSAGE_WORDS_MIN = 12
GAP = 6  # words that one of two passages may have more than the other before they are two passages
SAME_PASSAGE = 0.7
REPEATED_MAX = 8  # a shingle that stands in a text more often than this is its furniture
SHARED_MAX = 40
NAMES_SHARED_MIN = 2
WORDS_SHARED_MIN = 5

_WORD = re.compile(r"[㐀-鿿぀-ヿ가-힯]|[^\W_]+(?:['’][^\W_]+)?")
_QUOTED = re.compile(
    r"“(?P<a>[^“”\n]{8,2000})”|「(?P<b>[^「」\n]{4,1000})」|『(?P<c>[^『』\n]{4,1000})』|«(?P<d>[^«»\n]{8,2000})»"
    r"|(?<!\w)\"(?P<e>[^\"\n]{8,2000})\"|(?<!\w)‘(?P<f>(?:[^‘’\n]|’(?=\w)){8,2000})’(?!\w)"
)
COMMON = frozenset(
    [
        "about",
        "above",
        "after",
        "again",
        "against",
        "also",
        "although",
        "among",
        "another",
        "because",
        "been",
        "before",
        "being",
        "between",
        "both",
        "came",
        "come",
        "could",
        "does",
        "doing",
        "done",
        "down",
        "during",
        "each",
        "even",
        "ever",
        "every",
        "first",
        "from",
        "further",
        "given",
        "going",
        "have",
        "having",
        "here",
        "himself",
        "into",
        "itself",
        "just",
        "last",
        "later",
        "like",
        "made",
        "make",
        "many",
        "might",
        "more",
        "most",
        "much",
        "must",
        "never",
        "next",
        "only",
        "other",
        "over",
        "own",
        "same",
        "said",
        "says",
        "should",
        "since",
        "some",
        "still",
        "such",
        "take",
        "taken",
        "than",
        "that",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "through",
        "today",
        "together",
        "told",
        "under",
        "until",
        "upon",
        "very",
        "want",
        "well",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "will",
        "with",
        "within",
        "without",
        "would",
        "year",
        "years",
        "your",
        "according",
        "report",
        "reports",
        "reported",
        "reportedly",
        "reveal",
        "revealed",
        "published",
        "recent",
        "news",
        "story",
        "article",
        "paper",
        "papers",
        "study",
        "statement",
        "used",
        "using",
        "uses",
        "make",
        "makes",
        "including",
        "include",
        "during",
        "however",
        "already",
        "created",
        "creating",
        "create",
    ]
)


@dataclass(frozen=True, slots=True)
class Words:
    """A text as its words: each in one spelling, with where it begins and ends."""

    said: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]

    def between(self, start: int, end: int) -> tuple[str, ...]:
        """Return the words that begin between two places of the text."""
        starts = [span[0] for span in self.spans]
        return self.said[bisect_right(starts, start - 1) : bisect_right(starts, end - 1)]


@dataclass(frozen=True, slots=True)
class Shared:
    """The same in two texts: where it stands in each, and how alike the two are from 0 to 100."""

    start: int
    end: int
    other_start: int
    other_end: int
    likeness: float


@dataclass(frozen=True, slots=True)
class SameStory:
    """Two places that tell one story, by the names and words they share."""

    here: Named
    there: Named
    names: tuple[str, ...]
    words: int


# --- Words ------------------------------------------------------------------------------------------------------------


def words_of(text: str) -> Words:
    """Return the words of a text; in scripts that set no spaces, every sign is one."""
    found = [match for _, match in zip(range(MOST_WORDS), _WORD.finditer(text[:LONGEST_TEXT]), strict=False)]
    said = tuple(match[0].casefold().replace("’", "'") for match in found)
    return Words(said, tuple(match.span() for match in found))


def shingles(words: Words) -> list[int]:
    """Return a number for each run of five words, the same on every machine; at most as many as there are words."""
    return [_number(words.said[n : n + SHINGLE]) for n in range(len(words.said) - SHINGLE + 1)]


def _number(run: Sequence[str]) -> int:
    digest = blake2b(" ".join(run).encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)  # as wide as PostgreSQL's bigint


# --- Quotations -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Quotation:
    start: int
    end: int
    said: str


def quotations(text: str) -> list[tuple[int, int]]:
    """Return where somebody is quoted with at least five words, the quotation marks left out."""
    return [(one.start, one.end) for one in _quotations(text)]


def _quotations(text: str) -> list[_Quotation]:
    found: list[_Quotation] = []
    for match in _QUOTED.finditer(text[:LONGEST_TEXT]):
        said = words_of(match[match.lastgroup or 0]).said
        if QUOTED_WORDS_MIN <= len(said) <= QUOTED_WORDS_MAX:
            start, end = match.span(match.lastgroup or 0)
            found.append(_Quotation(start, end, " ".join(said)))
        if len(found) >= QUOTATIONS_MAX:
            break
    return found


def shared_quotations(text: str, other: str) -> list[Shared]:
    """Return what both texts quote, whole or in part; each quotation of the first text once."""
    there = _quotations(other)
    pairs = (_best(_same_quotation(mine, theirs) for theirs in there) for mine in _quotations(text))
    return [pair for pair in pairs if pair][:SHARED_MAX]


def _best(pairs: Iterable[Shared | None]) -> Shared | None:
    return max((pair for pair in pairs if pair), key=lambda pair: pair.likeness, default=None)


def _same_quotation(mine: _Quotation, theirs: _Quotation) -> Shared | None:
    likeness = fuzz.ratio(mine.said, theirs.said, score_cutoff=SAME_QUOTATION)
    if not likeness and _is_long_enough(mine, theirs):
        likeness = fuzz.partial_ratio(mine.said, theirs.said, score_cutoff=PART_OF_A_QUOTATION)
    if not likeness:
        return None
    return Shared(mine.start, mine.end, theirs.start, theirs.end, round(likeness, 1))


def _is_long_enough(mine: _Quotation, theirs: _Quotation) -> bool:
    return min(mine.said.count(" "), theirs.said.count(" ")) >= QUOTED_WORDS_MIN


# --- Passages ---------------------------------------------------------------------------------------------------------


def shared_passages(text: str, other: str) -> list[Shared]:
    """Return passages of at least twelve words that stand in both texts in nearly the same words.

    Runs of five equal words are the candidates; runs that follow each other make a passage, which is then aligned.
    """
    here, there = words_of(text), words_of(other)
    found = [_aligned(here, there, run) for run in _runs(here, there)]
    return _apart(pair for pair in found if pair)[:SHARED_MAX]


@dataclass(slots=True)
class _Run:
    start: int
    end: int
    other_start: int
    other_end: int


def _runs(here: Words, there: Words) -> list[_Run]:
    places: dict[int, list[int]] = defaultdict(list)
    for n, number in enumerate(shingles(there)):
        places[number].append(n)
    runs: list[_Run] = []
    open_runs: list[_Run] = []
    for n, number in enumerate(shingles(here)):
        open_runs = [run for run in open_runs if n <= run.end + GAP]
        found = places.get(number, ())
        for m in found if len(found) <= REPEATED_MAX else ():
            run = next((one for one in open_runs if one.other_start <= m <= one.other_end + GAP), None)
            if run is None:
                run = _Run(n, n, m, m)
                open_runs.append(run)
                runs.append(run)
            run.end, run.other_end = n + SHINGLE, max(run.other_end, m + SHINGLE)
    return runs


def _aligned(here: Words, there: Words, run: _Run) -> Shared | None:
    mine, theirs = here.said[run.start : run.end], there.said[run.other_start : run.other_end]
    if min(len(mine), len(theirs)) < PASSAGE_WORDS_MIN:
        return None
    likeness = Indel.normalized_similarity(mine, theirs, score_cutoff=SAME_PASSAGE)
    if not likeness:
        return None
    start, end = here.spans[run.start][0], here.spans[run.end - 1][1]
    other_start, other_end = there.spans[run.other_start][0], there.spans[run.other_end - 1][1]
    return Shared(start, end, other_start, other_end, round(100 * likeness, 1))


def _apart(pairs: Iterable[Shared]) -> list[Shared]:
    """Of passages that overlap in the first text, keep the longest."""
    kept: list[Shared] = []
    for pair in sorted(pairs, key=lambda one: one.start - one.end):
        if not any(pair.start < one.end and one.start < pair.end for one in kept):
            kept.append(pair)
    return sorted(kept, key=lambda one: one.start)


def is_within(pair: Shared, others: Iterable[Shared]) -> bool:
    """Tell whether most of a passage is what other finds say already."""
    length = pair.end - pair.start
    return any(min(pair.end, one.end) - max(pair.start, one.start) > length / 2 for one in others)


# --- The same story ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Retelling:
    """A place where a text retells something, with the names and words around it."""

    told: Named
    names: frozenset[str]
    words: frozenset[str]


def retellings(text: str) -> list[Retelling]:
    """Return where a text retells something, with what the sentence and its neighbours speak of."""
    spans = sentences(text[:LONGEST_TEXT])
    return [_retelling(text, spans, one) for one in told_passages(text)]


def _retelling(text: str, spans: list[tuple[int, int]], told: Named) -> Retelling:
    place = max(0, bisect_right([start for start, _end in spans], told.start) - 1)
    around = " ".join(text[start:end] for start, end in spans[max(0, place - 1) : place + 2])
    names = frozenset(_names(around)) - set(told.name.casefold().split())
    return Retelling(told, names, frozenset(_content(around)))


_NAMES = re.compile(
    r"(?<![.!?…“\"]\s)(?<![.!?…]”\s)(?<=\S\s)[“‘\"']?([A-Z][\w\-]+)|\b([A-Z]+[a-z]+[A-Z]\w*|[A-Z]{3,})\b"
)


def _names(text: str) -> Iterator[str]:
    for match in _NAMES.finditer(text):
        word = (match[1] or match[2]).casefold()
        if len(word) > 2 and word not in COMMON:
            yield _stem(word)


def _content(text: str) -> Iterator[str]:
    for word in words_of(text).said:
        bare = word.removesuffix("'s")
        if len(bare) > 3 and bare not in COMMON and not bare.isdigit():
            yield _stem(bare)


def _stem(word: str) -> str:
    # Enough to see "model" in "models" and "China" in "Chinese".
    for ending in ("ations", "ation", "ings", "ing", "ese", "ers", "ed", "es", "er", "s", "a", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word.removesuffix(ending)
    return word


def same_story(here: Iterable[Retelling], there: Sequence[Retelling]) -> list[SameStory]:
    """Return places of two texts that tell one story: two names and five words in common, the likeliest first."""
    pairs = [_same_story(mine, theirs) for mine in here for theirs in there]
    return sorted((pair for pair in pairs if pair), key=lambda pair: (-len(pair.names), -pair.words))


def _same_story(mine: Retelling, theirs: Retelling) -> SameStory | None:
    names, words = mine.names & theirs.names, mine.words & theirs.words
    if len(names) < NAMES_SHARED_MIN or len(names | words) < WORDS_SHARED_MIN:
        return None
    return SameStory(mine.told, theirs.told, tuple(sorted(names)), len(words))
