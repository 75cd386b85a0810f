"""What a reader's headers ask for: which coding a body may come in, and whether they have it already. Plain values only."""

from functools import lru_cache

CODINGS = ("br", "gzip")  # best first
IDENTITY = "identity"
LONGEST_HEADER = 1000  # browsers send fifty characters; what strangers make up must not be remembered at length


def coding_for(accepted: str) -> str:
    """Return the coding to answer in: the one that `Accept-Encoding` likes best, ours where it likes several the same."""
    return IDENTITY if len(accepted) > LONGEST_HEADER else _coding_for(accepted)


@lru_cache(maxsize=256)
def _coding_for(accepted: str) -> str:
    weights = dict(_weighed(part) for part in accepted.lower().split(",") if part.strip())
    others = weights.get("*", 0.0)
    liked = {coding: weights.get(coding, others) for coding in CODINGS}
    best = max(CODINGS, key=lambda coding: liked[coding])
    # Nothing else said, a plain body is always good; where it is said to be better than ours, it is what they get.
    return best if liked[best] > 0 and liked[best] >= weights.get(IDENTITY, 0.0) else IDENTITY


def _weighed(part: str) -> tuple[str, float]:
    coding, *parameters = (piece.strip() for piece in part.split(";"))
    weight = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            weight = _weight(value.strip())
    return {"x-gzip": "gzip"}.get(coding, coding), weight


def _weight(text: str) -> float:
    # As the standard writes them, 0 to 1 with three decimals; whatever else stands there is not a wish we understand.
    plain = text.replace(".", "", 1)
    return float(text) if plain.isascii() and plain.isdigit() and len(text) <= 5 and float(text) <= 1 else 0.0


def has_already(if_none_match: str, etag: str) -> bool:
    """Tell whether the reader has the page of this tag, by the weak comparison: `If-None-Match` is a list, or `*`."""
    wanted = _opaque(etag)
    return if_none_match.strip() == "*" or any(_opaque(tag) == wanted for tag in _tags(if_none_match))


def _opaque(tag: str) -> str:
    return tag.removeprefix("W/")


def _tags(header: str) -> list[str]:
    # Ours hold no comma, so a tag of somebody else's that does may fall apart without harm.
    return [tag.strip() for tag in header[:LONGEST_HEADER].split(",")]
