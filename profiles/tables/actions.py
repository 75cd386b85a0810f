"""Reading a table, saying what it would change and move, and applying it: all of it or nothing."""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from tablib import Dataset

from config.desk import promise_broken
from profiles import letters
from profiles.actions import DESK
from profiles.dossier.moves import Move, moves_of, resting_on
from profiles.grading.pipeline import BULK, editing
from profiles.models import Citation, Profile, Source
from profiles.tables.cells import plain
from profiles.tables.resources import ROW, CitationTable, SourceTable, Table

SOURCES, CITATIONS = "sources", "citations"
TABLES: dict[str, type[Table]] = {SOURCES: SourceTable, CITATIONS: CitationTable}
ROWS_MAX = 20_000
BYTES_MAX = 10_000_000
UNPACKED_MAX = 200_000_000
PROBLEMS_MAX = 50
MOVES_MAX = 1000
ZIP = b"PK\x03\x04"


class BadTable(Exception):
    """What is wrong with a table, a sentence each, with row and column. Nothing of it was kept."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__(" ".join(self.problems))


@dataclass
class Imported:
    """What a table did, or would do: rows by what became of them, what waits for four eyes, and the grades that move."""

    added: int
    changed: int
    same: int
    held: list[str] = field(default_factory=list)
    resting: int = 0
    moves: list[Move] = field(default_factory=list)

    @property
    def moved(self) -> list[Move]:
        return [move for move in self.moves if move.before != move.after]


# --- Out --------------------------------------------------------------------------------------------------------------


def export_table(kind: str, rows: QuerySet[Any], *, form: str) -> bytes:
    """Return rows as the bytes of a csv or xlsx file. What a spreadsheet would take for a formula is made harmless."""
    dataset = TABLES[kind]().export(rows)
    if form == "xlsx":
        return bytes(dataset.export("xlsx"))
    return ("\ufeff" + str(dataset.export("csv"))).encode()


# --- In ---------------------------------------------------------------------------------------------------------------


def read_table(kind: str, body: bytes) -> Dataset:
    """Return the rows of a csv or xlsx file, every cell as text. Raises BadTable."""
    if len(body) > BYTES_MAX:
        raise BadTable([f"The file is larger than {BYTES_MAX:,} bytes."])
    rows = list(_xlsx(body) if body.startswith(ZIP) else _csv(body))
    while rows and not any(rows[-1]):
        rows.pop()
    if not rows:
        raise BadTable(["The file is empty; its first row names the columns."])
    headers, *rest = rows
    _check_shape(kind, headers, rest)
    if "id" not in headers:  # without it import-export would not know which rows are new
        headers = [*headers, "id"]
    return Dataset(*(row[: len(headers)] + [""] * (len(headers) - len(row)) for row in rest), headers=headers)


def _check_shape(kind: str, headers: list[str], rest: list[list[str]]) -> None:
    columns = [one.column_name for one in TABLES[kind]().get_import_fields()]
    unknown = [name for name in headers if name not in columns]
    twice = [name for name in headers if headers.count(name) > 1]
    if unknown:
        raise BadTable(f"Row 1: “{name}” is not a column; the columns are {', '.join(columns)}." for name in unknown)
    if twice:
        raise BadTable([f"Row 1: the column {twice[0]} stands there twice."])
    if len(rest) > ROWS_MAX:
        raise BadTable([f"The table has {len(rest):,} rows; send at most {ROWS_MAX:,} at a time."])
    for number, row in enumerate(rest, 2):
        if any(row[len(headers) :]):
            raise BadTable([f"Row {number}: has more cells than there are columns; is a comma not quoted?"])


def _csv(body: bytes) -> Iterator[list[str]]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadTable(["The file is neither CSV in UTF-8 nor XLSX; save it as one of them."]) from None
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    try:
        for row in csv.reader(io.StringIO(text), delimiter=delimiter, strict=True):
            yield [plain(cell) for cell in row]
    except csv.Error as error:
        raise BadTable([f"The file cannot be read as CSV: {error}."]) from None


def _xlsx(body: bytes) -> Iterator[list[str]]:
    # Imported here: it is large, and only who brings a spreadsheet needs it.
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            if sum(one.file_size for one in packed.infolist()) > UNPACKED_MAX:
                raise BadTable(["This spreadsheet unpacks to far more than a table of sources is."])
        book = load_workbook(io.BytesIO(body), read_only=True, data_only=True)
        for number, row in enumerate(book.worksheets[0].iter_rows(values_only=True)):
            if number > ROWS_MAX + 1:
                break
            yield [plain(cell) for cell in row]
    except (zipfile.BadZipFile, KeyError, ValueError, IndexError, SyntaxError, TypeError) as error:
        raise BadTable(["The file cannot be read as a spreadsheet; save it anew as XLSX or CSV."]) from error


def import_table(
    kind: str, dataset: Dataset, *, by: AbstractBaseUser, may_publish: bool, check: bool = False
) -> Imported:
    """Make the site say what a table says, all of it or nothing. Raises BadTable.

    Whoever may not publish changes nothing that is live, and what opens band A waits for another editor. With `check`
    nothing is kept, and `moves` tells what the grades would become.
    """
    table = TABLES[kind](by=by, may_publish=may_publish)
    try:
        return _import(table, dataset, by, check)
    except IntegrityError as error:
        raise BadTable([f"Not saved: {promise_broken(error)}"]) from None


def _import(table: Table, dataset: Dataset, by: AbstractBaseUser, check: bool) -> Imported:
    with editing(by=DESK, lane=BULK):
        result = table.import_data(dataset, dry_run=False, use_transactions=True, raise_errors=False)
        if problems := list(_problems(table, result)):
            raise BadTable(problems)
        totals = result.totals
        imported = Imported(totals["new"], totals["update"], totals["skip"], _propose(table, by))
        if check:
            resting = _resting_on(table)
            imported.resting, imported.moves = len(resting), moves_of(resting[:MOVES_MAX])
            transaction.set_rollback(True)
    return imported


def _problems(table: Table, result: Any) -> Iterator[str]:
    for failed in (*result.base_errors, *(one for row in result.error_rows for one in row.errors)):
        raise failed.error  # no matter of what somebody typed
    found = list(_in_rows(table, result))
    yield from found[:PROBLEMS_MAX]
    if len(found) > PROBLEMS_MAX:
        yield f"And {len(found) - PROBLEMS_MAX} more."


def _in_rows(table: Table, result: Any) -> Iterator[str]:
    names = {one.attribute: one.column_name for one in table.get_import_fields()}
    for row in result.invalid_rows:
        for attribute, sentences in row.error.message_dict.items():
            where = "" if attribute == ROW else f", column {names.get(attribute, attribute)}"
            yield from (f"Row {row.number + 1}{where}: {sentence}" for sentence in sentences)


def _propose(table: Table, by: AbstractBaseUser) -> list[str]:
    """Propose what was held back, and say what that is."""
    said = []
    for one in table.held:
        try:
            proposal = (
                letters.propose_direct(citation_id=one.pk, by=by)
                if isinstance(one, Citation)
                else letters.propose_move(source_id=one[0].pk, publisher_id=one[1].pk, by=by)
            )
            said.append(str(proposal))
        except letters.ProposedAlready as refused:
            said.append(str(refused))
    return said


def _resting_on(table: Table) -> list[Profile]:
    sources = [one.pk for one in table.touched if isinstance(one, Source)]
    profiles = {one.profile_id for one in table.touched if isinstance(one, Citation)}
    return list(Profile.objects.filter(pk__in={*resting_on(sources=sources), *profiles}).order_by("slug"))
