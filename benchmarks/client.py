"""A small client that keeps its connections: several of them at once, each in a thread of its own."""

import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

CONNECTIONS = 8


@dataclass(frozen=True)
class Request:
    """What is asked, and what the answer must begin with so that nothing else is measured by mistake."""

    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200

    def as_bytes(self, host: str) -> bytes:
        lines = [f"GET {self.path} HTTP/1.1", f"Host: {host}", *(f"{k}: {v}" for k, v in self.headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Wrong(RuntimeError):
    """An answer that is not the one to be measured."""


class Connection:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.host = f"localhost:{port}"
        self.left = b""

    def ask(self, request: Request) -> tuple[dict[str, str], bytes]:
        self.socket.sendall(request.as_bytes(self.host))
        data = self.left
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, _, body = data.partition(b"\r\n\r\n")
        status, headers = _read(head.decode("latin-1"))
        if status != request.status:
            raise Wrong(f"{request.path} answered {status}")
        length = 0 if status == 304 else int(headers["content-length"])
        while len(body) < length:
            body += self._more()
        self.left = body[length:]
        return headers, body[:length]

    def _more(self) -> bytes:
        piece = self.socket.recv(1 << 18)
        if not piece:
            raise Wrong("the server hung up")
        return piece

    def close(self) -> None:
        self.socket.close()


def _read(head: str) -> tuple[int, dict[str, str]]:
    first, *lines = head.split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return int(first.split()[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}


@contextmanager
def connections(port: int, number: int = CONNECTIONS) -> Iterator[list[Connection]]:
    opened = [Connection(port) for _ in range(number)]
    try:
        yield opened
    finally:
        for connection in opened:
            connection.close()


def ask_all(opened: Sequence[Connection], requests: Sequence[Request]) -> list[float]:
    """Ask everything, spread over the connections; return how many seconds each answer took."""
    took: list[float] = []
    failed: list[BaseException] = []

    def work(connection: Connection, share: Sequence[Request]) -> None:
        try:
            for request in share:
                started = time.perf_counter()
                connection.ask(request)
                took.append(time.perf_counter() - started)
        except BaseException as error:
            failed.append(error)

    threads = [
        threading.Thread(target=work, args=(connection, requests[number :: len(opened)]))
        for number, connection in enumerate(opened)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return took
