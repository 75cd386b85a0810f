"""The first visit of a stranger with an empty browser, on the real server: how much comes, and that nothing jumps."""

import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from briefings.demo import DOSSIERS
from briefings.dossier import import_dossier
from config import env
from config.stack import PROCESSES
from tests.browser.conftest import elsewhere
from tests.builders import settle
from tests.config.asking import free_port
from tests.faults.processes import running, wait_until
from tests.profiles.test_views_site import write_first_pages

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

REQUESTS, WITH_FONTS, WITHOUT_FONTS = 6, 90_000, 20_000
PICTURE = "image"  # of a profile: editors choose it, and it waits until a reader comes near
ADDRESSES = ["/", "/profiles/", "/profiles/ripe-ncc/", "/methodology/"]
SHIFTS = """
    window.shifts = [];
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.shifts.push(entry.value);
    }).observe({ type: "layout-shift", buffered: true });"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Static files as `manage.py collectstatic` leaves them, which takes seconds."""
    folder = tmp_path_factory.mktemp("data")
    collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "-v0"]
    subprocess.run(collect, env={**os.environ, "DATA_DIR": str(folder)}, cwd=env.ROOT, check=True)
    return folder


@contextmanager
def real_server(folder):
    """The web server as it runs in production, on the test's own database."""
    port = free_port()
    environ = {
        **os.environ,
        "DATA_DIR": str(folder),
        "SITE_URL": f"http://localhost:{port}",
        "GRANIAN_HOST": "127.0.0.1",
        "GRANIAN_PORT": str(port),
        "ASSAY_PROCESS": "web",
    }
    with running(*PROCESSES["web"][1:], **environ):
        wait_until(lambda: listens(port))
        yield f"http://localhost:{port}"


def listens(port):
    with socket.socket() as door:
        return door.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def home(folder, settings):
    settings.MEDIA_ROOT = folder / "media"  # where the server looks for pictures
    write_first_pages()
    for file in DOSSIERS:
        import_dossier(file)
    settle()
    with real_server(folder) as url:
        yield url


def visit(browser, url, *, width):
    """Open a page in a browser that has nothing yet; return what came, and what the page has to say for itself."""
    context = browser.new_context(viewport={"width": width, "height": 844})
    context.add_init_script(SHIFTS)
    page, came, said = context.new_page(), [], []
    page.on("requestfinished", lambda request: came.append(request))
    page.on("requestfailed", lambda request: said.append(f"failed: {request.url}"))
    page.on("request", lambda request: said.extend(elsewhere(request.url, url)))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(url, wait_until="networkidle")
    page.evaluate("document.fonts.ready")
    sizes = [
        (request.resource_type, urlsplit(request.url).path, request.sizes()["responseBodySize"], request.response())
        for request in came
    ]
    told = [(kind, path, size, response.headers.get("content-encoding", "")) for kind, path, size, response in sizes]
    shifts = page.evaluate("window.shifts")
    context.close()
    return told, said, shifts


@pytest.mark.parametrize("width", [390, 1280])
def test_a_first_visit_is_small_quiet_and_still(browser, home, width):
    for address in ADDRESSES:
        came, said, shifts = visit(browser, home + address, width=width)
        own = [one for one in came if one[0] != PICTURE or "/static/" in one[1]]
        assert said == [], address
        assert shifts == [], address
        assert len(own) <= REQUESTS, came
        assert sum(size for _kind, _path, size, _coding in own) <= WITH_FONTS, came
        assert sum(size for kind, _path, size, _coding in own if kind != "font") <= WITHOUT_FONTS, came
        assert {kind for kind, _path, _size, coding in own if coding != "br"} <= {"font", PICTURE}, came


def test_static_files_are_named_by_what_is_in_them_and_kept_for_ever(browser, home):
    context = browser.new_context()
    page, answers = context.new_page(), []
    page.on("response", lambda response: answers.append(response) if "/static/" in response.url else None)
    page.goto(home, wait_until="networkidle")
    assert len(answers) >= 4
    for answer in answers:
        assert answer.headers["cache-control"] == "max-age=315360000, public, immutable", answer.url
    context.close()
