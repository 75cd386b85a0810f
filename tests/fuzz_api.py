"""Ask the API whatever its own description allows, and much that it does not: `make fuzz-api`.

Schemathesis makes the questions. It lives in a folder of its own below DATA_DIR, is installed when it is first wanted and
is in no lock: it would bring two dozen packages that nothing else here needs. The site it asks is the demo, on servers that
are thrown away afterwards, without Redis, so that nobody is told to wait.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from config import env
from config.processes import Unavailable
from config.stack import Stack, choose_port, hear_signals, say
from tests.faults.soak import folder_of_its_own

WANTED = "schemathesis==4.32.5"
EXAMPLES = "60"
FIRST_PORT = 8100
# What a description cannot say: nothing has that slug, that February has no such day, that day is still to come.
RULES = """
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "3xx", "404", "422"]
"""


class SiteWithoutRedis(Stack):
    """The demo as `make run` starts it, but for the queue."""

    def start_queue(self) -> None:
        say("Without Redis nobody is turned down.")

    def greet(self) -> None:
        say(f"The site to be asked: {self.settings.site_url}")


def main(asked: list[str]) -> int:
    hear_signals()
    try:
        program = installed(env.read({**os.environ, "DEMO": "1"}).data_dir / "schemathesis")
        with folder_of_its_own() as folder:
            return ask(program, folder, asked)
    except (Unavailable, env.BadEnvironment) as error:
        say(f"assay: {error}", sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def installed(home: Path) -> Path:
    """Return the program, installing it where that has not been done."""
    program, stamp = home / "bin" / "schemathesis", home / "wanted"
    if not (stamp.exists() and stamp.read_text() == WANTED):
        say(f"Installing {WANTED} into {home}.")
        shutil.rmtree(home, ignore_errors=True)
        for command in ways_to_install(home):
            if subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode:
                raise Unavailable(f"{WANTED} could not be installed; the lines above say why, usually the network.")
        stamp.write_text(WANTED)
    return program


def ways_to_install(home: Path) -> list[list[str]]:
    if uv := shutil.which("uv"):
        return [
            [uv, "venv", "--quiet", "--python", sys.executable, str(home)],
            [uv, "pip", "install", "--quiet", "--python", str(home / "bin" / "python"), WANTED],
        ]
    return [
        [sys.executable, "-m", "venv", str(home)],
        [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", WANTED],
    ]


def ask(program: Path, folder: Path, asked: list[str]) -> int:
    port = choose_port(FIRST_PORT, fixed=False)
    # What the person has set for a site of theirs is not for this one.
    environ = {name: value for name, value in os.environ.items() if name not in env.NAMES}
    environ |= {"DATA_DIR": str(folder), "DEMO": "1", "PORT": str(port), "SECRET_KEY": "only-for-fuzzing-" * 3}
    site = SiteWithoutRedis(environ, env.read(environ))
    env.make_data_dir(folder)
    try:
        site.start()
        rules = folder / "schemathesis.toml"
        rules.write_text(RULES)
        address = f"{site.settings.site_url}/api/v1/openapi.json"
        command = [str(program), "--config-file", str(rules), "run", address, "--checks", "all", "-n", EXAMPLES, *asked]
        return subprocess.run(command, cwd=folder, check=False).returncode
    finally:
        site.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
