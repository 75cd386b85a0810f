from datetime import date

from django.db import models


def readable_days(name: str, *columns: str) -> models.CheckConstraint:
    """Hold days to what Python can read: one row with PostgreSQL's infinity would break every page that shows it."""
    held = models.Q()
    for column in columns:
        held &= models.Q(**{f"{column}__isnull": True}) | models.Q(**{f"{column}__range": (date.min, date.max)})
    return models.CheckConstraint(
        condition=held, name=name, violation_error_message="A day lies in the years 1 to 9999."
    )
