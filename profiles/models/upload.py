from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Upload(models.Model):
    """A file on its way in: looked at first, applied by whoever brought it, forgotten after a day."""

    gated = True  # config/wall.py: a dossier holds briefings and notes

    kind = models.CharField(max_length=9)
    name = models.CharField(max_length=200)
    body = models.BinaryField()
    added_at = models.DateTimeField(db_default=Now())
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.DO_NOTHING, db_constraint=False, related_name="+")

    def __str__(self) -> str:
        return self.name
