"""The edit that most faults interrupt, the letter of a publisher, and the points at which a grading can be held."""

from collections import defaultdict

from profiles.grading import pipeline
from profiles.models import Grade, GradingState, Publisher
from tests.faults.settled import nothing_pending

SCORES = {"A": "0.92", "B": "0.80", "C": "0.70"}
# A lock on one of these stops whoever grades: after the marks are taken, or with everything written but the grade.
MIDDLES = {"reading": ("profiles_judgement", "ACCESS EXCLUSIVE"), "writing": ("profiles_grade", "SHARE")}


def change_the_letter(letter):
    with pipeline.editing(by="desk"):
        Publisher.objects.update(reliability=letter)


def graded_as(letter):
    return lambda: nothing_pending() and str(GradingState.objects.get().score) == SCORES[letter]


def histories():
    """The letters that each profile has been graded by, one after the other."""
    letters = {score: letter for letter, score in SCORES.items()}
    told = defaultdict(str)
    for grade in Grade.objects.order_by("profile_id", "seq"):
        told[grade.profile_id] += letters[str(grade.score)]
    return list(told.values())
