"""Asking an application as a web server does, without one."""

import io
import socket
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict
    body: bytes


def ask(application, address, *, method="GET", host="localhost", **headers):
    said = []

    def start_response(status, headers, exc_info=None):
        said.append((status, headers))

    response = application(environ(address, method=method, host=host, **headers), start_response)
    body = b"".join(response)
    if hasattr(response, "close"):
        response.close()
    status, told = said[-1]
    once = [name for name, _value in told if name != "Set-Cookie"]
    assert len(once) == len(set(once)), "a header that is said twice"
    cookies = [value for name, value in told if name == "Set-Cookie"]
    return Answer(int(status.split()[0]), dict(told) | ({"Set-Cookie": "\n".join(cookies)} if cookies else {}), body)


def environ(address, *, method="GET", host="localhost", **headers):
    from urllib.parse import unquote_to_bytes

    path, _, query = address.partition("?")
    return {
        "REQUEST_METHOD": method,
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": host,
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
    }


class counting:
    """An application that knows how often it was asked."""

    def __init__(self, application):
        self.application = application
        self.calls = 0

    def __call__(self, environ, start_response):
        self.calls += 1
        return self.application(environ, start_response)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
