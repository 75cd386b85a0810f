"""The whole site under one supervisor: `make run`.

Starts the embedded PostgreSQL and Redis unless others are named, brings the tables up to date, loads the demo, and keeps
the web server, the worker, beat and the drain loop until it is told to stop or one of them ends.
"""

import errno
import fcntl
import hashlib
import http.client
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

import psycopg
import redis

from config import embedded, env
from config.processes import (
    STOP_SECONDS,
    Part,
    Unavailable,
    die_with_parent,
    last_lines,
    program_name,
    run,
    spawn,
    stop,
    wait_until,
)

# What Python is asked to run, by the name each process finds in ASSAY_PROCESS; docker-compose.yml runs the same.
PROCESSES = {
    "web": [
        *(
            "-m",
            "config.granian",
            "--interface",
            "wsgi",
            "--workers",
            "2",
            "--blocking-threads",
            "4",
            "--backlog",
            "1024",
        ),
        *("--backpressure", "64", "--respawn-failed-workers", "--workers-kill-timeout", "5", "config.wsgi:application"),
    ],
    "worker": ["-m", "celery", "-A", "config.celery", "worker", "-c", "2", "--without-mingle", "--without-gossip"],
    "beat": ["-m", "celery", "-A", "config.celery", "beat", "--pidfile="],
    "drain": ["manage.py", "drain", "--loop"],
}
NEEDS_REDIS = {"worker", "beat"}
PORTS_TO_TRY = 50
POSTGRES_OLDEST = 15
FULL = 5 << 20


class AlreadyRunning(Unavailable):
    """Somebody else holds this data folder."""


def main() -> int:
    try:
        environ = with_mode(os.environ)
        settings = env.read(environ)
        env.make_data_dir(settings.data_dir)
        with only_one(settings.data_dir) as note:
            return serve(environ, settings, note)
    except (env.BadEnvironment, Unavailable) as error:
        return complain(error)
    except OSError as error:
        return complain(Unavailable(f"{error.filename or 'a file'} cannot be used: {error.strerror}."))
    except KeyboardInterrupt:
        return 0


