from typing import Any

from django import forms

from briefings.alerts.models import Often

PACES = [(value, f"{label[0].upper()}{label[1:]}") for value, label in Often.choices]


class Plain(forms.Form):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **options})


class PreferenceForm(Plain):
    """How often somebody is written to, unless a follow says otherwise."""

    often = forms.ChoiceField(
        label="How often",
        choices=PACES,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one of these.", "invalid_choice": "Choose one of these."},
    )


class FollowForm(Plain):
    """How often one follow is told. What the account says comes first."""

    often = forms.ChoiceField(
        label="How often",
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "Choose one of these."},
    )

    def __init__(self, *args: Any, account: str, **options: Any) -> None:
        super().__init__(*args, **options)
        as_account = f"As for everything you follow: {Often(account).label}"
        self.fields["often"].choices = [("", as_account), *PACES]  # type: ignore[attr-defined]


class SubscribeForm(Plain):
    """An address for the newsletter. Whoever types it may not be its owner."""

    email = forms.EmailField(
        label="Your email address",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": "Please type the address that the newsletter is for.",
            "invalid": "This does not look like an email address.",
        },
    )
    # Programs fill in every field they find; people never see this one.
    website = forms.CharField(
        label="Leave this field empty",
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )

    @property
    def is_from_a_program(self) -> bool:
        return bool(self.cleaned_data.get("website"))
