"""Sources and citations as tables: out without formulas, in after a look, all of it or nothing."""

import html
import io
import zipfile
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook, load_workbook

from profiles import chores
from profiles.models import Citation, Derivation, Judgement, Proposal, Source, Upload
from profiles.tables.actions import BadTable, export_table, import_table, read_table
from profiles.tables.cells import neutral, plain
from profiles.tables.resources import SourceTable
from tests.builders import cite, derive, make_note, make_profile, make_publisher, make_source, settle

pytestmark = pytest.mark.django_db

DAY = date(2024, 11, 1)


def table(kind, text, by, *, may_publish=True, check=False):
    return import_table(kind, read_table(kind, text.encode()), by=by, may_publish=may_publish, check=check)


def problems(kind, text, by, **how):
    with pytest.raises(BadTable) as refused:
        table(kind, text, by, **how)
    return refused.value.problems


def told(imported):
    return imported.added, imported.changed, imported.same


def csv_of(kind, rows):
    return export_table(kind, rows, form="csv").decode("utf-8-sig")


# --- Out --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "'=1", '=HYPERLINK("https://x")']
)
def test_what_a_spreadsheet_would_run_is_made_harmless_and_comes_back_as_it_was(text):
    assert neutral(text).startswith("'")
    assert plain(neutral(text)) == text.strip() or plain(neutral(text)) == text


@pytest.mark.parametrize("text", ["A title", "O'Brien", "2024-11-01", "a=b", ""])
def test_what_is_harmless_is_exported_as_it_is(text):
    assert neutral(text) == plain(text) == text


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_no_cell_of_an_export_is_a_formula(form):
    publisher = make_publisher("Wire", slug="wire")
    make_source('=cmd|"/C calc"!A1', publisher=publisher, authors=["@Ann", "Bo"], url="https://example.org/a")
    body = export_table("sources", Source.objects.all(), form=form)
    if form == "csv":
        assert "'=cmd|" in body.decode("utf-8-sig")
        assert "'@Ann | Bo" in body.decode("utf-8-sig")
    else:
        cells = [cell for row in load_workbook(io.BytesIO(body)).active.iter_rows() for cell in row]
        assert not [cell.value for cell in cells if cell.data_type == "f"]
        assert any(str(cell.value).startswith("'=cmd|") for cell in cells)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_what_was_exported_changes_nothing_when_it_comes_back(edith, form):
    profile = make_profile("example", judgements={"j1": "So.", "j2": "And so."})
    source = make_source("=A title", authors=["Ann, A", "Bo"], url="https://example.org/a", published_on=None)
    cite(profile, source, judgements=["j1", "j2"], establishes="Line one\nand two.", direct=True)
    for kind, rows in {"sources": Source.objects.all(), "citations": Citation.objects.all()}.items():
        again = read_table(kind, export_table(kind, rows, form=form))
        assert told(import_table(kind, again, by=edith, may_publish=True)) == (0, 0, 1)
    source.refresh_from_db()
    assert (source.title, source.authors) == ("=A title", ["Ann, A", "Bo"])


# --- Sources in -------------------------------------------------------------------------------------------------------


def test_new_sources_are_filed_and_those_on_file_changed(edith):
    make_publisher("Wire", slug="wire")
    there = make_source("Before", url="https://www.example.org/a/")
    rows = "publisher,title,url,published_on,authors\nwire,New one,https://example.org/b,2024-11-01,Ann | Bo\n"
    rows += f"{there.publisher.slug},After,http://example.org/a?utm_source=x,,\n"
    assert told(table("sources", rows, edith)) == (1, 1, 0)
    there.refresh_from_db()
    assert (there.title, there.url_key, there.published_on) == ("After", "example.org/a", None)
    new = Source.objects.get(title="New one")
    assert (new.published_on, new.authors, new.url_key) == (DAY, ["Ann", "Bo"], "example.org/b")
    assert told(table("sources", rows, edith)) == (0, 0, 2)


