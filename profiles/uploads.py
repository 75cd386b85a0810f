"""Files that are looked at before they are applied, so that nobody has to send them twice.

They lie behind the second wall, where the desk's role may read them.
"""

from datetime import timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models.functions import Now

from config import wall
from profiles.models import Upload

KEPT = timedelta(days=1)


class UploadGone(Exception):
    """The file that was looked at is not there any more."""


def keep(*, kind: str, name: str, body: bytes, by: AbstractBaseUser) -> Upload:
    with wall.acting_as(wall.DESK):
        return Upload.objects.create(kind=kind, name=name[:200], body=body, added_by_id=by.pk)


def kept(*, kind: str, number: str, by: AbstractBaseUser) -> Upload:
    """Return a file that this person brought. Raises UploadGone."""
    with wall.acting_as(wall.DESK):
        known = Upload.objects.filter(kind=kind, added_by_id=by.pk)
        found = known.filter(pk=number).first() if number.isdecimal() and len(number) < 19 else None
    if found is None:
        raise UploadGone("The file is no longer there; choose it again.")
    return found


def forget(upload: Upload) -> None:
    with wall.acting_as(wall.DESK):
        upload.delete()


def forget_old() -> None:
    with wall.acting_as(wall.DESK):
        Upload.objects.filter(added_at__lt=Now() - KEPT).delete()
