"""One file that holds everything worth keeping: the database as of one moment, and the figures.

Inside: database.dump (pg_dump's own format), figures/…, and last manifest.json with the checksum of each, so that a file
that was cut short has none.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from config import embedded
from config.processes import Unavailable

FORMAT = 1
DUMP = "database.dump"
MANIFEST = "manifest.json"
FIGURES = "figures/"
HEADER_LINES = 60
NEWER_SETTING = "SET transaction_timeout"  # written by PostgreSQL 17 and later, unknown before
NOT_OURS = re.compile(r"^\d+; \d+ \d+ (EXTENSION|COMMENT - EXTENSION|SCHEMA|COMMENT - SCHEMA|ACL|DEFAULT ACL) ")

# Everything in the schema with whatever rests on it, except what an extension brought. The names are written down
# before the first one goes: afterwards a number would no longer have a name.
EMPTY_SCHEMA = """
SET client_min_messages = warning;
SET lock_timeout = '10s';
DO $$
DECLARE statement text;
BEGIN
  FOREACH statement IN ARRAY (
    SELECT coalesce(array_agg(format('DROP %s IF EXISTS %s CASCADE', kind, name) ORDER BY turn), '{}') FROM (
      SELECT CASE relkind WHEN 'S' THEN 2 ELSE 1 END, CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
        WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, oid::regclass::text, oid
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      UNION ALL SELECT 3, 'ROUTINE', oid::regprocedure::text, oid
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace
      UNION ALL SELECT 4, 'TYPE', oid::regtype::text, oid
        FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('d', 'e')
      UNION ALL SELECT 5, 'TEXT SEARCH CONFIGURATION', oid::regconfig::text, oid
        FROM pg_ts_config WHERE cfgnamespace = 'public'::regnamespace
      UNION ALL SELECT 6, 'COLLATION', oid::regcollation::text, oid
        FROM pg_collation WHERE collnamespace = 'public'::regnamespace
    ) AS things (turn, kind, name, number)
    WHERE NOT EXISTS (SELECT FROM pg_depend WHERE objid = things.number AND deptype = 'e')
  ) LOOP
    EXECUTE statement;
  END LOOP;
