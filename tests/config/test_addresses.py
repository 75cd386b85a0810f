"""Addresses by name, remembered."""

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.template import engines
from django.urls import NoReverseMatch, path
from django.utils.translation import override

from config.addresses import address


def test_an_address_is_the_one_of_the_language_of_now(settings):
    page = path("page/<slug:slug>/", lambda request, slug: None, name="page")
    settings.ROOT_URLCONF = type("URLs", (), {"urlpatterns": i18n_patterns(page)})
    for language in ("en", "zh-hans", "en"):
        with override(language):
            assert address("page", "one") == f"/{language}/page/one/"


def test_templates_name_addresses_as_django_does():
    says = "{% url 'profiles:profile_detail' slug %} {% url 'profiles:home' as home %}{{ home }}{% url 'no:such' as none %}"
    assert _rendered(says, slug="tidewater") == "/profiles/tidewater/ /"
    assert _rendered("{% url 'profiles:profile_detail' slug=slug %}", slug="tidewater") == "/profiles/tidewater/"


def test_an_address_that_does_not_exist_is_said():
    with pytest.raises(NoReverseMatch):
        _rendered("{% url 'profiles:profile_detail' %}")


def _rendered(template, **context):
    return engines["django"].from_string(template).render(context)
