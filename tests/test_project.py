"""Promises about the repository itself."""

import ast
import os
import re
import statistics
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from config import embedded, env, settings, stack

ROOT = env.ROOT
OURS = ["config", "profiles", "accounts", "briefings"]
COMPOSE_ONLY = {"POSTGRES_PASSWORD"}
UNFINISHED = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "coming " + "soon", "lorem " + "ipsum", "not " + "implemented"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def lock(name):
    return (ROOT / "locks" / f"{name}.txt").read_text()


def pins(name):
    return dict(re.findall(r"^([a-z0-9-]+)==([^ \\]+)", lock(name), re.MULTILINE))


def compose():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def python_files():
    return [path for app in OURS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts]


def our_files():
    left_out = {".git", ".venv", ".data", "node_modules", "__pycache__", "locks"}
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in left_out and not name.endswith("_cache")]
        yield from (Path(folder) / name for name in names)


# Packages


@pytest.mark.parametrize("name", ["run", "test"])
def test_a_lock_holds_no_address(name):
    assert "://" not in lock(name)


@pytest.mark.parametrize("name", ["run", "test"])
def test_every_package_of_a_lock_has_its_hashes(name):
    blocks = re.split(r"^(?=[a-z0-9])", lock(name), flags=re.MULTILINE)
    assert [block for block in blocks if block.strip() and "--hash=sha256:" not in block] == []


def test_the_tests_run_on_the_packages_that_are_served():
    assert pins("run").items() <= pins("test").items()


def test_the_locks_hold_what_the_project_asks_for():
    groups = PROJECT["dependency-groups"]
    asked = {"run": [*PROJECT["project"]["dependencies"], *groups["embedded"]], "test": groups["test"]}
    for name, requirements in asked.items():
        for requirement in map(Requirement, requirements):
            assert pins(name)[canonicalize_name(requirement.name)] in requirement.specifier


SERVED_ALONE = """
import importlib, pkgutil, sys, threading

class Closed:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {closed}:
            raise ModuleNotFoundError(f"{{name}} is in the lock of the tests alone")

sys.meta_path.insert(0, Closed())
import django
django.setup()
from django.conf import settings
for app in {ours}:
    for module in pkgutil.walk_packages([app], f"{{app}}."):
        if ".migrations" not in module.name and module.name not in ("config.testing", "config.verify"):
            importlib.import_module(module.name)
importlib.import_module(settings.ROOT_URLCONF)
from config.celery import app
app.connection_for_write().get_transport_cls(), app.Worker
importlib.import_module("granian.cli")
# The web server forks its workers with all of this loaded: a connection or a thread would be in each of them.
from django.db import connection
assert connection.connection is None
assert threading.active_count() == 1
"""


def test_what_is_served_needs_no_package_of_the_tests():
    closed = {
        name
        for name, dists in packages_distributions().items()
        if not set(map(canonicalize_name, dists)) & set(pins("run"))
    }
    script = SERVED_ALONE.format(closed=sorted(closed - set(OURS)), ours=OURS)
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_dependency_says_what_it_is_for():
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    starts = [number for number, line in enumerate(lines) if re.match(r"(dependencies|embedded|test) = \[", line)]
    for start in starts:
        assert "#" in lines[start + 1] + lines[start - 1], lines[start]


# Commands


def test_the_makefile_has_the_promised_commands():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"run", "test", "check"} <= set(targets)


def test_ci_runs_what_a_person_runs():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text().splitlines()[-1] == "exec make test"


def test_what_the_commands_leave_behind_is_not_committed():
    ignored = (ROOT / ".gitignore").read_text().split()
    assert {".venv/", ".data/", "uv.lock", ".env"} <= set(ignored)


# Environment


def test_every_variable_stands_in_the_example_with_a_line_of_its_own():
    lines = (ROOT / ".env.example").read_text().splitlines()
    named = {
        match[1]: lines[number - 1] for number, line in enumerate(lines) if (match := re.match(r"#([A-Z_]+)=", line))
    }
    assert set(named) == set(env.NAMES) | COMPOSE_ONLY
    assert all(said.startswith("# ") for said in named.values())


