"""The catalogues: whole, in step with the code, and read by Django as they are written."""

import re
from functools import cache
from pathlib import Path

import allauth
import django
import pytest

from config import messages
from config.messages import BORROWED, LOCALE, TRANSLATED, as_mo, as_po, extracted, merged, path_of, read, untranslated

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|%[sd]")
DJANGO = Path(django.__file__).parent
EVERY_CATALOGUE = [
    *((locale, LOCALE) for locale in TRANSLATED),
    *((locale, BORROWED) for locale in [*TRANSLATED, "en"]),
]
TAG = re.compile(r"</?[a-z][^>]*>")


@cache
def found():
    return extracted()


def catalogue(locale, below=LOCALE):
    return read(path_of(locale, below), locale)


def sides(message):
    """What stands in the code, and each way in which it is said."""
    if isinstance(message.id, str):
        return message.id, [message.string]
    return message.id[1], list(message.string)


@pytest.mark.parametrize("locale", TRANSLATED)
def test_the_catalogue_holds_what_the_code_says_and_nothing_else(locale):
    # `make messages` brings it there.
    assert path_of(locale).read_bytes() == as_po(merged(found(), catalogue(locale)))


@pytest.mark.parametrize(("locale", "below"), EVERY_CATALOGUE)
def test_django_reads_what_is_written(locale, below):
    assert path_of(locale, below).with_suffix(".mo").read_bytes() == as_mo(catalogue(locale, below))


@pytest.mark.parametrize(("locale", "below"), EVERY_CATALOGUE)
def test_a_translation_has_the_same_places_and_the_same_marks(locale, below):
    for message in catalogue(locale, below):
        said, translations = sides(message) if message.id else ("", [])
        for one in filter(None, translations):
            assert sorted(PLACEHOLDER.findall(one)) == sorted(PLACEHOLDER.findall(said)), message.id
            assert sorted(TAG.findall(one)) == sorted(TAG.findall(said)), message.id


@pytest.mark.parametrize("locale", TRANSLATED)
def test_every_message_is_translated(locale):
    assert [message.id for message in untranslated(catalogue(locale))] == []


@pytest.mark.parametrize("locale", [*TRANSLATED, "en"])
def test_what_we_say_otherwise_than_allauth_and_django_is_what_they_say(locale):
    # Otherwise nobody says it any more, and it would be kept for ever.
    packages = [Path(allauth.__file__).parent, DJANGO / "conf", DJANGO / "contrib" / "auth"]
    theirs = [catalogue("en", package / "locale") for package in packages]
    ours = [message.id for message in catalogue(locale, BORROWED) if message.id]
    assert ours
    assert [said for said in ours if all(one.get(said) is None for one in theirs)] == []


def test_what_we_say_ourselves_is_not_borrowed_as_well():
    # The first catalogue would win, and the second lie there unread.
    ours = catalogue("zh_Hans")
    assert [message.id for message in catalogue("zh_Hans", BORROWED) if message.id and ours.get(message.id)] == []


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
