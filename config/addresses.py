"""Addresses by name. A page names some seventy, and looking each up anew took a sixth of the time it is made in."""

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.urls import get_script_prefix, reverse
from django.utils.translation import get_language


def address(name: str, *parts: Any) -> str:
    """What `reverse` says, remembered for each language, since a page may have another address in each."""
    return _reversed(name, parts, get_language(), get_script_prefix(), settings.ROOT_URLCONF)


@lru_cache(maxsize=4096)
def _reversed(name: str, parts: tuple[Any, ...], language: str, mounted_at: str, urls: Any) -> str:
    return reverse(name, args=parts)
