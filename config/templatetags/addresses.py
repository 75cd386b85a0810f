"""`{% url %}` from what is remembered. Built in, in place of Django's own."""

from typing import Any

from django import template
from django.template.base import Parser, Token
from django.template.context import Context
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as parse
from django.utils.html import conditional_escape

from config.addresses import address

register = template.Library()


class Address(URLNode):
    def render(self, context: Context) -> str:
        name = self.view_name.resolve(context)
        if self.kwargs or self.asvar or name.startswith("admin:"):
            return super().render(context)
        url = address(name, *(part.resolve(context) for part in self.args))
        return conditional_escape(url) if context.autoescape else url


@register.tag
def url(parser: Parser, token: Token) -> Address:
    node: Any = parse(parser, token)
    return Address(node.view_name, node.args, node.kwargs, node.asvar)
