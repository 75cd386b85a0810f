import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from config import env, stack


@contextmanager
def open_folder():
    """A folder with a space in its name that root's PostgreSQL can reach as another user; pytest's own are closed."""
    folder = Path(tempfile.mkdtemp(prefix="assay tests "))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def data_dir(static_files):
    with open_folder() as folder:
        shutil.copytree(static_files, folder / "its data" / "static")
        (folder / "its data").chmod(0o711)
        yield folder / "its data"


@pytest.fixture
def other_data_dir(static_files):
    with open_folder() as folder:
        shutil.copytree(static_files, folder / "static")
        yield folder


@pytest.fixture(scope="module")
def static_files():
    """Collected once: compressing them is most of a first start."""
    with open_folder() as folder:
        environ = {**os.environ, "DATA_DIR": str(folder)}
        collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "-v0"]
        subprocess.run(collect, cwd=env.ROOT, env=environ, check=True)
        stack.static_stamp(folder).write_text(stack.static_digest())
        yield folder / "static"
