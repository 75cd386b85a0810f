"""From pages and pasted texts to facts, whatever somebody's page is made of."""

import subprocess
import sys
import time
from datetime import date

import pytest

from profiles.intake.reading import Facts, NotReadable, Pasted, is_page, read_page, read_text, split_paste

PARAGRAPHS = (
    "<p>The mills of the north will close in spring, the council said on Tuesday, and two hundred people will lose "
    "their work in the valley.</p><p>“Nobody asked us before the letter came,” said a worker at the gate. A report by "
    "the Institute of Sluices had named the river as the reason for it all.</p>"
)
LINKED_DATA = """<script type="application/ld+json">{"@context": "https://schema.org", "@type": "NewsArticle",
"headline": "Mills close", "datePublished": "2026-03-04", "author": [{"@type": "Person", "name": "Nina Nord"},
{"@type": "Person", "name": "Otis Oak"}], "publisher": {"@type": "Organization", "name": "Harbour Daily"}}</script>"""
OPEN_GRAPH = """<meta property="og:title" content="Mills close"><meta property="og:site_name" content="Harbour Daily">
<meta property="article:published_time" content="2026-03-04T10:00:00Z"><meta name="author" content="Nina Nord">"""
HEADLINE = "<h1>Mills close</h1>"


def page(head="", body=HEADLINE + PARAGRAPHS, lang="en-GB"):
    return f'<!doctype html><html lang="{lang}"><head><title>Mills close | Harbour Daily</title>{head}</head><body><article>{body}</article></body></html>'.encode()


def test_a_page_is_read_by_its_linked_data():
    facts = read_page(
        page(LINKED_DATA + '<link rel="canonical" href="https://example.org/mills">'),
        "https://example.org/mills?from=feed",
    )
    assert facts.title == "Mills close"
    assert facts.authors == ("Nina Nord", "Otis Oak")
    assert (facts.publisher, facts.published_on) == ("Harbour Daily", date(2026, 3, 4))
    assert (facts.language, facts.url) == ("en-GB", "https://example.org/mills")
    assert "“Nobody asked us before the letter came,”" in facts.body


def test_a_page_is_read_by_its_open_graph():
    facts = read_page(page(OPEN_GRAPH), "https://example.org/mills")
    assert (facts.title, facts.authors, facts.publisher) == ("Mills close", ("Nina Nord",), "Harbour Daily")
    assert facts.published_on == date(2026, 3, 4)


def test_a_page_without_a_language_is_of_that_of_its_locale():
    body = page('<meta property="og:locale" content="de_AT">').replace(b' lang="en-GB"', b"")
    assert read_page(body).language == "de-AT"


@pytest.mark.parametrize("address", ["https://other.example/mills", "javascript:alert(1)", "http://ann:b@example.org/"])
def test_a_page_may_not_give_itself_somebody_elses_address(address):
    facts = read_page(page(f'<link rel="canonical" href="{address}">'), "https://example.org/mills")
    assert facts.url == "https://example.org/mills"


def test_a_page_in_another_script_is_read():
    text = "北方的工厂将在春天关闭,委员会星期二说,山谷里有两百人会失去工作。" * 6
    facts = read_page(page(body=f"<h1>工厂关闭</h1><p>{text}</p>").replace(b' lang="en-GB"', b""))
    assert (facts.language, text[:30] in facts.body) == ("zh", True)


def test_reading_a_page_opens_no_connection(no_sockets):
    bait = '<link rel="canonical" href="/x"><base href="https://example.org/"><iframe src="https://example.org/y"></iframe>'
    assert read_page(page(LINKED_DATA + bait), "https://example.org/mills").title == "Mills close"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b"<html><body><p>Short.</p></body></html>",
        b"\x00\xff\xfe" * 1000,
        b"<!doctype html><html>" + b"<div>" * 50_000 + b"deep",
        b"<!doctype html><html><!DOCTYPE lolz [<!ENTITY lol 'lol'><!ENTITY a '&lol;&lol;'>]><body>&a;&a;</body></html>",
        b"<!doctype html><html><body>" + b"<p>" * 70_000,
        b"<!doctype html><html>" + b"x" * 2_000_001,
        b'<!doctype html><html><script type="application/ld+json">' + b"[" * 50_000 + b"</script></html>",
        b"<!doctype html><html><table>" + b"<tr><td><table>" * 15_000,
        b"<!doctype html><html><body>" + b"&#x110000;&#0;&amp" * 20_000 + b"</body></html>",
    ],
    ids=range(11),
)
def test_a_hostile_page_ends_in_a_sentence_or_in_its_text(body):
    started = time.monotonic()
    try:
        said = read_page(body).body
    except NotReadable as refused:
        said = str(refused)
    assert said
    assert "\x00" not in said
    assert time.monotonic() - started < 15


def test_a_page_full_of_nonsense_facts_gives_facts_the_database_can_hold():
    head = f'<meta property="og:title" content="{"T&#0;" * 900}"><meta property="og:site_name" content="{"S" * 900}">'
    facts = read_page(page(head + '<meta property="article:published_time" content="99999-99-99">', lang="x" * 90))
    assert len(facts.title) <= 500
    assert len(facts.publisher) <= 200
    assert "\x00" not in facts.title + facts.body
    assert facts.language == ""


# --- Pasted -----------------------------------------------------------------------------------------------------------


def test_addresses_alone_are_an_article_each():
    pasted = "https://example.org/a\r\n\r\n  https://example.org/b  \nhttps://example.org/a"
    assert split_paste(pasted) == [Pasted(url="https://example.org/a"), Pasted(url="https://example.org/b")]


def test_texts_stand_apart_by_a_line_of_dashes():
    assert split_paste("One\ntext.\n-----\n\nAnother - with --- dashes.\n===\n") == [
        Pasted(body="One\ntext."),
        Pasted(body="Another - with --- dashes."),
    ]


def test_a_text_may_begin_with_its_address():
    assert split_paste("https://example.org/a\n\nMills close\nThey do.") == [
        Pasted(url="https://example.org/a", body="Mills close\nThey do.")
    ]


@pytest.mark.parametrize("pasted", ["", " \n\t\n", "---\n---"])
def test_nothing_pasted_is_no_article(pasted):
    assert split_paste(pasted) == []


def test_the_first_line_of_a_text_is_its_title():
    facts = read_text("Mills close\n\nThey close in spring.\x00", "https://example.org/a")
    assert facts == Facts(title="Mills close", url="https://example.org/a", body="Mills close\n\nThey close in spring.")


@pytest.mark.parametrize("text", ["They close in spring.\nSo it is.", "They close in spring", "x" * 600 + "\nSo."])
def test_a_first_line_that_is_no_headline_is_no_title(text):
    assert read_text(text).title == ""


def test_a_pasted_page_is_read_as_a_page():
    facts = read_text(page(LINKED_DATA).decode())
    assert (facts.title, facts.publisher) == ("Mills close", "Harbour Daily")
    assert is_page(b"<!-- a --> \n<HTML>")
    assert not is_page(b"<p>A text about html.")


def test_whoever_reads_no_page_does_not_load_the_reader_of_pages():
    script = "import sys, django; django.setup(); import config.urls, profiles.intake.reading as r; r.read_text('A b'); print('trafilatura' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
