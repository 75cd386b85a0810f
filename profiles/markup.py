"""Markdown from the desk, as HTML that cannot do harm."""

from collections.abc import Iterator
from functools import lru_cache

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

from config.languages import in_this_language, now

# Raw HTML stays text; what is left after rendering is cut down to these tags once more.
MARKDOWN = (
    MarkdownIt("commonmark", {"html": False, "typographer": False}).enable(["table", "strikethrough"]).disable("image")
)
TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
SCHEMES = {"http", "https", "mailto"}
LOWEST = 6


def render_markdown(text: str, *, below: int = 2) -> SafeString:
    """Return the text as HTML whose highest heading stands one below the given level, for a page in the language of now."""
    return rendered(text, below, now().code)


@lru_cache(maxsize=256)  # an edit of one text makes a whole page anew
def rendered(text: str, below: int, _language: str) -> SafeString:
    tokens = MARKDOWN.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(LOWEST, int(token.tag[1]) + below)}"
        for link in links(token):
            link.attrSet("href", in_this_language(str(link.attrGet("href"))))
    html = MARKDOWN.renderer.render(tokens, MARKDOWN.options, {})
    clean = nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel="nofollow noopener")
    return mark_safe(clean)  # noqa: S308  cleaned in the line above


def links(token: Token) -> Iterator[Token]:
    return (inner for inner in token.children or [] if inner.type == "link_open")
