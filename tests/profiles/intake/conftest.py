"""A real host on this machine, which a test tells what to answer."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from profiles.intake.fetching import Limits


class Host:
    """What a test's host answers, by path, and what it was asked."""

    def __init__(self):
        self.answers = {}
        self.asked = []

    def say(self, path, body=b"", *, status=200, **headers):
        """Answer like this from now on. `body` may be a function that writes to the connection itself."""
        self.answers[path] = (status, body, headers)

    def paths(self):
        return [path for _method, path, _headers in self.asked]


def handler(host):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            host.asked.append((self.command, self.path, dict(self.headers)))
            status, body, headers = host.answers.get(self.path, (404, b"", {}))
            if callable(body):
                body(self.wfile)
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in {"Content-Type": "text/html", **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, *_):
            pass

        def handle(self):
            try:
                super().handle()
            except (ConnectionError, TimeoutError):
                self.close_connection = True

    return Handler


@pytest.fixture
def host():
    told = Host()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(told))
    server.daemon_threads = True
    server.block_on_close = False
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    told.port = server.server_port
    told.url = f"http://host.example:{server.server_port}"
    yield told
    server.shutdown()
    server.server_close()


@pytest.fixture
def limits(host):
    """As for the open internet, but every name is this machine, which counts as public."""

    def at(**changes):
        kept = {"any_port": True, "is_public": lambda address: address == "127.0.0.1", "seconds": 5.0}
        return Limits(**{**kept, "look_up": lambda name, port: ["127.0.0.1"], **changes})

    return at


@pytest.fixture
def no_sockets(monkeypatch):
    """Whoever opens a connection in this test fails it."""

    def refuse(*_args, **_kwargs):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
