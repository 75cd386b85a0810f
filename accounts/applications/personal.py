"""What applications and invitations hold on a person: handed over on request, and forgotten with the account."""

from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import Q
from django.utils import timezone

from accounts.applications import actions
from accounts.models import Application, ApplicationEvent, Check, Document, Invitation, User, Version
from accounts.models.application import TEXTS
from config.models import OutgoingMail


def export_applications(user: User) -> list[dict[str, Any]]:
    return [_told(application) for application in user.applications.order_by("pk")]


def _told(application: Application) -> dict[str, Any]:
    return {
        "state": application.state,
        "since": application.state_since,
        "versions": list(application.versions.values("number", "at", *TEXTS)),
        "steps": list(application.events.values("at", "step", "was", "became", "reason")),
        "checks": list(application.checks.values("kind", "asked", "asked_at", "outcome", "answer")),
        "documents": list(application.documents.values("name", "kind", "size", "uploaded_at")),
    }


def forget_applications(user: User) -> None:
    """Take back what is open, and blank what was written; that somebody applied, and what was decided, stays."""
    if user.applications.open().exists():
        actions.withdraw(applicant=user)
    Version.objects.filter(application__applicant=user).update(document=None, **dict.fromkeys(TEXTS, ""))
    Document.objects.filter(application__applicant=user).delete()
    ApplicationEvent.objects.filter(application__applicant=user).update(reason="")
    Check.objects.filter(application__applicant=user).update(asked="", answer="")


def _theirs(user: User) -> Q:
    """Those they sent, and those that were sent to an address they have confirmed."""
    theirs = Q(invited_by=user) | Q(accepted_by=user)
    for address in EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True):
        theirs |= Q(email__iexact=address)
    return theirs


def export_invitations(user: User) -> list[dict[str, Any]]:
    told = ["organisation__name", "email", "created_at", "expires_at", "accepted_at", "withdrawn_at"]
    return [dict(row) for row in Invitation.objects.filter(_theirs(user)).order_by("pk").values(*told)]


def forget_invitations(user: User) -> None:
    now, theirs = timezone.now(), list(Invitation.objects.filter(_theirs(user)).values_list("pk", flat=True))
    Invitation.objects.open(now).filter(pk__in=theirs).update(withdrawn_at=now)
    to_them = Invitation.objects.filter(pk__in=theirs).exclude(invited_by=user)
    OutgoingMail.objects.filter(
        kind="invited", about__invitation__in=list(to_them.values_list("pk", flat=True))
    ).delete()
    to_them.update(email="")
