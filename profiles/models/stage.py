"""A text on its way to its readers, as the text of a profile and a briefing both are."""

from typing import Any

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from config.audit import ACTOR


class Stage(models.TextChoices):
    """Where a text stands before it goes up. Whether one that did is up now, its profile says."""

    DRAFT = "draft", "draft"
    IN_REVIEW = "in-review", "in review"
    APPROVED = "approved", "approved"
    SCHEDULED = "scheduled", "scheduled"
    PUBLISHED = "published", "published"
    WITHDRAWN = "withdrawn", "withdrawn"  # of a step alone: the text stays published, and the page is down


JUDGED = (Stage.APPROVED, Stage.SCHEDULED)


class Staged(models.Model):
    """A text that is drafted by one person and passed by another.

    `edit` counts the changes of its words; an approval names the one it judged, and the next one voids it. The database
    counts, by whichever door a change comes, and notes whose hands were in it.
    """

    stage = models.CharField(max_length=10, choices=Stage, default=Stage.DRAFT, editable=False)
    goes_live_at = models.DateTimeField(null=True, editable=False)
    returned_because = models.TextField(blank=True, editable=False)
    edit = models.PositiveIntegerField(default=0, editable=False)
    hands = ArrayField(models.BigIntegerField(), default=list, editable=False)

    class Meta:
        abstract = True


class StageChange(models.Model):
    """One step of a text: from where to where, who took it, when, and why. Never changed."""

    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_constraint=False)
    was = models.CharField(max_length=10, choices=Stage)
    stage = models.CharField(max_length=10, choices=Stage)
    edit = models.PositiveIntegerField(help_text="Which change of the words it speaks of.")
    goes_live_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)
    alone = models.BooleanField(default=False, help_text="Approved by its writer, since there was no other editor.")

    class Meta:
        abstract = True
        ordering = ["-at", "-pk"]


def stage_rules(name: str) -> list[models.BaseConstraint]:
    """What must hold of every staged text; `name` tells the tables apart."""
    scheduled = models.Q(stage=Stage.SCHEDULED)
    return [
        models.CheckConstraint(
            condition=scheduled & models.Q(goes_live_at__isnull=False)
            | ~scheduled & models.Q(goes_live_at__isnull=True),
            name=f"{name}_scheduled_for_a_time",
            violation_error_message="What is scheduled has a time, and nothing else has.",
        ),
        models.CheckConstraint(
            condition=models.Q(stage=Stage.PUBLISHED) ^ models.Q(approved_at__isnull=True),
            name=f"{name}_published_once_approved",
            violation_error_message="A text is published when it has been approved.",
        ),
    ]


def due_first(name: str) -> models.Index:
    return models.Index(fields=["goes_live_at"], condition=models.Q(stage=Stage.SCHEDULED), name=f"{name}_due")


def counts_edits(changed: str, steps: str, of: str) -> pgtrigger.Trigger:
    """Count each change of the words, note whose it is, and void the approval it overtakes.

    `changed` is the condition in SQL that OLD and NEW read differently; `steps` the table of the stage changes, and `of`
    its column that names the text.
    """
    return pgtrigger.Trigger(
        name="edits_are_counted",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update,
        declare=[("who", "bigint")],
        func=f"""
        IF NEW.approved_at IS NOT NULL THEN
            NEW.stage := '{Stage.PUBLISHED}'; NEW.goes_live_at := NULL; NEW.returned_because := '';
            RETURN NEW;
        END IF;
        IF TG_OP = 'INSERT' THEN RETURN NEW; END IF;
        IF {changed} THEN NEW.edit := greatest(NEW.edit, OLD.edit + 1); END IF;
        IF NEW.edit <= OLD.edit THEN RETURN NEW; END IF;
        who := {ACTOR};
        IF who IS NOT NULL AND NOT who = ANY (NEW.hands) THEN NEW.hands := NEW.hands || who; END IF;
        IF OLD.stage IN ('{Stage.APPROVED}', '{Stage.SCHEDULED}') THEN
            NEW.stage := '{Stage.DRAFT}'; NEW.goes_live_at := NULL;
            INSERT INTO {steps} ({of}, at, by_id, was, stage, edit, goes_live_at, reason, alone)
            VALUES (NEW.id, clock_timestamp(), who, OLD.stage, '{Stage.DRAFT}', NEW.edit, NULL,
                    'The text was changed after its approval.', false);
        END IF;
        RETURN NEW;""",
    )


def counts_as_edit(text: str, of: str) -> pgtrigger.Trigger:
    """What hangs on a text is part of its words: a change of it is an edit of the text."""
    return pgtrigger.Trigger(
        name="is_part_of_the_text",
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        func=f"""
        IF TG_OP = 'UPDATE' AND OLD IS NOT DISTINCT FROM NEW THEN RETURN NULL; END IF;
        UPDATE {text} SET edit = edit + 1
        WHERE approved_at IS NULL AND id IN (OLD.{of}, NEW.{of});
        RETURN NULL;""",
    )


def standing(text: Any, *, live: bool, withdrawn: bool) -> str:
    """Return in a word where a text stands; `live` where its profile points to it."""
    if text.stage != Stage.PUBLISHED:
        return str(Stage(text.stage).label)
    if not live:
        return "replaced"
    return "withdrawn" if withdrawn else "live"
