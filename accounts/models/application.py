"""An application to the Leadership Alliance with all that belongs to it: what was written, what was done, what was found."""

import secrets
from typing import Any

import pgtrigger
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.applications import states
from accounts.applications.states import State
from accounts.models.ledger import Organisation, User
from config.audit import audited, changes, never_emptied

TEXTS = ["organisation", "domain", "resources", "role", "statement"]
FOUND = ["id", "application_id", "version", "kind", "asked_at", "outcome", "answered_at"]
APPLIED = ["applicant_id", "state", "version"]


def make_token() -> str:
    return secrets.token_hex(16)


def stays(rows: str, *, kept: list[str], blanked: list[str], let_go: str = "") -> list[pgtrigger.Trigger]:
    """Rows that are only ever added. What may speak of somebody can be blanked or let go of, for when they are erased."""
    broken = [f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in kept]
    broken += [f"NEW.{name} NOT IN (OLD.{name}, '')" for name in blanked]
    broken += [f"NEW.{let_go} <> OLD.{let_go}", f"OLD.{let_go} IS NULL AND NEW.{let_go} IS NOT NULL"] if let_go else []
    return [
        pgtrigger.Protect(name=f"{rows}_stay", operation=pgtrigger.Delete),
        pgtrigger.Protect(
            name=f"{rows}_say_what_they_said",
            operation=pgtrigger.Update,
            condition=pgtrigger.Condition(" OR ".join(broken)),
        ),
        never_emptied(rows, "What was said about an application stays."),
    ]


class ApplicationQuerySet(models.QuerySet["Application"]):
    def open(self) -> "ApplicationQuerySet":
        return self.filter(state__in=states.OPEN)

    def handed_in(self) -> "ApplicationQuerySet":
        """Those that were submitted at least once; an unsent draft is nobody's business but its writer's."""
        return self.filter(submitted_at__isnull=False)


