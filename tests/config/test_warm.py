"""What a web process loads before it takes requests."""

from django.template import engines

from config.warm import warm_up


def test_a_process_compiles_its_pages_before_it_is_asked_and_asks_no_database():
    warm_up()
    compiled = engines["django"].engine.template_loaders[0].get_template_cache
    assert {"base.html", "profiles/profile_detail.html", "profiles/_source.html"} <= set(compiled)