def test_a_source_without_an_address_is_found_again_by_publisher_title_and_day(edith):
    publisher = make_publisher("Wire", slug="wire")
    make_source("The report", publisher=publisher, published_on=DAY)
    rows = "publisher,title,published_on,language\nwire,The report,2024-11-01,en\nwire,The report,2024-11-02,en\n"
    assert told(table("sources", rows, edith)) == (1, 1, 0)


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("publisher,title\nwire,\n", "Row 2, column title: is empty; write the title."),
        ("publisher,title\nnone,A\n", "Row 2, column publisher: “none” is not on file; write the slug of a publisher."),
        ("publisher,title\n,A\n", "Row 2, column publisher: is empty; write the slug of a publisher."),
        ("title\nA\n", "Row 2, column publisher: is empty; write the slug of a publisher."),
        ("publisher,title,published_on\nwire,A,June 3\n", "Row 2, column published_on: “June 3” is not a day; write one such as 2024-11-01."),
        ("publisher,title,url\nwire,A,javascript:x\n", "Row 2, column url: “javascript:x” is not an address; write one such as https://example.org/report."),
        ("publisher,title,url\nwire,A,http://[\n", "Row 2, column url: “http://[” is not an address; write one such as https://example.org/report."),
        (f"publisher,title\nwire,{'A' * 501}\n", "Row 2, column title: has 501 characters; write at most 500."),
        ("id,publisher,title\n7,wire,A\n", "Row 2, column id: “7” is not on file; leave it empty for a new row."),
        ("id,publisher,title\nx,wire,A\n", "Row 2, column id: “x” is not on file; leave it empty for a new row."),
        ("publisher,title,url\nwire,A,https://example.org/a\nwire,B,http://example.org/a/\n", "Row 3, column url: is that of an earlier row; a source is filed once."),
        ("publisher,title\nwire,A\nwire,A\n", "Row 3, column title: is that of an earlier row; a source is filed once."),
        ("publisher,titel\nwire,A\n", "Row 1: “titel” is not a column; the columns are id, publisher, title, authors, url, published_on, language, accessed_on, archived_url."),
        ("publisher,title,title\nwire,A,B\n", "Row 1: the column title stands there twice."),
        ("publisher,title\nwire,A,B\n", "Row 2: has more cells than there are columns; is a comma not quoted?"),
        ('publisher,title\nwire,"A"B\n', "The file cannot be read as CSV: ',' expected after '\"'."),
        ("", "The file is empty; its first row names the columns."),
    ],
)  # fmt: skip
def test_a_bad_table_names_row_and_column_and_what_would_be_right_and_changes_nothing(edith, rows, problem):
    make_publisher("Wire", slug="wire")
    assert problems("sources", rows, edith) == [problem]
    assert Source.objects.count() == 0


def test_one_bad_row_takes_all_others_with_it(edith):
    make_publisher("Wire", slug="wire")
    rows = "publisher,title,published_on\n" + "wire,Good,2024-01-01\n" + "wire,Bad,x\n" * 60
    said = problems("sources", rows, edith)
    assert said[0].startswith("Row 3, column published_on")
    assert (len(said), said[-1]) == (51, "And 10 more.")
    assert Source.objects.count() == 0


def test_a_source_that_is_there_under_another_number_is_not_filed_twice(edith):
    there = make_source("One", url="https://example.org/a")
    other = make_source("Two", url="https://example.org/b")
    rows = f"id,url\n{other.pk},https://example.org/a\n"
    assert problems("sources", rows, edith) == [
        f"Row 2, column url: is that of source {there.pk}; a source is filed once."
    ]
    rows = f"id,title\n{other.pk},A\n{other.pk},B\n"
    assert problems("sources", rows, edith) == [
        f"Row 3: number {other.pk} stands in an earlier row already; write it once."
    ]


