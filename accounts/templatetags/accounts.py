from collections.abc import Iterator

from django import template

from accounts import browsers

register = template.Library()
register.filter("browser", browsers.in_words)


@register.filter
def in_fours(secret: str) -> Iterator[str]:
    """What has to be typed by hand, in pieces that the eye can hold."""
    return (secret[start : start + 4] for start in range(0, len(secret), 4))
