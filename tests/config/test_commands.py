"""backup, restore and doctor as an operator types them, on a site that is stopped."""

import io
import os
import tarfile

import psycopg
import pytest

from config import embedded, env
from config.processes import stop
from tests.config.conftest import copied, manage, open_folder

NOBODY = "postgresql://assay@127.0.0.1:9/assay"


@pytest.fixture(scope="module")
def site(stopped_site):
    with copied(stopped_site) as folder:
        yield folder


@pytest.fixture
def backed_up(site, tmp_path):
    assert manage(site, "backup", tmp_path / "kept.tar").returncode == 0
    return tmp_path / "kept.tar"


def sentence(done):
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr.strip()


def rows(data_dir, question):
    part = embedded.start_postgres(data_dir, durable=False)
    try:
        with psycopg.connect(env.embedded_database(data_dir)) as database:
            return database.execute(question).fetchall()
    finally:
        stop([part])


def test_a_stopped_site_is_backed_up_and_restored(site, backed_up):
    with open_folder() as folder:
        done = manage(folder, "restore", backed_up)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("Restored the backup of 20")
        counted = "SELECT count(*) FROM django_migrations"
        assert rows(folder, counted) == rows(site, counted)


def test_a_restored_site_has_its_second_wall_again(backed_up):
    with open_folder() as folder:
        assert manage(folder, "restore", backed_up).returncode == 0
        may = "has_table_privilege('assay_{}', 'briefings_{}', 'SELECT')".format
        asked = [may("site", "briefing"), may("site", "teaser"), may("gate", "briefing"), may("desk", "sourcenote")]
        assert rows(folder, f"SELECT {', '.join(asked)}") == [(False, True, True, True)]


def test_a_database_with_people_in_it_is_not_replaced_unasked(site, backed_up):
    rows(site, "INSERT INTO profiles_publisher (slug, name, reliability, reliability_reason, homepage)"
         " VALUES ('wire', 'Wire', 'A', '', '') RETURNING 1")  # fmt: skip
    asked = "SELECT name FROM profiles_publisher"
    assert "--replace gives up what it holds" in sentence(manage(site, "restore", backed_up))
    assert rows(site, asked) == [("Wire",)]
    assert manage(site, "restore", backed_up, "--replace").returncode == 0
    assert rows(site, asked) == []


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        (b'"0001_initial"', b'"9999_from_the_future"', "9999_from_the_future is unknown here"),
        (
            b'"0031_lists_are_read_in_order"',
            b'"0001_initial"',
            "The backup lacks some earlier migrations of profiles. Go",
        ),
    ],
    ids=["newer", "from the middle"],
)
def test_a_backup_that_cannot_be_brought_up_to_date_is_refused(site, backed_up, tmp_path, was, now, said):
    with tarfile.open(backed_up) as old, tarfile.open(tmp_path / "other.tar", "w") as new:
        for member in old:
            content = old.extractfile(member).read()
            if member.name == "manifest.json":
                assert was in content
                content = content.replace(was, now)
            member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    assert said in sentence(manage(site, "restore", tmp_path / "other.tar"))


@pytest.mark.parametrize("content", [b"", b"not a backup", bytes(1024)])
def test_a_file_that_is_no_backup_is_a_sentence(site, tmp_path, content):
    (tmp_path / "a.tar").write_bytes(content)
    said = sentence(manage(site, "restore", tmp_path / "a.tar"))
    assert said == f"CommandError: {tmp_path}/a.tar is not a whole backup of Assay. Nothing was changed."


def test_a_missing_file_is_a_sentence(site, tmp_path):
    said = sentence(manage(site, "restore", tmp_path / "none.tar"))
    assert said == f"CommandError: There is no file {tmp_path}/none.tar. Nothing was changed."


def test_the_doctor_finds_what_is_missing(site):
    done = manage(site, "doctor")
    assert done.returncode == 1
    assert {line.split()[0] for line in done.stdout.splitlines() if " MISSING " in line} == {"Database", "Redis"}


def test_the_doctor_finds_a_site_well(site):
    # The servers of the tests, whichever they are, and nobody who works: that alone is missing.
    urls = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if name in os.environ}
    part = embedded.start_postgres(site, durable=False)
    redis = embedded.start_redis(site, durable=False)
    try:
        done = manage(site, "doctor", **{name: url for name, url in urls.items() if name == "REDIS_URL"})
    finally:
        stop([part, redis])
    missing = [line.split()[0] for line in done.stdout.splitlines() if " MISSING " in line]
    assert missing == ["Worker"], done.stdout


def test_the_doctor_tells_no_secrets(site):
    secrets = {"SECRET_KEY": "t0p-" * 10, "DATABASE_URL": "postgresql://assay:hush-hush@127.0.0.1:9/assay"}
    done = manage(site, "doctor", **secrets, EMAIL_URL="smtp://u:whisper@mail.example.org")
    assert not any(secret in done.stdout + done.stderr for secret in ("t0p-", "hush-hush", "whisper"))


def test_the_doctor_notices_a_misspelt_variable(site):
    assert (
        "DATABSE_URL is set and means nothing here; DATABASE_URL would"
        in manage(site, "doctor", DATABSE_URL="x").stdout
    )


def test_a_command_without_its_database_says_so_in_a_sentence(site):
    said = sentence(manage(site, "migrate", DATABASE_URL=NOBODY))
    assert said.startswith("assay: the database does not answer (")
    assert said.endswith("; start it with make run, or check DATABASE_URL.")


def test_production_does_not_start_without_a_secret(site):
    said = sentence(manage(site, "check", DATABASE_URL=NOBODY, SECRET_KEY=""))
    assert said.startswith("assay: SECRET_KEY is not set; make one with: ")
