from typing import Any

from django import template

from accounts.models import User
from briefings.alerts.forms import PreferenceForm
from briefings.alerts.models import Follow, Often, Preference

register = template.Library()


@register.inclusion_tag("alerts/_on_the_account_page.html")
def following_of(user: User) -> dict[str, Any]:
    """What the account page says of following: the question how often to write, until it has been answered."""
    said = Preference.objects.filter(user=user).first()
    return {
        "number": Follow.objects.filter(user=user).count(),
        "account": Often(said.often).label if said else "",
        "form": None if said else PreferenceForm(initial={"often": Often.DAILY}),
    }
