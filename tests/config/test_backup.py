import shutil
import subprocess
import tarfile
from contextlib import contextmanager

import psycopg
import pytest
from django.conf import settings as django_settings
from django.db import connection
from psycopg import sql

from config import backup, embedded, env
from config.processes import stop
from tests.builders import cite, make_profile
from tests.config.conftest import open_folder

pytestmark = pytest.mark.django_db(transaction=True)


def address_of(name):
    """The address of a database beside the one that the tests use."""
    parts = django_settings.DATABASES["default"]
    known = {"host": parts["HOST"], "port": parts["PORT"], "user": parts["USER"], "password": parts["PASSWORD"]}
    fields = {field: value for field, value in known.items() if value}
    return psycopg.conninfo.make_conninfo("", dbname=name, **fields)


@pytest.fixture
def world(tmp_path):
    """A database that holds one of everything a dump can lose, and a folder of figures."""
    profile = make_profile("café-‘registry’", live=True, cited=True)
    cite(profile)
    media = tmp_path / "media"
    (media / "figures").mkdir(parents=True)
    (media / "figures" / "0a.webp").write_bytes(bytes(range(256)))
    return media


@pytest.fixture
def here():
    return address_of(connection.settings_dict["NAME"])


@pytest.fixture
def empty():
    with created_database() as address:
        yield address


@contextmanager
def created_database():
    name = f"{connection.settings_dict['NAME']}_restored"
    with psycopg.connect(address_of("postgres"), autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield address_of(name)
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="module")
def other_server():
    """An embedded PostgreSQL, which is another one than ours when the tests run on a server of their own."""
    with open_folder() as folder:
        part = embedded.start_postgres(folder, durable=False)
        yield env.embedded_database(folder)
        stop([part])
        shutil.rmtree(env.run_dir(folder))


def restore(file, database, media, folder):
    folder.mkdir()
    with backup.opened(file, folder) as contents:
        backup.restore_figures(folder, media)
        backup.restore_database(database, folder)
    return contents


def told(database, *options):
    """What pg_dump says of a database, without the lines that differ from run to run or from server to server."""
    program = backup.client_program("pg_dump", 18)
    done = subprocess.run(
        [program, "--no-owner", "--no-acl", "--schema=public", *options, f"--dbname={database}"],
        capture_output=True,
        text=True,
        check=True,
    )
    ignored = ("--", "SET ", "\\restrict", "\\unrestrict", "CREATE SCHEMA", "COMMENT ON SCHEMA")
    lines = [line for line in done.stdout.splitlines() if line and not line.startswith(ignored)]
    return sorted(in_first_words(line) for line in lines)


def in_first_words(line):
    """PostgreSQL words conditions differently after reading them once; the rule is the same."""
    if line.startswith(("    CONSTRAINT", "CREATE UNIQUE INDEX")):
        return line.partition(" = ANY ")[0]
    return line.replace("(", "").replace(")", "") if line.startswith("CREATE TRIGGER") else line


def test_what_was_backed_up_comes_back_the_same(world, here, empty, tmp_path):
    backup.back_up(tmp_path / "a backup.tar", database=here, media=world)
    contents = restore(tmp_path / "a backup.tar", empty, tmp_path / "new media", tmp_path / "unpacked")
    assert told(empty) == told(here)
    assert contents.figures == 1
    assert (tmp_path / "new media/figures/0a.webp").read_bytes() == bytes(range(256))


def test_a_backup_moves_to_another_server_and_back(world, here, other_server, empty, tmp_path):
    backup.back_up(tmp_path / "there.tar", database=here, media=world)
    restore(tmp_path / "there.tar", other_server, tmp_path / "media there", tmp_path / "unpacked there")
    backup.back_up(tmp_path / "back.tar", database=other_server, media=world)
    restore(tmp_path / "back.tar", empty, tmp_path / "media back", tmp_path / "unpacked back")
    assert told(empty, "--data-only", "--inserts") == told(here, "--data-only", "--inserts")
    assert told(empty, "--section=post-data") == told(here, "--section=post-data")


def test_what_may_only_be_appended_still_may_only_be_appended(world, here, empty, tmp_path):
    backup.back_up(tmp_path / "a.tar", database=here, media=world)
    restore(tmp_path / "a.tar", empty, tmp_path / "new media", tmp_path / "unpacked")
    with psycopg.connect(empty) as restored:
        add_grade(restored)
        with pytest.raises(psycopg.Error, match="Cannot update"):
            restored.execute("UPDATE profiles_grade SET score = 1")


