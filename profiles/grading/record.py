"""A publisher's letter from its record: how often it was right about what has been settled since."""

from collections.abc import Collection

SIDES = {"supports", "disputes"}
SETTLED_MIN = 5  # a record that short says nothing yet
RIGHT_BEFORE, SETTLED_BEFORE = 1.2, 2.0  # what is assumed of everybody: the first case must not decide the letter
LEAST_MEAN = {"A": 0.95, "B": 0.85, "C": 0.70, "D": 0.50}


def mean_of(right: int, wrong: int) -> float:
    """Return how often a publisher with this record is expected to be right, between 0 and 1."""
    return (right + RIGHT_BEFORE) / (right + wrong + SETTLED_BEFORE)


def letter_of(right: int, wrong: int) -> str:
    """Return the reliability letter, A to F, that this many settled judgements propose."""
    if right + wrong < SETTLED_MIN:
        return "F"
    mean = mean_of(right, wrong)
    return next((letter for letter, least in LEAST_MEAN.items() if mean >= least), "E")


def was_right(stances: Collection[str], *, confirmed: bool) -> bool | None:
    """Return whether a publisher with these stances on a settled judgement was right.

    It counts once, however many of its sources say so. One that repeats others is right or wrong with them: it chose
    to print it. One that stood on both sides was neither, and is answered by None, as is one that gave context alone.
    """
    sides = {stance for stance in stances if stance in SIDES}
    if len(sides) != 1:
        return None
    return (sides == {"supports"}) == confirmed
