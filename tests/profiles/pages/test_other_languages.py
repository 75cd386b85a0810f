"""What is generated is said in the reader's language; what is stored, and what machines read, is the same in all of them."""

from datetime import date
from itertools import product

import pytest

from profiles import letters
from profiles.grading import causes, pipeline
from profiles.models import Facet, Grade, GradingState, Kind, Publisher
from profiles.pages import listing, moves
from profiles.pages.confidence import NoSuchDay, asked_day, confidence_page
from profiles.pages.linked import linked_data
from profiles.pages.methodology import methodology
from profiles.pages.profile import profile_page
from profiles.pages.publisher import publisher_page
from profiles.pages.reading import read_profile
from tests import pseudo
from tests.builders import THE_DAY, cite, derive, make_person, make_profile, make_publisher, make_source, settle

# Addresses, states for the style sheet, and what pictures and files take: none of it is read as a sentence.
NO_WORDS = {
    "slug", "url", "profile_url", "working_url", "publisher_url", "publisher_slug", "kind_url", "kind_slug", "canonical",
    "term_slug", "facet_slug", "key", "kind", "side", "stance", "direction", "line", "band", "bands", "anchor", "in_english",
    "ruler", "share", "reference", "by_hand", "language", "search", "image",
}  # fmt: skip


def anywhere(text: str) -> str:
    """The same with the addresses that pages have in English."""
    return text.replace(f"/{pseudo.LANGUAGE}/", "/")


@pytest.fixture
def evidenced(db):
    """A profile with every kind of step: many lines, an origin cited and one that is not, age, disputes, a ring."""
    profile = make_profile(
        "example",
        live=True,
        name="甲",
        judgements={"j1": "乙。", "j2": "丙。"},
        essential=["j2"],
        facets={"category": "7", "region": "8"},
        author=make_person("丁", slug="ding"),
        operational_criticality="high",
        time_horizon="now",
        outlook={"now": {"headline": "戊", "body": "己"}},
        last_verified=THE_DAY,
    )
    both = ["j1", "j2"]
    press = make_publisher("报", reliability="C")
    origin, missing = make_source("源", reliability="A"), make_source("缺")
    cite(profile, origin, judgements=both, direct=True)
    cite(profile, make_source("转", derived_from=[origin]), judgements=both)
    cite(profile, make_source("述", derived_from=[missing]), judgements=both)
    for title in "一二":
        cite(profile, make_source(title, publisher=press, published_on=date(2019, 1, 2)), judgements=["j1"])
    cite(profile, make_source("无", published_on=None), judgements=["j1"])
    ring = [make_source(title) for title in "环圈"]
    derive(ring[0], ring[1])
    derive(ring[1], ring[0])
    cite(profile, ring[0], judgements=["j1"])
    cite(profile, make_source("反"), judgements=["j1"], stance="disputes", credibility=1)
    cite(profile, make_source("驳"), judgements=["j1"], stance="disputes")
    cite(profile, make_source("旁"), judgements=["j1"], stance="context")
    Publisher.objects.update(name="社")
    return profile


@pytest.mark.django_db(transaction=True)
def test_pages_say_everything_generated_in_the_readers_language_and_machines_hear_english(evidenced, monkeypatch):
    with pseudo.spoken(monkeypatch):
        settle()
        with pipeline.editing(by="desk"):
            evidenced.citations.filter(source__title="旁").update(stance="supports")
        settle()
    assert not [text for text in GradingState.objects.values_list("verdict", flat=True) if "字" in str(text)]
    assert not [text for text in Grade.objects.values_list("causes", "verdict") if "字" in str(text)]

    in_english = profile_page(read_profile("example"))
    linked = linked_data(in_english, Kind.REGISTRY)
    with pseudo.spoken(monkeypatch):
        profile = read_profile("example")
        page, working = profile_page(profile), confidence_page(profile)
        shown = [page, working, confidence_page(profile, on=date.today()), *(move.causes for move in moves.latest(9))]
        said = [page.kind, page.glance.kind, page.share.grade_in_words, *(move.in_words for move in moves.latest(9))]
        said.append(page.reference.plain.removesuffix(page.reference.url).replace("Assay", ""))
        assert anywhere(linked_data(page, Kind.REGISTRY)) == linked
        assert (page.share, page.share.version) == (in_english.share, in_english.share.version)
        assert anywhere(page.reference.bibtex) == in_english.reference.bibtex
        assert page.reference.csl["note"] == in_english.reference.csl["note"]
    kinds = {step["kind"] for one in profile.state.verdict["judgements"].values() for step in one["steps"]}
    assert kinds >= {"support", "dispute", "cap"}
    assert pseudo.english_in([shown, said], but=NO_WORDS) == {}


