"""Registries that tell the truth, and registries that do everything else: asked for real, over HTTP."""

import gzip
import json
import socket
import time
from ipaddress import ip_address

import pytest

from accounts.applications import rdap, web
from accounts.applications.rdap import look, same_address
from accounts.applications.resources import Kind, Resource, parse_resource
from accounts.applications.web import NoAnswer
from tests.accounts.applications.registries import autnum, contact, drip, drip_headers, flood, network

ALMA = "alma@example.org"
AS = Resource(Kind.AUTNUM, "AS64500")
PATH = "/autnum/64500"


def ask(registry, resource=AS, addresses=(ALMA,)):
    return look(resource, addresses, home=registry.url)


# --- The truth --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["registrant", "administrative", "technical"])
def test_a_contact_with_one_of_three_roles_matches(registry, role):
    registry.says(PATH, autnum(64500, contact("noc@example.org", "abuse"), contact("Alma@Example.ORG", role)))
    answer = ask(registry)
    assert (answer.matched, answer.words) == (True, f"The applicant's address is that of a contact: {role}.")
    assert "example" not in answer.words.replace("applicant", "")


@pytest.mark.parametrize("roles", [["abuse"], ["noc", "billing"], [], ["sponsor"], ["Administrative "]])
def test_other_roles_do_not_count(registry, roles):
    registry.says(PATH, autnum(64500, contact(ALMA, *roles)))
    assert not ask(registry).matched


@pytest.mark.parametrize(
    ("written", "path", "answer"),
    [
        ("192.0.2.0/24", "/ip/192.0.2.0/24", network("192.0.2.0", "192.0.2.255", contact(ALMA, "technical"))),
        ("192.0.2.128/25", "/ip/192.0.2.128/25", network("192.0.2.0", "192.0.2.255", contact(ALMA, "technical"))),
        ("2001:db8::/32", "/ip/2001:db8::/32", network("2001:db8::", "2001:db8:ffff:" + "f" * 4 + ":ffff:ffff:ffff:ffff", contact(ALMA, "technical"))),
        ("org-ex1-ripe", "/entity/ORG-EX1-RIPE", {**contact(ALMA), "handle": "ORG-EX1-RIPE"}),
        ("org-ex1-ripe", "/entity/ORG-EX1-RIPE", {**contact("", entities=[contact(ALMA, "administrative")]), "handle": "org-ex1-ripe"}),
    ],
)  # fmt: skip
def test_prefixes_and_handles_are_asked_for_at_their_addresses(registry, written, path, answer):
    registry.says(path, answer)
    assert ask(registry, parse_resource(written)).matched
    assert registry.asked[0][0] == path


def test_a_contact_of_the_holder_counts_on_a_way_of_such_roles_only(registry):
    inner = contact(ALMA, "administrative")
    registry.says(PATH, autnum(64500, contact("", "registrant", entities=[inner])))
    assert ask(registry).matched
    registry.says(PATH, autnum(64500, contact("", "sponsor", entities=[inner])))
    assert not ask(registry).matched


def test_what_a_registry_does_not_know_does_not_match(registry):
    assert ask(registry).words == "The registry knows of no such resource."


# --- Whom an address is not -------------------------------------------------------------------------------------------

LOOK_ALIKES = [
    "alma+x@example.org", "al.ma@example.org", "alma@sub.example.org", "alma@example.org.", "alma@example.org.evil.example",
    " alma@example.org", "alma@example.org\n", "alma@examp1e.org", "alma@еxample.org", "аlma@example.org",
    "alma@example.org\u200b", "alma@EXAMPLE。org", "mailto:alma@example.org", "<alma@example.org>", "alma@xn--xample-9uf.org",
    "alma", "@example.org", "alma@example.org,eve@evil.example", "alma@example.orɡ", "",
]  # fmt: skip


@pytest.mark.parametrize("other", LOOK_ALIKES)
def test_what_only_looks_like_an_address_never_matches(registry, other):
    registry.says(PATH, autnum(64500, contact(other, "registrant")))
    assert not ask(registry).matched
    registry.says(PATH, autnum(64500, contact(ALMA, "registrant")))
    assert not ask(registry, addresses=[other]).matched


def test_only_ascii_letters_may_differ_in_case():
    assert same_address("ALMA@example.org", "alma@EXAMPLE.org")
    assert not same_address("\u212aim@example.org", "kim@example.org")  # the Kelvin sign, whose small letter is k
    assert not same_address("ſam@example.org", "sam@example.org")


