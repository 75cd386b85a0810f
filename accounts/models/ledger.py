from typing import Any, ClassVar

import pgtrigger
from django.contrib.auth.models import AbstractUser, BaseUserManager, Group
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.querysets import HoldingQuerySet
from accounts.tiers import GATED, TITLES
from config.audit import audited, changes, never_emptied


class UserManager(BaseUserManager["User"]):
    """Makes users whose address is their name."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, **{**fields, "is_staff": True, "is_superuser": True})


def audited_join(what: str, *, of: str = "user") -> list[pgtrigger.Trigger]:
    """Entries about a person or group for what a table between them and something else gives and takes."""
    given, holder = f"{what}_id", f"{of}_id"
    both = [given, holder]
    return [
        audited(f"{what}.given", pgtrigger.Insert, kind=of, subject=holder, says=[given]),
        audited(f"{what}.moved", pgtrigger.Update, kind=of, subject=holder, says=both, when=changes(*both)),
        audited(f"{what}.taken", pgtrigger.Delete, kind=of, subject=holder, says=[given]),
    ]


RIGHTS = ["is_staff", "is_superuser", "is_active"]
CLOSING = ["closes_at", "closed_at"]


class User(AbstractUser):
    """Somebody who logs in: known by an email address, never by a user name."""

    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField("email address", unique=True)
    name = models.CharField(max_length=200, blank=True)
    last_visit = models.DateTimeField(
        null=True, editable=False, help_text="When they last came to their own page; moved once a day."
    )
    closes_at = models.DateTimeField(
        null=True, editable=False, help_text="When the account is erased, unless its owner thinks better of it."
    )
    closed_at = models.DateTimeField(null=True, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()  # type: ignore[assignment,misc]

    class Meta:
        permissions = [
            ("export_members", "Can take the list of members away"),
            ("end_sessions", "Can log somebody out everywhere"),
        ]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="one_user_per_address",
                violation_error_message="This address already has an account.",
            )
        ]
        triggers = [
            audited(
                "rights.given",
                pgtrigger.Insert,
                kind="user",
                says=RIGHTS,
                when="NEW.is_staff OR NEW.is_superuser",
            ),
            audited("rights.changed", pgtrigger.Update, kind="user", says=RIGHTS, when=changes(*RIGHTS)),
            audited("user.removed", pgtrigger.Delete, kind="user", says=RIGHTS),
            audited("closing.changed", pgtrigger.Update, kind="user", says=CLOSING, when=changes(*CLOSING)),
        ]

    def __str__(self) -> str:
        return f"closed account {self.pk}" if self.closed_at else self.email

    def get_full_name(self) -> str:
        return self.name or str(self)

    def get_short_name(self) -> str:
        return self.get_full_name()


class InGroup(User.groups.through):  # type: ignore[misc,name-defined]
    """Somebody in a group of the desk. Django makes the table; this carries its triggers."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = audited_join("group")


class MayDo(User.user_permissions.through):  # type: ignore[misc,name-defined]
    """A permission somebody has beside those of their groups."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = audited_join("permission")


class GroupMayDo(Group.permissions.through):  # type: ignore[misc,name-defined]
    """A permission that everybody in a group has."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = audited_join("permission", of="group")


TIERS = [(tier.value, TITLES[tier]) for tier in GATED]
SEATS = 3
HELD = ["user_id", "organisation_id", "starts_at", "ends_at"]
SEATED, GRANTED, SUSPENDED = [*HELD, "number"], [*HELD, "tier", "how"], HELD


def lasts_some_time(name: str) -> models.CheckConstraint:
    """What ends, ends after it began. Ended at once it never held."""
    return models.CheckConstraint(
        condition=models.Q(ends_at__isnull=True) | models.Q(ends_at__gte=models.F("starts_at")),
        name=name,
        violation_error_message="The end lies before the start.",
    )


def one_holder(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=models.Q(user__isnull=True) ^ models.Q(organisation__isnull=True),
        name=name,
        violation_error_message="Name a person or an organisation, and not both.",
    )


