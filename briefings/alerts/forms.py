from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from briefings.alerts.models import Often

PACES = [(value, capfirst(label)) for value, label in Often.choices]

CHOOSE = gettext_lazy("Choose one of these.")


class Plain(forms.Form):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **options})


class PreferenceForm(Plain):
    """How often somebody is written to, unless a follow says otherwise."""

    often = forms.ChoiceField(
        label=gettext_lazy("How often"),
        choices=PACES,
        widget=forms.RadioSelect,
        error_messages={"required": CHOOSE, "invalid_choice": CHOOSE},
    )


class FollowForm(Plain):
    """How often one follow is told. What the account says comes first."""

    often = forms.ChoiceField(
        label=gettext_lazy("How often"),
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": CHOOSE},
    )

    def __init__(self, *args: Any, account: str, **options: Any) -> None:
        super().__init__(*args, **options)
        as_account = _("As for everything you follow: %(pace)s") % {"pace": Often(account).label}
        self.fields["often"].choices = [("", as_account), *PACES]  # type: ignore[attr-defined]


class SubscribeForm(Plain):
    """An address for the newsletter. Whoever types it may not be its owner."""

    email = forms.EmailField(
        label=gettext_lazy("Your email address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": gettext_lazy("Please type the address that the newsletter is for."),
            "invalid": gettext_lazy("This does not look like an email address."),
        },
    )
    # Programs fill in every field they find; people never see this one.
    website = forms.CharField(
        label=gettext_lazy("Leave this field empty"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )

    @property
    def is_from_a_program(self) -> bool:
        return bool(self.cleaned_data.get("website"))
