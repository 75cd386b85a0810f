from typing import Any

from django.core.validators import RegexValidator
from django.db import models

ASCII_SLUG = RegexValidator(r"\A[a-z0-9]+(-[a-z0-9]+)*\Z", "Use small letters a-z, digits and single hyphens.")


class SlugField(models.CharField):  # type: ignore[type-arg]
    """The name a thing has in addresses: ASCII, unique."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": 100, "unique": True, "validators": [ASCII_SLUG], **options})

    def deconstruct(self) -> Any:
        name, _path, args, options = super().deconstruct()
        options.pop("validators", None)
        return name, "profiles.models.slugs.SlugField", args, options