def test_the_settings_ask_for_no_variable_that_is_not_in_the_example():
    asked = set()
    for path in python_files():
        asked |= set(re.findall(r'environ(?:\.get\(|\[)"([A-Z_]+)"', path.read_text()))
        asked |= set(re.findall(r'\(environ, "([A-Z_]+)"', path.read_text()))
    machine = {
        "PATH",
        "CI",
        "PYTHONDONTWRITEBYTECODE",
        "DJANGO_SETTINGS_MODULE",
        "ASSAY_PROCESS",
        "PYTEST_XDIST_WORKER",
    }
    assert asked - machine == set(env.NAMES)


# Production's shape


def test_compose_has_every_part_of_the_site():
    parts = {"database", "queue", "prepare", "web", "worker", "beat", "drain", "proxy"}
    assert set(compose()["services"]) == parts


@pytest.mark.parametrize("name", stack.PROCESSES)
def test_compose_runs_the_processes_that_make_run_runs(name):
    service = compose()["services"][name]
    assert service["command"] == ["python", *stack.PROCESSES[name]]
    assert service["environment"]["ASSAY_PROCESS"] == name


def test_the_settings_know_every_process_of_compose():
    named = {service.get("environment", {}).get("ASSAY_PROCESS") for service in compose()["services"].values()}
    assert set(settings.TIMEOUTS) - {"test"} <= named


def test_the_database_of_compose_sorts_like_the_embedded_one():
    database = compose()["services"]["database"]
    assert database["image"] == "postgres:18"
    assert database["environment"]["POSTGRES_INITDB_ARGS"].split() == embedded.LOCALE


def test_the_environment_of_compose_is_understood_by_the_settings():
    given = compose()["x-site"]["environment"]
    secret = {"SECRET_KEY": "k" * 50, "SITE_URL": "https://assay.example.org"}
    read = env.read({name: re.sub(r"\$\{.*?\}", "secret", value) for name, value in given.items()} | secret)
    assert (read.demo, read.debug, read.trusted_proxies) == (False, False, 1)
    assert env.database_settings(read.database_url)["HOST"] == "database"
    assert env.broker_url(read.redis_url) == "redis://queue:6379/0"


def test_compose_asks_only_for_variables_of_the_example():
    asked = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))
    assert asked == COMPOSE_ONLY


def test_the_proxy_of_compose_stands_in_front_of_its_web_server():
    proxy = (ROOT / "deploy" / "nginx.conf").read_text()
    port = compose()["services"]["web"]["environment"]["GRANIAN_PORT"]
    assert f"server web:{port};" in proxy
    # One proxy that overwrites the header: TRUSTED_PROXIES counts it.
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in proxy


def test_the_image_installs_what_the_lock_says():
    assert "--require-hashes --only-binary :all: -r locks/run.txt" in (ROOT / "Dockerfile").read_text()


# Words


def test_nothing_is_left_for_later():
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in our_files()
        if path.suffix in {".py", ".html", ".css", ".js", ".md", ".yml", ".yaml", ".toml", ".txt"}
        for word in UNFINISHED
        if re.search(rf"\b{word}\b", path.read_text(errors="replace"))
    ]
    assert found == []


def test_functions_are_short():
    lengths = [
        node.end_lineno - node.lineno + 1
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
    ]
    assert statistics.median(lengths) < 10


def test_a_tier_is_spelt_in_one_way():
    told = [path for path in our_files() if path.suffix in {".py", ".html", ".txt", ".yaml", ".js", ".po"}]
    assert len(told) > 200
    assert [path for path in told if "Strategy" + " Circle" in path.read_text()] == []


def test_every_test_that_the_operations_name_exists():
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs" / "operations.md").read_text())
    assert len(named) > 10
    assert [f"{path}::{name}" for path, name in named if f"def {name}(" not in (ROOT / path).read_text()] == []
