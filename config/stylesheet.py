"""The stylesheets as one file: four requests of a first visit become one.

They are put together as they are but for what is said to editors; nothing is compiled.
"""

import os
import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage
from django.core.files.storage import FileSystemStorage

NAME = "css/site.css"
PARTS = ("tokens.css", "base.css", "layout.css", "components.css")
SOURCE = settings.BASE_DIR / "config" / "static" / "css"


# What is said to whoever edits them, and how it is set in: a twelfth of what a first visit would fetch.
FOR_EDITORS = re.compile(r"/\*.*?\*/\s*|^[ \t]+", re.DOTALL | re.MULTILINE)


def put_together(folder: Path = SOURCE) -> str:
    return FOR_EDITORS.sub("", "\n".join((folder / name).read_text() for name in PARTS))


class SiteStylesheet(BaseFinder):
    """Finds `css/site.css`, written anew from its parts whenever it is looked for."""

    def check(self, **options: Any) -> list[CheckMessage]:
        return []

    @cached_property
    def storage(self) -> FileSystemStorage:
        return FileSystemStorage(location=settings.DATA_DIR / "stylesheet")

    def find(self, path: str, find_all: bool = False, **options: Any) -> Any:
        if path != NAME:
            return []
        found = self._written()
        return [found] if find_all else found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterable[tuple[str, FileSystemStorage]]:
        self._written()
        yield NAME, self.storage

    def _written(self) -> str:
        target = Path(self.storage.path(NAME))
        target.parent.mkdir(parents=True, exist_ok=True)
        text = put_together()
        if not target.exists() or target.read_text() != text:
            draft = target.with_suffix(f".{os.getpid()}")
            draft.write_text(text)
            draft.replace(target)
        return str(target)
