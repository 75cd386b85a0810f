import csv
import io
import json
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.utils import timezone

from profiles.api import dataset
from profiles.grading.method import METHOD_VERSION
from profiles.models import Profile
from tests.builders import make_profile, make_revision
from tests.profiles.test_views_finding import graded

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def text_of(client, name="grades.csv") -> str:
    response = client.get(f"/api/v1/{name}")
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode()


def rows(client):
    return list(csv.DictReader(io.StringIO(text_of(client), newline="")))


def test_a_line_says_which_grade_when_by_which_method_and_why(client):
    graded(make_profile("tidewater", live=True, name="Tidewater"), "0.50", "0.64", at=NOON, causes=[{"on": "age"}])
    first, second = rows(client)
    assert (first["profile"], first["seq"], first["score"], first["letters"]) == ("tidewater", "1", "0.50", "C/D")
    assert second == {
        "profile": "tidewater",
        "name": "Tidewater",
        "seq": "2",
        "graded_at": "2026-03-01T12:00:02.000Z",
        "as_of": "2026-03-01",
        "score": "0.64",
        "letters": "B/C",
        "label": "Medium",
        "breadth": "one independent source",
        "disputed": "no",
        "method": "1",
        "causes": second["causes"],
    }
    assert "as it ages" in second["causes"]
    lines = [json.loads(line) for line in text_of(client, "grades.jsonl").splitlines()]
    assert [line["score"] for line in lines] == [0.5, 0.64]
    assert lines[1]["causes"] == [second["causes"]]
    assert list(lines[1]) == list(second)


def test_the_files_hold_what_is_public_and_nothing_else(client):
    gone = graded(make_profile("gone", live=True), "0.5")
    Profile.objects.filter(pk=gone.pk).update(withdrawn_at=timezone.now())
    make_profile("draft")
    assert rows(client) == []
    assert text_of(client, "grades.jsonl") == ""


def test_lines_keep_their_order_whatever_a_profile_is_called(client):
    first = graded(make_profile("b", live=True), "0.5", "0.6")
    graded(make_profile("a", live=True), "0.7")
    assert [(row["profile"], row["seq"]) for row in rows(client)] == [("b", "1"), ("b", "2"), ("a", "1")]
    first.slug = "z"
    first.save()
    assert [(row["profile"], row["seq"]) for row in rows(client)] == [("z", "1"), ("z", "2"), ("a", "1")]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "＠SUM"])
def test_no_cell_is_taken_for_a_formula(client, name):
    graded(make_profile(live=True, name=name), "0.5")
    assert rows(client)[0]["name"] == f"'{name}"
    assert json.loads(text_of(client, "grades.jsonl"))["name"] == name


def test_commas_quotes_and_line_ends_stay_in_their_cell(client):
    name = 'Tide, "water"\r\nand sea'
    graded(make_profile(live=True, name=name), "0.5")
    assert [row["name"] for row in rows(client)] == [name]


def test_the_files_say_under_which_terms_and_by_which_method(client):
    response = client.get("/api/v1/grades.csv")
    assert response["Link"] == '</terms/>; rel="license", </methodology/>; rel="describedby"'
    assert response["Content-Disposition"] == 'attachment; filename="assay-grades.csv"'
    assert response["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert client.get("/api/v1/grades.jsonl")["Content-Type"] == "application/jsonl; charset=utf-8"
    assert METHOD_VERSION >= 1


def test_the_etag_follows_grades_names_addresses_and_what_is_live(client):
    profile = make_profile("tidewater", live=True)

    def etag():
        return client.get("/api/v1/grades.csv")["ETag"]

    seen = {etag()}
    for change in (
        lambda: graded(profile, "0.5"),
        lambda: make_revision(profile, live=True, name="Other"),
        lambda: Profile.objects.filter(pk=profile.pk).update(slug="lighthouse"),
        lambda: make_profile("second", live=True),
        lambda: Profile.objects.filter(pk=profile.pk).update(withdrawn_at=timezone.now()),
    ):
        change()
        now = etag()
        assert now not in seen
        seen.add(now)
    make_profile("draft")
    assert etag() in seen


def test_what_is_not_asked_for_is_not_read(client):
    """The cursor stays on the server: a reader who goes away after the first piece has cost one piece."""
    dataset_size, piece = 3 * dataset.AT_ONCE, 200
    profile = make_profile("tidewater", live=True)
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO profiles_grade (profile_id, seq, graded_at, as_of, method, score, verdict, causes)
            SELECT %s, n, now(), current_date, 1, 0.5, '{"breadth": "one"}', '[]' FROM generate_series(1, %s) n""",
            [profile.pk, dataset_size],
        )
    response = client.get("/api/v1/grades.jsonl")
    assert next(response.streaming_content).count(b"\n") == piece
    assert open_cursors() == 1
    assert sum(part.count(b"\n") for part in response.streaming_content) == dataset_size - piece
    assert open_cursors() == 0


def open_cursors() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_cursors WHERE name LIKE '\\_django\\_curs%'")
        return cursor.fetchone()[0]


def test_the_methodology_links_to_the_files(client):
    html = client.get("/methodology/").content.decode()
    assert 'href="/api/v1/grades.csv"' in html
    assert 'href="/api/v1/grades.jsonl"' in html


@pytest.mark.django_db(transaction=True)
def test_a_reader_who_goes_away_leaves_nothing_open(client):
    graded(make_profile("tidewater", live=True), *(["0.5", "0.6"] * 150))
    response = client.get("/api/v1/grades.jsonl")
    next(response.streaming_content)
    assert connection.in_atomic_block
    response.close()
    assert not connection.in_atomic_block
    assert open_cursors() == 0
