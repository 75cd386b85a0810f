"""Log-ins that have ended: removed with what the reader's list of sessions says of them, address and browser included."""

from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from config.chores import chore


@chore(every=timedelta(hours=6))
def clear_ended() -> None:
    """Remove sessions that have run out, and what was noted about sessions that are gone."""
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    standing = Session.objects.values("session_key")
    UserSession.objects.exclude(session_key__in=standing).delete()
