"""Pieces of pages that are remembered by the values they are made of."""

import re
from dataclasses import dataclass

import pytest
from django.template import Context, Engine
from django.template.loader import get_template
from django.utils import translation
from django.utils.safestring import mark_safe

from config import env

TEMPLATES = env.ROOT / "templates"
GATED = sorted((TEMPLATES / "briefings").glob("*.html"))
PAGES = {
    "page": '{% part "piece" said=said %}',
    "piece": "[{{ said }}{{ around }}]",
    "twice": '{% part "counted" name=name %}{% part "counted" name=name %}',
    "counted": "{{ name }} ",
    "worded": '{% part "words" %}',
    "words": '{% translate "Profiles" %}',
}


@dataclass(frozen=True)
class Said:
    words: str

    def __str__(self):
        return self.words


def rendered(page, **values):
    engine = Engine(
        loaders=[("django.template.loaders.cached.Loader", [("django.template.loaders.locmem.Loader", PAGES)])],
        builtins=["django.templatetags.i18n", "config.templatetags.parts"],
    )
    return [engine.get_template(page).render(Context(one)) for one in values.pop("each", [values])]


def test_a_part_is_rendered_once_for_equal_values():
    looked_at = []

    class Name(str):
        def __str__(self):
            looked_at.append(self)
            return super().__str__()

    assert rendered("twice", name=Name("Tidewater")) == ["TidewaterTidewater"]
    once = len(looked_at)
    rendered("twice", name=Name("Harbour"))
    assert len(looked_at) == 2 * once
    assert once == 1


def test_another_value_is_another_part():
    assert rendered("page", each=[{"said": Said("one")}, {"said": Said("two")}, {"said": Said("one")}]) == [
        "[one]",
        "[two]",
        "[one]",
    ]


def test_a_part_sees_nothing_of_the_page_around_it():
    assert rendered("page", said="one", around="somebody's name") == ["[one]"]


def test_text_that_may_hold_markup_is_not_taken_for_text_that_is_safe():
    said = [{"said": mark_safe("<b>")}, {"said": "<b>"}]
    assert rendered("page", each=said) == ["[<b>]", "[&lt;b&gt;]"]


def test_each_language_has_parts_of_its_own():
    in_english = rendered("worded")
    with translation.override("zh-hans"):
        assert rendered("worded") != in_english
    assert rendered("worded") == in_english


def test_a_value_that_could_change_later_is_refused():
    with pytest.raises(TypeError, match="unhashable"):
        rendered("page", said=["one"])


@pytest.mark.parametrize("template", GATED, ids=lambda path: path.name)
def test_nothing_behind_a_tier_is_remembered(template):
    get_template(f"briefings/{template.name}")
    assert "{% part" not in template.read_text()


NAMED = re.compile(r'{% (?:part|include) "([^"]+)"')


def remembered():
    """Every template that is a part, with those that stand in it."""
    texts = {str(path.relative_to(TEMPLATES)): path.read_text() for path in TEMPLATES.rglob("*.html")}
    found, wanted = {}, {name for text in texts.values() for name in re.findall(r'{% part "([^"]+)"', text)}
    while wanted:
        name = wanted.pop()
        found[name] = texts[name]
        wanted |= set(NAMED.findall(texts[name])) - set(found)
    return found


def test_no_part_looks_at_the_clock_or_at_who_is_asking():
    parts = remembered()
    assert {"profiles/_row.html", "profiles/_line.html", "profiles/_grade_in_words.html"} <= set(parts)
    changing = r"\{% now|\|(timesince|timeuntil|naturaltime|naturalday)|\brequest\b|\buser\b|csrf|messages"
    assert {name for name, text in parts.items() if re.search(changing, text)} == set()