def test_what_the_database_refuses_is_told_and_leaves_nothing(edith, monkeypatch):
    make_source("One", url="https://example.org/a")
    other = make_source("Two", url="https://example.org/b")
    make_publisher("Wire", slug="wire")
    monkeypatch.setattr(SourceTable, "_twin", lambda self, instance: {})  # as if it had been filed a moment ago
    rows = f"id,publisher,title,url\n,wire,Three,\n{other.pk},wire,Two,https://example.org/a\n"
    [said] = problems("sources", rows, edith)
    assert said.startswith("Not saved: ")
    assert Source.objects.count() == 2


def test_an_author_changes_no_source_of_a_live_profile(wanda):
    live, free = make_source("Live"), make_source("Free")
    report = make_source("The echo", derived_from=[live])
    cite(make_profile("live", live=True), report)
    rows = f"id,title\n{live.pk},Changed\n{free.pk},Changed\n"
    [said] = problems("sources", rows, wanda, may_publish=False)
    assert said == f"Row 2: source {live.pk} is on a live profile, so an editor changes it; leave this row out."
    assert told(table("sources", f"id,title\n{live.pk},Live\n{free.pk},Changed\n", wanda, may_publish=False)) == (
        0,
        1,
        1,
    )


def test_a_directly_cited_source_does_not_come_under_an_a_by_a_table(edith):
    top = make_publisher("Top", slug="top", reliability="A")
    source = make_source("The filing")
    cite(make_profile("live", live=True), source, direct=True)
    imported = table("sources", f"id,publisher,title\n{source.pk},top,The filing itself\n", edith)
    source.refresh_from_db()
    assert (source.title, source.publisher == top) == ("The filing itself", False)
    assert imported.held == [Proposal.objects.get().about]


# --- Citations in -----------------------------------------------------------------------------------------------------


@pytest.fixture
def profile():
    return make_profile("example", live=True, judgements={"j1": "So.", "j2": "And so."})


def test_citations_are_added_and_changed_with_the_judgements_they_carry(edith, profile):
    known, new = make_source("Known"), make_source("New", url="https://example.org/new")
    there = cite(profile, known, judgements=["j1"], credibility=6)
    rows = "id,profile,source,stance,credibility,direct,judgements,establishes\n"
    rows += f"{there.pk},example,{known.pk},supports,2,yes,j2,It says so.\n"
    rows += ",example,https://www.example.org/new,disputes,3,no,j1 j2,It denies it.\n"
    assert told(table("citations", rows, edith)) == (1, 1, 0)
    there.refresh_from_db()
    assert (there.credibility, there.direct, [one.key for one in there.judgements.all()]) == (2, True, ["j2"])
    other = Citation.objects.get(source=new)
    assert (other.stance, sorted(one.key for one in other.judgements.all())) == ("disputes", ["j1", "j2"])
    assert told(table("citations", rows.replace(",example,https", f"{other.pk},example,https"), edith)) == (0, 0, 2)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("nobody,SOURCE,,,,", "column profile: “nobody” is not on file; write the slug of a profile."),
        ("example,999999,,,,", "column source: “999999” is not on file; write the number of a source, or its address."),
        ("example,https://example.org/none,,,,", "column source: “https://example.org/none” is not on file; write the number of a source, or its address."),
        ("example,SOURCE,maybe,,,", "column stance: “maybe” is not one of supports, disputes, context."),
        ("example,SOURCE,,7,,", "column credibility: “7” is not a whole number from 1 to 6."),
        ("example,SOURCE,,,perhaps,", "column direct: “perhaps” is neither yes nor no; write one of them."),
        ("example,SOURCE,,,,j9", "column judgements: “j9” is no key judgement of example; its keys: j1, j2."),
        ("example,SOURCE,,,,j1", "column source: is cited for j1 already; a judgement has a source once."),
    ],
)  # fmt: skip
def test_a_bad_citation_names_row_and_column_and_what_would_be_right(edith, profile, row, problem):
    source = make_source("Known")
    cite(profile, source, judgements=["j1"])
    rows = f"profile,source,stance,credibility,direct,judgements\n{row.replace('SOURCE', str(source.pk))}\n"
    assert problems("citations", rows, edith) == [f"Row 2, {problem}"]
    assert Citation.objects.count() == 1


