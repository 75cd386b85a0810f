"""Export then import gives the same profile back: on the site it came from, and on an empty one."""

from contextlib import contextmanager
from datetime import date

import pytest
import yaml
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiles.dossier import schema
from profiles.dossier.dump import NothingToExport, as_yaml, dump
from profiles.dossier.load import load
from profiles.grading.pipeline import editing
from profiles.models import Profile
from tests.builders import cite, derive, judge, make_profile, make_source
from tests.profiles.dossier.examples import example, write

pytestmark = pytest.mark.django_db


def importing(folder, whole):
    with editing(by="import"):
        return load(schema.parse(write(folder, whole)))


def exported(slug="example"):
    return as_yaml(dump(Profile.objects.get(slug=slug)).whole)


@contextmanager
def taken_back():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def comes_back(folder, whole):
    """Import; export; import that here and on an empty site: nothing changes, and the export is the same."""
    with taken_back():
        importing(folder, whole)
        text = exported()
        assert importing(folder, text).changes == []
        assert exported() == text
    with taken_back():
        importing(folder, text)
        assert exported() == text
    return yaml.safe_load(text)


def test_an_export_says_everything_explicitly_and_in_order(tmp_path):
    whole = comes_back(tmp_path, example())
    assert [source["key"] for source in whole["sources"]] == ["example-wire-a-report", "example-academy-a-paper"]
    assert whole["sources"][0]["derived_from"] == ["example-academy-a-paper"]
    assert whole["publishers"][1] == {
        "slug": "example-academy",
        "name": "Example Academy",
        "reliability": "F",
        "reliability_reason": "",
        "homepage": "",
    }
    assert whole["profile"]["citations"][1] == {
        "source": "example-academy-a-paper",
        "stance": "supports",
        "credibility": 6,
        "direct": True,
        "judgements": ["j1"],
    }
    assert list(whole["profile"]["sections"][0]) == ["heading", "body"]
    assert list(whole["profile"]["outlook"]["now"]) == ["headline", "body"]
    assert whole["profile"]["status"] == "published"
    assert whole["profile"]["corrections"] == [{"on": date(2025, 1, 5), "text": "The date was wrong."}]


def test_which_correction_superseded_which_comes_back(tmp_path):
    said = [
        {"on": "2025-01-05", "text": "It was May.", "superseded_by": "of june"},
        {"on": "2025-01-05", "text": "The name was wrong."},
        {"on": "2025-01-06", "text": "It was April.", "superseded_by": "of june"},
        {"key": "of june", "on": "2025-01-06", "text": "It was June.", "superseded_by": "of july"},
        {"on": "2026-02-01", "key": "of july", "text": "It was July."},
    ]
    told = comes_back(tmp_path, example(corrections=said))["profile"]["corrections"]
    assert [(one.get("key"), one["text"], one.get("superseded_by")) for one in told] == [
        (None, "It was May.", "c4"),
        (None, "The name was wrong.", None),
        (None, "It was April.", "c4"),
        ("c4", "It was June.", "c5"),
        ("c5", "It was July.", None),
    ]


def test_an_export_holds_origins_that_nobody_cites_however_far(tmp_path):
    profile = make_profile("example", live=True, judgements={"j1": "It is so."})
    origin = make_source("The origin")
    middle = make_source("In the middle", derived_from=[origin])
    derive(origin, middle)  # a ring
    cite(profile, make_source("A report", derived_from=[middle]))
    whole = comes_back(tmp_path, exported())
    assert [source["title"] for source in whole["sources"]] == ["A report", "In the middle", "The origin"]
    assert len(whole["publishers"]) == 3


def test_what_another_draft_prepared_is_not_exported():
    profile = make_profile("example", live=True)
    report = make_source("A report")
    cite(profile, report)
    derive(report, make_source("A leak"), draft_of=make_profile("other"))
    assert [source["title"] for source in yaml.safe_load(exported())["sources"]] == ["A report"]


def test_an_export_is_of_the_newest_text_and_says_its_status(tmp_path):
    importing(tmp_path, example())
    importing(tmp_path, example(status="draft", standfirst="Other words."))
    told = yaml.safe_load(exported())["profile"]
    assert (told["status"], told["standfirst"]) == ("draft", "Other words.")


