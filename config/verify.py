"""What CI runs: `make test`, and its fast part, `make check`."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from config import env
from config.chromium import MISSING, install_chromium
from config.processes import Part, last_lines, spawn, stop

PYTHON = sys.executable
DJADE = str(Path(sys.prefix) / "bin" / "djade")  # a program, not a module
TYPED = ["profiles", "accounts", "briefings", "config"]
METHOD_TESTS = [f"tests/profiles/grading/test_{name}.py" for name in ("method", "scale", "working")]
# Two runs that wait for much of their time, beside all others, which do not; each of the three takes about as long.
WAITING_TESTS = {"Tests of processes": ["tests/faults", "tests/config"], "Tests in a browser": ["tests/browser"]}
TOGETHER = 2
LABEL_WIDTH = 26


def main(argv: Sequence[str]) -> int:
    if argv == ["test"]:
        well = before_the_tests()
        well = side_by_side(test_runs()) and well
    else:
        well = in_parallel({**lint_steps(), "Method": pytest(*METHOD_TESTS)})
    return 0 if well else 1


def before_the_tests() -> bool:
    with ThreadPoolExecutor(1) as aside:
        room = aside.submit(make_room_for_browser)  # which waits for the network for most of its time
        well = in_parallel(lint_steps())
        return room.result() and well


def lint_steps() -> dict[str, list[str]]:
    # The slow one first, so that the others run beside it.
    return {
        "Types": [PYTHON, "-m", "mypy", *TYPED],
        "Migrations": [PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"],
        "Lint": [PYTHON, "-m", "ruff", "check", "."],
        "Format": [PYTHON, "-m", "ruff", "format", "--check", "."],
        "Imports": [PYTHON, "-c", "from importlinter.cli import lint_imports_command as lint; lint()"],
        "Templates": [DJADE, "--check", "--target-version", "5.2", *templates()],
    }


def templates() -> list[str]:
    return sorted(str(path.relative_to(env.ROOT)) for path in (env.ROOT / "templates").rglob("*.html"))


def pytest(*arguments: str) -> list[str]:
    return [PYTHON, "-m", "pytest", "-q", *arguments]


def in_parallel(steps: Mapping[str, list[str]]) -> bool:
    with ThreadPoolExecutor(TOGETHER) as pool:
        return all(list(pool.map(quietly, steps, steps.values())))


def quietly(label: str, command: list[str]) -> bool:
    """Run one step; a line when it went well, everything it said when it did not."""
    started = time.monotonic()
    done = subprocess.run(
        command,
        cwd=env.ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    said = "" if done.returncode == 0 else f"\n{done.stdout}"
    report(label, done.returncode, started, said)
    return done.returncode == 0


def test_runs() -> dict[str, list[str]]:
    """Return the runs of pytest that may go side by side; each starts servers of its own."""
    if {"DATABASE_URL", "REDIS_URL"} & set(os.environ):
        return {"Tests": pytest()}  # on servers of yours two runs would meet
    apart = [path for paths in WAITING_TESTS.values() for path in paths]
    return {
        **{label: pytest(*paths) for label, paths in WAITING_TESTS.items()},
        "Tests of everything else": pytest("tests", *(f"--ignore={path}" for path in apart)),
    }


def side_by_side(runs: Mapping[str, list[str]]) -> bool:
    """Run them all to their ends: of one that went well the last line, of one that failed everything it said."""
    with tempfile.TemporaryDirectory(prefix="assay-verify-") as folder:
        logs = [Path(folder) / f"{number}.log" for number in range(len(runs))]
        started = time.monotonic()
        # In sessions of their own: Ctrl-C reaches us alone, and a run that hears it once puts its servers away.
        parts = [
            spawn(label, command, log, kind_signal=signal.SIGINT)
            for (label, command), log in zip(runs.items(), logs, strict=True)
        ]
        with ThreadPoolExecutor(len(parts)) as pool:
            try:
                return all(list(pool.map(ended_well, parts, [started] * len(parts))))
            finally:
                stop(parts)


def ended_well(part: Part, started: float) -> bool:
    code = part.process.wait()
    said = last_lines(part.log, 1) if code == 0 else part.log.read_text(errors="replace")
    report(part.name, code, started, f"\n{said}")
    return code == 0


def environment() -> dict[str, str]:
    # None of these steps talks to a server, and none may leave anything in the person's data folder.
    own = {"SECRET_KEY": "only-for-checks-" * 4, "DATA_DIR": str(Path(sys.prefix) / "checks")}
    return {name: value for name, value in os.environ.items() if name not in env.NAMES} | own


def make_room_for_browser() -> bool:
    if install_chromium():
        return True
    print(f"{MISSING}: the browser tests will be skipped.", flush=True)
    return os.environ.get("CI") != "true"


def report(label: str, code: int, started: float, said: str = "") -> None:
    outcome = "" if code == 0 else "  failed"
    print(f"{label:<{LABEL_WIDTH}}{time.monotonic() - started:6.1f} s{outcome}{said}", flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
