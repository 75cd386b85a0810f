"""The browser of the browser tests: where it is, and how it comes to a machine that lacks it."""

import os
import shutil
import subprocess

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
MISSING = "no Chromium on this machine (Debian: apt-get install chromium)"
NO_CHINESE = "no font for Chinese on this machine (Debian: apt-get install fonts-noto-cjk)"


def chromium_path() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


def install_chromium() -> bool:
    """Install Debian's, which needs root and apt-get; tell whether there is a browser now."""
    if chromium_path() is None:
        _install("chromium", "fonts-liberation")
    return chromium_path() is not None


def install_chinese_letters() -> bool:
    """The same for a font in which Chinese can be read; for pictures, since readers bring their own."""
    if not _has_chinese_letters():
        _install("fonts-noto-cjk")
    return _has_chinese_letters()


def _has_chinese_letters() -> bool:
    program = shutil.which("fc-list")  # which comes with the browser
    return bool(program and subprocess.run([program, ":lang=zh-cn"], capture_output=True, check=False).stdout.strip())


def _install(*packages: str) -> None:
    if os.getuid() != 0 or not shutil.which("apt-get"):
        return
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        subprocess.run(["apt-get", *arguments], env=environ, stdout=subprocess.DEVNULL, check=False)
