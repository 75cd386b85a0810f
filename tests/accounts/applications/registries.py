"""A registry and a DNS server on this machine, which say what a test wants: the truth, lies, nothing, or too much."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseRequestHandler, ThreadingUDPServer

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

RDAP = "application/rdap+json"


class Registry(ThreadingHTTPServer):
    """Answers by path; what it has no answer for does not exist."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.asked = {}, []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        """Whoever asks may hang up in the middle."""

    def says(self, path, answer, *, status=200, content_type=RDAP, **headers):
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.answers[path] = lambda handler: handler.say(status, body, {"Content-Type": content_type, **headers})

    def sends_on(self, path, to, status=302):
        self.answers[path] = lambda handler: handler.say(status, b"", {"Location": to})

    def does(self, path, doing):
        self.answers[path] = doing


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append((self.path, dict(self.headers)))
        answer = self.server.answers.get(self.path)
        if answer is None:
            self.say(404, b"{}", {"Content-Type": RDAP})
        else:
            answer(self)

    def say(self, status, body, headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def serving(server) -> Iterator:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


# --- What registries say ----------------------------------------------------------------------------------------------


def contact(email, *roles, entities=()):
    card = [["version", {}, "text", "4.0"], ["fn", {}, "text", "Somebody"]]
    card += [["email", {}, "text", email]] if email else []
    return {
        "objectClassName": "entity",
        "handle": "SB1-EX",
        "roles": list(roles),
        "vcardArray": ["vcard", card],
        "entities": list(entities),
    }


def autnum(number, *entities):
    return {
        "rdapConformance": ["rdap_level_0"],
        "objectClassName": "autnum",
        "handle": f"AS{number}",
        "startAutnum": number,
        "endAutnum": number,
        "entities": list(entities),
    }


def network(start, end, *entities):
    return {
        "objectClassName": "ip network",
        "handle": "NET-EX",
        "startAddress": start,
        "endAddress": end,
        "entities": list(entities),
    }


def drip(handler, *, body=b""):
    """Say that there is little to come, and send it a byte at a time for ever."""
    handler.send_response(200)
    handler.send_header("Content-Type", RDAP)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    trickle(handler)


def drip_headers(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    trickle(handler)


def trickle(handler):
    until = time.monotonic() + 30
    while time.monotonic() < until:
        handler.wfile.write(b" ")
        time.sleep(0.05)


def flood(handler):
    """Announce ten bytes, or none, and send without end."""
    handler.send_response(200)
    handler.send_header("Content-Type", RDAP)
    handler.end_headers()
    while True:
        handler.wfile.write(b" " * 65536)


# --- DNS --------------------------------------------------------------------------------------------------------------


class Names(ThreadingUDPServer):
    """Answers TXT questions by name; None is silence, and what it does not know does not exist."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), NameHandler)
        self.records, self.asked = {}, []

    @property
    def address(self):
        return self.server_address


class NameHandler(BaseRequestHandler):
    def handle(self):
        packet, socket = self.request
        question = dns.message.from_wire(packet)
        name = question.question[0].name
        self.server.asked.append(str(name))
        values = self.server.records.get(str(name), ())
        if values is None:
            return
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.AA | dns.flags.RA
        if isinstance(values, dns.rcode.Rcode):
            answer.set_rcode(values)
        elif values:
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *values))
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        socket.sendto(answer.to_wire(), self.client_address)
