"""When somebody last came to their own page, so that it can say what is new since."""

from datetime import datetime

from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User

DAY, SINCE = "visit_day", "visit_since"


def last_visit(request: HttpRequest, user: User) -> datetime | None:
    """Return when the visit before this one began; None at the first. Coming back the same day is still this visit."""
    now = timezone.now()
    if request.session.get(DAY) != f"{now:%Y-%m-%d}":
        request.session[DAY] = f"{now:%Y-%m-%d}"
        request.session[SINCE] = user.last_visit.isoformat() if user.last_visit else ""
        User.objects.filter(pk=user.pk).update(last_visit=now)
    since = request.session[SINCE]
    return datetime.fromisoformat(since) if since else None