def test_a_profile_without_judgements_has_a_source_once(edith):
    make_profile("bare")
    source = make_source("Known")
    rows = f"profile,source\nbare,{source.pk}\nbare,{source.pk}\n"
    assert problems("citations", rows, edith) == [
        "Row 3, column source: is cited for this profile already; a judgement has a source once."
    ]


def test_an_author_changes_no_citation_of_a_live_profile(wanda, profile):
    source = make_source("Known")
    rows = f"profile,source\nexample,{source.pk}\n"
    [said] = problems("citations", rows, wanda, may_publish=False)
    assert said == "Row 2: this citation is on a live profile, so an editor changes it; leave this row out."
    make_profile("draft")
    assert told(table("citations", rows.replace("example", "draft"), wanda, may_publish=False)) == (1, 0, 0)


def test_direct_under_an_a_waits_for_another_editor_whichever_way_it_comes(edith, profile):
    source = make_source("The filing", reliability="A")
    there = cite(profile, make_source("Another", reliability="A"), judgements=["j1"])
    rows = f"id,profile,source,direct,judgements\n,example,{source.pk},yes,j1\n{there.pk},example,{there.source_id},yes,j1\n"
    imported = table("citations", rows, edith)
    assert set(Citation.objects.values_list("direct", flat=True)) == {False}
    assert len(imported.held) == Proposal.objects.count() == 2


# --- A look first -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_look_changes_nothing_and_tells_which_grades_would_move(edith, profile):
    origin = make_source("The origin", reliability="C")
    report = make_source("The report", reliability="B")
    derive(report, origin)
    cite(profile, report, judgements=["j1"], direct=True)
    settle()
    rows = f"id,published_on\n{report.pk},2015-01-01\n"
    looked = table("sources", rows, edith, check=True)
    assert (looked.resting, [move.slug for move in looked.moved]) == (1, ["example"])
    report.refresh_from_db()
    assert report.published_on.year == 2026
    assert Derivation.objects.count() == 1
    [move] = looked.moved
    table("sources", rows, edith)
    settle()
    profile.state.refresh_from_db()
    assert str(profile.state.score) == move.after


# --- Files ------------------------------------------------------------------------------------------------------------


def test_a_spreadsheet_is_read_like_a_text_with_its_days_and_numbers(edith):
    make_publisher("Wire", slug="wire")
    book = Workbook()
    book.active.append(["publisher", "title", "published_on", "accessed_on"])
    book.active.append(["wire", 2024, datetime(2024, 11, 1), DAY])
    book.active.append([None, None, None, None])
    file = io.BytesIO()
    book.save(file)
    import_table("sources", read_table("sources", file.getvalue()), by=edith, may_publish=True)
    [source] = Source.objects.all()
    assert (source.title, source.published_on, source.accessed_on) == ("2024", DAY, DAY)


def test_a_file_that_is_no_table_is_said_to_be_none():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 210_000_000)
    for body, why in {
        b"\xff\xfe\x00": "neither CSV in UTF-8 nor XLSX",
        b"PK\x03\x04 and no more": "cannot be read as a spreadsheet",
        packed.getvalue(): "unpacks to far more",
        b"a" * 10_000_001: "larger than 10,000,000 bytes",
        b"title\n" + b"A\n" * 20_001: "at most 20,000",
    }.items():
        with pytest.raises(BadTable, match=why):
            read_table("sources", body)


def test_semicolons_and_tabs_part_columns_too():
    assert read_table("sources", b"publisher;title\nwire;A, B\n").dict == [
        {"publisher": "wire", "title": "A, B", "id": ""}
    ]


# --- On the desk ------------------------------------------------------------------------------------------------------

SOURCES, CITATIONS = "/admin/profiles/source/table/", "/admin/profiles/profile/table/"


def send(client, address, text, name="some.csv"):
    return client.post(address, {"file": SimpleUploadedFile(name, text.encode())})


