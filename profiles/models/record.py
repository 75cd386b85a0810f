"""A publisher's record, and what an editor may not do alone. Rows here outlive what they speak of.

So there are no foreign keys to it in the database: what is removed leaves its number behind, and a join finds nothing.
"""

from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from config.audit import never_emptied
from config.content import EVERYTHING, shown
from profiles.models.citation import Citation, Judgement
from profiles.models.days import readable_days
from profiles.models.publisher import Publisher, Reliability
from profiles.models.source import Source

SPOKEN_OF: dict[str, Any] = {"null": True, "editable": False, "db_constraint": False}
SOMEBODY: dict[str, Any] = {"null": True, "editable": False, "related_name": "+"}


def _stays(name: str, *columns: str) -> list[pgtrigger.Trigger]:
    old, new = (", ".join(f"{side}.{column}" for column in columns) for side in ("OLD", "NEW"))
    return [
        pgtrigger.Protect(name=f"{name}_stay", operation=pgtrigger.Delete),
        pgtrigger.Protect(
            name=f"{name}_say_what_they_said",
            operation=pgtrigger.Update,
            condition=pgtrigger.Condition(f"ROW({old}) IS DISTINCT FROM ROW({new})"),
        ),
        never_emptied(name, "What was settled, changed and proposed stays on record."),
    ]


class Outcome(models.TextChoices):
    """What became of a key judgement."""

    CONFIRMED = "confirmed", "confirmed"
    REFUTED = "refuted", "refuted"


class Settlement(models.Model):
    """The day it was known whether a key judgement was right, and why we say so. Never removed, only withdrawn.

    It makes the record of the publishers that took a side. The judgement's own grade does not move.
    """

    judgement = models.ForeignKey(Judgement, models.DO_NOTHING, related_name="settlements", **SPOKEN_OF)
    statement = models.TextField(editable=False, help_text="The wording that was settled.")
    outcome = models.CharField(max_length=9, choices=Outcome)
    settled_on = models.DateField(help_text="The day it was known; what came out later knew the outcome.")
    reason = models.TextField(help_text="How we know. Public.")
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, **SOMEBODY)
    withdrawn_at = models.DateTimeField(null=True, editable=False)
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, **SOMEBODY)
    withdrawn_because = models.TextField(blank=True, editable=False)

    class Meta:
        ordering = ["-settled_on", "-pk"]
        constraints = [
            models.UniqueConstraint(
                "judgement",
                condition=models.Q(withdrawn_at__isnull=True),
                name="one_standing_settlement",
                violation_error_message="Somebody else has settled this judgement meanwhile. Look at it again.",
            ),
            models.CheckConstraint(
                condition=models.Q(outcome__in=Outcome.values),
                name="settlement_outcome",
                violation_error_message="A judgement is settled as confirmed or refuted.",
            ),
            models.CheckConstraint(
                condition=~models.Q(reason=""),
                name="settlement_reasoned",
                violation_error_message="A settlement needs a reason.",
            ),
            readable_days("settlement_days", "settled_on"),
        ]
        triggers = [
            *_stays("settlements", "judgement_id", "statement", "outcome", "settled_on", "reason", "recorded_at"),
            *shown(EVERYTHING),
        ]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}: {self.statement or 'a judgement'}"


class Basis(models.TextChoices):
    """Where a letter comes from."""

    EDITOR = "editor", "set by an editor"
    RECORD = "record", "from its record"
    IMPORT = "import", "set by an import"
    OPERATOR = "operator", "set by the operator"


class LetterChange(models.Model):
    """A publisher's letter went from one to another. Written by a trigger on the publisher, so that none is forgotten."""

    publisher = models.ForeignKey(Publisher, models.DO_NOTHING, related_name="+", **SPOKEN_OF)
    at = models.DateTimeField()
    was = models.CharField(max_length=1, blank=True, help_text="Empty where the publisher was filed with its letter.")
    letter = models.CharField(max_length=1, choices=Reliability)
    basis = models.CharField(max_length=8, choices=Basis)
    reason = models.TextField(blank=True)
    right = models.PositiveIntegerField(null=True, help_text="The record at that moment; none for what came by SQL.")
    wrong = models.PositiveIntegerField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, **SOMEBODY)
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, **SOMEBODY)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["publisher", "-at"], name="letterchange_publisher")]
        triggers = [
            *_stays("letter_changes", "publisher_id", "at", "was", "letter", "basis", "reason", '"right"', "wrong"),
            *shown(EVERYTHING),
        ]

    def __str__(self) -> str:
        return f"Reliability {self.letter}, {self.get_basis_display()}"


class Opens(models.TextChoices):
    """What would open band A."""

    LETTER = "letter", "Reliability A"
    DIRECT = "direct", "direct under Reliability A"
    MOVE = "move", "moved under Reliability A"


class Decision(models.TextChoices):
    """What became of a proposal."""

    ACCEPTED = "accepted", "accepted"
    DECLINED = "declined", "declined"
    OVERTAKEN = "overtaken", "overtaken"


class Proposal(models.Model):
    """A change that opens band A, waiting for another editor. Four eyes: whoever proposes it does not accept it."""

    opens = models.CharField(max_length=6, choices=Opens, editable=False)
    about = models.TextField(editable=False, help_text="What is proposed, for whoever reads it when the rest has gone.")
    publisher = models.ForeignKey(Publisher, models.DO_NOTHING, related_name="+", **SPOKEN_OF)
    source = models.ForeignKey(Source, models.DO_NOTHING, related_name="+", **SPOKEN_OF)
    moved_from = models.ForeignKey(Publisher, models.DO_NOTHING, related_name="+", **SPOKEN_OF)
    citation = models.ForeignKey(Citation, models.DO_NOTHING, related_name="+", **SPOKEN_OF)
    was = models.CharField(max_length=1, blank=True, editable=False, help_text="The letter when it was proposed.")
    basis = models.CharField(max_length=8, choices=Basis, default=Basis.EDITOR, editable=False)
    reason = models.TextField(blank=True, editable=False)
    proposed_at = models.DateTimeField(db_default=Now(), editable=False)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, **SOMEBODY)
    decision = models.CharField(max_length=9, choices=Decision, blank=True, editable=False)
    decided_at = models.DateTimeField(null=True, editable=False)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, **SOMEBODY)
    decided_because = models.TextField(blank=True, editable=False)

    class Meta:
        ordering = ["-proposed_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                "opens",
                "publisher",
                "source",
                "citation",
                condition=models.Q(decision=""),
                nulls_distinct=False,
                name="one_waiting_proposal",
                violation_error_message="Somebody else has proposed the same meanwhile. Look at it again.",
            )
        ]
        triggers = _stays(
            "proposals", "opens", "about", "publisher_id", "source_id", "citation_id", "reason", "proposed_at"
        )

    def __str__(self) -> str:
        return self.about
