"""Files from strangers: taken for what they are, kept from everybody else, and never shown as a page."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from accounts.applications import actions, documents
from accounts.applications.documents import BadDocument, plain_name, read_upload
from accounts.models import Document
from config.models import AuditEntry
from tests.builders import make_application, make_user, picture

PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"


@pytest.mark.parametrize(
    ("content", "kind"), [(PDF, "pdf"), (picture(format="PNG"), "png"), (picture(format="JPEG"), "jpeg")]
)
def test_a_file_is_what_its_bytes_are_whatever_it_is_called(content, kind):
    assert read_upload(content, name="malware.exe").kind == kind


HOSTILE = {
    "empty": b"",
    "html": b"<html><script>alert(1)</script>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "a page that says pdf later": b"<script>alert(1)</script>%PDF-1.7 %%EOF",
    "half a pdf": b"%PDF-1.7\n1 0 obj",
    "a program": b"MZ\x90\x00" + b"\0" * 200,
    "an archive": b"PK\x03\x04" + b"\0" * 200,
    "half a png": picture(format="PNG", width=900, height=900)[:60],
    "a png that is only called so": b"\x89PNG\r\n\x1a\n" + b"<script>" * 20,
    "webp": picture(format="WEBP"),
    "gif": picture(format="GIF"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_is_none_of_three_kinds_is_refused_in_a_sentence(name):
    with pytest.raises(BadDocument, match="PDF, PNG or JPEG"):
        read_upload(HOSTILE[name], name="extract.pdf")


def test_a_picture_that_unpacks_to_gigabytes_is_refused():
    file = BytesIO()
    Image.new("1", (60_000, 60_000)).save(file, "PNG", compress_level=1)
    assert len(file.getvalue()) < documents.MOST_BYTES
    with pytest.raises(BadDocument):
        read_upload(file.getvalue(), name="x.png")


def test_a_file_larger_than_five_megabytes_is_refused():
    with pytest.raises(BadDocument, match="larger than 5 MB"):
        read_upload(PDF + b" " * documents.MOST_BYTES + b"%%EOF", name="x.pdf")


@pytest.mark.parametrize(
    ("called", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\extract.pdf", "extract.pdf"),
        ('a"; filename="evil.html', "a__ filename__evil.html"),
        ("x\r\nSet-Cookie: a=b.pdf", "x__Set-Cookie_ a_b.pdf"),
        ("", "document"),
        ("...", "document"),
        ("y" * 300 + ".pdf", "y" * 96 + ".pdf"),
        ("Auszug für März.pdf", "Auszug für März.pdf"),
    ],
)
def test_a_name_means_nothing_to_a_header_or_a_file_system(called, kept):
    assert plain_name(called) == kept


# --- Over the web -----------------------------------------------------------------------------------------------------

FIELDS = {"organisation": "Example Networks", "resources": "AS64500", "role": "Owner", "submit": "1"}


def upload(client, content=PDF, name="extract.pdf", content_type="application/pdf", **fields):
    file = SimpleUploadedFile(name, content, content_type=content_type)
    return client.post("/account/application/", {**FIELDS, "document": file, **fields})


@pytest.mark.django_db
def test_a_document_goes_in_with_the_application_and_comes_out_as_a_download(client):
    client.force_login(make_user())
    assert upload(client).status_code == 302
    document = Document.objects.get()
    response = client.get(f"/account/application/document/{document.pk}/")
    assert response.content == PDF
    assert {
        name: response[name]
        for name in (
            "Content-Type",
            "Content-Disposition",
            "X-Content-Type-Options",
            "Cache-Control",
            "Content-Security-Policy",
        )
    } == {
        "Content-Type": "application/pdf",
        "Content-Disposition": f'attachment; filename="document-{document.pk}.pdf"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }


@pytest.mark.django_db
def test_what_the_browser_says_of_a_file_counts_for_nothing(client):
    client.force_login(make_user())
    upload(client, picture(format="PNG"), name="page.html", content_type="text/html")
    document = Document.objects.get()
    assert (document.kind, client.get(f"/account/application/document/{document.pk}/")["Content-Type"]) == (
        "png",
        "image/png",
    )


@pytest.mark.django_db
@pytest.mark.parametrize("name", HOSTILE)
def test_a_refused_file_is_told_beside_its_field_and_nothing_typed_is_lost(client, name):
    client.force_login(make_user())
    response = upload(client, HOSTILE[name] or b"\n", statement="What I typed.")
    assert response.status_code == 200
    assert 'id="id_document_error"' in response.text
    assert "What I typed." in response.text
    assert not Document.objects.exists()


@pytest.mark.django_db
def test_a_document_is_the_applicants_and_nobody_elses(client, otto, edith, mina):
    owner = make_user()
    client.force_login(owner)
    upload(client)
    address = f"/account/application/document/{Document.objects.get().pk}/"
    client.logout()
    assert client.get(address).status_code == 302
    for somebody in (mina, edith, otto):
        client.force_login(somebody)
        assert client.get(address).status_code == 404


@pytest.mark.django_db
def test_officers_open_it_on_the_desk_and_the_audit_says_so(client, otto, edith):
    client.force_login(make_user())
    upload(client)
    document = Document.objects.get()
    address = f"/admin/accounts/application/document/{document.pk}/"
    assert client.get(address).status_code == 302
    client.force_login(edith)
    assert client.get(address).status_code == 403
    client.force_login(otto)
    assert client.get(address).content == PDF
    entry = AuditEntry.objects.get(verb="document.opened")
    assert (entry.actor, entry.subject_id, entry.details) == (
        otto.pk,
        document.application_id,
        {"document": document.pk},
    )


@pytest.mark.django_db
def test_an_unsent_draft_is_no_officers_business(client, otto):
    client.force_login(make_user())
    client.post("/account/application/", {"save": "1", "document": SimpleUploadedFile("x.pdf", PDF)})
    document = Document.objects.get()
    client.force_login(otto)
    assert client.get(f"/admin/accounts/application/document/{document.pk}/").status_code == 404
    assert client.get(f"/admin/accounts/application/{document.application_id}/change/").status_code == 302


@pytest.mark.django_db
def test_a_form_that_says_it_is_larger_than_any_document_is_not_read(client):
    client.force_login(make_user())
    response = upload(client, PDF + b" " * documents.FORM_BYTES)
    assert response.status_code == 413
    assert "may have 5 MB" in response.text


@pytest.mark.django_db
def test_the_form_needs_its_token_all_the_same(client):
    client.force_login(make_user())
    client.handler.enforce_csrf_checks = True
    assert upload(client).status_code == 403
    assert not Document.objects.exists()


@pytest.mark.django_db
def test_one_person_keeps_ten_documents_a_month(client):
    user = make_user()
    client.force_login(user)
    for number in range(documents.MOST_KEPT):
        upload(client, PDF + b"%% %d\n%%%%EOF" % number, seen=str(number))
    assert Document.objects.count() == documents.MOST_KEPT
    response = upload(client, PDF + b"%% one more\n%%EOF", seen=str(documents.MOST_KEPT))
    assert "You have handed in 10 documents within a month" in response.text
    assert Document.objects.count() == documents.MOST_KEPT


@pytest.mark.django_db
def test_a_document_stays_until_it_is_taken_out_or_replaced(client):
    user = make_user()
    client.force_login(user)
    upload(client)
    client.post("/account/application/", {**FIELDS, "role": "Director", "seen": "1"})
    application = user.applications.get()
    assert application.text().document is not None
    client.post("/account/application/", {**FIELDS, "role": "Director", "seen": "2", "without_document": "on"})
    application.refresh_from_db()
    assert (application.version, application.text().document) == (3, None)


@pytest.mark.django_db
def test_a_document_can_be_erased_and_the_versions_that_held_it_stay():
    application = make_application(upload=read_upload(PDF, name="x.pdf"))
    application.documents.all().delete()
    assert application.versions.get().document is None


@pytest.mark.django_db
def test_the_document_of_an_application_that_ended_without_approval_is_removed_after_ninety_days(otto):
    held = read_upload(PDF, name="x.pdf")
    kept, approved, ended = (make_application(upload=held) for _ in range(3))
    actions.approve(application_id=approved.pk, version=1, by=otto, document_reviewed=True)
    actions.withdraw(applicant=ended.applicant)
    now = timezone.now()
    documents.forget_old(at=now + timedelta(days=89))
    assert Document.objects.count() == 3
    documents.forget_old(at=now + timedelta(days=91))
    assert set(Document.objects.values_list("application", flat=True)) == {kept.pk, approved.pk}
    assert ended.text().document is None
