import pgtrigger
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower, Now

from config.audit import audited, never_emptied

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


class OutgoingMail(models.Model):
    """A mail in the outbox: to whom, of which kind and about what; what it says is written when it leaves."""

    key = models.CharField(max_length=200, unique=True, help_text="The same cause posted twice is one mail.")
    kind = models.CharField(max_length=40)
    to = models.EmailField()
    user_id = models.BigIntegerField(null=True, blank=True, db_index=True)
    about = models.JSONField(default=dict, blank=True)
    made_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=500, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    dropped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        default_permissions = ("view",)
        indexes = [
            models.Index(
                fields=["due_at", "id"], name="mail_waiting", condition=models.Q(sent_at=None, dropped_at=None)
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(sent_at=None) | models.Q(dropped_at=None), name="mail_sent_or_dropped"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.to}"


class MutedAddress(models.Model):
    """An address that gets nothing from the outbox: mails to it came back, or its owner wants none."""

    address = models.EmailField(unique=True, help_text="In small letters.")
    reason = models.CharField(max_length=500)
    muted_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-muted_at"]
        verbose_name_plural = "muted addresses"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(address=Lower("address")),
                name="muted_in_small_letters",
                violation_error_message="Write the address in small letters.",
            )
        ]

    def __str__(self) -> str:
        return self.address


class ChoreTurn(models.Model):
    """When a chore was last begun and ended (config/chores.py)."""

    name = models.CharField(max_length=200, primary_key=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class Site(models.Model):
    """What the site is called and who answers for it: one row, edited by administrators."""

    THE_ONE = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=THE_ONE, editable=False)
    name = models.CharField(
        max_length=40,
        default="Assay",
        validators=[RegexValidator(r"\A[^\x00-\x1f<>\"]+\Z", "Write a name of letters, digits and spaces.")],
        help_text="In the header, in titles and feeds, and before the subject of each mail.",
    )
    contact_address = models.EmailField(
        blank=True,
        help_text="In the footer, and where answers to mails go. Leave it empty to show the contact page alone.",
    )
    imprint = models.TextField(
        blank=True, max_length=1000, help_text="Who runs the site, one line each; stands in the footer."
    )
    logo = models.BinaryField(null=True, editable=False)
    logo_digest = models.CharField(max_length=64, blank=True, editable=False)
    logo_width = models.PositiveSmallIntegerField(default=0, editable=False)
    logo_height = models.PositiveSmallIntegerField(default=0, editable=False)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "the site"
        verbose_name_plural = "the site"
        default_permissions = ("view", "change")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(id=1), name="one_site", violation_error_message="There is one record of the site."
            ),
            models.CheckConstraint(
                condition=~models.Q(name=""), name="site_named", violation_error_message="The site needs a name."
            ),
        ]
        triggers = [
            audited("site.filed", pgtrigger.Insert, kind="site", says=["changed_at"]),
            audited("site.changed", pgtrigger.Update, kind="site", says=["changed_at"]),
        ]

    def __str__(self) -> str:
        return self.name
