"""What the outbox says about profiles; found by itself."""

from django.urls import reverse

from config import mailing
from config.models import OutgoingMail
from profiles import contact
from profiles.models import Ticket


@mailing.renders(contact.ANSWERED)
def ticket_answered(mail: OutgoingMail) -> mailing.Written | None:
    """The answer of an editor. It does not repeat the report: anybody may have typed this address under theirs."""
    found = Ticket.objects.select_related("profile__live_revision", "correction").filter(pk=mail.about["ticket"])
    ticket = found.first()
    if ticket is None or not ticket.email or not ticket.answer:
        return None
    return mailing.written("profiles/mails/ticket_answered.txt", {"ticket": ticket, "about": _about(ticket)})


def _about(ticket: Ticket) -> dict[str, str]:
    """The name and address of the profile, as long as everybody may know of it."""
    profile = ticket.profile
    if profile is None or not profile.is_live or profile.live_revision is None:
        return {}
    return {
        "name": profile.live_revision.name,
        "path": profile.get_absolute_url(),
        "corrections": reverse("profiles:correction_list"),
    }
