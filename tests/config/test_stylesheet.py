"""The stylesheets as one file."""

from pathlib import Path

from django.contrib.staticfiles import finders

from config import stylesheet


def test_the_site_has_one_stylesheet_made_of_its_parts_in_order(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    finders.get_finder.cache_clear()
    text = Path(finders.find("css/site.css")).read_text()
    parts = [stylesheet.FOR_EDITORS.sub("", (stylesheet.SOURCE / name).read_text()) for name in stylesheet.PARTS]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    finders.get_finder.cache_clear()


def test_readers_are_not_sent_what_is_said_to_editors(settings, tmp_path, monkeypatch):
    rule = 'a {\n  /* Why;\n     two lines. */\n  color: red; /* so */\n  grid-template: "a b"\n    1fr;\n}\n'
    for name in stylesheet.PARTS:
        (tmp_path / name).write_text(rule if name == "base.css" else "")
    assert stylesheet.put_together(tmp_path).split("\n") == [
        "",
        "a {",
        'color: red; grid-template: "a b"',
        "1fr;",
        "}",
        "",
        "",
        "",
    ]


def test_collecting_finds_it_beside_everything_else(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    found = {path for finder in finders.get_finders() for path, _storage in finder.list([])}
    assert {"css/site.css", "css/tokens.css", "favicon.svg"} <= found


def test_a_part_that_is_edited_is_in_it_at_once(settings, tmp_path, monkeypatch):
    for name in stylesheet.PARTS:
        (tmp_path / name).write_text(f".{name} {{}}")
    monkeypatch.setattr(stylesheet, "put_together", lambda read=stylesheet.put_together: read(tmp_path))
    settings.DATA_DIR = tmp_path / "data"
    finder = stylesheet.SiteStylesheet()
    assert ".base.css {}" in Path(finder.find("css/site.css")).read_text()
    (tmp_path / "base.css").write_text(".edited {}")
    assert ".edited {}" in Path(finder.find("css/site.css")).read_text()
    assert finder.find("css/other.css") == []
