import pgtrigger
from django.db import models
from django.db.models.functions import Now

from config.audit import never_emptied
from config.content import EVERYTHING, PROFILE, shown
from profiles.models.profile import Profile
from profiles.models.verdict import VerdictField


class GradingState(models.Model):
    """What a profile's grade is now, and how its grading fares. A table of its own, so that no editor waits for a worker."""

    profile = models.OneToOneField(Profile, models.CASCADE, primary_key=True, related_name="state")
    seq = models.PositiveIntegerField(default=0, db_default=0, help_text="The number of the last grade appended.")
    as_of = models.DateField(null=True)
    graded_at = models.DateTimeField(null=True)
    method = models.PositiveSmallIntegerField(default=0, db_default=0)
    due_on = models.DateField(null=True, help_text="The day on which age alone can next move the grade.")
    score = models.DecimalField(max_digits=3, decimal_places=2, null=True)
    verdict = VerdictField(null=True, help_text="The whole verdict with its working, as of that day.")
    fingerprint = models.CharField(
        max_length=32,
        default="",
        db_default="",
        help_text="Of the verdict, while the profile is live: the same again has nothing to write.",
    )
    failures = models.PositiveIntegerField(default=0, db_default=0)
    failed_at = models.DateTimeField(null=True)
    next_try_at = models.DateTimeField(null=True)
    last_error = models.TextField(default="", db_default="", blank=True)

    class Meta:
        indexes = [
            models.Index("due_on", name="state_due", condition=models.Q(due_on__isnull=False)),
            models.Index("method", name="state_method"),
            models.Index("as_of", name="state_as_of"),
            models.Index("score", name="state_score"),
        ]
        # The page of the profile itself looks at the row (profiles/versions.py).
        triggers = shown(EVERYTHING, fresh=False, rewritten=True)

    def __str__(self) -> str:
        return f"{self.profile}: {self.score}"


class Grade(models.Model):
    """A verdict recorded at a moment, with its working and its cause. Only ever appended."""

    profile = models.ForeignKey(Profile, models.PROTECT, related_name="grades")
    seq = models.PositiveIntegerField()
    graded_at = models.DateTimeField(db_default=Now())
    as_of = models.DateField()
    method = models.PositiveSmallIntegerField()
    score = models.DecimalField(max_digits=3, decimal_places=2)
    verdict = VerdictField()
    causes = models.JSONField(
        default=list, help_text="What moved it: which source, what changed, by whom; or age, or the method."
    )

    class Meta:
        ordering = ["profile", "-seq"]
        indexes = [models.Index("graded_at", name="grade_graded_at")]
        constraints = [
            models.UniqueConstraint("profile", "seq", name="one_grade_per_number"),
            models.CheckConstraint(condition=models.Q(score__range=(0, 1)), name="grade_score_between_0_and_1"),
        ]
        triggers = [
            pgtrigger.Protect(name="grades_stay", operation=pgtrigger.Update | pgtrigger.Delete),
            never_emptied("grades", "Grades are only ever appended."),
            *shown(PROFILE, thing="profile_id"),
        ]

    def __str__(self) -> str:
        return f"{self.profile} #{self.seq}: {self.score}"


class Mark(models.Model):
    """This profile must be graded again. Written by triggers together with the edit, taken by the grading that read it."""

    # No foreign key: a cascade must be able to leave a mark on a dying profile.
    profile_id = models.BigIntegerField()
    lane = models.PositiveSmallIntegerField(default=0, help_text="0 editors, 1 what follows from elsewhere.")
    at = models.DateTimeField(db_default=Now())
    change = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index("profile_id", name="mark_profile"), models.Index("lane", "at", name="mark_lane")]
        # "Being updated" comes and goes with them; the page of the profile itself looks whether there is one.
        triggers = shown(EVERYTHING)

    def __str__(self) -> str:
        return f"profile {self.profile_id}, lane {self.lane}"


class Touch(models.Model):
    """Something changed on a publisher or source; who rests on it is found after commit."""

    kind = models.CharField(max_length=10)
    node = models.BigIntegerField()
    at = models.DateTimeField(db_default=Now())
    change = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "touches"

    def __str__(self) -> str:
        return f"{self.kind} {self.node}"
