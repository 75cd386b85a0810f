import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config import env

SITE = {"SECRET_KEY": "k" * 50, "SITE_URL": "https://assay.example.org", "DATABASE_URL": "postgresql://h/db"}


@pytest.fixture
def local(tmp_path):
    return {"DATA_DIR": str(tmp_path / "data")}


def sentence(environ):
    with pytest.raises(env.BadEnvironment) as caught:
        env.read(environ)
    return str(caught.value)


def test_nothing_set_is_a_local_site_on_the_embedded_servers(local, tmp_path):
    read = env.read(local)
    assert (read.debug, read.demo, read.site_url, read.port) == (False, False, "http://localhost:8000", 8000)
    assert (read.embeds_database, read.embeds_redis) == (True, True)
    assert read.data_dir == tmp_path / "data"


def test_named_servers_are_used():
    read = env.read(SITE | {"REDIS_URL": "redis://queue:6379/0"})
    assert (read.embeds_database, read.embeds_redis) == (False, False)


def test_the_address_follows_the_port(local):
    assert env.read(local | {"PORT": "8123"}).site_url == "http://localhost:8123"


def test_the_sockets_of_a_folder_are_found_from_every_shell(local, monkeypatch):
    before = env.read(local).run_dir
    monkeypatch.setenv("TMPDIR", "/elsewhere")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/elsewhere")
    assert env.read(local).run_dir == before
    assert len(f"{before}/pg/.s.PGSQL.5432") < 107


def test_a_relative_folder_lies_in_the_project(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert env.read(SITE | {"DATA_DIR": "some/where"}).data_dir == env.ROOT / "some/where"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"DEBUG": "maybe"}, "DEBUG is 'maybe'; write 1 or 0 (see .env.example)."),
        ({"PORT": "0"}, "PORT is '0'; write a whole number from 1 to 65535 (see .env.example)."),
        ({"PORT": "８０"}, "PORT is '８０'; write a whole number from 1 to 65535 (see .env.example)."),
        ({"TRUSTED_PROXIES": "-1"}, "TRUSTED_PROXIES is '-1'; write a whole number from 0 to 10 (see .env.example)."),
        ({"DATABASE_URL": "mysql://h/db"}, "DATABASE_URL must start with postgres: or postgresql: (see .env.example)."),
        ({"DATABASE_URL": "postgresql://h:port/db"}, "DATABASE_URL is not an address: "),
        ({"REDIS_URL": "localhost:6379"}, "REDIS_URL must start with redis: or rediss: or unix: (see .env.example)."),
        ({"EMAIL_URL": "mail.example.org"}, "EMAIL_URL must start with "),
        ({"SITE_URL": "assay.example.org"}, "SITE_URL is 'assay.example.org'; write an address such as "),
        ({"SITE_URL": "https://h/path"}, "SITE_URL is 'https://h/path'; write an address such as "),
        ({"SITE_URL": "http://[h"}, "SITE_URL is not an address: "),
        ({"SECRET_KEY": "short"}, "SECRET_KEY is shorter than 32 characters; make one with: "),
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set; make one with: "),
        (
            {"DEMO": "1"},
            "DEMO=1 seeds accounts with a printed password and refuses SITE_URL 'https://assay.example.org'",
        ),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence_that_names_the_variable(wrong, said):
    assert sentence(SITE | {"DATA_DIR": "/nowhere"} | wrong).startswith(said)


def test_production_knows_only_its_own_names():
    assert env.read(SITE | {"ALLOWED_HOSTS": "www.example.org, "}).allowed_hosts == (
        "assay.example.org",
        "www.example.org",
    )


def test_a_kept_secret_stays_the_same_and_is_for_its_owner_alone(local):
    first, second = env.read(local).secret_key, env.read(local).secret_key
    assert first == second
    assert len(first) >= env.SECRET_KEY_LENGTH
    assert stat.S_IMODE((Path(local["DATA_DIR"]) / "secret_key").stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [{}, {"DEBUG": "1"}, {"DATABASE_URL": ""}])
def test_a_kept_secret_never_serves_a_public_address(local, mode):
    env.read(local)
    assert sentence(SITE | local | {"SECRET_KEY": ""} | mode).startswith("SECRET_KEY is not set; make one with: ")


def test_commands_beside_make_run_use_the_secret_it_kept(local):
    kept = env.read(local).secret_key
    assert env.read(local | {"DATABASE_URL": "postgresql://h/db"}).secret_key == kept


def test_many_first_starts_at_once_agree_on_one_secret(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        secrets = set(pool.map(env.kept_secret, [tmp_path / "data" / "secret_key"] * 64))
    assert len(secrets) == 1
    assert os.listdir(tmp_path / "data") == ["secret_key"]


def test_a_folder_that_is_a_file_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    assert "is DATA_DIR yours to write to?" in sentence({"DATA_DIR": str(tmp_path / "file")})


@pytest.mark.parametrize(
    ("url", "host", "name", "user", "password", "port"),
    [
        ("postgresql://u:p%40ss@db:5433/assay", "db", "assay", "u", "p@ss", "5433"),
        ("postgresql://u@/assay?host=/tmp/a b/pg", "/tmp/a b/pg", "assay", "u", "", ""),
    ],
)
def test_a_database_address_becomes_settings(url, host, name, user, password, port):
    read = env.database_settings(url)
    assert [read[key] for key in ("HOST", "NAME", "USER", "PASSWORD", "PORT")] == [host, name, user, password, port]


def test_options_of_the_database_address_reach_the_driver():
    assert env.database_settings("postgresql://h/db?sslmode=require")["OPTIONS"] == {"sslmode": "require"}


@pytest.mark.parametrize(
    ("redis", "broker"),
    [
        ("redis://h:6379/2", "redis://h:6379/2"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock"),
        ("unix:///run/redis.sock?db=2", "redis+socket:///run/redis.sock?virtual_host=2"),
    ],
)
def test_the_queue_is_the_same_redis(redis, broker):
    assert env.broker_url(redis) == broker


def test_mail_without_a_server_becomes_files(tmp_path):
    backend, options = env.email_settings("file:", tmp_path)
    assert backend.endswith("filebased.EmailBackend")
    assert options == {"EMAIL_FILE_PATH": str(tmp_path / "mail")}


def test_mail_goes_through_the_named_server(tmp_path):
    _, options = env.email_settings("smtp://u%40x:secret@mail.example.org:587?tls=1", tmp_path)
    assert (options["EMAIL_HOST"], options["EMAIL_PORT"], options["EMAIL_HOST_USER"]) == (
        "mail.example.org",
        587,
        "u@x",
    )
    assert (options["EMAIL_USE_TLS"], options["EMAIL_USE_SSL"]) == (True, False)
