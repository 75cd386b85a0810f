"""Fetching against a real host: where it goes, where it does not, and how much it takes."""

import _socket
import socket
import ssl
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from profiles.intake import fetching
from profiles.intake.addresses import NotAllowed
from profiles.intake.fetching import Limits, NotFetched, fetch


@pytest.fixture
def url(host):
    return host.url


def refused(url, limits, error=NotFetched):
    with pytest.raises(error) as caught:
        fetch(url, limits)
    return str(caught.value)


# --- What is asked ----------------------------------------------------------------------------------------------------


def test_a_page_comes_with_its_type_and_its_bytes(host, limits, url):
    host.say("/a?b=c", b"<p>Hello.</p>", Content_Type="text/html; charset=utf-8")
    page = fetch(f"{url}/a?b=c#d", limits())
    assert (page.status, page.content_type, page.body) == (200, "text/html; charset=utf-8", b"<p>Hello.</p>")
    assert page.url == f"{url}/a?b=c"


def test_a_host_is_told_who_asks_and_by_which_name_it_was_called(host, limits, url, settings):
    settings.SITE_URL = "https://assay.example.org"
    host.say("/a", b"So.")
    fetch(f"{url}/a", limits())
    [_robots, (method, path, headers)] = host.asked
    assert (method, path) == ("GET", "/a")
    assert headers["User-Agent"] == "Assay (+https://assay.example.org/about/)"
    assert headers["Host"] == f"host.example:{host.port}"
    assert "Cookie" not in headers


def test_a_page_that_is_not_there_is_an_answer_too(limits, url):
    assert fetch(f"{url}/nowhere", limits()).status == 404


# --- Where it does not go ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://0.0.0.0/"),
        *("http://127.1/", "http://2130706433/", "http://0x7f000001/"),
    ],
)
def test_by_default_this_machine_is_never_asked(url, monkeypatch):
    # What the tests' own guard would refuse before we do; nothing but numbers is looked up this way.
    monkeypatch.setattr(socket, "getaddrinfo", _socket.getaddrinfo)
    assert "is not a host on the open internet" in refused(url, Limits(), NotAllowed)


def test_by_default_no_other_port_than_the_webs_is_asked(host):
    assert f"names port {host.port}" in refused(f"http://127.0.0.1:{host.port}/", Limits(), NotAllowed)
    assert host.asked == []


def test_by_default_names_are_looked_up_and_checked_by_the_strict_rules():
    assert (Limits().is_public, Limits().look_up, Limits().any_port) == (fetching.is_public, fetching.looked_up, False)
    assert Limits().redirects == 3


def test_one_private_address_among_a_names_addresses_is_enough_to_refuse(host, limits, url):
    told = limits(look_up=lambda name, port: ["127.0.0.1", "10.0.0.1"])
    assert "is not a host on the open internet" in refused(url, told, NotAllowed)
    assert host.asked == []


def test_a_name_is_looked_up_once_so_that_it_cannot_become_another_address(host, limits, url):
    answers = iter([["127.0.0.1"]])  # a second question would find nothing left
    host.say("/a", b"So.")
    assert fetch(f"{url}/a", limits(look_up=lambda name, port: next(answers))).body == b"So."
    assert host.paths() == ["/robots.txt", "/a"]


def test_the_connection_goes_to_the_address_that_was_checked(host, limits, url, monkeypatch):
    host.say("/a", b"So.")
    asked = []
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda name, *rest, **more: asked.append(name) or resolve(name, *rest, **more))  # fmt: skip
    fetch(f"{url}/a", limits())
    assert set(asked) <= {"127.0.0.1"}  # never the name


def test_a_second_address_is_tried_where_the_first_does_not_answer(host, limits, url):
    host.say("/a", b"So.")
    told = limits(look_up=lambda name, port: ["127.0.0.2", "127.0.0.1"], is_public=lambda address: True)
    assert fetch(f"{url}/a", told).body == b"So."


def test_a_name_that_nobody_has_is_said_to_be_none(limits, url):
    def nobody(name, port):
        raise socket.gaierror

    assert refused(url, limits(look_up=nobody)) == "There is no host called host.example."


def test_a_host_that_is_not_there_is_said_to_be_away(host, limits):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert refused(f"http://host.example:{port}/", limits()) == "host.example cannot be reached."


def test_a_host_without_a_certificate_is_not_believed(host, limits):
    assert "host.example" in refused(f"https://host.example:{host.port}/", limits())


# --- Redirects --------------------------------------------------------------------------------------------------------


def test_redirects_within_a_host_are_followed(host, limits, url):
    host.say("/a", status=301, Location="/b")
    host.say("/b", status=308, Location=f"{url}/c")
    host.say("/c", b"There.")
    page = fetch(f"{url}/a", limits())
    assert (page.url, page.body) == (f"{url}/c", b"There.")
    assert host.paths() == ["/robots.txt", "/a", "/b", "/c"]


def test_after_three_redirects_it_is_enough(host, limits, url):
    for number in range(6):
        host.say(f"/{number}", status=302, Location=f"/{number + 1}")
    assert refused(f"{url}/0", limits()) == "host.example sends us on more than 3 times."
    assert host.paths()[-1] == "/3"


