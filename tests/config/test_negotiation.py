"""What a reader's headers ask for."""

import pytest

from config.negotiation import coding_for, has_already


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", "identity"),
        ("br", "br"),
        ("gzip", "gzip"),
        ("GZIP , BR", "br"),
        ("x-gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0, br;q=0.9", "gzip"),
        ("br;q=0.001", "br"),
        ("br;q=0", "identity"),
        ("br;q=0, gzip;q=0.000", "identity"),
        ("*", "br"),
        ("*;q=0", "identity"),
        ("br;q=0, *", "gzip"),
        ("identity;q=1, br;q=0.5", "identity"),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("identity;q=0", "identity"),  # there is nothing else that they would take
        ("identity;q=0, gzip", "gzip"),
        ("deflate, zstd", "identity"),
        ("br;q=2, gzip", "gzip"),
        ("br;q=yes, gzip;q=0.5", "gzip"),
        ("br;q=-1", "identity"),
        ("br;q=1e0", "identity"),
        ("br; q = 0.5 , gzip", "gzip"),
        ("br;level=9", "br"),
        (";;;,,=;q,", "identity"),
        ("br, " * 500, "identity"),
    ],
)
def test_a_body_comes_in_the_coding_that_the_reader_likes_best(accepted, coding):
    assert coding_for(accepted) == coding


@pytest.mark.parametrize("header", ['"a"', 'W/"a"', '"b", "a"', 'W/"b",W/"a"', "*", " * ", '"a" ', '"a",'])
@pytest.mark.parametrize("tag", ['"a"', 'W/"a"'])
def test_a_tag_among_those_that_the_reader_names_is_had_already(header, tag):
    assert has_already(header, tag)


@pytest.mark.parametrize("header", ["", '"b"', "a", '"A"', '"a', '"b", W/"ab"', "**", ",,,", '"x"' * 5000])
def test_another_tag_is_another_page(header):
    assert not has_already(header, '"a"')
