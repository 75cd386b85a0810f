"""What an article may repeat, from itself and from those that came before."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from profiles.intake.proposals import Article, propose, shared_labels
from tests.profiles.intake import articles

PLAIN, FIRST_HAND, SECOND_HAND, ANOTHER_MATTER, REWRITTEN = range(5)


@pytest.fixture(scope="module")
def proposed():
    every = [Article.of(key, body) for key, body in enumerate(articles.ALL)]
    return {one.key: propose(one, [other for other in every if other != one]) for one in every}


def test_four_articles_go_back_to_one_report_and_one_paper(proposed):
    shared = shared_labels(proposed)
    four = [PLAIN, FIRST_HAND, SECOND_HAND, REWRITTEN]
    assert shared["a report by Tidewater Press"] == four
    assert shared["a paper of June"] == four
    assert shared["a statement by Northwind"] == [FIRST_HAND, SECOND_HAND]


def test_an_article_on_another_matter_repeats_nothing(proposed):
    assert proposed[ANOTHER_MATTER] == []


def test_what_an_article_does_not_name_is_proposed_with_the_article_that_does(proposed):
    [story] = [one for one in proposed[SECOND_HAND] if one.kind == "story" and one.thing == "report"]
    assert story.name == "Tidewater Press"
    assert articles.SECOND_HAND[story.start : story.end] in {"reportedly", "the recent reports that"}
    there = articles.ALL[story.other.key][story.other.start : story.other.end]
    assert "Tidewater Press" in there


def test_whoever_names_an_origin_is_not_told_it_by_others(proposed):
    assert [one.kind for one in proposed[FIRST_HAND] if one.name == "Tidewater Press"] == ["named"]


def test_a_shared_quotation_says_who_is_quoted(proposed):
    [quoted] = [one for one in proposed[SECOND_HAND] if one.kind == "quotation"]
    assert (quoted.name, quoted.other.key) == ("Northwind", FIRST_HAND)


def test_alone_an_article_repeats_what_it_names():
    found = propose(Article.of(1, articles.FIRST_HAND), [])
    assert {one.label for one in found} == {"a paper of June", "a report by Tidewater Press"}


# --- The command ------------------------------------------------------------------------------------------------------


def test_the_command_prints_what_files_repeat(tmp_path, capsys):
    for key, body in enumerate(articles.ALL):
        (tmp_path / f"{key}.txt").write_text(body)
    call_command("intake", *[str(tmp_path / f"{key}.txt") for key in range(5)])
    said = capsys.readouterr().out
    assert "  names a report by Tidewater Press\n      “But because of that openness, Delta engineers" in said
    assert "  tells what 1.txt tells, which goes back to a report by Tidewater Press\n" in said
    assert "  shares a quotation with 1.txt: a statement by Northwind\n" in said
    assert "3.txt: nothing\n" in said
    assert "  a report by Tidewater Press: 0.txt, 1.txt, 2.txt, 4.txt\n" in said.partition("shared by several:\n")[2]


def test_the_command_names_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(CommandError, match=r"none\.txt cannot be read"):
        call_command("intake", Path(tmp_path / "none.txt"))


def test_the_command_says_where_nothing_is_shared(tmp_path, capsys):
    (tmp_path / "a.txt").write_text("Nothing.")
    call_command("intake", tmp_path / "a.txt")
    assert capsys.readouterr().out == "a.txt: nothing\nshared by several: nothing\n"
