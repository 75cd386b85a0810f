import pgtrigger
from django.db import models
from django.db.models.functions import Now

from config.audit import ACTOR, changes


class Wording(models.Model):
    """What a page of the site, or the introduction of a term, said from a moment on, and who wrote it.

    Kept by triggers on both, so that what is changed by SQL is in it too. The author is a number, as in the audit.
    """

    page = models.ForeignKey("profiles.Page", models.CASCADE, null=True, blank=True, related_name="wordings")
    term = models.ForeignKey("profiles.Term", models.CASCADE, null=True, blank=True, related_name="wordings")
    title = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    at = models.DateTimeField(db_default=Now(), editable=False)
    actor = models.BigIntegerField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-pk"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=models.Q(page=None, term__isnull=False) | models.Q(page__isnull=False, term=None),
                name="wording_of_one_thing",
            )
        ]
        triggers = [pgtrigger.Protect(name="wordings_stay_as_they_were", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return f"{self.title}, {self.at:%Y-%m-%d %H:%M} UTC"


def kept_wording(column: str, *, title: str, body: str) -> list[pgtrigger.Trigger]:
    """Triggers that note each new wording of a row; `column` is the one that points to it from here."""
    func = f"""
                INSERT INTO profiles_wording ({column}, title, body, at, actor)
                VALUES (NEW.id, NEW.{title}, NEW.{body}, clock_timestamp(), {ACTOR}); RETURN NULL;"""  # noqa: S608  every name in it is ours
    return [
        pgtrigger.Trigger(
            name="wording_first",
            when=pgtrigger.After,
            operation=pgtrigger.Insert,
            condition=pgtrigger.Condition(f"NEW.{body} <> ''"),
            func=func,
        ),
        pgtrigger.Trigger(
            name="wording_changes",
            when=pgtrigger.After,
            operation=pgtrigger.Update,
            condition=pgtrigger.Condition(changes(title, body)),
            func=func,
        ),
    ]
