"""What every row once said: kept by triggers beside its table, by whichever door a change came, removal included.

Who and why are told by the transaction (`config.audit.acting`), as for the audit. The audit answers for what changed
rights and pages, and holds no text; this is for editors, who compare and take back.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import pghistory
from django.db import models
from django.db.models.expressions import RawSQL
from pghistory.models import Event as AnyEvent

from config.audit import ACTOR, REASON
from profiles.models.slugs import SlugField


class Event(AnyEvent):
    """A row as it was after a change, or before it was removed."""

    pgh_id = models.BigAutoField(primary_key=True)
    actor = models.BigIntegerField(null=True, db_default=RawSQL(ACTOR, ()))  # noqa: S611  constants
    reason = models.TextField(db_default=RawSQL(REASON, ()))  # noqa: S611

    class Meta:
        abstract = True


Tracked = TypeVar("Tracked", bound=models.Model)


def recorded(
    *, but: Sequence[str] = (), of: str = "pgh_obj", gated: bool = False
) -> Callable[[type[Tracked]], type[Tracked]]:
    """Keep the history of a model. `but` are columns that are neither words nor facts, `of` is what it is read by.

    The history of what is gated lies behind the same wall. The triggers see whole statements: an import of a hundred
    thousand citations would wait for as many of them.
    """

    def record(model: type[Tracked]) -> type[Tracked]:
        # An address is unique among those that are; of its history it is not.
        slugs = {one.name: models.CharField(max_length=100) for one in model._meta.fields if isinstance(one, SlugField)}
        return pghistory.track(  # type: ignore[no-any-return]
            pghistory.InsertEvent(level=pghistory.Statement),
            pghistory.UpdateEvent(level=pghistory.Statement),
            pghistory.DeleteEvent(level=pghistory.Statement),
            exclude=list(but),
            base_model=Event,
            context_field=None,  # type: ignore[arg-type]
            attrs={**slugs, **({"gated": True} if gated else {})},
            meta={
                "indexes": [models.Index(fields=[of], name=f"{model._meta.model_name}event_{of}")],
                "default_permissions": (),
            },
        )(model)

    return record
