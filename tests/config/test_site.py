"""The site's record: one row that says what everything is called, at no query a page."""

import time
from io import BytesIO

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from PIL import Image

from config import mailing, site
from config.models import AuditEntry, Site
from tests.builders import make_profile, make_user, picture

pytestmark = pytest.mark.django_db

CHANGE = "admin:config_site_change"


@pytest.fixture
def ada():
    """The administrator."""
    return make_user("ada@example.org", name="Ada", is_staff=True, is_superuser=True)


def called(name="Probe", **fields):
    Site.objects.update_or_create(pk=1, defaults={"name": name, **fields})
    site.forget()


def test_without_a_row_the_site_has_a_name_all_the_same(client):
    site.forget()
    assert site.site() == site.Record()
    assert "· Assay</title>" in client.get("/profiles/").text


def test_the_name_stands_on_pages_in_feeds_and_in_mails(client, monkeypatch):
    called(contact_address="desk@example.org", imprint="Example Publishing\n\n 1 Example Street ")
    profile = make_profile("tidewater", live=True, name="Tidewater")
    home = client.get("/").text
    for said in ("<title>Probe", '">Probe</a>', "<span>1 Example Street</span>", 'href="mailto:desk@example.org"'):
        assert said in home
    assert "<title>Probe: what moved</title>" in client.get("/feed/").text
    page = client.get(profile.get_absolute_url()).text
    assert 'og:site_name" content="Probe"' in page
    assert "“Tidewater”, Probe" in page
    monkeypatch.setitem(mailing.RENDERERS, "greeting", lambda mail: mailing.Written("Hello", "Text."))
    mailing.post("greeting", to="reader@example.org", key="greeting")
    mailing.deliver()
    (sent,) = mail.outbox
    assert (sent.subject, sent.reply_to) == ("Probe: Hello", ["desk@example.org"])
    assert sent.from_email.startswith("Probe <noreply@")


@pytest.mark.parametrize("door", ["login/", "signup/", "login/code/", "password/reset/"])
def test_the_doors_of_an_account_bear_it_and_not_that_of_the_host(client, door):
    called()
    page = client.get(f"/accounts/{door}").text
    assert "· Probe</title>" in page
    assert '">Probe</a>' in page


def test_mails_about_accounts_bear_the_name_too(client):
    called("Probe, of the Coast")
    client.post("/accounts/login/code/", {"email": make_user("reader@example.org").email})
    (sent,) = mail.outbox
    assert sent.subject.startswith("Probe, of the Coast: ")
    assert sent.message()["From"].startswith('"Probe, of the Coast" <noreply@')


def test_a_process_asks_once_in_a_while(django_assert_num_queries, monkeypatch):
    called()
    with django_assert_num_queries(1):
        assert [site.site().name for _ in range(5)] == ["Probe"] * 5
    Site.objects.update(name="Other")
    assert site.site().name == "Probe"
    later = time.monotonic() + site.KNOWN_FOR + 1
    monkeypatch.setattr(site.time, "monotonic", lambda: later)
    assert site.site().name == "Other"


def test_while_the_database_is_away_the_last_name_is_known(monkeypatch):
    called()
    site.site()
    site.forget()

    def away(**_):
        raise DatabaseError

    monkeypatch.setattr(Site.objects, "filter", away)
    assert site.site().name == "Probe"


@pytest.mark.parametrize("fields", [{"pk": 2}, {"pk": 1, "name": ""}])
def test_there_is_one_record_and_it_has_a_name(fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        Site.objects.create(**fields)


# --- On the desk ------------------------------------------------------------------------------------------------------


def save(client, **fields):
    there = client.get(reverse("admin:config_site_changelist"))["Location"]
    return client.post(there, {"name": "Probe", "contact_address": "", "imprint": "", **fields})


def test_an_administrator_names_the_site_and_gives_it_a_logo(client, ada):
    site.forget()
    client.force_login(ada)
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    file = BytesIO()
    Image.new("RGBA", (2000, 1000), (0, 0, 120, 90)).save(file, "PNG", exif=exif)
    assert save(client, new_logo=SimpleUploadedFile("logo.png", file.getvalue())).status_code == 302
    record = Site.objects.get()
    assert (record.name, record.logo_width, record.logo_height) == ("Probe", 320, 160)
    header = client.get("/").text.partition("<main")[0]
    address = f"/media/site/{record.logo_digest}.webp"
    assert f'<img src="{address}" width="320" height="160" alt="Probe">' in header
    served = client.get(address)
    assert served["Cache-Control"] == "public, max-age=31536000, immutable"
    with Image.open(BytesIO(served.content)) as logo:
        assert (logo.format, logo.mode, dict(logo.getexif())) == ("WEBP", "RGBA", {})
    save(client, no_logo="on")
    assert "<img" not in client.get("/").text.partition("<main")[0]
    assert client.get(address).status_code == 404
    assert list(AuditEntry.objects.filter(subject_kind="site").values_list("verb", "actor").order_by("pk")) == [
        ("site.filed", ada.pk),
        ("site.changed", ada.pk),
    ]


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": ""}, "name"),
        ({"name": "Two\nlines"}, "name"),
        ({"name": "<b>"}, "name"),
        ({"contact_address": "nobody"}, "contact_address"),
        ({"new_logo": SimpleUploadedFile("x.svg", b"<svg/>")}, "new_logo"),
        ({"new_logo": SimpleUploadedFile("x.webp", picture()[:20])}, "new_logo"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(client, ada, fields, wrong):
    client.force_login(ada)
    assert save(client, **fields).context["adminform"].form.errors.keys() == {wrong}
    assert not Site.objects.exists()


def test_editors_do_not_name_the_site(client, edith):
    called()
    client.force_login(edith)
    assert client.get(reverse(CHANGE, args=[1])).status_code == 403
    assert client.post(reverse("admin:config_site_add"), {"name": "Mine"}).status_code == 403
    assert "/admin/config/site/" not in client.get("/admin/").text
    assert Site.objects.get().name == "Probe"
