"""make run, with real processes: what it starts, and that it leaves none behind however it ends."""

import os
import pty
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from config import embedded, env, stack
from config.processes import Unavailable, wait_until
from tests.config.conftest import environment

NEVER = "postgresql://assay@127.0.0.1:9/assay"  # the discard port, where nobody listens
START = [sys.executable, "-m", "config.stack"]
SILENCE = 60  # seconds


class Site:
    """A started `make run`, without the demo."""

    def __init__(self, data_dir, *, command=START, **environ):
        self.data_dir = data_dir
        self.terminal, there = pty.openpty()
        self.said = ""
        self.process = subprocess.Popen(
            command,
            cwd=env.ROOT,
            env=plain_environment(data_dir, **environ),
            stdin=there,
            stdout=there,
            stderr=there,
            start_new_session=True,
            preexec_fn=lambda: take_terminal(there),
        )
        os.close(there)

    def wait_for(self, words, seconds=90):
        end = time.monotonic() + seconds
        while words not in self.said and time.monotonic() < end and self.read():
            pass
        assert words in self.said, self.said
        return self

    def read(self):
        if not select.select([self.terminal], [], [], SILENCE)[0]:
            return ""  # it says nothing more: whoever waits for a word fails instead of waiting for ever
        try:
            self.said += (more := os.read(self.terminal, 1000).decode())
            return more
        except OSError:  # how a terminal says that the other side is gone
            return ""

    def wait_for_end(self, seconds=40):
        while self.read():
            pass
        return self.process.wait(seconds)

    @property
    def address(self):
        return re.search(r"Assay runs at (\S+)", self.said)[1]

    def kill(self):
        self.process.kill()
        self.process.wait()


def plain_environment(data_dir, **environ):
    return environment(data_dir, DEMO="0", **environ)


def take_terminal(terminal):
    import fcntl
    import termios

    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


@contextmanager
def running(data_dir, **options):
    site = Site(data_dir, **options)
    try:
        yield site.wait_for("Stop it with Ctrl-C.")
    finally:
        if site.process.poll() is None:
            site.process.terminate()
            site.wait_for_end()


