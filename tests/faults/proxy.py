"""A door in front of a server that the tests can shut, jam, slam and slow down, while the server itself is well."""

import socket
import threading
import time
from contextlib import contextmanager, suppress


class Proxy:
    """Listens on a port of this machine and passes on to a server at (host, port) or at the path of a socket."""

    def __init__(self, target):
        self.target = target
        self.delay = 0.0  # seconds, for each piece in either direction
        self._flowing = threading.Event()
        self._flowing.set()
        self._ends = set()
        self._guard = threading.Lock()
        self._listener = None
        self.port = 0
        self.allow()

    def allow(self):
        """Take connections (again)."""
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, args=[self._listener], daemon=True).start()

    def refuse(self):
        """Nobody listens any more, and whoever was inside is thrown out."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()
        self.cut()

    def freeze(self):
        """Connections stand and new ones are taken, but nothing passes."""
        self._flowing.clear()

    def thaw(self):
        """What was held back passes now, in order."""
        self._flowing.set()

    def cut(self):
        """End every connection at once, in the middle of whatever it was saying."""
        with self._guard:
            ends, self._ends = self._ends, set()
        for end in ends:
            _hang_up(end)

    def heal(self):
        self.delay = 0.0
        self.thaw()
        if self._listener.fileno() == -1:
            self.allow()

    def close(self):
        self.refuse()
        self.thaw()

    def _listen(self, listener):
        with suppress(OSError):
            while True:
                client, _address = listener.accept()
                self._let_in(client)
                if listener.fileno() == -1:
                    self.cut()  # the door was shut while this one was on the threshold

    def _let_in(self, client):
        try:
            server = _connect(self.target)
        except OSError:
            _hang_up(client)
            return
        with self._guard:
            self._ends |= {client, server}
        for source, sink in ((client, server), (server, client)):
            threading.Thread(target=self._pass_on, args=[source, sink], daemon=True).start()

    def _pass_on(self, source, sink):
        with suppress(OSError):
            while piece := source.recv(1 << 16):
                time.sleep(self.delay)
                self._flowing.wait()
                sink.sendall(piece)
        with self._guard:
            self._ends -= {source, sink}
        for end in (source, sink):
            _hang_up(end)


@contextmanager
def standing_before(target):
    proxy = Proxy(target)
    try:
        yield proxy
    finally:
        proxy.close()


def _connect(target):
    if isinstance(target, tuple):
        return socket.create_connection(target)
    end = socket.socket(socket.AF_UNIX)
    try:
        end.connect(str(target))
    except OSError:
        end.close()
        raise
    return end


def _hang_up(end):
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