def add_grade(database):
    database.execute(
        "INSERT INTO profiles_grade (profile_id, seq, as_of, method, score, verdict, causes)"
        " SELECT id, 901, current_date, 1, 0.5, '{}', '[]' FROM profiles_profile"
    )


def test_numbering_goes_on_where_it_stopped(world, here, empty, tmp_path):
    backup.back_up(tmp_path / "a.tar", database=here, media=world)
    restore(tmp_path / "a.tar", empty, tmp_path / "new media", tmp_path / "unpacked")
    asked = "INSERT INTO profiles_mark (profile_id, lane, change) VALUES (1, 0, '{}') RETURNING id"
    with psycopg.connect(empty) as restored, psycopg.connect(here) as original:
        assert restored.execute(asked).fetchone() == original.execute(asked).fetchone()
        original.rollback()


def test_restoring_replaces_what_was_there(world, here, empty, tmp_path):
    backup.back_up(tmp_path / "a.tar", database=here, media=world)
    restore(tmp_path / "a.tar", empty, tmp_path / "media 1", tmp_path / "unpacked 1")
    with psycopg.connect(empty) as changed:
        changed.execute("DELETE FROM profiles_mark")
        changed.execute("CREATE TABLE stray (id int)")
    restore(tmp_path / "a.tar", empty, tmp_path / "media 2", tmp_path / "unpacked 2")
    assert told(empty) == told(here)


def cut(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flip(file):
    content = bytearray(file.read_bytes())
    content[file.stat().st_size // 3] ^= 0xFF
    file.write_bytes(content)


def lose_manifest(file):
    with tarfile.open(file) as old, tarfile.open(file.with_suffix(".new"), "w") as new:
        for member in old.getmembers()[:-1]:
            new.addfile(member, old.extractfile(member))
    file.with_suffix(".new").replace(file)


def add_a_way_out(file):
    with tarfile.open(file, "a") as tar:
        tar.addfile(tarfile.TarInfo("../outside"))


@pytest.mark.parametrize("damage", [cut, flip, lose_manifest, add_a_way_out])
def test_a_damaged_backup_is_refused_before_anything_changes(damage, world, here, tmp_path):
    file = tmp_path / "a.tar"
    backup.back_up(file, database=here, media=world)
    before = told(here)
    damage(file)
    with pytest.raises(backup.CannotRestore):
        restore(file, here, tmp_path / "new media", tmp_path / "unpacked")
    assert told(here) == before
    assert not (tmp_path / "new media").exists()
    assert not (tmp_path / "outside").exists()


def test_a_dump_the_database_refuses_leaves_it_as_it_was(world, here, empty, tmp_path, monkeypatch):
    backup.back_up(tmp_path / "a.tar", database=here, media=world)
    restore(tmp_path / "a.tar", empty, tmp_path / "media 1", tmp_path / "unpacked 1")
    before = told(empty)
    original = backup.write_script

    def spoil(folder, server):
        original(folder, server)
        with (folder / "restore.sql").open("a") as script:
            script.write("SELECT no_such_function();\n")

    monkeypatch.setattr(backup, "write_script", spoil)
    with pytest.raises(backup.CannotRestore, match="no_such_function"):
        restore(tmp_path / "a.tar", empty, tmp_path / "media 2", tmp_path / "unpacked 2")
    assert told(empty) == before


def test_no_file_is_overwritten(world, here, tmp_path):
    (tmp_path / "a.tar").write_text("precious")
    with pytest.raises(backup.CannotBackUp, match="exists already"):
        backup.back_up(tmp_path / "a.tar", database=here, media=world)
    assert (tmp_path / "a.tar").read_text() == "precious"


def test_a_backup_is_for_its_owner_alone(world, here, tmp_path):
    backup.back_up(tmp_path / "a.tar", database=here, media=world)
    assert (tmp_path / "a.tar").stat().st_mode & 0o077 == 0


def test_a_folder_that_is_not_there_is_a_sentence(world, here, tmp_path):
    with pytest.raises(backup.CannotBackUp, match="cannot be written: No such file or directory"):
        backup.back_up(tmp_path / "nowhere" / "a.tar", database=here, media=world)
