"""Whom the desk may ask, and whom never."""

import pytest

from profiles.intake.addresses import NotAllowed, is_public, target_of


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "2a00:1450:4001::8a"])
def test_an_address_of_the_open_internet_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254"),
        *("172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1"),
        *("198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    ],
)
def test_an_ipv4_address_that_is_private_reserved_or_for_many_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "100::1"),
        *("2001:db8::1", "3fff::1", "2001::1", "2001:20::1", "5f00::1"),
        *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:7f00:1", "::127.0.0.1", "::8.8.8.8"),  # IPv4 in other clothes
        *("64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::a00:1"),  # NAT64
        *("2002:7f00:1::", "2002:a9fe:a9fe::1"),  # 6to4
    ],
)
def test_an_ipv6_address_that_is_local_or_carries_another_inside_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "1.2.3.4.5"])
def test_what_is_not_plainly_an_address_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://example.org", "https://example.org/"),
        ("  HTTP://Example.ORG/a?b=c#d ", "http://example.org/a?b=c"),
        ("https://example.org:443/a", "https://example.org/a"),
        ("http://example.org:443/a", "http://example.org:443/a"),
        ("https://bücher.example/ä?q=ß", "https://xn--bcher-kva.example/%C3%A4?q=%C3%9F"),
        ("https://example.org/a%20b", "https://example.org/a%20b"),
        ("https://[2606:2800:220:1::1]/a", "https://[2606:2800:220:1::1]/a"),
    ],
)
def test_an_address_is_taken_apart_and_asked_for_without_its_fragment(url, asked):
    assert str(target_of(url)) == asked


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://example.org/a", "http:// or https://"),
        ("file:///etc/passwd", "http:// or https://"),
        ("gopher://example.org", "http:// or https://"),
        ("javascript:alert(1)", "http:// or https://"),
        ("example.org/a", "http:// or https://"),
        ("https://ann:secret@example.org/", "user name or password"),
        ("https://example.org@127.0.0.1/", "user name or password"),
        ("https://@example.org/", "user name or password"),
        ("http://example.org:22/", "port 22"),
        ("http://example.org:6379/", "port 6379"),
        ("http://example.org:99999/", "not an address"),
        ("http://[::1", "not an address"),
        ("http://[fe80::1%25eth0]/", "not the name of a host"),
        ("http://exa%6dple.org/", "not the name of a host"),
        ("http:///a", "names no host"),
        ("https://", "names no host"),
        ("http://example.org\\@127.0.0.1/", "holds a space or a sign"),
        ("http://example.org/a\r\nHost: b", "holds a space or a sign"),
        ("http://example.org/" + "a" * 2000, "longer than 2000"),
        ("http://" + "a" * 70 + ".example/", "not the name of a host"),
    ],
)
def test_an_address_that_is_not_fetched_says_why(url, why):
    with pytest.raises(NotAllowed, match=why):
        target_of(url)
