"""Work that may take its time: one piece at a time, so that another process of the pool is always there for a grade.

Chores, registries, articles and pictures take from milliseconds to a minute, and with both processes at them an edit
would wait for its grade as long.
"""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from hashlib import blake2b
from pathlib import Path
from typing import ParamSpec, TypeVar

from django.conf import settings

P = ParamSpec("P")
T = TypeVar("T")


def aside(work: Callable[P, T]) -> Callable[P, T | None]:
    """Leave the work for another time, and return None, while other work of this kind is under way on this machine.

    For tasks of which nothing is lost by that: their work stands in the database, and a message or a chore comes again.
    """

    @wraps(work)
    def alone(*args: P.args, **kwargs: P.kwargs) -> T | None:
        with _turn() as ours:
            return work(*args, **kwargs) if ours else None

    return alone


@contextmanager
def _turn() -> Iterator[bool]:
    # A lock that the kernel takes back from whoever dies.
    with _place().open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _place() -> Path:
    """The workers of one site share it, wherever their database is."""
    database = settings.DATABASES["default"]
    site = blake2b(f"{database['HOST']} {database['PORT']} {database['NAME']}".encode(), digest_size=6).hexdigest()
    return Path(settings.DATA_DIR) / f"aside-{site}.lock"
