"""What hosts tell robots."""

import time

import pytest

from profiles.intake.robots import allows

SOME = """
# A comment
User-agent: *
Disallow: /private/
Allow: /private/press/
Disallow: /*.pdf$
Disallow: /search*sort=

Sitemap: https://example.org/sitemap.xml

User-agent: Otherbot
User-agent: assay/1.0
Crawl-delay: 9
Disallow: /only-us/
"""


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/", True),
        ("/private/a", False),
        ("/private/press/a", True),
        ("/a.pdf", False),
        ("/a.pdf?page=1", True),
        ("/search?q=a&sort=b", False),
        ("/search?q=a", True),
        ("/only-us/", True),
    ],
)
def test_the_longest_rule_that_fits_decides(path, allowed):
    assert allows(SOME, "Somebot", path) is allowed


def test_rules_for_us_by_name_take_the_place_of_those_for_everybody():
    assert allows(SOME, "Assay", "/private/a")
    assert not allows(SOME, "ASSAY", "/only-us/a")


@pytest.mark.parametrize("robots", ["", "<html>not found</html>", "Disallow: /", "User-agent: *\nDisallow:", "\x00:\n"])
def test_a_file_that_forbids_nobody_anything_forbids_us_nothing(robots):
    assert allows(robots, "Assay", "/a")


def test_to_allow_wins_a_tie():
    assert allows("User-agent: *\nDisallow: /a\nAllow: /a", "Assay", "/a")
    assert not allows("User-agent: *\nDisallow: /", "Assay", "/a")


def test_a_rule_full_of_stars_is_answered_at_once():
    started = time.monotonic()
    assert allows("User-agent: *\nDisallow: /" + "*a" * 240 + "$", "Assay", "/" + "a" * 1900 + "b")
    assert time.monotonic() - started < 1
