"""A publisher's letter from its record: how often it was right about what has been settled since."""

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
