from types import SimpleNamespace

import pytest

from config import chromium, testing, verify


@pytest.fixture
def machine(monkeypatch):
    """A machine without a browser, with apt-get; what is asked of it is written down."""
    asked = []
    programs = {"apt-get": "/usr/bin/apt-get"}

    def run(command, **options):
        asked.append(command)
        if "install" in command:
            programs["chromium"] = "/usr/bin/chromium"

    monkeypatch.setattr(chromium.shutil, "which", programs.get)
    monkeypatch.setattr(chromium.subprocess, "run", run)
    monkeypatch.setattr(chromium.os, "getuid", lambda: 0)
    return SimpleNamespace(asked=asked, programs=programs)


@pytest.fixture
def browser_test():
    marks = []
    return SimpleNamespace(path=testing.BROWSER_TESTS / "test_page.py", marks=marks, add_marker=marks.append)


def test_root_gets_debians_browser(machine):
    assert chromium.install_chromium()
    assert [command[1] for command in machine.asked] == ["update", "install"]


def test_a_browser_that_is_there_is_used(machine):
    machine.programs["google-chrome"] = "/opt/chrome"
    assert chromium.install_chromium()
    assert chromium.chromium_path() == "/opt/chrome"
    assert machine.asked == []


def test_an_ordinary_user_is_told_in_one_line(machine, monkeypatch, capsys):
    monkeypatch.setattr(chromium.os, "getuid", lambda: 1000)
    monkeypatch.delenv("CI", raising=False)
    assert verify.make_room_for_browser()
    assert machine.asked == []
    assert capsys.readouterr().out == f"{chromium.MISSING}: the browser tests will be skipped.\n"


def test_in_ci_a_missing_browser_is_a_failure(machine, monkeypatch, browser_test):
    monkeypatch.setattr(chromium.os, "getuid", lambda: 1000)
    monkeypatch.setenv("CI", "true")
    assert not verify.make_room_for_browser()
    with pytest.raises(pytest.UsageError, match="in CI the browser tests are not optional"):
        testing.pytest_collection_modifyitems([browser_test])


def test_without_a_browser_only_its_tests_are_skipped_with_the_reason(machine, monkeypatch, browser_test):
    monkeypatch.delenv("CI", raising=False)
    other = SimpleNamespace(path=testing.BROWSER_TESTS.parent / "test_other.py")
    testing.pytest_collection_modifyitems([browser_test, other])
    assert [mark.kwargs["reason"] for mark in browser_test.marks] == [chromium.MISSING]


def test_pictures_of_chinese_pages_get_letters_to_be_read_in(machine, monkeypatch):
    fonts = []
    monkeypatch.setattr(chromium, "_has_chinese_letters", lambda: bool(fonts))
    monkeypatch.setattr(chromium, "_install", fonts.append)
    assert chromium.install_chinese_letters()
    assert chromium.install_chinese_letters()
    assert fonts == ["fonts-noto-cjk"]
