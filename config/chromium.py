"""The browser of the browser tests: where it is, and how it comes to a machine that lacks it."""

import os
import shutil
import subprocess

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
MISSING = "no Chromium on this machine (Debian: apt-get install chromium)"


def chromium_path() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


def install_chromium() -> bool:
    """Install Debian's, which needs root and apt-get; tell whether there is a browser now."""
    if chromium_path() is None and os.getuid() == 0 and shutil.which("apt-get"):
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        wanted = ["install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-liberation"]
        for arguments in (["update", "-qq"], wanted):
            subprocess.run(["apt-get", *arguments], env=environ, stdout=subprocess.DEVNULL, check=False)
    return chromium_path() is not None
