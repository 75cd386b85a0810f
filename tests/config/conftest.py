import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from config import embedded, env, stack
from config.processes import stop


@contextmanager
def open_folder():
    """A folder with a space in its name that root's PostgreSQL can reach as another user; pytest's own are closed."""
    folder = Path(tempfile.mkdtemp(prefix="assay tests "))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def environment(data_dir, **said):
    kept = {name: value for name, value in os.environ.items() if name not in env.NAMES and name != "ASSAY_PROCESS"}
    return {**kept, "DATA_DIR": str(data_dir), "SECRET_KEY": "s" * 50, **said}


def manage(data_dir, *arguments, **environ):
    """Run a management command as an operator types it, with nothing set that is not said here."""
    return subprocess.run(
        [sys.executable, "manage.py", *map(str, arguments)],
        cwd=env.ROOT,
        env=environment(data_dir, **environ),
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="session")
def stopped_site():
    """The data folder of an embedded site after its first start, which takes longest. Copied by whoever needs one."""
    with open_folder() as folder:
        part = embedded.start_postgres(folder, durable=False)
        assert manage(folder, "migrate", "-v0").returncode == 0
        stop([part])
        assert manage(folder, "collectstatic", "--no-input", "-v0").returncode == 0
        stack.static_stamp(folder).write_text(stack.static_digest())
        yield folder
        shutil.rmtree(env.run_dir(folder))


@pytest.fixture
def data_dir(stopped_site):
    with copied(stopped_site) as folder:
        yield folder


@pytest.fixture
def other_data_dir(stopped_site):
    with copied(stopped_site) as folder:
        yield folder


@contextmanager
def copied(stopped_site):
    with open_folder() as folder:
        # Not shutil: the cluster keeps its owner.
        subprocess.run(["cp", "-a", stopped_site, folder / "its data"], check=True)
        yield folder / "its data"
        shutil.rmtree(env.run_dir(folder / "its data"), ignore_errors=True)
