import pytest
from django.utils import translation

from profiles.markup import render_markdown


def test_markdown_becomes_html():
    assert render_markdown("**Who won.** Both, *they* say.") == (
        "<p><strong>Who won.</strong> Both, <em>they</em> say.</p>\n"
    )


def test_headings_stand_below_the_page_s_own():
    assert render_markdown("# One\n\n##### Five") == "<h3>One</h3>\n<h6>Five</h6>\n"
    assert render_markdown("# One", below=1) == "<h2>One</h2>\n"


def test_html_in_markdown_stays_text():
    assert render_markdown("<script>alert(1)</script>") == "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"


@pytest.mark.parametrize(
    "text",
    [
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](data:text/html,x)",
        "<javascript:alert(1)>",
        "[x]: javascript:alert(1)\n\n[x]",
        '<img src="x" onerror="alert(1)">',
        "![x](https://example.org/pixel.gif)",
    ],
)
def test_nothing_runs_or_loads_from_elsewhere(text):
    html = render_markdown(text)
    assert "<img" not in html
    assert 'href="java' not in html.lower()
    assert 'href="data' not in html


def test_links_out_vouch_for_nothing():
    assert render_markdown("[AFRINIC](https://afrinic.net)") == (
        '<p><a href="https://afrinic.net" rel="nofollow noopener">AFRINIC</a></p>\n'
    )


def test_tables_and_lists_survive():
    assert "<td>1</td>" in render_markdown("|a|\n|-|\n|1|")
    assert '<ol start="3">' in render_markdown("3. x")


@pytest.mark.parametrize(
    ("address", "chinese"),
    [
        ("/corrections/", "/zh-hans/corrections/"),
        ("/profiles/?q=afrinic#rows", "/zh-hans/profiles/?q=afrinic#rows"),
        ("/zh-hans/about/", "/zh-hans/about/"),
        ("/feed/", "/feed/"),
        ("/nowhere-at-all/x/", "/nowhere-at-all/x/"),
        ("//example.org/about/", "//example.org/about/"),
        ("https://example.org/about/", "https://example.org/about/"),
        ("#below", "#below"),
    ],
)
def test_a_link_to_a_page_of_ours_stays_in_the_language_of_the_page(address, chinese):
    assert f'href="{address}"' in render_markdown(f"[x]({address})")
    with translation.override("zh-hans"):
        assert f'href="{chinese}"' in render_markdown(f"[x]({address})")
