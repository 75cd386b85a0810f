"""How a verdict is kept: what the profile and its deciding judgement share stands in the table once."""

from typing import Any

from django.db import models

Told = dict[str, Any]
SHARED = ("steps", "lines")


def packed(told: Told) -> Told:
    """Return the verdict without the working of the judgement that decides, which is the profile's own."""
    key = told["least_sure"]
    if key is None:
        return told
    deciding = {name: value for name, value in told["judgements"][key].items() if name not in SHARED}
    return {**told, "judgements": {**told["judgements"], key: deciding}}


def unpacked(kept: Told) -> Told:
    """Return the verdict whole again."""
    key = kept.get("least_sure")
    if key is None or "steps" in kept["judgements"][key]:
        return kept
    # The profile's first step names the judgement that decides; the others are that judgement's.
    whole = {**kept["judgements"][key], "steps": kept["steps"][1:], "lines": kept["lines"]}
    return {**kept, "judgements": {**kept["judgements"], key: whole}}


class VerdictField(models.JSONField):
    """A verdict as `working.as_json` gives it."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        told = super().from_db_value(value, expression, connection)
        return unpacked(told) if isinstance(told, dict) and "judgements" in told else told

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        whole = isinstance(value, dict) and "judgements" in value
        return super().get_db_prep_value(packed(value) if whole else value, connection, prepared)
