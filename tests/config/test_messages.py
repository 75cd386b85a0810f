"""The catalogues: whole, in step with the code, and read by Django as they are written."""

import re
from functools import cache
from pathlib import Path

import allauth
import pytest

from config import messages
from config.messages import TRANSLATED, as_mo, as_po, extracted, merged, path_of, read, untranslated

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|%[sd]")
TAG = re.compile(r"</?[a-z][^>]*>")


@cache
def found():
    return extracted()


def catalogue(locale):
    return read(path_of(locale), locale)


def sides(message):
    """What stands in the code, and each way in which it is said."""
    if isinstance(message.id, str):
        return message.id, [message.string]
    return message.id[1], list(message.string)


@pytest.mark.parametrize("locale", TRANSLATED)
def test_the_catalogue_holds_what_the_code_says_and_nothing_else(locale):
    # `make messages` brings it there.
    assert path_of(locale).read_bytes() == as_po(merged(found(), catalogue(locale)))


@pytest.mark.parametrize("locale", [*TRANSLATED, "en"])
def test_django_reads_what_is_written(locale):
    assert path_of(locale).with_suffix(".mo").read_bytes() == as_mo(catalogue(locale))


@pytest.mark.parametrize("locale", [*TRANSLATED, "en"])
def test_a_translation_has_the_same_places_and_the_same_marks(locale):
    for message in catalogue(locale):
        said, translations = sides(message) if message.id else ("", [])
        for one in filter(None, translations):
            assert sorted(PLACEHOLDER.findall(one)) == sorted(PLACEHOLDER.findall(said)), message.id
            assert sorted(TAG.findall(one)) == sorted(TAG.findall(said)), message.id


@pytest.mark.parametrize("locale", TRANSLATED)
def test_every_message_is_translated(locale):
    assert [message.id for message in untranslated(catalogue(locale))] == []


def test_what_we_say_otherwise_than_allauth_is_what_allauth_says():
    theirs = read(Path(allauth.__file__).parent / "locale" / "en" / "LC_MESSAGES" / "django.po", "en")
    ours = [message.id for message in catalogue("en") if message.id]
    assert ours
    assert [said for said in ours if theirs.get(said) is None] == []


def test_a_message_is_found_wherever_it_stands(tmp_path):
    page, code = tmp_path / "page.html", tmp_path / "code.py"
    page.write_text(
        '{% translate "Search" %}<p title="{% translate "Main" context "navigation" %}">'
        "{% blocktranslate with name=one.name count n=two %}{{ n }} line of {{ name }}{% plural %}{{ n }} lines of {{ name }}"
        "{% endblocktranslate %} {% blocktranslate trimmed %}\n  100%\n  sure{% endblocktranslate %}"
    )
    code.write_text(
        '_("Saved.")\nngettext("%(n)d day", "%(n)d days", n)\npgettext_lazy("a stance", "supports")\n_("One " "sentence")\n_(name)\n'
    )
    assert list(messages._of_template(page)) == [
        ("Search", None),
        ("Main", "navigation"),
        (("%(n)s line of %(name)s", "%(n)s lines of %(name)s"), None),
        ("100%% sure", None),
    ]
    assert list(messages._of_python(code)) == [
        ("Saved.", None),
        (("%(n)d day", "%(n)d days"), None),
        ("supports", "a stance"),
        ("One sentence", None),
    ]


def test_what_was_translated_stays_and_what_is_gone_goes():
    known, code = messages.Messages(locale="zh_Hans", fuzzy=False), messages.Catalog()
    known.add("Search", "搜索")
    known.add("Gone", "没有了")
    code.add("Search")
    code.add("Search", context="navigation")
    kept = {(message.id, message.context): message.string for message in merged(code, known) if message.id}
    assert kept == {("Search", None): "搜索", ("Search", "navigation"): ""}
