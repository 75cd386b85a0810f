"""A real Chromium. Every test of a page also fails on an error in its console and on a request to another host."""

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright

from config.chromium import chromium_path

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
# Pages are judged by the accessibility guidelines up to level AA, and by what axe calls best practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    # Playwright's loop runs in this thread, and Django would take every query of a test for one made in a coroutine.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        yield chromium
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def open_page(browser, live_server):
    """Open an address of the site in a window of that width and colour scheme."""
    contexts, problems = [], []

    def open_at(
        path: str, *, width: int = 1280, height: int = 844, scheme: str = "light", scripts: bool = True
    ) -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            reduced_motion="reduce",
            java_script_enabled=scripts,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: problems.extend(elsewhere(request.url, live_server.url)))
        page.goto(path)
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert problems == []


def log_in(page: Page, user) -> None:
    """Give the window a session of that person; how one comes to it is the matter of test_signing_in.py."""
    client = Client()
    client.force_login(user)
    value = client.cookies["sessionid"].value
    # Given an address instead, Playwright keeps the cookie to the folder of that address.
    page.context.add_cookies([{"name": "sessionid", "value": value, "domain": "localhost", "path": "/"}])


def elsewhere(url: str, home: str) -> list[str]:
    other = urlsplit(url).netloc != urlsplit(home).netloc and not url.startswith("data:")
    return [f"asked {url}"] if other else []


def what_axe_finds(page: Page, within: str | None = None) -> list[str]:
    """One line for each element that breaks a rule; of the desk often only what is ours, for its frame is Django's."""
    # Of a sheet that imports another, as the admin's does, axe would first make a copy inside the page, and its policy
    # forbids that: two errors in the console of every form of the desk, of which no page is the cause.
    asked = {"preload": False, "runOnly": {"type": "tag", "values": RULES}}
    page.wait_for_load_state()  # a click does not wait for all of the page it leads to
    found = Axe().run(page, context=within, options=asked).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


def scrolls_sideways(page: Page) -> bool:
    page.wait_for_load_state()
    return page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