def processes_of(data_dir):
    """Every process that runs for this site: by its command, its environment or where it stands."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            if int(entry.name) != os.getpid() and (
                f"{data_dir}".encode() in words or (entry / "cwd").readlink().is_relative_to(data_dir)
            ):
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()[:300]
        except OSError:
            continue
    return found


def refusal(data_dir, **environ):
    done = subprocess.run(
        START, cwd=env.ROOT, env=plain_environment(data_dir, **environ), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    return done.stderr.strip()


@pytest.fixture
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_ctrl_c_stops_it_and_leaves_no_process(data_dir):
    with running(data_dir) as site:
        assert urllib.request.urlopen(site.address, timeout=10).status == 200
        os.write(site.terminal, b"\x03")
        assert site.wait_for_end() == 0
    assert processes_of(data_dir) == {}
    assert not env.run_dir(data_dir).exists()


def test_two_sites_at_once_each_have_a_port_and_one_folder_has_one_site(data_dir, other_data_dir):
    first, second = Site(data_dir), Site(other_data_dir)
    try:
        addresses = {site.wait_for("Stop it with Ctrl-C.").address for site in (first, second)}
        assert len(addresses) == 2
        assert f"runs already on {data_dir}: {first.address}" in refusal(data_dir)
    finally:
        for site in (first, second):
            site.process.terminate()
            assert site.wait_for_end() == 0
    assert processes_of(data_dir) == processes_of(other_data_dir) == {}


def test_after_a_killed_supervisor_nothing_is_left_and_nothing_is_lost(data_dir):
    with running(data_dir) as site:
        with psycopg.connect(env.embedded_database(data_dir)) as database:
            database.execute("CREATE TABLE kept AS SELECT 7 AS number")
        site.kill()
        assert wait_until(lambda: not processes_of(data_dir), 30), processes_of(data_dir)
    with running(data_dir), psycopg.connect(env.embedded_database(data_dir)) as database:
        assert database.execute("SELECT number FROM kept").fetchone() == (7,)


def test_when_a_part_is_killed_the_rest_stops_and_a_second_start_works(data_dir):
    for program, name in [
        ("postgres", "PostgreSQL"),
        ("redis-server", "Redis"),
        ("granian", "web"),
        ("config.celery worker", "worker"),
    ]:
        with running(data_dir) as site:
            os.kill(first_process(data_dir, program), signal.SIGKILL)
            assert site.wait_for_end() == 1
            assert f"{name} was ended by signal 9." in site.said
            assert processes_of(data_dir) == {}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_when_make_is_ended_the_site_ends_with_it(data_dir, tmp_path, number):
    (tmp_path / "Makefile").write_text(f"run:\n\t@{shlex.join(START)}\n")
    command = ["make", "--file", str(tmp_path / "Makefile"), "run"]
    with running(data_dir, command=command) as site:
        site.process.send_signal(number)
        assert wait_until(lambda: not processes_of(data_dir), 30), processes_of(data_dir)


def test_a_machine_without_redis_has_a_site_all_the_same(data_dir):
    script = (
        "import sys; from config import embedded, stack; embedded.redis_program = lambda: None; sys.exit(stack.main())"
    )
    with running(data_dir, command=[sys.executable, "-c", script]) as site:
        assert "No Redis for this machine: grades are moved by the drain loop alone" in site.said
        assert urllib.request.urlopen(site.address, timeout=10).status == 200
        assert not any("celery" in command for command in processes_of(data_dir).values())


def test_everything_killed_at_once_starts_again(data_dir):
    with running(data_dir) as site:
        for pid in [site.process.pid, *processes_of(data_dir)]:
            with suppress(ProcessLookupError):  # some live for a moment only
                os.kill(pid, signal.SIGKILL)
        site.process.wait()
    with running(data_dir):
        pass
    assert processes_of(data_dir) == {}


def first_process(data_dir, program):
    """The oldest process of that name: the part itself, not a child of it, which may have started in the same tick."""
    fitting = {pid for pid, command in processes_of(data_dir).items() if program in command}
    return min((pid for pid in fitting if parent(pid) not in fitting), key=started)


def parent(pid):
    return field_of(pid, 1)


def started(pid):
    return field_of(pid, 19)


def field_of(pid, number):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[number])
    except OSError:  # gone already, so not the one
        return sys.maxsize


def test_a_wanted_port_that_is_taken_is_a_sentence(data_dir, taken_port):
    assert refusal(data_dir, PORT=str(taken_port)) == (
        f"assay: port {taken_port} is taken by another program; stop that one, or set PORT to a free number."
    )


@pytest.fixture
def no_claims():
    """Ports claimed by a test are free again: a site keeps its claim for as long as it runs."""
    yield
    while stack.claims:
        stack.claims.pop().close()


@pytest.mark.usefixtures("no_claims")
def test_a_port_nobody_insisted_on_gives_way(taken_port, capsys):
    other = stack.choose_port(taken_port, fixed=False)
    assert other > taken_port
    assert capsys.readouterr().out == f"Port {taken_port} is taken by another program; this one takes {other}.\n"


@pytest.mark.usefixtures("no_claims")
def test_one_port_is_given_to_one_start():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert stack.claim(port)
    assert not stack.claim(port)


def test_a_database_that_is_down_is_a_sentence(data_dir):
    said = refusal(data_dir, DATABASE_URL=NEVER)
    assert re.fullmatch(
        r"assay: the database at DATABASE_URL cannot be used: .*; start it, or unset DATABASE_URL\.", said
    )


def test_a_redis_that_is_down_is_a_sentence(data_dir):
    said = refusal(data_dir, REDIS_URL="redis://127.0.0.1:9/0")
    assert re.fullmatch(r"assay: the Redis at REDIS_URL cannot be used: .*; start it, or unset REDIS_URL\.", said)
    assert processes_of(data_dir) == {}


def test_a_misspelt_variable_is_a_sentence(data_dir):
    assert refusal(data_dir, TRUSTED_PROXIES="two") == (
        "assay: TRUSTED_PROXIES is 'two'; write a whole number from 0 to 10 (see .env.example)."
    )


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    assert refusal(tmp_path / "file" / "data").startswith(f"assay: {tmp_path}/file/data cannot be used: ")


def test_a_full_disk_is_a_sentence(tmp_path, monkeypatch):
    full = SimpleNamespace(free=3 << 20)
    monkeypatch.setattr(embedded.shutil, "disk_usage", lambda path: full)
    with pytest.raises(Unavailable, match="has 3 MB free and 250 MB are needed"):
        embedded.start_postgres(tmp_path)
    assert not (tmp_path / "postgres").exists()


@pytest.mark.parametrize(
    ("environ", "demo"),
    [
        ({}, "1"),
        ({"SITE_URL": "http://localhost:9000"}, "1"),
        ({"SITE_URL": "https://assay.example.org"}, None),
        ({"DEBUG": "1"}, None),
        ({"DEMO": "0"}, "0"),
    ],
)
def test_the_demo_is_on_unless_the_person_chose_something_else(environ, demo):
    assert stack.with_mode(environ).get("DEMO") == demo
