"""The mails of the demo, in the browser."""

import os

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection

from config.stack import Stack


@pytest.fixture
def folder(settings, tmp_path):
    settings.DEMO = True
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    return tmp_path / "mail"


def post(folder, *subjects, text="The code is AAAA-BBBB."):
    """Write mails through one connection, as one request does; they share a file."""
    with get_connection("django.core.mail.backends.filebased.EmailBackend", file_path=str(folder)) as connection:
        for subject in subjects:
            message = EmailMultiAlternatives(subject, text, "assay@example.org", ["mina@example.org"])
            message.attach_alternative("<b>As HTML</b>", "text/html")
            connection.send_messages([message])


def test_mails_are_shown_newest_first(client, folder):
    post(folder, "The first", "The second")
    for file in folder.iterdir():
        os.utime(file, (1_700_000_000, 1_700_000_000))
    post(folder, "The third")
    text = client.get("/outbox/").text
    assert text.index("The third") < text.index("The second") < text.index("The first")
    assert "AAAA-BBBB" in text
    assert "mina@example.org" in text
    assert "As HTML" not in text


def test_what_a_mail_says_is_shown_and_not_obeyed(client, folder):
    post(folder, "<script>alert(1)</script>", text="<img src=x> ü — “quoted” ❄")
    response = client.get("/outbox/")
    assert "<script>alert" not in response.text
    assert "&lt;img src=x&gt; ü — “quoted” ❄" in response.text
    assert response["Cache-Control"] == "private, no-store"


def test_without_mails_it_says_so(client, folder):
    assert "Nothing has been written yet" in client.get("/outbox/").text


def test_a_real_site_has_no_such_page(client, folder, settings):
    post(folder, "The code")
    settings.DEMO = settings.DEBUG = False
    assert client.get("/outbox/").status_code == 404


def test_a_site_with_a_mail_server_has_no_such_page(client, folder, settings):
    settings.EMAIL_FILE_PATH = None
    assert client.get("/outbox/").status_code == 404


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"DEMO": "1"}, True),
        ({"DEBUG": "1"}, True),
        ({"DEMO": "1", "EMAIL_URL": "smtp://localhost"}, False),
        ({}, False),
    ],
)
def test_the_first_words_of_a_run_name_it(capsys, tmp_path, environ, told):
    from config import env

    environ = {"SECRET_KEY": "x" * 40, "DATA_DIR": str(tmp_path), **environ}
    Stack(environ, env.read(environ)).greet()
    assert ("http://localhost:8000/outbox/" in capsys.readouterr().out) == told