class Organisation(models.Model):
    """A company that holds number resources. A membership of the Leadership Alliance belongs to it, not to a person."""

    name = models.CharField(max_length=300)
    domain = models.CharField(max_length=253, blank=True, help_text="Its own domain, such as example.org.")
    number_resources = ArrayField(
        models.CharField(max_length=100),
        default=list,
        blank=True,
        help_text="The resources it was verified by, such as AS64500 or 192.0.2.0/24, separated by commas.",
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(name=""),
                name="organisation_named",
                violation_error_message="An organisation needs a name.",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Seat(models.Model):
    """One of the three places an organisation's membership has. The first is its manager's."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="seats")
    user = models.ForeignKey(User, models.PROTECT, related_name="seats")
    number = models.PositiveSmallIntegerField(help_text="1 is the manager's.")
    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True, blank=True)

    objects = HoldingQuerySet.as_manager()

    class Meta:
        ordering = ["organisation", "number", "-starts_at"]
        constraints = [
            models.UniqueConstraint(
                "organisation",
                "number",
                condition=models.Q(ends_at__isnull=True),
                name="one_person_per_seat",
                violation_error_message="This seat is taken; end it first.",
            ),
            models.UniqueConstraint(
                "organisation",
                "user",
                condition=models.Q(ends_at__isnull=True),
                name="one_seat_per_person",
                violation_error_message="This person already has a seat of that organisation.",
            ),
            models.CheckConstraint(
                condition=models.Q(number__range=(1, SEATS)),
                name="three_seats",
                violation_error_message=f"An organisation has {SEATS} seats.",
            ),
            lasts_some_time("seat_lasts"),
        ]
        triggers = [
            audited("seat.given", pgtrigger.Insert, kind="seat", says=SEATED),
            audited("seat.changed", pgtrigger.Update, kind="seat", says=SEATED, when=changes(*SEATED)),
            audited("seat.removed", pgtrigger.Delete, kind="seat", says=SEATED),
        ]

    def __str__(self) -> str:
        return f"{self.organisation}, seat {self.number}"


class Grant(models.Model):
    """An entry in the ledger that gives a person or an organisation a tier from a moment to a moment.

    Never edited except to end it earlier, and never removed.
    """

    class How(models.TextChoices):
        JOINED = "joined", "Joined"
        APPLICATION = "application", "Application"
        COMP = "comp", "Complimentary"

    user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="grants")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="grants")
    tier = models.PositiveSmallIntegerField(choices=TIERS)
    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True, blank=True, help_text="Empty: until it is ended.")
    how = models.CharField(max_length=15, choices=How, default=How.COMP)
    evidence = models.TextField(blank=True, help_text="What it rests on, for whoever looks at it next year.")
    granted_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, editable=False, related_name="+")
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, editable=False, related_name="+")
    end_reason = models.TextField(blank=True)

    objects = HoldingQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_at", "-pk"]
        constraints = [
            one_holder("grant_holder"),
            lasts_some_time("grant_lasts"),
            models.CheckConstraint(
                condition=models.Q(tier__in=[value for value, _title in TIERS]),
                name="grant_tier",
                violation_error_message="A grant gives the Strategic Circle or the Leadership Alliance.",
            ),
            # Two clicks on "Join" at once are one membership.
            models.UniqueConstraint(
                "user",
                condition=models.Q(how="joined", ends_at__isnull=True),
                name="joined_once",
                violation_error_message="This person is a member already.",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="grants_stay", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="grants_only_end",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="""
                IF ROW(OLD.id, OLD.user_id, OLD.organisation_id, OLD.tier, OLD.starts_at, OLD.how, OLD.granted_by_id)
                   IS DISTINCT FROM
                   ROW(NEW.id, NEW.user_id, NEW.organisation_id, NEW.tier, NEW.starts_at, NEW.how, NEW.granted_by_id)
                   OR coalesce(NEW.ends_at, 'infinity') > coalesce(OLD.ends_at, 'infinity')
                   -- What it rested on may speak of somebody: it goes with a closed account, and only then.
                   OR NEW.evidence <> OLD.evidence AND NOT (NEW.evidence = '' AND EXISTS (
                       SELECT FROM accounts_user WHERE id = NEW.user_id AND closed_at IS NOT NULL)) THEN
                    RAISE EXCEPTION 'A grant is never edited, except to end it earlier.';
                END IF; RETURN NEW;""",
            ),
            audited("grant.added", pgtrigger.Insert, kind="grant", says=GRANTED, by="granted_by_id"),
            audited(
                "grant.ended",
                pgtrigger.Update,
                kind="grant",
                says=GRANTED,
                when=changes("ends_at", "ended_by_id") + " OR NEW.end_reason NOT IN (OLD.end_reason, '')",
                by="ended_by_id",
                why="end_reason",
            ),
            never_emptied("grants", "A grant stays in the ledger."),
        ]

    def __str__(self) -> str:
        return f"{self.get_tier_display()} for {self.organisation or self.user}"

    def clean(self) -> None:
        if self.tier == GATED[-1] and self.organisation is None and self.how != self.How.COMP:
            raise ValidationError("A membership of the Leadership Alliance belongs to an organisation.")


class Suspension(models.Model):
    """Somebody, or an organisation with all its seats, reads as a stranger does for a while."""

    user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="suspensions")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="suspensions")
    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True, blank=True, help_text="Empty: until it is lifted.")
    reason = models.TextField(help_text="The person reads this.")
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, editable=False, related_name="+")

    objects = HoldingQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_at", "-pk"]
        constraints = [one_holder("suspension_holder"), lasts_some_time("suspension_lasts")]
        triggers = [
            audited("suspension.added", pgtrigger.Insert, kind="suspension", says=SUSPENDED, by="by_id", why="reason"),
            audited(
                "suspension.changed",
                pgtrigger.Update,
                kind="suspension",
                says=SUSPENDED,
                when=changes(*SUSPENDED) + " OR NEW.reason NOT IN (OLD.reason, '')",
            ),
            audited("suspension.removed", pgtrigger.Delete, kind="suspension", says=SUSPENDED),
        ]

    def __str__(self) -> str:
        return f"{self.organisation or self.user}, since {self.starts_at:%d %B %Y}"
