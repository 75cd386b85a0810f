"""What must hold after everything: nothing pending, stored equals recomputed, a history without gaps or no-op rows."""

from collections import defaultdict
from itertools import pairwise

from profiles.grading import pipeline
from profiles.models import Grade, GradingState, Mark, Touch


def nothing_pending():
    return not Touch.objects.exists() and not Mark.objects.exists()


def wrongs():
    """Return whatever does not hold, in words; an empty list is what every test here wants to see."""
    return [*_pending(), *map(str, pipeline.audit()), *_of_the_history()]


def _pending():
    found = [f"{touch} waits: {touch.change}" for touch in Touch.objects.all()]
    found += [f"{mark} waits: {mark.change}" for mark in Mark.objects.all()]
    return found + [f"{state} fails: {state.last_error}" for state in GradingState.objects.filter(failures__gt=0)]


def _of_the_history():
    grades = defaultdict(list)
    for grade in Grade.objects.order_by("profile_id", "seq"):
        grades[grade.profile_id].append(grade)
    last = dict(GradingState.objects.values_list("profile_id", "seq"))
    for profile_id, history in grades.items():
        numbers = [grade.seq for grade in history]
        if numbers != list(range(1, len(history) + 1)):
            yield f"profile {profile_id}: the history is numbered {numbers}"
        if last.get(profile_id, numbers[-1]) != numbers[-1]:
            yield f"profile {profile_id}: the state says {last[profile_id]}, the history ends with {numbers[-1]}"
        for before, after in pairwise(history):
            if pipeline.outcome(before.verdict) == pipeline.outcome(after.verdict):
                yield f"profile {profile_id}: grade {after.seq} says what grade {before.seq} said"
            if not after.causes:
                yield f"profile {profile_id}: grade {after.seq} has no cause"
