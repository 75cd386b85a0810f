"""Questions whose words never change."""

import pytest
from django.db import DataError, connection, transaction
from django.test.utils import CaptureQueriesContext

from config import prepared
from config.prepared import Columns, Gap, Question
from profiles.models import Profile, Revision
from tests.builders import make_profile

pytestmark = pytest.mark.django_db


def test_the_server_plans_a_question_once():
    question = "SELECT 1 + %(number)s::int AS planned_once"
    assert [prepared.rows(question, number=number) for number in (1, 2)] == [[(2,)], [(3,)]]
    planned = prepared.rows(
        "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT 1 +%%planned_once'"
    )
    assert planned[0][0] == 1


def test_a_log_of_questions_shows_their_values():
    with CaptureQueriesContext(connection) as queries:
        prepared.rows("SELECT %(number)s::int", number=417)
    assert [query["sql"] for query in queries] == ["SELECT 417::int"]


def test_columns_come_back_as_the_queryset_reads_them():
    make_profile("tidewater", sections=[{"heading": "What", "body": "It is."}], aliases=["Tide"])
    columns = Columns(Revision, "text", but=["words"])
    (row,) = prepared.rows(f"SELECT {columns.sql} FROM profiles_revision text")
    values = iter([*row, "what follows"])
    found, stored = columns.next(values), Revision.objects.get()
    names = [field.attname for field in Revision._meta.concrete_fields if field.name != "words"]
    assert [getattr(found, name) for name in names] == [getattr(stored, name) for name in names]
    assert found.get_deferred_fields() == {"words"}
    assert next(values) == "what follows"


def test_a_join_that_found_nothing_gives_none():
    assert Columns(Profile, "profile").next(iter([None] * 20)) is None


def test_several_questions_are_answered_in_their_order():
    first, second = Question("SELECT %s::int", [1]), Question("SELECT %(word)s::text AS word", {"word": "two"})
    assert prepared.answers([first, second, first]) == [[(1,)], [("two",)], [(1,)]]


@pytest.mark.django_db(transaction=True)
def test_one_that_fails_among_several_is_told_as_django_tells_it():
    right, wrong = Question("SELECT 1", []), Question("SELECT 1 / %s::int", [0])
    with pytest.raises(DataError, match="division by zero"):
        prepared.answers([right, wrong, right])
    assert prepared.answers([right]) == [[(1,)]]
    with pytest.raises(DataError), transaction.atomic():
        prepared.answers([wrong, right])
    assert prepared.answers([right]) == [[(1,)]]


def test_a_question_with_gaps_is_about_whatever_is_put_into_them():
    question = Question("SELECT %s::text || %s::text", [Gap("word"), "word"])
    assert prepared.answer(question.about(word="one")) == [("oneword",)]
    assert prepared.answer(question.about(word="'; --")) == [("'; --word",)]
    with pytest.raises(KeyError):
        question.about(another="one")
