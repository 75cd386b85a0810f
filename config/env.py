"""The environment, read without guessing: what is unset has a default, what is misspelt stops the start.

Standard library only, because the supervisor reads it before anything is installed.
"""

import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent
LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}
NAMES = (
    *("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SITE_URL", "ALLOWED_HOSTS", "EMAIL_URL", "DEBUG"),
    *("DEMO", "DEMO_PASSWORD", "PORT", "RDAP_URL", "DNS_RESOLVER", "DATA_DIR", "TRUSTED_PROXIES", "INTAKE_FETCH"),
)
WEB_SCHEMES = {"http", "https"}
SECRET_KEY_LENGTH = 32
MAKE_A_KEY = "python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"


class BadEnvironment(ValueError):
    """A variable that cannot be what it says; the message is a sentence for the operator."""


@dataclass(frozen=True)
class Environment:
    """Every variable of `.env.example`, checked."""

    database_url: str
    redis_url: str
    secret_key: str
    site_url: str
    allowed_hosts: tuple[str, ...]
    email_url: str
    debug: bool
    demo: bool
    demo_password: str
    port: int
    rdap_url: str
    dns_resolver: tuple[str, int] | None
    data_dir: Path
    trusted_proxies: int
    intake_fetch: bool

    @property
    def run_dir(self) -> Path:
        """Where the embedded servers keep their sockets: the same for every process that shares the data folder."""
        return run_dir(self.data_dir)

    @property
    def embeds_database(self) -> bool:
        return self.database_url == embedded_database(self.data_dir)

    @property
    def embeds_redis(self) -> bool:
        return self.redis_url == embedded_redis(self.data_dir)

    @property
    def site_host(self) -> str:
        return urlsplit(self.site_url).hostname or "localhost"


def run_dir(data_dir: Path) -> Path:
    # Always below /tmp: TMPDIR and XDG_RUNTIME_DIR differ between a shell and cron, and sockets need short paths.
    digest = hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]
    return Path("/tmp") / f"assay-{os.getuid()}-{digest}"  # noqa: S108 — whoever makes it checks that it is ours


def read(environ: Mapping[str, str] = os.environ) -> Environment:
    """Return the checked environment, or raise BadEnvironment with one sentence that names the variable."""
    debug = _flag(environ, "DEBUG")
    demo = _flag(environ, "DEMO")
    port = _number(environ, "PORT", 8000, 1, 65535)
    site_url = environ.get("SITE_URL", "").rstrip("/") or f"http://localhost:{port}"
    _check_site_url(site_url, demo)
    data_dir = (ROOT / Path(environ.get("DATA_DIR") or ".data").expanduser()).resolve()
    return Environment(
        database_url=_url(environ, "DATABASE_URL", {"postgres", "postgresql"}) or embedded_database(data_dir),
        redis_url=_url(environ, "REDIS_URL", {"redis", "rediss", "unix"}) or embedded_redis(data_dir),
        secret_key=_secret_key(environ, data_dir, debug or demo or not environ.get("DATABASE_URL"), site_url),
        site_url=site_url,
        allowed_hosts=_hosts(environ, site_url),
        email_url=_url(environ, "EMAIL_URL", {"smtp", "smtps", "file", "console"}) or "file:",
        debug=debug,
        demo=demo,
        demo_password=environ.get("DEMO_PASSWORD", ""),
        port=port,
        rdap_url=_url(environ, "RDAP_URL", WEB_SCHEMES) or "https://rdap.org",
        dns_resolver=_address(environ, "DNS_RESOLVER", 53),
        data_dir=data_dir,
        trusted_proxies=_number(environ, "TRUSTED_PROXIES", 0, 0, 10),
        intake_fetch=_flag(environ, "INTAKE_FETCH"),
    )


def embedded_database(data_dir: Path) -> str:
    return f"postgresql://assay@/assay?host={run_dir(data_dir)}/pg"


def embedded_redis(data_dir: Path) -> str:
    return f"unix://{run_dir(data_dir)}/redis.sock"