def with_mode(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with the demo switched on, unless the person asked for something else."""
    chosen = any(environ.get(name) for name in ("DEMO", "DEBUG"))
    local = not environ.get("SITE_URL") or env.is_local(environ["SITE_URL"])
    return dict(environ) if chosen or not local else {**environ, "DEMO": "1"}


@contextmanager
def only_one(data_dir: Path) -> Iterator[Path]:
    note = data_dir / "lock"
    with note.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(f"Assay runs already on {data_dir}: {note.read_text().strip()}") from None
        yield note


def running_at(data_dir: Path) -> str:
    """Return the address of the site that runs on this data folder, or nothing."""
    try:
        with (data_dir / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return ""
    except BlockingIOError:
        return (data_dir / "lock").read_text().strip()
    except FileNotFoundError:
        return ""


def serve(environ: dict[str, str], settings: env.Environment, note: Path) -> int:
    hear_signals()
    stop_leftovers(settings.data_dir)
    port = choose_port(settings.port, fixed=bool(environ.get("PORT") or environ.get("SITE_URL")))
    settings = env.read({**environ, "PORT": str(port)})
    note.write_text(settings.site_url)
    stack = Stack({**environ, "PORT": str(port)}, settings)
    try:
        stack.start()
        stack.watch()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        stack.stop()
    return 0


def hear_signals() -> None:
    # A shell's background job inherits an ignored SIGINT, and would not hear the Ctrl-C it promises to stop at.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as nohup leaves it
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    if program_name(os.getppid()) in {"make", "gmake"}:
        die_with_parent(signal.SIGTERM)  # make passes a SIGTERM on, but nobody tells us of its own kill -9


@contextmanager
def database_at_hand(settings: env.Environment) -> Iterator[None]:
    """For a command that may be run while the site is stopped: start the embedded PostgreSQL for as long as it takes."""
    if not settings.embeds_database or database_answers(settings.database_url):
        yield
        return
    with only_one(settings.data_dir) as note:
        note.write_text("a command is using the database for a moment")
        part = embedded.start_postgres(settings.data_dir)
        try:
            yield
        finally:
            stop([part])
            shutil.rmtree(settings.run_dir, ignore_errors=True)


def database_answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
        return True
    except psycopg.OperationalError:
        return False


class Stack:
    """The running parts, in the order they were started."""

    def __init__(self, environ: Mapping[str, str], settings: env.Environment):
        self.settings = settings
        self.environ = {**environ, "ASSAY_STACK": str(settings.data_dir), "DJANGO_SETTINGS_MODULE": "config.settings"}
        self.servers: list[Part] = []
        self.parts: list[Part] = []
        self.logins = ""

    def start(self) -> None:
        self.begin_static_files()
        with step("Database ready"):
            self.start_database()
        with step("Queue ready"):
            self.start_queue()
        with step("Tables up to date"):
            self.manage("migrate", "--no-input", "-v1")
        if self.settings.demo:
            with step("Demo loaded"):
                self.logins = self.manage("load_demo")
        with step("Static files ready"):
            self.finish_static_files()
        with step("Site answers"):
            self.start_processes()
            self.wait_for_answer("/")
            self.wait_for_answer("/readyz")
        self.greet()

    def begin_static_files(self) -> None:
        # Compressing them takes seconds in which the database is made ready; it must not hold that up.
        if static_is_stale(self.settings.data_dir):
            command = ["nice", sys.executable, "manage.py", "collectstatic", "--no-input", "--clear", "-v0"]
            self.parts.append(spawn("collectstatic", command, self.log("collectstatic"), environ=self.environ))

    def finish_static_files(self) -> None:
        while self.parts:
            part = self.parts[0]
            if part.process.wait():
                raise Unavailable("the static files could not be collected.", part.log)
            static_stamp(self.settings.data_dir).write_text(static_digest())
            self.parts.remove(part)

    def start_database(self) -> None:
        if self.settings.embeds_database:
            self.servers.append(embedded.start_postgres(self.settings.data_dir))
        else:
            check_database(self.settings.database_url)

    def start_queue(self) -> None:
        if not self.settings.embeds_redis:
            check_redis(self.settings.redis_url)
        elif part := embedded.start_redis(self.settings.data_dir):
            self.servers.append(part)
        else:
            say("No Redis for this machine: grades are moved by the drain loop alone (set REDIS_URL for more).")

    @property
    def has_redis(self) -> bool:
        return not self.settings.embeds_redis or any(part.name == "Redis" for part in self.servers)

    @property
    def keeps_mails(self) -> bool:
        """Mails become files, and a page shows them."""
        return (self.settings.demo or self.settings.debug) and self.settings.email_url.startswith("file:")

    def start_processes(self) -> None:
        for name, arguments in PROCESSES.items():
            if self.has_redis or name not in NEEDS_REDIS:
                self.parts.append(self.spawn(name, arguments))

    def spawn(self, name: str, arguments: list[str]) -> Part:
        listen = {"GRANIAN_HOST": "127.0.0.1", "GRANIAN_PORT": str(self.settings.port)}
        listen["MALLOC_ARENA_MAX"] = "2"  # or each thread keeps memory of its own that it used once
        environ = {**self.environ, **listen, "ASSAY_PROCESS": name}
        return spawn(name, [sys.executable, *arguments], self.log(name), environ=environ)

    def manage(self, command: str, *options: str) -> str:
        """Run a management command to its end and return what it printed."""
        log = self.log(command)
        log.unlink(missing_ok=True)
        if not run([sys.executable, "manage.py", command, *options], log, environ=self.environ):
            raise sentence_of(log) or Unavailable(f"manage.py {command} failed.", log)
        return log.read_text()

    def log(self, name: str) -> Path:
        return self.settings.data_dir / "logs" / f"{name}.log"

    def wait_for_answer(self, path: str) -> None:
        if not wait_until(lambda: self.someone_left() or self.answer(path) == 200):
            raise Unavailable(f"the site does not answer {path} with 200.", self.log("web"))
        self.complain_if_someone_left()

    def answer(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.settings.port, timeout=10)
        try:
            connection.request("GET", path, headers={"Host": urlsplit(self.settings.site_url).netloc})
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def someone_left(self) -> bool:
        return any(part.gone for part in self.servers + self.parts)

    def complain_if_someone_left(self) -> None:
        for part in self.servers + self.parts:
            if part.gone:
                raise Unavailable(f"{part.name} {how_it_ended(part.process.returncode)}.", part.log)

    def watch(self) -> None:
        while not self.someone_left():
            time.sleep(0.2)
        self.complain_if_someone_left()

    def greet(self) -> None:
        say(f"\nAssay runs at {self.settings.site_url}")
        if self.logins:
            say(self.logins.rstrip())
        if self.keeps_mails:
            say(f"Mails are not sent; read them at {self.settings.site_url}/outbox/")
        say("Stop it with Ctrl-C.")

    def stop(self) -> None:
        stop(self.parts)
        stop(self.servers[::-1])
        shutil.rmtree(self.settings.run_dir, ignore_errors=True)


def choose_port(port: int, *, fixed: bool) -> int:
    """Return a port nobody listens on: the wanted one, or the next free one where the person did not insist."""
    if claim(port):
        return port
    if fixed:
        raise Unavailable(f"port {port} is taken by another program; stop that one, or set PORT to a free number.")
    for other in range(port + 1, port + PORTS_TO_TRY):
        if claim(other):
            say(f"Port {port} is taken by another program; this one takes {other}.")
            return other
    raise Unavailable(f"no port from {port} to {port + PORTS_TO_TRY} is free; set PORT to a free number.")


claims: list[socket.socket] = []


def claim(port: int) -> bool:
    # The web server shares its port with whoever asks (SO_REUSEPORT), so two starts in the same second would both
    # get it. A name that only one of them can have decides; it goes with its process.
    mark = socket.socket(socket.AF_UNIX)
    try:
        if sys.platform == "linux":
            mark.bind(f"\0assay-port-{port}")
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            probe(family, host, port)
    except OSError:
        mark.close()
        return False
    claims.append(mark)
    return True


def probe(family: socket.AddressFamily, host: str, port: int) -> None:
    try:
        with socket.socket(family) as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind((host, port))
    except OSError as error:
        if family == socket.AF_INET or error.errno == errno.EADDRINUSE:
            raise


def check_database(url: str) -> None:
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            version = connection.info.server_version // 10000
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise Unavailable(
            f"the database at DATABASE_URL cannot be used: {reason}; start it, or unset DATABASE_URL."
        ) from None
    if version < POSTGRES_OLDEST:
        raise Unavailable(
            f"the database at DATABASE_URL is PostgreSQL {version}; Assay needs {POSTGRES_OLDEST} or newer."
        )


def check_redis(url: str) -> None:
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5) as server:
            server.ping()
    except redis.RedisError as error:
        raise Unavailable(f"the Redis at REDIS_URL cannot be used: {error}; start it, or unset REDIS_URL.") from None


def stop_leftovers(data_dir: Path) -> None:
    """End what a killed supervisor left behind; whoever holds the lock knows that nobody else needs it."""
    mark = f"ASSAY_STACK={data_dir}".encode()
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in (left := marked_processes(mark)):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        if wait_until(lambda: not marked_processes(mark), STOP_SECONDS if left else 0):
            return


def marked_processes(mark: bytes) -> list[int]:
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark in environ.read_bytes().split(b"\0"):
                found.append(int(environ.parent.name))
    return found


def static_is_stale(data_dir: Path) -> bool:
    stamp = static_stamp(data_dir)
    return not stamp.exists() or stamp.read_text() != static_digest()


def static_stamp(data_dir: Path) -> Path:
    return data_dir / "static" / "collected"


def static_digest() -> str:
    """Return what changes whenever a file of ours does, or a package that brings some."""
    digest = hashlib.sha256((env.ROOT / "locks" / "run.txt").read_bytes())
    for path in sorted((env.ROOT / "config" / "static").rglob("*")):
        digest.update(str(path).encode() + (path.read_bytes() if path.is_file() else b""))
    return digest.hexdigest()


def sentence_of(log: Path) -> Unavailable | None:
    """Return what a command said in a sentence as it gave up, if it did."""
    opening, _, sentence = last_lines(log, 1).partition(": ")
    return Unavailable(sentence) if opening in {"assay", "CommandError"} else None


def how_it_ended(code: int) -> str:
    return f"was ended by signal {-code}" if code < 0 else f"stopped with exit code {code}"


@contextmanager
def step(what: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    say(f"{what:<32}{time.monotonic() - started:6.1f} s")


def complain(error: Exception) -> int:
    log = getattr(error, "log", None)
    folder = log.parents[1] if log else env.ROOT
    if shutil.disk_usage(folder).free < FULL:
        say(f"assay: the disk that holds {folder} is full; make room and start again.", sys.stderr)
        return 1
    if log:
        say(f"\n{last_lines(log)}\n(from {log})", sys.stderr)
    say(f"assay: {error}", sys.stderr)
    return 1


def say(text: str, where: TextIO | None = None) -> None:
    # The terminal may be gone already, which is no reason to leave processes behind.
    with suppress(OSError):
        print(text, file=where or sys.stdout, flush=True)


if __name__ == "__main__":
    sys.exit(main())