def test_a_judgement_without_words_comes_back_without_words(tmp_path):
    importing(tmp_path, example())
    judge(Profile.objects.get(), "j5", lasting=True)
    told = comes_back(tmp_path, exported())["profile"]["judgements"]
    assert told[2] == {"key": "j5", "essential": False, "lasting": True}


def test_a_profile_without_text_has_nothing_to_export():
    with pytest.raises(NothingToExport, match="bare has no text yet"):
        dump(Profile.objects.create(slug="bare"))


# --- Whatever it says -------------------------------------------------------------------------------------------------

# YAML's own traps among ordinary words.
TRAPS = st.sampled_from(
    ["no", "NO", "on", "~", "null", "1", "1e3", "0x1F", "1:30", "2024-11-01", "- a", "# a", "a: b", "@a", "%a", "'", '"',
     "|", ">", "*a", "&a", "!a", "<<", "=", ".inf", "a #b", "{a", "[a", "a\u2028b", "\ufeffa", "ключ", "亚洲", "🦉", "a" * 200]
)  # fmt: skip
LETTERS = st.characters(exclude_categories=("Cs", "Cc"))
WORDS = TRAPS | st.text(LETTERS, min_size=1, max_size=40).filter(str.strip)
PROSE = WORDS | st.lists(WORDS, min_size=1, max_size=4).map("\n".join) | st.lists(WORDS, max_size=3).map("\n\n ".join)
DAYS = st.none() | st.dates(date(1900, 1, 1), date(2100, 1, 1)).map(str)
KEYS = ["a", "b", "c", "d"]


@st.composite
def dossiers(draw):
    sources = [
        {
            "key": key,
            "publisher": draw(st.sampled_from(["p", "q"])),
            "title": f"{key} {draw(WORDS)}",
            "url": draw(st.sampled_from(["", f"https://e.org/{key}"])),
            "published_on": draw(DAYS),
            "authors": draw(st.lists(WORDS, max_size=2)),
            "derived_from": draw(
                st.lists(st.sampled_from([one for one in KEYS if one != key]), max_size=3, unique=True)
            ),
        }
        for key in KEYS
    ]
    judgements = draw(st.lists(st.sampled_from(["j1", "j2", "no"]), max_size=3, unique=True))
    cited = draw(st.lists(st.sampled_from(KEYS), max_size=4, unique=True))
    return {
        "dossier": 1,
        "publishers": [{"slug": "p", "name": draw(WORDS), "reliability": "A"}, {"slug": "q", "name": "Q"}],
        "sources": sources,
        "profile": {
            "slug": "example",
            "name": draw(WORDS),
            "aliases": draw(st.lists(WORDS, max_size=3)),
            "standfirst": draw(PROSE),
            "author": draw(st.just("") | WORDS),
            "base": draw(WORDS),
            "last_verified": draw(DAYS),
            "judgements": [
                {"key": key, "statement": draw(PROSE), "essential": draw(st.booleans())} for key in judgements
            ],
            "citations": [
                {
                    "source": key,
                    "stance": draw(st.sampled_from(["supports", "disputes", "context"])),
                    "credibility": draw(st.integers(1, 6)),
                    "establishes": draw(PROSE),
                    "judgements": [one for one in judgements if draw(st.booleans())],
                }
                for key in cited
            ],
            "sections": [{"heading": draw(WORDS), "body": draw(PROSE)} for _section in range(draw(st.integers(0, 2)))],
            "what_to_watch": draw(st.lists(PROSE.filter(str.strip), max_size=2)),
            "corrections": [
                {"on": f"2026-01-0{day}", "key": f"k{day}", "text": draw(PROSE.filter(str.strip))}
                | ({"superseded_by": f"k{day + 1}"} if day < days and draw(st.booleans()) else {})
                for days in [draw(st.integers(0, 3))]
                for day in range(1, days + 1)
            ],
        },
    }


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(whole=dossiers())
def test_whatever_a_dossier_says_it_comes_back(tmp_path, whole):
    comes_back(tmp_path, whole)