def database_settings(url: str) -> dict[str, object]:
    """Return Django's DATABASES entry for a PostgreSQL URL; query parameters become libpq options."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", parts.hostname or "")
    return {
        "ENGINE": "config.database",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(host),
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }


def _flag(environ: Mapping[str, str], name: str) -> bool:
    value = environ.get(name, "").strip().lower()
    if value in {"", "0", "false", "no", "off"}:
        return False
    if value in {"1", "true", "yes", "on"}:
        return True
    raise BadEnvironment(f"{name} is {value!r}; write 1 or 0 (see .env.example).")


def _number(environ: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    value = environ.get(name, "").strip() or str(default)
    if value.isascii() and value.isdigit() and least <= int(value) <= most:
        return int(value)
    raise BadEnvironment(f"{name} is {value!r}; write a whole number from {least} to {most} (see .env.example).")


def _url(environ: Mapping[str, str], name: str, schemes: set[str]) -> str:
    value = environ.get(name, "").strip()
    if value and _parts(name, value).scheme not in schemes:
        starts = " or ".join(sorted(f"{scheme}:" for scheme in schemes))
        raise BadEnvironment(f"{name} must start with {starts} (see .env.example).")
    return value


def _address(environ: Mapping[str, str], name: str, port: int) -> tuple[str, int] | None:
    """Return an IP address and a port; None where it is unset."""
    value = environ.get(name, "").strip()
    if not value:
        return None
    try:
        address = ip_address(value)
    except ValueError:
        parts = _parts(name, f"//{value}")
        try:
            address, port = ip_address(parts.hostname or ""), parts.port or port
        except ValueError:
            raise BadEnvironment(
                f"{name} is {value!r}; write an IP address, with a port or without (see .env.example)."
            ) from None
    return str(address), port


def _parts(name: str, value: str) -> SplitResult:
    try:
        parts = urlsplit(value)
        _ = parts.port, parts.hostname
        return parts
    except ValueError as error:
        raise BadEnvironment(f"{name} is not an address: {error} (see .env.example).") from None


def _check_site_url(site_url: str, demo: bool) -> None:
    parts = _parts("SITE_URL", site_url)
    if parts.scheme not in WEB_SCHEMES or not parts.hostname or parts.path or parts.query or parts.fragment:
        raise BadEnvironment(
            f"SITE_URL is {site_url!r}; write an address such as https://assay.example.org (see .env.example)."
        )
    if demo and not is_local(site_url):
        raise BadEnvironment(
            f"DEMO=1 seeds accounts with a printed password and refuses SITE_URL {site_url!r}; "
            "use a localhost address or unset DEMO."
        )


def is_local(site_url: str) -> bool:
    return _parts("SITE_URL", site_url).hostname in LOCAL_HOSTS


def _hosts(environ: Mapping[str, str], site_url: str) -> tuple[str, ...]:
    named = [host.strip() for host in environ.get("ALLOWED_HOSTS", "").split(",") if host.strip()]
    host = urlsplit(site_url).hostname or ""
    local = ["localhost", "127.0.0.1", "[::1]"] if host in LOCAL_HOSTS else []
    return tuple(dict.fromkeys([host, *named, *local]))


def _secret_key(environ: Mapping[str, str], data_dir: Path, makes_one: bool, site_url: str) -> str:
    value = environ.get("SECRET_KEY", "")
    kept = data_dir / "secret_key"
    # A secret that lies in a folder is for this machine alone: whatever has a public address brings its own.
    if not value and not (is_local(site_url) and (makes_one or kept.exists())):
        raise BadEnvironment(f"SECRET_KEY is not set; make one with: {MAKE_A_KEY} (see .env.example).")
    if value and len(value) < SECRET_KEY_LENGTH:
        raise BadEnvironment(f"SECRET_KEY is shorter than {SECRET_KEY_LENGTH} characters; make one with: {MAKE_A_KEY}")
    return value or kept_secret(kept)


def kept_secret(path: Path) -> str:
    """Return the secret kept in that file, made on first use."""
    # A key made anew at each start would log everybody out and differ between the web process and the worker.
    try:
        if not path.exists():
            make_data_dir(path.parent)
            _write_once(path, secrets.token_urlsafe(50))
        return path.read_text()
    except OSError as error:
        raise BadEnvironment(f"{path} cannot be used: {error.strerror}; is DATA_DIR yours to write to?") from None


def make_data_dir(data_dir: Path) -> None:
    # Root's PostgreSQL runs as somebody else, who must be able to pass through to its own folder.
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o711 if os.getuid() == 0 else 0o700)


def _write_once(path: Path, text: str) -> None:
    # Two processes may start at the same moment: whoever links first wins, and nobody reads half a file.
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with open(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def broker_url(redis_url: str) -> str:
    """Return the same Redis in the words of Celery, which spells a socket its own way."""
    if not redis_url.startswith("unix:"):
        return redis_url
    return redis_url.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=", 1)


def email_settings(url: str, data_dir: Path) -> tuple[str, dict[str, object]]:
    """Return Django's mail backend and its settings; without a server, mails become files."""
    parts = urlsplit(url)
    if parts.scheme == "console":
        return "django.core.mail.backends.console.EmailBackend", {}
    if parts.scheme == "file":
        return "django.core.mail.backends.filebased.EmailBackend", {
            "EMAIL_FILE_PATH": parts.path or str(data_dir / "mail")
        }
    return "django.core.mail.backends.smtp.EmailBackend", {
        "EMAIL_HOST": parts.hostname or "localhost",
        "EMAIL_PORT": parts.port or (465 if parts.scheme == "smtps" else 25),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": dict(parse_qsl(parts.query)).get("tls") == "1",
        "EMAIL_TIMEOUT": 10,
    }
