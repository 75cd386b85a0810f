"""The one step that brings this reader further: log in, confirm, join or apply."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.access import Standing
from accounts.applications.states import State
from accounts.tiers import Tier
from briefings.teasers import page_of


@dataclass(frozen=True, slots=True)
class Step:
    """A sentence, and the link that follows from it."""

    words: str
    label: str
    url: str
    other_label: str = ""
    other_url: str = ""


def next_step(standing: Standing, locked: Sequence[Tier], *, back: str) -> Step | None:
    """Return what to offer somebody for whom these tiers are locked; `back` is where they are now."""
    if not locked:
        return None
    if not standing.logged_in:
        return Step(
            _("Members read on here. If you have no account yet, one takes a minute and costs nothing."),
            _("Log in"),
            _from(reverse("account_login"), back),
            _("Create an account"),
            _from(reverse("account_signup"), back),
        )
    if standing.suspended:
        words = _("Your membership is suspended for now. Your account page says why.")
        return Step(words, _("Your account"), reverse("accounts:home"))
    if not standing.verified:
        words = _("Your email address is not confirmed yet. Confirm it, then you can join.")
        return Step(words, _("Confirm your address"), reverse("account_email"))
    if min(locked) == Tier.STRATEGIC_CIRCLE:
        words = _("You are logged in. The Strategic Circle is free, and joining it takes one click.")
        return Step(words, _("Join the Strategic Circle"), _from(reverse("accounts:circle"), back))
    return _towards_the_alliance(standing)


APPLYING = {
    State.DRAFT: (
        gettext_lazy("You have begun an application to the Leadership Alliance, which opens the rest."),
        gettext_lazy("Go on with it"),
    ),
    State.SUBMITTED: (
        gettext_lazy(
            "The rest opens once your application to the Leadership Alliance is approved. A decision takes up to five "
            "working days."
        ),
        gettext_lazy("Where it stands"),
    ),
    State.NEEDS_INFORMATION: (
        gettext_lazy(
            "Your application to the Leadership Alliance, which opens the rest, waits for an answer from you."
        ),
        pgettext_lazy("what somebody may do", "Answer"),
    ),
}


def _towards_the_alliance(standing: Standing) -> Step:
    if standing.applying:
        words, label = APPLYING[standing.applying]
        return Step(str(words), str(label), reverse("accounts:application"))
    return Step(
        _("The rest is for members of the Leadership Alliance: companies that hold IP address resources."),
        _("Apply to the Leadership Alliance"),
        reverse("accounts:application"),
        _("About the Leadership Alliance"),
        page_of(Tier.LEADERSHIP_ALLIANCE),
    )


def _from(url: str, back: str) -> str:
    return f"{url}?{urlencode({'next': back})}"