@pytest.mark.parametrize(
    "location", ["http://other.example/", "//other.example/a", "http://127.0.0.1/", "http://[::1]/"]
)
def test_no_redirect_leads_to_another_host(host, limits, url, location):
    host.say("/a", status=302, Location=location)
    assert "sends us on to" in refused(f"{url}/a", limits())
    assert host.paths() == ["/robots.txt", "/a"]


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "http://ann:b@host.example/", "http://host.example:99999/", "http://["]
)
def test_no_redirect_leads_to_what_would_not_be_fetched(host, limits, url, location):
    host.say("/a", status=302, Location=location)
    assert refused(f"{url}/a", limits()) == "host.example sends us on to an address that is not fetched."


def test_a_redirect_to_a_page_that_robots_must_not_read_is_not_followed(host, limits, url):
    host.say("/robots.txt", b"User-agent: *\nDisallow: /b")
    host.say("/a", status=302, Location="/b")
    assert "asks robots not to read" in refused(f"{url}/a", limits())
    assert host.paths() == ["/robots.txt", "/a"]


# --- Robots -----------------------------------------------------------------------------------------------------------


def test_a_host_that_asks_robots_to_stay_away_is_left_alone(host, limits, url):
    host.say("/robots.txt", b"User-agent: assay\nDisallow: /")
    host.say("/a", b"So.")
    assert refused(f"{url}/a", limits()) == "host.example asks robots not to read this page. Paste its text instead."
    assert host.paths() == ["/robots.txt"]


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_host_that_cannot_say_what_it_allows_is_left_alone(host, limits, url, status):
    host.say("/robots.txt", status=status)
    assert "cannot say at the moment" in refused(f"{url}/a", limits())
    assert host.paths() == ["/robots.txt"]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_host_without_rules_for_robots_is_asked(host, limits, url, status):
    host.say("/robots.txt", status=status)
    host.say("/a", b"So.")
    assert fetch(f"{url}/a", limits()).body == b"So."


# --- How much ---------------------------------------------------------------------------------------------------------


def test_a_page_that_says_it_is_too_large_is_not_read_to_its_end(host, limits, url):
    host.say("/a", b"x" * 200_000)
    assert refused(f"{url}/a", limits(bytes=100_000)) == "The page is larger than 100,000 bytes."


def test_a_page_that_never_ends_is_cut_off(host, limits, url):
    def endless(wire):
        wire.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            wire.write(b"2000\r\n" + b"x" * 0x2000 + b"\r\n")

    host.say("/a", endless)
    assert refused(f"{url}/a", limits(bytes=100_000)) == "The page is larger than 100,000 bytes."


def test_a_page_that_comes_packed_is_not_unpacked(host, limits, url):
    host.say("/a", b"\x1f\x8b", Content_Encoding="gzip")
    assert "sent its page packed" in refused(f"{url}/a", limits())


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"])
def test_a_host_that_drips_is_not_waited_for(host, limits, url, start):
    gone = threading.Event()

    def drip(wire):
        wire.write(start)
        while not gone.wait(0.05):
            wire.write(b"X-A: b\r\n" if start.count(b"\r\n") < 2 else b"x")
            wire.flush()

    host.say("/a", drip)
    started = time.monotonic()
    sentence = refused(f"{url}/a", limits(seconds=0.6))
    gone.set()
    assert time.monotonic() - started < 2
    assert sentence in {
        "The host took longer than 0.6 seconds.",
        "host.example did not answer in time.",
        "host.example answered with something that is no web page.",
    }


def test_a_host_that_says_nothing_is_not_waited_for(host, limits, url):
    host.say("/a", lambda wire: time.sleep(1.5))
    assert refused(f"{url}/a", limits(seconds=0.4)) == "host.example did not answer in time."


def test_an_answer_that_is_no_web_page_is_said_to_be_none(host, limits, url):
    host.say("/a", lambda wire: wire.write(b"220 smtp.example ESMTP\r\n"))
    assert refused(f"{url}/a", limits()) == "host.example answered with something that is no web page."


# --- Over TLS ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def tls_host(tmp_path):
    """A host with a certificate of its own making, which notes by which name it was called."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "host.example")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("host.example")]), critical=False)
    (tmp_path / "cert.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    called = []
    context.sni_callback = lambda _socket, sni, _context: called.append(sni)
    listening = socket.create_server(("127.0.0.1", 0))

    def serve():
        for _ in range(2):
            with suppress(OSError), context.wrap_socket(listening.accept()[0], server_side=True) as wire:
                wire.recv(4096)
                wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n")

    threading.Thread(target=serve, daemon=True).start()
    yield f"https://host.example:{listening.getsockname()[1]}/a", called, tmp_path / "cert.pem"
    listening.close()


def test_over_tls_the_host_is_called_by_its_name_and_must_show_that_it_is_it(tls_host, limits, monkeypatch):
    url, called, certificate = tls_host
    trusting = ssl.create_default_context(cafile=certificate)
    monkeypatch.setattr(fetching, "_tls", lambda: trusting)
    assert fetch(url, limits()).status == 200
    assert called == ["host.example", "host.example"]


def test_over_tls_a_host_with_a_certificate_nobody_knows_is_not_believed(tls_host, limits):
    url, called, _certificate = tls_host
    assert refused(url, limits()) == "host.example could not show that it is host.example (its certificate)."
    assert called == ["host.example"]
