"""Child processes: started so that none outlives us, watched, stopped kindly, then killed."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from config import env

START_SECONDS = 60
STOP_SECONDS = 15
LOG_MAX = 10 << 20
PR_SET_PDEATHSIG = 1

Command = Sequence[str | Path]


class Unavailable(Exception):
    """A part that does not start, as a sentence for the operator; `log` is where it said why."""

    def __init__(self, sentence: str, log: Path | None = None):
        super().__init__(sentence)
        self.log = log


@dataclass(frozen=True)
class Account:
    """Whom a program runs as when it refuses to be root."""

    uid: int
    gid: int


@dataclass
class Part:
    """One child process of ours, the signal that ends it kindly, and where it writes."""

    name: str
    process: "subprocess.Popen[bytes]"
    kind_signal: signal.Signals
    log: Path

    @property
    def gone(self) -> bool:
        return self.process.poll() is not None

    def ask_to_stop(self) -> None:
        if not self.gone:
            self.process.send_signal(self.kind_signal)

    def wait_or_kill(self, seconds: float = STOP_SECONDS) -> None:
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        self.kill()

    def kill(self) -> None:
        """End whatever is left of the part, its own children included."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def stop(parts: Sequence[Part]) -> None:
    """Stop them together: one after the other would add up their farewells."""
    for part in parts:
        part.ask_to_stop()
    for part in parts:
        part.wait_or_kill()


def spawn(
    name: str,
    command: Command,
    log: Path,
    *,
    kind_signal: signal.Signals = signal.SIGTERM,
    environ: Mapping[str, str] | None = None,
    cwd: Path = env.ROOT,
    account: Account | None = None,
) -> Part:
    """Start a child in a session of its own, which the kernel stops when we are killed without a chance to."""
    with open_log(log) as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=environ,
            start_new_session=True,
            preexec_fn=_die_with(os.getpid(), kind_signal),
            **_identity(account),
        )
    return Part(name, process, kind_signal, log)


def run(
    command: Command,
    log: Path,
    *,
    stdin: bytes = b"",
    environ: Mapping[str, str] | None = None,
    cwd: Path = env.ROOT,
    account: Account | None = None,
) -> bool:
    """Run a command to its end, its output in the log; tell whether it went well."""
    with open_log(log) as output:
        done = subprocess.run(
            command,
            input=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=environ,
            start_new_session=True,
            check=False,
            preexec_fn=_die_with(os.getpid(), signal.SIGTERM),
            **_identity(account),
        )
    return done.returncode == 0


def open_log(path: Path) -> IO[bytes]:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists() and path.stat().st_size > LOG_MAX:
        path.replace(path.with_suffix(".log.old"))
    return path.open("ab")


def last_lines(log: Path, count: int = 12) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 8000))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-count:])
    except OSError:
        return ""


def program_name(pid: int) -> str:
    """Return the name of the program with that number, or nothing where there is none."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return "" if Path("/proc/self").exists() else _program_name_from_ps(pid)


def wait_until(condition: Callable[[], bool], seconds: float = START_SECONDS) -> bool:
    end = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    return met


def _program_name_from_ps(pid: int) -> str:
    asked = ["ps", "-o", "comm=", "-p", str(pid)]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    return Path(answer.strip()).name


def _identity(account: Account | None) -> dict[str, Any]:
    return {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}


def die_with_parent(kind_signal: signal.Signals) -> None:
    """Have the kernel send us that signal when the process that started us ends, however it does (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, kind_signal)


def _die_with(parent: int, kind_signal: signal.Signals) -> Callable[[], None]:
    def ask_the_kernel() -> None:
        die_with_parent(kind_signal)
        if os.getppid() != parent:
            os._exit(1)

    return ask_the_kernel
