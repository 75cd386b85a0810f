"""A publisher's letter and its record: what is kept of each change, who may make it, and what has been settled."""

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from profiles.grading.pipeline import editing
from profiles.models import LetterChange, Publisher
from tests.builders import make_publisher

pytestmark = pytest.mark.django_db


def log_of(publisher):
    return [(one.was, one.letter, one.basis, one.reason) for one in LetterChange.objects.filter(publisher=publisher)]


# --- Every change of a letter is kept ---------------------------------------------------------------------------------


def test_a_letter_set_by_plain_sql_is_kept_as_the_operators():
    publisher = make_publisher(reliability="F")
    assert log_of(publisher) == []
    with connection.cursor() as cursor:
        cursor.execute("UPDATE profiles_publisher SET reliability = 'A', reliability_reason = 'A registry.'")
    assert log_of(publisher) == [("F", "A", "operator", "A registry.")]


def test_a_letter_set_by_an_import_is_kept_as_such():
    with editing(by="import"):
        publisher = make_publisher(reliability="C", reliability_reason="It corrects itself.")
    assert log_of(publisher) == [("", "C", "import", "It corrects itself.")]


def test_an_edit_that_leaves_the_letter_alone_is_no_change_of_it():
    publisher = make_publisher(reliability="F")
    Publisher.objects.update(name="Another name", reliability="F")
    assert log_of(publisher) == []


@pytest.mark.parametrize(
    "statement", ["UPDATE profiles_letterchange SET letter = 'A'", "DELETE FROM profiles_letterchange"]
)
def test_the_log_of_letters_is_only_ever_appended(statement):
    make_publisher(reliability="C")
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_log_outlives_its_publisher():
    publisher = make_publisher(reliability="C")
    number = publisher.pk
    publisher.delete()
    assert LetterChange.objects.get(publisher_id=number).letter == "C"
