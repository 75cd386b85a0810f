"""Names for the questions we ask of the ledger."""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL


class HoldingQuerySet(models.QuerySet[Any]):
    """What has a start and an end. It holds from the first moment on, and at the last one no more."""

    def holding(self, at: "datetime | RawSQL") -> "HoldingQuerySet":
        return self.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at), starts_at__lte=at)
