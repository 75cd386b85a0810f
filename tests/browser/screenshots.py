"""Pictures of every kind of page, at the widths of a phone, a tablet and a desk, in both schemes and in print.

`make screenshots` starts the demo on a folder of its own, photographs it and leaves the pictures to be looked at.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from config import env
from config.chromium import MISSING, NO_CHINESE, chromium_path, install_chinese_letters, install_chromium
from tests.browser.conftest import ARGUMENTS

HERE = env.ROOT / ".data" / "screenshots"
WIDTHS = {"phone": 390, "tablet": 820, "desk": 1280}
SCHEMES = ("light", "dark")
PASSWORD = "only-for-the-photographer"
# A figure far from where the page opens is not loaded until somebody comes by.
EVERY_PICTURE = "Promise.all([...document.images].map(one => (one.loading = 'eager', one.decode().catch(() => null))))"
PROFILE = "/profiles/afrinic/"
EVERYBODY = [
    "/",
    "/profiles/",
    "/profiles/?q=registry&region=africa",
    "/profiles/?q=nothing-of-the-kind",
    PROFILE,
    f"{PROFILE}confidence/",
    f"{PROFILE}confidence/?on=2020-01-01",
    f"{PROFILE}confidence/?on=the-day-after",
    f"{PROFILE}briefing/",
    "/profiles/chatbit/",
    "/people/wanda-demo-author/",
    "/facets/region/africa/",
    "/publishers/",
    "/publishers/reuters/",
    "/methodology/",
    "/corrections/",
    "/api/",
    "/membership/",
    "/membership/strategic-circle/",
    "/membership/leadership-alliance/",
    "/contact/",
    "/contact/thanks/",
    "/alerts/",
    "/alerts/asked/",
    "/about/",
    "/accounts/login/",
    "/accounts/login/code/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/no-such-page/",
]
CHINESE = "/zh-hans"
ENGLISH_ALONE = (
    "/api/",
    "/profiles/chatbit/",
    "/admin/",
)  # or nothing that another page does not show in Chinese already
TURNED = ["/", PROFILE, f"{PROFILE}confidence/"]  # as a language that is written from right to left would have it
PRINTED = [PROFILE, f"{PROFILE}confidence/", "/methodology/", f"{CHINESE}{PROFILE}", f"{CHINESE}{PROFILE}confidence/"]
LOGGED_IN = {
    "alliance": ["/account/", f"{PROFILE}briefing/", f"{PROFILE}#deeper", "/account/circle/", "/accounts/2fa/"],
    "circle": [
        "/account/following/",
        "/account/follow/?profile=afrinic",
        "/account/close/",
        "/accounts/email/",
        "/accounts/sessions/",
        "/accounts/password/change/",
        "/accounts/2fa/totp/activate/",
        "/accounts/2fa/webauthn/add/",
    ],
    "reader": ["/account/", "/account/application/", f"{PROFILE}briefing/", "/account/circle/"],
    "waiting": ["/account/", "/account/application/"],
    "asked": ["/account/application/"],
    "suspended": ["/account/", f"{PROFILE}briefing/"],
    "expired": ["/account/"],
    "editor": [
        "/admin/",
        "/admin/profiles/profile/",
        "/admin/profiles/profile/1/change/",
        "/admin/profiles/revision/1/change/",
        "/admin/profiles/source/",
        "/admin/profiles/source/1/change/",
        "/admin/profiles/publisher/",
        "/admin/profiles/figure/",
        "/admin/profiles/page/1/change/",
        "/admin/dossier/",
        "/admin/briefings/teaser/",
        "/admin/briefings/teaser/1/change/",
        "/admin/briefings/cited/",
    ],
    "officer": [
        "/admin/",
        "/admin/accounts/user/",
        "/admin/accounts/user/2/change/",
        "/admin/accounts/organisation/1/change/",
        "/admin/accounts/grant/",
        "/admin/accounts/grant/add/?user=2",
        "/admin/accounts/user/members/",
        "/admin/accounts/application/",
    ],
}


def main(only: list[str]) -> int:
    if not install_chromium():
        print(MISSING, file=sys.stderr)
        return 1
    if not install_chinese_letters():
        print(f"{NO_CHINESE}: the Chinese pages will show boxes.", file=sys.stderr)
    shutil.rmtree(HERE, ignore_errors=True)
    with running_demo() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        for scheme in SCHEMES:
            photograph(browser, home, scheme, only)
        browser.close()
    print(f"{len(list(HERE.rglob('*.png')))} pictures lie in {HERE}.")
    return 0


@contextmanager
def running_demo() -> Iterator[str]:
    """Run the demo as `make run` does, on a folder and a port of its own; give its address."""
    folder = Path(tempfile.mkdtemp(prefix="assay-pictures-"))
    folder.chmod(0o711)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {"DATA_DIR": str(folder), "PORT": str(port), "DEMO": "1", "DEMO_PASSWORD": PASSWORD}
    others = {name: value for name, value in os.environ.items() if name not in env.NAMES}
    running = subprocess.Popen([sys.executable, "-m", "config.stack"], cwd=env.ROOT, env=others | own)
    try:
        wait_for(f"http://localhost:{port}/readyz", running)
        yield f"http://localhost:{port}"
    finally:
        running.terminate()
        running.wait()
        shutil.rmtree(folder, ignore_errors=True)


def wait_for(address: str, running: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        if running.poll() is not None:
            sys.exit("The demo did not start.")
        try:
            urllib.request.urlopen(address, timeout=2)
            return
        except OSError:
            time.sleep(0.5)
    sys.exit("The demo did not become ready.")


def photograph(browser: Browser, home: str, scheme: str, only: list[str]) -> None:
    with window(browser, home, scheme) as page:
        for path in chosen(in_both_languages(EVERYBODY), only):
            take(page, path, scheme)
        if scheme == "light":
            for path in chosen(TURNED, only):
                take(page, path, scheme, "turned", turned=True)
            for path in chosen(PRINTED, only):
                print_out(page, path)
    for role, written in LOGGED_IN.items():
        paths = in_both_languages(written)
        if not chosen(paths, only):
            continue
        with window(browser, home, scheme) as page:
            log_in(page, role)
            for path in chosen(paths, only):
                take(page, path, scheme, role)


def in_both_languages(paths: list[str]) -> list[str]:
    return [*paths, *(f"{CHINESE}{path}" for path in paths if not path.startswith(ENGLISH_ALONE))]


def chosen(paths: list[str], only: list[str]) -> list[str]:
    return [path for path in paths if not only or path in only]


@contextmanager
def window(browser: Browser, home: str, scheme: str) -> Iterator[Page]:
    context = browser.new_context(base_url=home, color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


def log_in(page: Page, role: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(f"{role}@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/account/")


def take(page: Page, path: str, scheme: str, role: str = "", *, turned: bool = False) -> None:
    for width_name, width in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(path, wait_until="networkidle")
        if "/reauthenticate/" in page.url:  # in whichever language
            page.locator("[name=password]").fill(PASSWORD)
            page.keyboard.press("Enter")
            page.wait_for_url(f"**{path}", wait_until="networkidle")
        if turned:
            page.evaluate("document.documentElement.dir = 'rtl'")
        place = HERE / f"{width_name}-{scheme}" / f"{name_of(path, role)}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        page.evaluate(EVERY_PICTURE)
        page.screenshot(path=place, full_page=True)


def print_out(page: Page, path: str) -> None:
    page.set_viewport_size({"width": 794, "height": 1123})  # A4
    page.emulate_media(media="print")
    page.goto(path, wait_until="networkidle")
    (HERE / "print").mkdir(parents=True, exist_ok=True)
    page.screenshot(path=HERE / "print" / f"{name_of(path)}.png", full_page=True)
    page.pdf(path=HERE / "print" / f"{name_of(path)}.pdf", format="A4")
    page.emulate_media(media="screen")


def name_of(path: str, role: str = "") -> str:
    plain = "".join(one if one.isalnum() else "-" for one in path).strip("-") or "home"
    return f"{role}-{plain}" if role else plain


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
