"""What templates say of languages; built in, so that a part included with `only` has them too."""

from collections.abc import Iterable

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config import inwords, languages

register = template.Library()


@register.filter
def separated(items: Iterable[object]) -> str:
    """One after the other, with the comma of the page's language between them."""
    return inwords.separated(items)


@register.filter
def in_a_row(sentences: Iterable[object]) -> str:
    """Sentences one after the other."""
    return gap().join(str(sentence) for sentence in sentences)


@register.simple_tag
def gap() -> str:
    """What stands between two sentences, or after a colon. A mark of Chinese is as wide as a sign and has its own."""
    return "" if languages.now() == languages.CHINESE else " "


@register.simple_tag
def page_language() -> str:
    return languages.now().tag


@register.simple_tag
def page_locale() -> str:
    return languages.now().open_graph


@register.simple_tag
def language_prefix() -> str:
    """What stands after the first slash of an address; for pages that must stand when nothing else does."""
    return languages.now().prefix


@register.simple_tag
def in_english() -> SafeString:
    """The attribute of an element that holds words of the editors, who write English, on a page in another language."""
    return _unless_english("en")


@register.simple_tag
def written_in(tag: str) -> SafeString:
    """The same for words in whatever language a source is in; one that nobody named is taken for English."""
    return _unless_english(tag or "en")


@register.simple_tag
def in_page_language() -> SafeString:
    """The attribute of our own words inside such an element."""
    return _unless_english(languages.now().tag)


def _unless_english(tag: str) -> SafeString:
    return format_html(' lang="{}"', tag) if languages.now() != languages.ENGLISH else SafeString("")
