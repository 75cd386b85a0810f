import hashlib
import secrets
from datetime import datetime

import pgtrigger
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models.ledger import Organisation, User
from config.audit import audited, changes

OFFERED = ["organisation_id", "invited_by_id", "expires_at", "accepted_by_id", "withdrawn_at"]


def make_nonce() -> str:
    return secrets.token_hex(16)


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self, at: datetime) -> "InvitationQuerySet":
        """Those that can still be accepted."""
        return self.filter(accepted_at__isnull=True, withdrawn_at__isnull=True, expires_at__gt=at)


class Invitation(models.Model):
    """A seat offered to an address by the manager of an organisation.

    Whoever accepts needs an account with that address confirmed; the link from the mail shows what it is about before
    there is one. Its token is not kept: it is made from the row and the site's secret key when the mail is written, and
    here is only its hash.
    """

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="invitations")
    email = models.EmailField()
    invited_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    nonce = models.CharField(max_length=32, default=make_nonce)
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=models.Q(accepted_at__isnull=True) | models.Q(withdrawn_at__isnull=True),
                name="accepted_or_withdrawn",
            )
        ]
        triggers = [
            audited("invitation.sent", pgtrigger.Insert, kind="invitation", says=OFFERED, by="invited_by_id"),
            audited("invitation.changed", pgtrigger.Update, kind="invitation", says=OFFERED, when=changes(*OFFERED)),
            audited("invitation.removed", pgtrigger.Delete, kind="invitation", says=OFFERED),
        ]

    def __str__(self) -> str:
        return f"Invitation to {self.organisation}"

    @property
    def token(self) -> str:
        return salted_hmac("accounts.invitation", self.nonce, algorithm="sha256").hexdigest()

    @staticmethod
    def hash_of(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()