@pytest.mark.django_db(transaction=True)
def test_lists_and_publishers_say_it_too(evidenced, monkeypatch):
    settle()
    publisher = make_publisher(
        "社", reliability="A", reliability_reason=letters.OF_ITS_RECORD % {"settled": 5, "right": 4, "wrong": 1}
    )
    with pseudo.spoken(monkeypatch):
        asked = {"q": "甲", "kind": Kind.ORGANISATION, "grade": "a-b", "sort": "nonsense", "page": "x", "topic": "none"}
        found = [listing.page({}), listing.page(asked), publisher_page(publisher)]
        labels = [str(label) for choices in (Kind, Facet) for label in choices.labels]
        refused = []
        for day in ("yesterday", "2999-01-01"):
            with pytest.raises(NoSuchDay) as no_day:
                asked_day(day, today=THE_DAY)
            refused.append(str(no_day.value).replace("yesterday", ""))
    assert pseudo.english_in([found, labels, refused], but=NO_WORDS) == {}


CAUSES = [
    *({"on": on, "op": "clear"} for on in ("publisher", "source", "derivation", "citation", "judgement", "link", "?")),
    {"on": "publisher", "op": "remove", "name": "社"},
    {"on": "publisher", "op": "change", "count": 2},
    {"on": "publisher", "op": "change", "name": "社", "from": {"reliability": "B"}, "to": {"reliability": "A"}},
    {"on": "source", "op": "remove", "title": "源"},
    {
        "on": "source",
        "op": "change",
        "title": "源",
        "from": {"published_on": None, "publisher_id": "社"},
        "to": {"published_on": "2020-01-31", "publisher_id": "报"},
        "by": "sql",
    },
    *({"on": "derivation", "op": op, "title": "源", "origin": "", "count": 2} for op in ("add", "remove", "change")),
    {
        "on": "derivation",
        "op": "change",
        "title": "源",
        "origin": "甲",
        "from": {"origin_id": "乙"},
        "to": {"origin_id": "甲"},
    },
    *({"on": "citation", "op": op, "count": count, "title": "源"} for op in ("add", "remove") for count in (1, 2)),
    {"on": "citation", "op": "change", "count": 2},
    {"on": "citation", "op": "add", "title": "源", "for": ["甲。", "乙。"], "by": "import"},
    *(
        {
            "on": "citation",
            "op": "change",
            "title": "源",
            "moved": moved,
            "from": {"source_id": "", "stance": "supports", "direct": True, "credibility": 2},
            "to": {"source_id": "源", "stance": stance, "direct": False, "credibility": 1},
        }
        for moved, stance in (("here", "disputes"), ("away", "context"))
    ),
    *({"on": "judgement", "op": op, "count": count, "statement": "甲"} for op in ("add", "remove") for count in (1, 2)),
    {"on": "judgement", "op": "change", "count": 2},
    *(
        {"on": "judgement", "op": "change", "statement": "甲", "to": {name: value}}
        for name, value in [("position", 1), ("key", "x"), *product(("essential", "lasting"), (True, False))]
    ),
    *(
        {"on": "link", "op": op, "count": count, "statement": statement, "title": "源"}
        for op in ("add", "remove", "change")
        for count in (1, 2)
        for statement in ("甲", "")
    ),
    *({"on": "profile", "op": op} for op in ("publish", "withdraw", "add")),
    {"on": "profile", "op": "publish", "again": True},
    {"on": "age"},
    {"on": "method", "from": 1, "to": 2},
    *({"on": "least_sure", "to": to} for to in ("甲。", "")),
    {"on": "more", "count": 3},
    {"on": "operator"},
    {"on": "something of a later version"},
]


def test_every_cause_is_told_in_the_readers_language(monkeypatch):
    with pseudo.spoken(monkeypatch):
        told = [causes.explain_cause(cause) for cause in CAUSES]
    assert pseudo.english_in(told) == {}


def test_the_examples_of_the_methodology_are_worded_for_each_reader(monkeypatch):
    methodology()  # kept from now on, whoever asks first
    with pseudo.spoken(monkeypatch):
        page = methodology()
        said = [str(one.words) + one.breadth for one in page.examples]
        said += [one.label for one in page.scale] + [one.in_words for one in (*page.letters, *page.digits)]
        said += [str(way.name) for measured in page.measurements for way in measured.ways]
    assert pseudo.english_in(said) == {}
