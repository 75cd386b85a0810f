from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict

from accounts.applications import documents
from accounts.applications.actions import Written
from accounts.applications.documents import BadDocument, Upload
from accounts.models import Version
from accounts.models.application import TEXTS


class ApplicationForm(forms.Form):
    """What an applicant writes. A draft may lack anything; what is needed is checked when it is submitted."""

    organisation = forms.CharField(
        label="Your organisation",
        max_length=300,
        required=False,
        help_text="Its name as the registry has it, if it is there.",
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    resources = forms.CharField(
        label="Number resources it holds",
        max_length=600,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocapitalize": "none"}),
        help_text="Up to five, one a line: an AS number, a prefix, or the handle of your organisation. AS64500, 192.0.2.0/24, ORG-EX1-RIPE.",
    )
    role = forms.CharField(
        label="What you do there",
        max_length=200,
        required=False,
        help_text="Owner, managing director, head of network, …",
        widget=forms.TextInput(attrs={"autocomplete": "organization-title"}),
    )
    domain = forms.CharField(
        label="Its domain (optional)",
        max_length=253,
        required=False,
        help_text="If you can set a record in its DNS, that shows that you speak for it. You see the record once this is saved.",
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false", "inputmode": "url"}),
    )
    statement = forms.CharField(
        label="Anything an officer should know (optional)",
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    document = forms.FileField(
        label="A document (optional)",
        required=False,
        help_text="An extract from a register, a letter of your registry: PDF, PNG or JPEG, up to 5 MB. Only you and the membership officers can open it.",
        widget=forms.FileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
    )
    without_document = forms.BooleanField(label="Remove the document", required=False)
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
            raise forms.ValidationError("The file is larger than 5 MB.")
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
        label="Invite a colleague",
        max_length=254,
        help_text="The address they use for work. They need an account with it, or make one on the way.",
        error_messages={
            "required": "Write the address to invite.",
            "invalid": "This does not look like an email address.",
        },
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **options})

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if not email.isascii():
            raise forms.ValidationError("Write the address in plain Latin letters.")
        return email
