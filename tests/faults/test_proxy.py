"""The door itself: a door that broke nothing would prove nothing."""

import socket
import socketserver
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.proxy import standing_before

MOMENT = 0.2  # seconds in which an answer that is held back would long have come


class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line)


@contextmanager
def serving(server_class, address):
    with server_class(address, Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server.server_address
        server.shutdown()


@pytest.fixture
def door():
    with serving(socketserver.ThreadingTCPServer, ("127.0.0.1", 0)) as address, standing_before(address) as proxy:
        yield proxy


@pytest.fixture
def guest(door):
    with entering(door) as guest:
        yield guest


def entering(door):
    return socket.create_connection(("127.0.0.1", door.port), timeout=5)


def answer(guest, word=b"hello\n"):
    guest.sendall(word)
    return guest.recv(100)


def test_an_open_door_passes_everything_on(guest):
    assert answer(guest) == b"hello\n"


def test_a_door_can_stand_before_a_socket_in_a_folder():
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "echo")
        with (
            serving(socketserver.ThreadingUnixStreamServer, path),
            standing_before(path) as door,
            entering(door) as guest,
        ):
            assert answer(guest) == b"hello\n"


def test_a_refusing_door_throws_everybody_out_and_lets_nobody_in_until_it_is_healed(door, guest):
    answer(guest)
    door.refuse()
    assert guest.recv(100) == b""
    with pytest.raises(ConnectionRefusedError):
        entering(door)
    door.heal()
    with entering(door) as later:
        assert answer(later) == b"hello\n"


def test_a_frozen_door_holds_back_what_it_passes_on_when_it_thaws(door, guest):
    door.freeze()
    guest.settimeout(MOMENT)
    with pytest.raises(TimeoutError):
        answer(guest)
    door.heal()
    guest.settimeout(5)
    assert guest.recv(100) == b"hello\n"


def test_a_door_that_slams_ends_those_inside_and_takes_new_ones(door, guest):
    answer(guest)
    door.cut()
    assert guest.recv(100) == b""
    with entering(door) as later:
        assert answer(later) == b"hello\n"


def test_a_slow_door_takes_its_time_both_ways(door, guest):
    door.delay = MOMENT
    started = time.monotonic()
    assert answer(guest) == b"hello\n"
    assert time.monotonic() - started >= 2 * MOMENT


def test_a_door_with_nobody_behind_it_sends_its_guests_away():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = closed.getsockname()
    with standing_before(address) as door, entering(door) as guest:
        assert guest.recv(100) == b""