class Application(models.Model):
    """Somebody asks for a membership of the Leadership Alliance for their organisation.

    Its state changes by the steps of `accounts.applications.states` alone; the database refuses every other way.
    """

    applicant = models.ForeignKey(User, models.PROTECT, related_name="applications", editable=False)
    state = models.CharField(max_length=20, choices=states.CHOICES, default=State.DRAFT.value, editable=False)
    state_since = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(
        default=0, editable=False, help_text="Of what the applicant wrote, the newest."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    submitted_at = models.DateTimeField(null=True, editable=False)
    token = models.CharField(max_length=32, default=make_token, editable=False, help_text="For the record in DNS.")
    renews = models.ForeignKey(
        Organisation, models.PROTECT, null=True, related_name="renewals", editable=False, verbose_name="renewal of"
    )
    granted = models.ForeignKey(
        Organisation, models.PROTECT, null=True, related_name="applications", editable=False, verbose_name="became"
    )
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        default_permissions = ("view", "change")
        constraints = [
            models.UniqueConstraint(
                "applicant",
                condition=models.Q(state__in=states.OPEN),
                name="one_open_application",
                violation_error_message="This person has an open application already.",
            ),
            models.CheckConstraint(
                condition=models.Q(decided_by__isnull=True) | ~models.Q(decided_by=models.F("applicant")),
                name="nobody_decides_their_own",
                violation_error_message="Nobody decides on an application of their own.",
            ),
        ]
        indexes = [models.Index(fields=["state", "state_since"], name="application_waits")]
        triggers = [
            pgtrigger.FSM(name="states_follow_the_table", field="state", transitions=list(states.moves())),
            audited("application.begun", pgtrigger.Insert, kind="application", says=APPLIED, by="applicant_id"),
            audited("application.moved", pgtrigger.Update, kind="application", says=APPLIED, when=changes(*APPLIED)),
            audited("application.removed", pgtrigger.Delete, kind="application", says=APPLIED),
        ]

    def __str__(self) -> str:
        return f"Application {self.pk}"

    @property
    def stands(self) -> State:
        return State(self.state)

    @property
    def is_open(self) -> bool:
        return self.stands in states.OPEN

    def text(self) -> "Version":
        """What the applicant wrote last; empty while they have saved nothing."""
        return self.versions.select_related("document").filter(number=self.version).first() or Version(application=self)


class Document(models.Model):
    """A file that shows whom an applicant speaks for. Read by the applicant and by membership officers, nobody else.

    It lies in the database: backups hold it, no address of a file leads to it, and it goes with what it belongs to.
    """

    class Kind(models.TextChoices):
        PDF = "pdf", "PDF"
        PNG = "png", "PNG"
        JPEG = "jpeg", "JPEG"

    application = models.ForeignKey(Application, models.CASCADE, related_name="documents")
    kind = models.CharField(max_length=4, choices=Kind)
    name = models.CharField(max_length=100, help_text="What the applicant's file was called.")
    size = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    content = models.BinaryField()
    uploaded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-uploaded_at"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class Version(models.Model):
    """What an application said at one time. A decision names the version it is about."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now)
    organisation = models.CharField(max_length=300, blank=True)
    domain = models.CharField(max_length=253, blank=True)
    resources = models.TextField(blank=True)
    role = models.CharField(max_length=200, blank=True)
    statement = models.TextField(blank=True)
    document = models.ForeignKey(Document, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["application", "number"]
        default_permissions = ()
        constraints = [models.UniqueConstraint("application", "number", name="versions_are_numbered")]
        triggers = stays("versions", kept=["id", "application_id", "number", "at"], blanked=TEXTS, let_go="document_id")

    def __str__(self) -> str:
        return f"version {self.number}"

    def says(self) -> dict[str, Any]:
        """What is written in it, by field."""
        return {name: getattr(self, name) for name in TEXTS} | {"document_id": self.document_id}

    def as_a_start(self) -> "Version":
        """The same words for another application; its document stays where it is."""
        return Version(**{name: getattr(self, name) for name in TEXTS})

    @property
    def resource_list(self) -> list[str]:
        return self.resources.split()


class ApplicationEvent(models.Model):
    """One step of an application: who took it, when, from which state to which, about which version, and why."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    step = models.CharField(max_length=10, choices=states.STEPS)
    was = models.CharField(max_length=20, choices=states.CHOICES)
    became = models.CharField(max_length=20, choices=states.CHOICES)
    version = models.PositiveIntegerField()
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ["at", "pk"]
        default_permissions = ()
        triggers = stays(
            "events",
            kept=["id", "application_id", "at", "actor_id", "step", "was", "became", "version"],
            blanked=["reason"],
        )

    def __str__(self) -> str:
        return f"{self.application}: {self.step}"


class Check(models.Model):
    """One question to a registry or to DNS, whether an applicant speaks for a resource or a domain, and its answer.

    It waits until it has an outcome; what came of it is never changed.
    """

    class Kind(models.TextChoices):
        RDAP = "rdap", _("Registry")
        DNS = "dns", _("DNS record")

    class Outcome(models.TextChoices):
        WAITING = "", _("waiting")
        MATCHED = "matched", _("matches")
        NO_MATCH = "no-match", _("does not match")
        NO_ANSWER = "no-answer", _("no answer")

    application = models.ForeignKey(Application, models.PROTECT, related_name="checks")
    version = models.PositiveIntegerField()
    kind = models.CharField(max_length=4, choices=Kind)
    asked = models.CharField(max_length=253)
    asked_at = models.DateTimeField(default=timezone.now)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True, default=Outcome.WAITING)
    answer = models.CharField(max_length=300, blank=True)
    answered_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-version", "kind", "asked", "-asked_at"]
        default_permissions = ()
        constraints = [
            # Clicking twice is asking once.
            models.UniqueConstraint(
                "application", "kind", "asked", condition=models.Q(outcome=""), name="one_question_at_a_time"
            )
        ]
        indexes = [
            models.Index(fields=["next_try_at"], condition=models.Q(outcome=""), name="checks_due"),
        ]
        triggers = [
            pgtrigger.Protect(
                name="outcomes_stay", operation=pgtrigger.Delete, condition=pgtrigger.Condition("OLD.outcome <> ''")
            ),
            pgtrigger.Protect(
                name="outcomes_say_what_they_said",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    f"OLD.outcome <> '' AND ({changes(*FOUND)}"
                    " OR NEW.asked NOT IN (OLD.asked, '') OR NEW.answer NOT IN (OLD.answer, ''))"
                ),
            ),
            never_emptied("checks", "What was found about an application stays."),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.asked}"

    @property
    def is_waiting(self) -> bool:
        return self.outcome == self.Outcome.WAITING
