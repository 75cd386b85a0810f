import pytest

from accounts.applications.conflicts import looks_like
from accounts.applications.resources import Unclear, parse_domain, parse_resource, parse_resources


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("AS64500", ("autnum", "AS64500")),
        ("as64500", ("autnum", "AS64500")),
        ("64500", ("autnum", "AS64500")),
        ("AS0064500", ("autnum", "AS64500")),
        ("192.0.2.0/24", ("ip", "192.0.2.0/24")),
        ("192.0.2.1", ("ip", "192.0.2.1/32")),
        ("2001:DB8::/32", ("ip", "2001:db8::/32")),
        ("org-ex1-ripe", ("entity", "ORG-EX1-RIPE")),
    ],
)
def test_a_resource_has_one_writing(written, meant):
    resource = parse_resource(written)
    assert (str(resource.kind), resource.text) == meant


@pytest.mark.parametrize(
    "written",
    ["AS0", "AS4294967296", "AS99999999999", "192.0.2.1/24", "192.0.2.0/33", "0.0.0.0/0", "::/0", "300.0.2.0/24",
     "example", "AS６４５００", "ORG/../X", "ORG-EX1 RIPE", "-X", "A-" + "x" * 100, "fe80::1%eth0/64", "'; DROP TABLE"],
)  # fmt: skip
def test_what_is_no_resource_is_told_in_a_sentence(written):
    with pytest.raises(Unclear, match=r"\w+ .+[.:]"):
        parse_resource(written)


def test_each_resource_counts_once_and_five_are_enough():
    assert [one.text for one in parse_resources("AS64500, as64500;64500\n\nAS64501")] == ["AS64500", "AS64501"]
    with pytest.raises(Unclear, match="up to 5"):
        parse_resources(",".join(f"AS{number}" for number in range(64500, 64506)))


@pytest.mark.parametrize("written", ["Example.ORG", "example.org.", " example.org "])
def test_a_domain_has_one_writing(written):
    assert parse_domain(written) == "example.org"


@pytest.mark.parametrize(
    "written",
    ["example", "https://example.org", "example.org/x", "a@example.org", "exa mple.org", "-a.org", "a..org", "192.0.2.1",
     "еxample.org", "a" * 64 + ".org", "x." * 120 + "org", "example.org:53", "_x.example.org", "*.example.org"],
)  # fmt: skip
def test_what_is_no_domain_is_told_in_a_sentence(written):
    with pytest.raises(Unclear):
        parse_domain(written)


@pytest.mark.parametrize("other", ["examp1e.org", "exarnple.org", "ex-ample.org", "exampIe.com"])
def test_domains_that_could_be_taken_for_each_other_are_told(other):
    assert looks_like("example.org", other)


@pytest.mark.parametrize("other", ["sample.org", "example2.org", "other.org"])
def test_domains_that_differ_to_the_eye_are_not_mentioned(other):
    assert not looks_like("example.org", other)