def test_a_table_is_looked_at_and_then_applied_on_the_desk(client, edith):
    client.force_login(edith)
    make_publisher("Wire", slug="wire")
    response = send(client, SOURCES, "publisher,title\nwire,New one\n")
    assert "1 added, 0 changed, 0 the same. Nothing has been changed yet." in response.text
    assert Source.objects.count() == 0
    done = client.post(SOURCES, {"_apply": "1", "upload": response.context["upload"].pk}, follow=True)
    assert "Some.csv: 1 added, 0 changed, 0 the same." in html.unescape(done.text)
    assert (Source.objects.count(), Upload.objects.count()) == (1, 0)


def test_a_bad_table_is_told_on_the_desk(client, edith):
    client.force_login(edith)
    response = send(client, SOURCES, "publisher,title\nwire,<b>\n", name="<i>.csv")
    assert "Row 2, column publisher: “wire” is not on file" in html.unescape(response.text)
    assert "<i>.csv" not in response.text
    assert Upload.objects.count() == 0
    assert "This field is required" in client.post(SOURCES, {}).text


def test_nobody_applies_what_somebody_else_has_looked_at(client, edith, frank):
    client.force_login(edith)
    make_publisher("Wire", slug="wire")
    number = send(client, SOURCES, "publisher,title\nwire,New one\n").context["upload"].pk
    client.force_login(frank)
    for one in (number, "x", "9" * 30, ""):
        done = client.post(SOURCES, {"_apply": "1", "upload": one}, follow=True)
        assert "The file is no longer there; choose it again." in html.unescape(done.text)
    assert Source.objects.count() == 0


def test_what_became_wrong_between_look_and_apply_is_told(client, edith):
    client.force_login(edith)
    publisher = make_publisher("Wire", slug="wire")
    number = send(client, SOURCES, "publisher,title\nwire,New one\n").context["upload"].pk
    publisher.delete()
    done = client.post(SOURCES, {"_apply": "1", "upload": number})
    assert "is not on file" in html.unescape(done.text)


@pytest.mark.parametrize(("who", "status"), [("edith", 200), ("wanda", 200), ("otto", 403), ("mina", 302)])
@pytest.mark.parametrize("address", [SOURCES, CITATIONS])
def test_authors_and_editors_bring_tables_and_nobody_else(client, request, who, status, address):
    client.force_login(request.getfixturevalue(who))
    assert client.get(address).status_code == status


def test_an_authors_table_changes_nothing_live_on_the_desk_either(client, wanda, profile):
    client.force_login(wanda)
    source = make_source("Known")
    response = send(client, CITATIONS, f"profile,source\nexample,{source.pk}\n")
    assert "an editor changes it" in response.text


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_lists_are_exported_by_an_action(client, edith, profile, form):
    cite(profile, make_source("Known"))
    client.force_login(edith)
    for model, pk, kind in (("source", Source.objects.get().pk, "sources"), ("profile", profile.pk, "citations")):
        response = client.post(f"/admin/profiles/{model}/", {"action": f"export_{form}", "_selected_action": [pk]})
        assert response["Content-Disposition"] == f'attachment; filename="{kind}.{form}"'
        rows = read_table(kind, response.content)
        assert len(rows) == 1
    assert "Import citations" in client.get("/admin/profiles/profile/").text


def test_an_export_holds_no_gated_text(client, edith, profile):
    make_note(cite(profile), "canary-note")
    client.force_login(edith)
    response = client.post("/admin/profiles/profile/", {"action": "export_csv", "_selected_action": [profile.pk]})
    assert b"canary" not in response.content
    assert Judgement.objects.count() == 2


def test_a_file_that_was_only_looked_at_is_forgotten_after_a_day(client, edith):
    client.force_login(edith)
    make_publisher("Wire", slug="wire")
    send(client, SOURCES, "publisher,title\nwire,New one\n")
    chores.forget_uploads()
    assert Upload.objects.count() == 1
    Upload.objects.update(added_at=datetime.now(UTC) - timedelta(days=2))
    chores.forget_uploads()
    assert Upload.objects.count() == 0
