from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

LONGEST_MESSAGE = 5000


class ContactForm(forms.Form):
    """A report from a reader. Nobody needs to say who they are."""

    message = forms.CharField(
        label=_("Your message"),
        max_length=LONGEST_MESSAGE,
        widget=forms.Textarea(attrs={"rows": 9}),
        help_text=_("What is wrong, and where it can be checked. Up to 5,000 characters."),
        error_messages={"required": _("Please write what we should look at.")},
    )
    name = forms.CharField(
        label=_("Your name (optional)"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.EmailField(
        label=_("Your email address (optional)"),
        max_length=254,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=_("Only if you want an answer."),
        error_messages={"invalid": _("This does not look like an email address.")},
    )
    # Programs fill in every field they find; people never see this one.
    website = forms.CharField(
        label=_("Leave this field empty"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **options})

    @property
    def shown(self) -> list[forms.BoundField]:
        return [field for field in self if field.name != "website"]

    @property
    def is_from_a_program(self) -> bool:
        return bool(self.cleaned_data.get("website"))
