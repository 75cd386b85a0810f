"""What manage.py does: run a command of Django's, and say in a sentence what an operator can put right."""

import sys

from django.core.management import execute_from_command_line
from django.db.utils import DatabaseError, OperationalError

DISK_FULL = "53100"
NO_SUCH_TABLE = "42P01"

SENTENCES = {
    DISK_FULL: "the disk of the database is full; make room and try again. Nothing was changed.",
    NO_SUCH_TABLE: "the tables are not there yet; run manage.py migrate.",
}


def run(argv: list[str]) -> None:
    try:
        execute_from_command_line(argv)
    except DatabaseError as error:
        sentence = sentence_for(error)
        if sentence is None or "--traceback" in argv:
            raise
        sys.exit(f"assay: {sentence}")


def sentence_for(error: DatabaseError) -> str | None:
    code = getattr(error.__cause__, "sqlstate", None)
    if code is None and isinstance(error, OperationalError):  # the server did not get as far as a code
        reason = str(error).strip().splitlines()[0]
        return f"the database does not answer ({reason}); start it with make run, or check DATABASE_URL."
    return SENTENCES.get(code or "")
