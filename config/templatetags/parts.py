"""`{% part %}`: a piece of a page that is made of values alone, and remembered by them.

A page is made anew whenever anything on it has changed, and most of it has not. Built in, so that every template has it.
"""

from functools import lru_cache
from typing import Any

from django import template
from django.template.base import Template
from django.template.context import Context
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()


@register.simple_tag(takes_context=True)
def part(context: Context, name: str, /, **values: Any) -> SafeString:
    """Render that template with these values and nothing else: no request, no site, no variable of the page around it.

    Values are frozen through and through, or cannot be told apart from others later. What is behind a tier has no part.
    """
    assert context.template is not None
    return remembered(context.template.engine.get_template(name), get_language(), **values)


# A page has some thirty. By type as well: text that is safe as it stands equals the same text that is not.
@lru_cache(maxsize=2048, typed=True)
def remembered(piece: Template, language: str, /, **values: Any) -> SafeString:
    return SafeString(piece.render(Context(values)).strip())  # or it could not stand within a line
