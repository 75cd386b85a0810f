"""Questions whose words never change: planned by the server once for each connection, not for each page.

Django writes the SQL of a queryset anew each time and sends the values inside of it, so that PostgreSQL plans it anew as
well. Of a page that is made of few rows these two take the most time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Generic, NamedTuple, TypeVar

import psycopg
from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.expressions import RawSQL

M = TypeVar("M", bound=Model)


def rows(query: str, **parameters: Any) -> list[Any]:
    """Return all rows. A list needs a cast in the query, for its type is part of what is planned."""
    return answer(Question(query, parameters))


class Gap(str):
    """A parameter that is put in later, by its name: of a question that is written once, whatever it is asked with."""


def gap(name: str, of_type: str) -> RawSQL:
    """Return what stands in a queryset for a value of that PostgreSQL type, of which a question is made."""
    return RawSQL(f"%s::{of_type}", [Gap(name)])  # noqa: S611  the type is ours, and what is put in is a parameter


class Question(NamedTuple):
    """SQL and what it is asked with. Whoever builds it of a queryset remembers it: that takes longer than the answer."""

    sql: str
    parameters: Sequence[Any] | Mapping[str, Any]

    def about(self, **values: Any) -> "Question":
        """Return the same question with these values in its gaps."""
        return Question(self.sql, [values[one] if isinstance(one, Gap) else one for one in self.parameters])

    @classmethod
    def of(cls, queryset: "QuerySet[Any, Any]") -> "Question":
        return cls(*queryset.query.sql_with_params())


def answers(questions: Sequence[Question]) -> list[list[Any]]:
    """Ask all of them on one way to the server: each way takes longer than the answer to a small question does."""
    if connection.queries_logged:
        return [answer(one) for one in questions]
    connection.ensure_connection()
    assert connection.connection is not None
    connection.connection.prepare_threshold = 0
    with connection.wrap_database_errors, connection.connection.pipeline():
        cursors = [psycopg.Cursor(connection.connection).execute(*one) for one in questions]
        return [cursor.fetchall() for cursor in cursors]


def answer(question: Question) -> list[Any]:
    with connection.cursor() as cursor:
        # Django's own cursors prepare nothing, and put the values into the SQL, which is what a log of it wants.
        if not connection.queries_logged:
            assert connection.connection is not None
            connection.connection.prepare_threshold = 0
            cursor.cursor = psycopg.Cursor(connection.connection)
        cursor.execute(*question)
        found: list[Any] = cursor.fetchall()
        return found


class Columns(Generic[M]):
    """The columns of one table as they stand in a question, and the way back from its rows to instances."""

    def __init__(self, model: type[M], table: str, *, but: Sequence[str] = ()) -> None:
        fields = [field for field in model._meta.concrete_fields if field.name not in but]
        self.model, self.names = model, [field.attname for field in fields]
        self.sql = ", ".join(f"{table}.{field.column}" for field in fields)
        self.read: list[Callable[[Any, None, Any], Any] | None] = [
            getattr(field, "from_db_value", None) for field in fields
        ]

    def next(self, row: Iterator[Any]) -> M | None:
        """Take these columns from the row; None where a join found nothing."""
        values = list(islice(row, len(self.names)))
        if values[0] is None:
            return None
        told = [read(value, None, connection) if read else value for read, value in zip(self.read, values, strict=True)]
        return self.model.from_db(connection.alias, self.names, told)
