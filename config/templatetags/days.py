"""`{% day %}`: a day as an element of the page. Built in, so that every template has it."""

from datetime import date, datetime
from functools import lru_cache

from django import template
from django.template.defaultfilters import date as in_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()


@register.simple_tag
def day(on: date) -> SafeString:
    """Say a day to readers and to machines; of a moment readers are told its day, in UTC like all days here."""
    return _element(on, get_language())


@lru_cache(maxsize=2048)
def _element(on: date, language: str) -> SafeString:
    told = in_format(on, "c" if isinstance(on, datetime) else "Y-m-d")
    return format_html('<time datetime="{}">{}</time>', told, in_format(on, "DATE_FORMAT"))