END $$;
"""


class CannotBackUp(Exception):
    """Why there is no backup, as a sentence."""


class CannotRestore(Exception):
    """Why nothing was restored, as a sentence. The database and the figures are as they were."""


@dataclass(frozen=True)
class Contents:
    """What a backup says of itself."""

    made: str
    migrations: Mapping[str, Sequence[str]]
    figures: int


def back_up(file: Path, *, database: str, media: Path) -> int:
    """Write the backup and return its size in bytes; the file appears whole or not at all."""
    if file.exists():
        raise CannotBackUp(f"{file} exists already; choose another name.")
    try:
        with TemporaryDirectory(dir=file.parent, prefix=".backup-") as folder:
            dump(database, Path(folder) / DUMP)
            pack(Path(folder), describe(database), media)
            os.link(Path(folder) / "backup.tar", file)
    except OSError as error:
        raise CannotBackUp(f"{file} cannot be written: {error.strerror}.") from None
    return file.stat().st_size


def pack(folder: Path, description: Mapping[str, Any], media: Path) -> None:
    with open(os.open(folder / "backup.tar", os.O_CREAT | os.O_WRONLY, 0o600), "wb") as output:
        with tarfile.open(fileobj=output, mode="w") as tar:
            found = {DUMP: folder / DUMP, **{f"{FIGURES}{name}": path for name, path in figures(media).items()}}
            for name, path in found.items():
                tar.add(path, name)
            checksums = {name: checksum(path) for name, path in found.items()}
            (folder / MANIFEST).write_text(json.dumps({**description, "checksums": checksums}, indent=1))
            tar.add(folder / MANIFEST, MANIFEST)
        output.flush()
        os.fsync(output.fileno())


def figures(media: Path) -> dict[str, Path]:
    return {str(path.relative_to(media)): path for path in sorted(media.rglob("*")) if path.is_file()}


def describe(database: str) -> dict[str, Any]:
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT app, array_agg(name::text ORDER BY name) FROM django_migrations GROUP BY app")
        migrations: dict[str, list[str]] = dict(rows.fetchall())
    return {"assay": FORMAT, "made": datetime.now(UTC).isoformat(timespec="seconds"), "migrations": migrations}


def dump(database: str, output: Path) -> None:
    program = client_program("pg_dump", server_version(database))
    options = ["--format=custom", "--schema=public", "--no-owner", "--no-acl", f"--file={output}"]
    try:
        run_client([program, *options], database)
    except subprocess.CalledProcessError as error:
        raise CannotBackUp(f"pg_dump failed: {reason(error)}.") from None


@contextmanager
def opened(file: Path, folder: Path) -> Iterator[Contents]:
    """Unpack a backup into the folder and check every byte of it, before anything else is touched."""
    if not file.exists():
        raise CannotRestore(f"There is no file {file}.")
    try:
        with tarfile.open(file) as tar:
            for member in tar:
                unpack(tar, member, folder)
        manifest = json.loads((folder / MANIFEST).read_text())
        wanted = manifest["checksums"]
        whole = manifest["assay"] == FORMAT and all(checksum(folder / name) == wanted[name] for name in wanted)
        contents = Contents(manifest["made"], manifest["migrations"], len(wanted) - 1)
    except (tarfile.TarError, EOFError, ValueError, KeyError, TypeError, FileNotFoundError):
        raise CannotRestore(f"{file} is not a whole backup of Assay.") from None
    if not whole or DUMP not in wanted:
        raise CannotRestore(f"{file} is damaged: its parts do not have the checksums they were written with.")
    yield contents


def unpack(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    target = (folder / member.name).resolve()
    content = tar.extractfile(member) if member.isfile() else None
    if content is None or not target.is_relative_to(folder.resolve()):
        raise ValueError(member.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as output:
        shutil.copyfileobj(content, output)


def restore_database(database: str, folder: Path) -> None:
    """Put the dump in place of whatever the schema holds, in one transaction."""
    (folder / "empty.sql").write_text(EMPTY_SCHEMA)
    try:
        write_script(folder, server_version(database))
        program = client_program("psql", 0)
        options = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
        scripts = [f"--file={folder / name}" for name in ("empty.sql", "restore.sql")]
        run_client([program, *options, *scripts], database)
    except subprocess.CalledProcessError as error:
        raise CannotRestore(f"the database did not take it: {reason(error)}.") from None


def write_script(folder: Path, server: int) -> None:
    """Turn the dump into statements that the server understands, older ones than it was made on included."""
    program = client_program("pg_restore", 0)
    contents = subprocess.run([program, "--list", folder / DUMP], capture_output=True, text=True, check=True).stdout
    kept = [line for line in contents.splitlines() if not NOT_OURS.match(line)]
    (folder / "contents").write_text("\n".join(kept))
    options = ["--no-owner", "--no-acl", f"--use-list={folder / 'contents'}", f"--file={folder / 'all.sql'}"]
    subprocess.run([program, *options, folder / DUMP], capture_output=True, text=True, check=True)
    with (folder / "all.sql").open("rb") as script, (folder / "restore.sql").open("wb") as output:
        for number, line in enumerate(script):
            if number > HEADER_LINES or not line.startswith(NEWER_SETTING.encode()):
                output.write(line)


def restore_figures(folder: Path, media: Path) -> None:
    """Put back the figures that are missing. A figure's name is made of its content, so none is ever overwritten."""
    for name, path in figures(folder / FIGURES).items():
        target = media / name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = target.with_name(f".{target.name}.new")
            shutil.copyfile(path, draft)
            draft.replace(target)


def server_version(database: str) -> int:
    with psycopg.connect(database) as connection:
        return connection.info.server_version // 10000


def client_program(name: str, at_least: int) -> Path:
    """Return PostgreSQL's own tool, not older than the server: the wheel's, else one that is installed here."""
    found = [folder / name for folder in client_folders() if (folder / name).exists()]
    fitting = [program for program in found if program_version(program) >= at_least]
    if not fitting:
        raise Unavailable(f"there is no {name} here that knows PostgreSQL {at_least}; install postgresql-client.")
    return fitting[0]


def client_folders() -> Iterator[Path]:
    yield from embedded.wheel_programs()
    if on_path := shutil.which("pg_dump"):
        yield Path(on_path).parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def program_version(program: Path) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    numbers = re.search(r"(\d+)", said)
    return int(numbers[1]) if numbers else 0


def run_client(command: list[str | Path], database: str) -> None:
    # The password goes through the environment: everybody can read a command line.
    parts = conninfo_to_dict(database)
    password = parts.pop("password", None)
    environ = {**os.environ, "PGDATABASE": "", "PGPASSWORD": str(password or "")}
    connection = make_conninfo("", **{name: str(value) for name, value in parts.items() if value is not None})
    subprocess.run(
        [*command, f"--dbname={connection}"],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
    )


def reason(error: subprocess.CalledProcessError) -> str:
    lines = [line for line in str(error.stderr).splitlines() if "error:" in line or "ERROR:" in line]
    return (lines or ["no reason given"])[-1].rpartition("rror: ")[2].strip().rstrip(".")


def checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
