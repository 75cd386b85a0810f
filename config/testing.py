"""A pytest plugin: one throw-away PostgreSQL and Redis for the run, its own environment, no way out of the machine.

Set DATABASE_URL and REDIS_URL to test on servers of your own.
"""

import atexit
import gc
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from config import embedded, env
from config.chromium import MISSING, chromium_path
from config.processes import Part, stop

DATA_DIR = "ASSAY_TEST_DATA_DIR"
KEPT = ("DATABASE_URL", "REDIS_URL")
LOOPBACK = {"localhost", "127.0.0.1", "::1", ""}
BROWSER_TESTS = env.ROOT / "tests" / "browser"

parts: list[Part] = []


def prepare_environment() -> None:
    # Before anything imports the settings; what the person has exported for a site of theirs is not for the tests.
    if DATA_DIR not in os.environ:
        os.environ[DATA_DIR] = tempfile.mkdtemp(prefix="assay-test-")
    for name in set(env.NAMES) - set(KEPT):
        os.environ.pop(name, None)
    os.environ.update(DATA_DIR=os.environ[DATA_DIR], SECRET_KEY="only-for-tests-" * 4, ASSAY_PROCESS="test")
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        os.environ["REDIS_URL"] = own_redis(env.read().redis_url, int(worker.removeprefix("gw")) + 1)


def own_redis(url: str, number: int) -> str:
    """Return the address of a numbered database on that server: pytest-django divides PostgreSQL only."""
    if url.startswith("unix:"):
        return f"{url.partition('?')[0]}?db={number}"
    return urlsplit(url)._replace(path=f"/{number}").geturl()


def leave_nothing_behind(data_dir: Path) -> None:
    stop(parts)
    for folder in ((data_dir / "postgres").resolve(), data_dir, env.run_dir(data_dir)):
        shutil.rmtree(folder, ignore_errors=True)


is_first = DATA_DIR not in os.environ  # xdist's workers inherit the folder, and with it the servers
prepare_environment()
if is_first:
    # Not in a hook: a run that ends before its first test skips those.
    atexit.register(leave_nothing_behind, Path(os.environ["DATA_DIR"]))


def pytest_sessionstart() -> None:
    if is_first:
        data_dir = Path(os.environ["DATA_DIR"])
        data_dir.chmod(0o711)  # root's PostgreSQL passes through as another user
        (data_dir / "static").mkdir(exist_ok=True)
        start_servers(data_dir)
    close_the_way_out()


def start_servers(data_dir: Path) -> None:
    if "DATABASE_URL" not in os.environ:
        parts.append(embedded.start_postgres(data_dir, durable=False))
    if "REDIS_URL" not in os.environ and (redis := embedded.start_redis(data_dir, durable=False)):
        parts.append(redis)


def close_the_way_out() -> None:
    """Let sockets reach this machine and the two named servers, nothing else: a test must not depend on the world."""
    allowed = LOOPBACK | {urlsplit(os.environ[name]).hostname or "" for name in KEPT if name in os.environ}
    for name in ("connect", "connect_ex"):
        setattr(socket.socket, name, guarded(getattr(socket.socket, name), allowed))
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        check_host(host, allowed)
        return resolve(host, *args, **kwargs)

    socket.getaddrinfo = getaddrinfo


def guarded(connect: Callable[..., Any], allowed: set[str]) -> Callable[..., Any]:
    def connect_here(self: socket.socket, address: Any) -> Any:
        if self.family != getattr(socket, "AF_UNIX", None):
            check_host(address[0], allowed)
        return connect(self, address)

    return connect_here


def check_host(host: Any, allowed: set[str]) -> None:
    name = host.decode() if isinstance(host, bytes) else host or ""
    if name not in allowed and not name.startswith("127."):
        raise AssertionError(f"a test tried to reach {name}; the way out is closed in tests")


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    browser_tests = [item for item in items if item.path.is_relative_to(BROWSER_TESTS)]
    if browser_tests and chromium_path() is None:
        if os.environ.get("CI") == "true":
            raise pytest.UsageError(f"{MISSING}; in CI the browser tests are not optional")
        for item in browser_tests:
            item.add_marker(pytest.mark.skip(reason=MISSING))


def pytest_collection_finish() -> None:
    # Thousands of tests and all of Django stay to the end; looking through them for garbage takes a fifteenth of the run.
    gc.freeze()
    gc.set_threshold(50_000)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if MISSING in str(report.longrepr)]
    if skipped:
        terminalreporter.write_line(f"{len(skipped)} browser tests were skipped: {MISSING}.", yellow=True)
