from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.applications import documents
from accounts.applications.actions import Written
from accounts.applications.documents import BadDocument, Upload
from accounts.models import Version
from accounts.models.application import TEXTS


class ApplicationForm(forms.Form):
    """What an applicant writes. A draft may lack anything; what is needed is checked when it is submitted."""

    organisation = forms.CharField(
        label=_("Your organisation"),
        max_length=300,
        required=False,
        help_text=_("Its name as the registry has it, if it is there."),
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    resources = forms.CharField(
        label=_("Number resources it holds"),
        max_length=600,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocapitalize": "none"}),
        help_text=_(
            "Up to five, one a line: an AS number, a prefix, or the handle of your organisation. AS64500, 192.0.2.0/24, ORG-EX1-RIPE."
        ),
    )
    role = forms.CharField(
        label=_("What you do there"),
        max_length=200,
        required=False,
        help_text=_("Owner, managing director, head of network, …"),
        widget=forms.TextInput(attrs={"autocomplete": "organization-title"}),
    )
    domain = forms.CharField(
        label=_("Its domain (optional)"),
        max_length=253,
        required=False,
        help_text=_(
            "If you can set a record in its DNS, that shows that you speak for it. You see the record once this is saved."
        ),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false", "inputmode": "url"}),
    )
    statement = forms.CharField(
        label=_("Anything an officer should know (optional)"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    document = forms.FileField(
        label=_("A document (optional)"),
        required=False,
        help_text=_(
            "An extract from a register, a letter of your registry: PDF, PNG or JPEG, up to 5 MB. Only you and the membership officers can open it."
        ),
        widget=forms.FileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
    )
    without_document = forms.BooleanField(label=_("Remove the document"), required=False)
    # The version that was before the applicant, so that two windows do not overwrite each other unseen.
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0, max_value=2**31 - 1)

    def __init__(self, *args: Any, held: Version, **options: Any) -> None:
        initial = {name: getattr(held, name) for name in TEXTS} | {"seen": held.number or 0}
        super().__init__(*args, **{"label_suffix": "", "initial": initial, **options})
        self.held_document = held.document
        if held.document is None:
            del self.fields["without_document"]

    def clean_document(self) -> Upload | None:
        file: UploadedFile | None = self.cleaned_data["document"]
        if file is None:
            return None
        if file.size and file.size > documents.MOST_BYTES:
            raise forms.ValidationError(
                _("The file is larger than %(number)d MB.") % {"number": documents.MOST_MEGABYTES}
            )
        try:
            return documents.read_upload(file.read(), name=file.name or "")
        except BadDocument as bad:
            raise forms.ValidationError(str(bad)) from None

    @property
    def seen_version(self) -> int:
        return int(self.cleaned_data.get("seen") or 0)

    def written(self) -> Written:
        said = self.cleaned_data
        return Written(
            **{name: said.get(name, "") for name in TEXTS},
            upload=said.get("document"),
            without_document=bool(said.get("without_document")),
        )

    def show_version(self, number: int) -> None:
        """Have the next sending of this form count as one that has seen that version."""
        self.data = {**self.data.dict(), "seen": str(number)} if isinstance(self.data, QueryDict) else self.data


class InvitationForm(forms.Form):
    email = forms.EmailField(
        label=_("Invite a colleague"),
        max_length=254,
        help_text=_("The address they use for work. They need an account with it, or make one on the way."),
        error_messages={
            "required": _("Write the address to invite."),
            "invalid": _("This does not look like an email address."),
        },
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **options})

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if not email.isascii():
            raise forms.ValidationError(_("Write the address in plain Latin letters."))
        return email