# --- Answers that are none --------------------------------------------------------------------------------------------

DEEP = {"objectClassName": "autnum", "startAutnum": 64500, "endAutnum": 64500}
LIES = {
    "another number": autnum(64501, contact(ALMA, "registrant")),
    "a network": network("192.0.2.0", "192.0.2.255", contact(ALMA, "registrant")),
    "a range elsewhere": {**autnum(1, contact(ALMA, "registrant")), "endAutnum": 64499},
    "numbers as text": {**autnum(1, contact(ALMA, "registrant")), "startAutnum": "64500", "endAutnum": "64500"},
    "true for one": {**autnum(1, contact(ALMA, "registrant")), "startAutnum": True, "endAutnum": 99999},
    "a list": [autnum(64500, contact(ALMA, "registrant"))],
    "a word": "autnum",
    "nothing": None,
    "a number": 64500,
}


@pytest.mark.parametrize("lie", LIES)
def test_an_answer_about_something_else_is_none(registry, lie):
    registry.says(PATH, LIES[lie])
    with pytest.raises(NoAnswer, match="about something else"):
        ask(registry)


def test_another_network_or_a_larger_question_than_answered_is_none(registry):
    for start, end in (
        ("198.51.100.0", "198.51.100.255"),
        ("192.0.2.0", "192.0.2.127"),
        ("::", "::ffff"),
        ("x", "y"),
        (None, {}),
    ):
        registry.says("/ip/192.0.2.0/24", network(start, end, contact(ALMA, "registrant")))
        with pytest.raises(NoAnswer, match="about something else"):
            ask(registry, parse_resource("192.0.2.0/24"))


SHAPES = [
    {"entities": {}}, {"entities": [None, 1, "x", [], {}]}, {"entities": [{"roles": "registrant"}]},
    {"entities": [{"roles": ["registrant"], "vcardArray": "vcard"}]},
    {"entities": [{"roles": ["registrant"], "vcardArray": ["vcard"]}]},
    {"entities": [{"roles": ["registrant"], "vcardArray": ["vcard", {}]}]},
    {"entities": [{"roles": ["registrant"], "vcardArray": ["vcard", [[], ["email"], ["email", {}, "text", 7], ["email", {}, "text", ["x"]]]]}]},
    {"entities": [{"roles": [["registrant"], {}, 1], "vcardArray": ["vcard", [["email", {}, "text", "alma@example.org"]]]}]},
]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_whatever_shape_an_answer_has_it_ends_in_words(registry, shape):
    registry.says(PATH, {**autnum(64500), **shape})
    assert not ask(registry).matched


def test_contacts_nested_without_end_are_followed_four_deep(registry):
    nested = contact(ALMA, "registrant")
    for _ in range(100):
        nested = contact("", "registrant", entities=[nested])
    registry.says(PATH, autnum(64500, nested))
    assert not ask(registry).matched


@pytest.mark.parametrize(
    "body",
    [b"{", b"<html>", b"", b"\xff\xfe", b"[" * 300_000, b'{"a":' * 100_000, b"9" * 10_000, b'"' + b"x" * 1000],
    ids=["open", "html", "empty", "not-utf8", "deep-list", "deep-object", "long-number", "long-word"],
)
def test_broken_json_is_no_answer(registry, body):
    registry.says(PATH, body)
    with pytest.raises(NoAnswer, match="was no JSON"):
        ask(registry)


@pytest.mark.parametrize("content_type", ["text/html", "text/plain", "", "application/rdap+json-not", "image/png"])
def test_another_type_of_answer_is_none(registry, content_type):
    registry.says(PATH, autnum(64500, contact(ALMA, "registrant")), content_type=content_type)
    with pytest.raises(NoAnswer, match="another type"):
        ask(registry)


def test_a_packed_answer_is_none(registry):
    bomb = gzip.compress(b" " * 50_000_000)
    registry.says(PATH, bomb, Content_Encoding="gzip")
    with pytest.raises(NoAnswer, match="packed"):
        ask(registry)


@pytest.mark.parametrize("status", [500, 503, 429, 403, 400, 204, 304])
def test_a_refusal_is_no_answer(registry, status):
    registry.says(PATH, autnum(64500), status=status)
    with pytest.raises(NoAnswer, match=f"HTTP {status}"):
        ask(registry)


