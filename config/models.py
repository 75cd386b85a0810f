import pgtrigger
from django.db import models
from django.db.models.functions import Now

from config.audit import never_emptied

WAS, IS = (
    f"ROW({', '.join(f'{side}.{column}' for column in ('id', 'at', 'actor', 'verb', 'subject_kind', 'subject_id'))})"
    for side in ("OLD", "NEW")
)


class AuditEntry(models.Model):
    """Somebody did something that may have to be answered for. Never changed, only blanked for a person who is erased.

    The actor is a number and no foreign key: the entry outlives the account, and knows no name.
    """

    at = models.DateTimeField(db_default=Now(), editable=False)
    actor = models.BigIntegerField(
        null=True, editable=False, help_text="The number of the user; none for what came by SQL or from a command."
    )
    verb = models.CharField(max_length=40, editable=False)
    subject_kind = models.CharField(max_length=40, editable=False)
    subject_id = models.BigIntegerField(null=True, editable=False)
    reason = models.TextField(blank=True, db_default="", editable=False)
    details = models.JSONField(db_default={}, editable=False)

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name_plural = "audit entries"
        default_permissions = ()
        indexes = [
            models.Index(fields=["subject_kind", "subject_id", "-at"], name="audit_subject"),
            models.Index(fields=["actor", "-at"], name="audit_actor"),
            models.Index(fields=["verb", "-at"], name="audit_verb"),
        ]
        triggers = [
            pgtrigger.Protect(name="entries_stay", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="entries_say_what_they_said",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    f"{WAS} IS DISTINCT FROM {IS} OR NEW.reason NOT IN (OLD.reason, '')"
                    " OR NEW.details NOT IN (OLD.details, '{}')"
                ),
            ),
            never_emptied("entries", "The audit stays."),
        ]

    def __str__(self) -> str:
        return f"{self.verb}: {self.subject_kind} {self.subject_id}"