# --- Limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "slow", [drip, drip_headers, lambda handler: time.sleep(5)], ids=["body", "headers", "silence"]
)
def test_a_registry_that_takes_its_time_is_left_after_ours(registry, monkeypatch, slow):
    monkeypatch.setattr(web, "SECONDS", 1.0)
    registry.does(PATH, slow)
    started = time.monotonic()
    with pytest.raises(NoAnswer, match="did not answer within 1 seconds"):
        ask(registry)
    assert time.monotonic() - started < 3


def test_a_flood_is_left_at_the_limit_whatever_was_announced(registry):
    registry.does(PATH, flood)
    with pytest.raises(NoAnswer, match="longer than 1,000,000 bytes"):
        ask(registry)


def test_a_length_that_is_announced_too_long_ends_without_harm(registry):
    body = json.dumps(autnum(64500, contact(ALMA, "registrant"))).encode()
    registry.says(PATH, body, Content_Length=str(len(body) + 50))
    with pytest.raises(NoAnswer):
        ask(registry)


def test_nobody_there_is_no_answer(registry):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(NoAnswer, match="could not be asked"):
            look(AS, [ALMA], home=f"http://127.0.0.1:{taken.getsockname()[1]}")


# --- Being sent on ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_one_is_sent_on_within_the_registry(registry, status):
    registry.sends_on(PATH, "/elsewhere", status)
    registry.says("/elsewhere", autnum(64500, contact(ALMA, "registrant")))
    assert ask(registry).matched


def test_a_circle_ends(registry):
    registry.sends_on(PATH, PATH)
    with pytest.raises(NoAnswer, match="sent us on more than 4 times"):
        ask(registry)
    assert len(registry.asked) == 5


@pytest.mark.parametrize(
    "to",
    [
        "http://127.0.0.1:1/", "http://localhost/", "https://localhost/", "https://127.0.0.1/", "https://[::1]/",
    ],
)  # fmt: skip
def test_nobody_sends_us_to_this_machine(registry, to):
    registry.sends_on(PATH, to)
    with pytest.raises(NoAnswer):
        ask(registry)


@pytest.mark.parametrize(
    "to",
    [
        "ftp://registry.example/", "file:///etc/passwd", "https://registry.example:8443/", "https://user@registry.example/",
        "https:///", "https://[::1", "gopher://x", "//registry.example:1/", "https://u:p@registry.example/", "data:text/plain,x",
    ],
)  # fmt: skip
def test_some_addresses_are_not_even_looked_up(registry, to):
    registry.sends_on(PATH, to)
    with pytest.raises(NoAnswer, match=r"address|could not be asked"):
        ask(registry)


def test_without_tls_one_is_sent_on_only_where_the_operator_has_none():
    assert web.allowed("https://registry.example/autnum/1", "https://rdap.example")
    assert web.allowed("http://registry.example/autnum/1", "http://rdap.example")
    with pytest.raises(NoAnswer):
        web.allowed("http://registry.example/autnum/1", "https://rdap.example")


INSIDE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "192.0.2.1",
    "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fd00::1", "::ffff:8.8.8.8", "2002:7f00:1::", "64:ff9b::7f00:1",
    "2001:0:1::1", "ff02::1",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_not_public(address):
    assert not web.is_public(ip_address(address))


@pytest.mark.parametrize("address", ["193.0.6.139", "2001:67c:2e8:22::c100:68b"])
def test_an_address_of_the_world_is_public(address):
    assert web.is_public(ip_address(address))


def test_a_name_that_leads_inside_is_not_followed(registry, monkeypatch):
    """Also where one address of several is public: which one is connected to would be chance."""
    monkeypatch.setattr(web, "resolve", lambda host, port: [ip_address("193.0.6.139"), ip_address("127.0.0.1")])
    with pytest.raises(NoAnswer, match="not public"):
        rdap.get_json("https://registry.example/autnum/1", home="https://rdap.example")


def test_what_was_looked_up_is_what_is_connected_to(registry, monkeypatch):
    looks = []

    def resolve(host, port):
        looks.append(host)
        return [ip_address("127.0.0.1")]

    monkeypatch.setattr(web, "resolve", resolve)
    registry.says(PATH, autnum(64500, contact(ALMA, "registrant")))
    home = f"http://rdap.example:{registry.server_port}"
    assert look(AS, [ALMA], home=home).matched
    assert looks == ["rdap.example"]
    assert registry.asked[0][1]["Host"] == f"rdap.example:{registry.server_port}"
