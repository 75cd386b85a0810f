from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from profiles.grading.scale import SCALE
from profiles.models import Correction, Facet, FormerSlug, Kind, Profile
from profiles.search import SORTS
from tests.builders import (
    cite,
    derive,
    make_briefing,
    make_note,
    make_profile,
    make_publisher,
    make_revision,
    make_source,
    settle,
)
from tests.profiles.api.conftest import wait_to_be_graded
from tests.profiles.test_views_finding import graded

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def read(client, path="", **asked):
    response = client.get(f"/api/v1/{path}", asked)
    assert response.status_code == 200, response.content
    return response.json()


def slugs(client, **asked):
    return [profile["slug"] for profile in read(client, "profiles/", **asked)["profiles"]]


# --- The way in --------------------------------------------------------------------------------------------------------


def test_every_address_the_index_names_answers(client, tidewater, settings):
    index = read(client)
    assert index["profiles"] == f"{settings.SITE_URL}/api/v1/profiles/"
    addresses = [address.removeprefix(settings.SITE_URL) for address in index.values()]
    assert {client.get(address).status_code for address in addresses if address != "/terms/"} == {200}


# --- The list ----------------------------------------------------------------------------------------------------------


def test_a_row_says_who_what_and_how_sure(client, tidewater, settings):
    (row,) = read(client, "profiles/")["profiles"]
    assert row.pop("changed_at").endswith("Z")
    assert row == {
        "slug": "tidewater",
        "name": "Tidewater",
        "kind": "registry",
        "standfirst": "A registry.",
        "region": "Africa",
        "grade": {"pending": False, "score": 0.64, "letters": "B/C", "label": "Medium", "band": "b-c"},
        "links": {
            "api": f"{settings.SITE_URL}/api/v1/profiles/tidewater/",
            "page": f"{settings.SITE_URL}/profiles/tidewater/",
        },
    }


def test_a_pending_grade_shows_no_old_score_anywhere(client, tidewater):
    wait_to_be_graded(tidewater)
    nothing = {"score": None, "letters": None, "label": None, "band": None}
    assert read(client, "profiles/")["profiles"][0]["grade"] == {"pending": True, **nothing}
    detail = read(client, "profiles/tidewater/")
    assert detail["grade"].items() >= {"pending": True, "graded_at": None, "as_of": None, **nothing}.items()
    assert detail["judgements"][0]["grade"].items() >= {"pending": True, **nothing}.items()
    working = read(client, "profiles/tidewater/confidence/")
    assert (working["grade"]["pending"], working["working"], working["carried"]) == (True, [], [])
    history = read(client, "profiles/tidewater/grades/")
    assert (history["pending"], [grade["score"] for grade in history["grades"]]) == (True, [0.64, 0.47])


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "tide"}, ["one"]),
        ({"kind": "company"}, ["two"]),
        ({"region": "africa"}, ["one", "two"]),
        ({"signal-focus": "routing"}, ["three"]),
        ({"grade": "a-b"}, ["three"]),
        ({"region": "africa", "kind": "registry"}, ["one"]),
        ({"region": "atlantis"}, []),
        ({"sort": "score"}, ["three", "one", "two"]),
        ({"sort": "match"}, ["one", "three", "two"]),
        ({"sort": "changed"}, ["one", "three", "two"]),
        ({"q": ""}, ["one", "three", "two"]),
    ],
)
def test_the_list_takes_the_filters_of_its_page(client, asked, found):
    graded(make_profile("one", live=True, name="Tidewater", kind="registry", facets={"region": "Africa"}), "0.64")
    graded(make_profile("two", live=True, name="Zed", kind="company", facets={"region": "Africa"}), "0.30")
    graded(make_profile("three", live=True, name="Sea", facets={"signal-focus": "Routing"}), "0.80")
    Profile.objects.get(slug="one").grades.first()
    assert sorted(slugs(client, **asked)) == sorted(found)
    if asked == {"sort": "score"}:
        assert slugs(client, **asked) == found


def test_pages_lead_to_one_another_and_keep_what_was_asked(client, settings):
    for number in range(5):
        make_profile(f"p-{number}", live=True, kind="registry")
    asked = {"kind": "registry", "sort": "name", "limit": "2"}
    found, path = [], "/api/v1/profiles/?kind=registry&limit=2&sort=name"
    answer = client.get(path).json()
    assert answer["links"] == {
        "first": f"{settings.SITE_URL}{path}",
        "previous": None,
        "next": f"{settings.SITE_URL}{path}&page=2",
        "last": f"{settings.SITE_URL}{path}&page=3",
    }
    assert (answer["total"], answer["page"], answer["limit"], answer["pages"]) == (5, 1, 2, 3)
    while True:
        found += [profile["slug"] for profile in answer["profiles"]]
        if answer["links"]["next"] is None:
            break
        answer = client.get(answer["links"]["next"].removeprefix(settings.SITE_URL)).json()
    assert found == [f"p-{number}" for number in range(5)]
    beyond = read(client, "profiles/", page="50", **asked)
    assert (beyond["profiles"], beyond["links"]["next"]) == ([], None)
    assert beyond["links"]["previous"] == beyond["links"]["last"]


def test_the_filters_that_are_written_out_are_those_of_the_list(client):
    told = client.get("/api/v1/openapi.json").json()["paths"]["/api/v1/profiles/"]["get"]["parameters"]
    values = {
        one["name"]: [value for shape in one["schema"].get("anyOf", ()) for value in shape.get("enum", ())]
        for one in told
    }
    assert values["kind"] == Kind.values
    assert values["grade"] == [band.slug for band in SCALE]
    assert values["sort"] == list(SORTS)
    assert values.keys() == {"q", "kind", "grade", "sort", "page", "limit", *Facet.values}


# --- A profile ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_profile_is_told_in_the_words_of_the_dossier(client, settings):
    profile = make_profile(
        "tidewater",
        live=True,
        name="Tidewater",
        aliases=["TW"],
        kind="registry",
        base="Port Louis",
        homepage="https://tidewater.example.org/",
        number_resources=["AS64500"],
        judgements={"j1": "It is so.", "j2": "It was so."},
        essential=["j2"],
        facets={"region": "Africa"},
        sections=[{"heading": "What happened", "body": "*Much.*"}],
        outlook={"now": {"headline": "Calm", "body": "For now."}},
        what_to_watch=["The tide."],
        operational_criticality="high",
    )
    origin = make_source("Paper", publisher=make_publisher("Academy"), url="https://academy.example.org/paper")
    wire = make_source("Wire", publisher=make_publisher("Example Wire", slug="wire"), derived_from=[origin])
    cite(profile, wire, establishes="That it is.", judgements=["j1", "j2"], direct=True)
    Correction.objects.create(profile=profile, on=date(2026, 9, 1), text="It was five.")
    settle()
    told = read(client, "profiles/tidewater/")
    assert told["aliases"] == ["TW"]
    assert (told["base"], told["homepage"]) == ("Port Louis", "https://tidewater.example.org/")
    assert told["facets"] == {"region": {"term": "Africa", "slug": "africa", "rationale": None}}
    assert told["sections"] == [{"heading": "What happened", "body": "*Much.*"}]
    assert told["outlook"] == {"now": {"headline": "Calm", "body": "For now."}, "quarter": None, "year": None}
    assert (told["operational_criticality"], told["time_horizon"]) == ("high", None)
    assert told["corrections"] == [{"on": "2026-09-01", "text": "It was five.", "superseded_on": None}]
    assert [(one["key"], one["essential"], one["grade"]["score"]) for one in told["judgements"]] == [
        ("j1", True, told["grade"]["score"]),
        ("j2", True, told["grade"]["score"]),
    ]
    (source,) = told["sources"]
    assert source["publisher"] == {"slug": "wire", "name": "Example Wire", "reliability": "B"}
    assert source["citations"] == [
        {
            "stance": "supports",
            "credibility": 2,
            "credibility_in_words": "probably true",
            "direct": True,
            "establishes": "That it is.",
            "judgements": ["j1", "j2"],
        }
    ]
    (line,) = told["lines"]
    assert (line["side"], line["origins"], line["reports"]) == ("supports", [], [1])
    assert [one["title"] for one in line["not_cited"]] == ["Paper"]
    page = client.get("/profiles/tidewater/").context["profile"]
    assert f"{told['grade']['score']:.2f}" == page.card.grade.score
    assert told["grade"]["breadth"] == page.card.grade.breadth


@pytest.mark.django_db(transaction=True)
def test_the_working_is_that_of_the_page_step_by_step(client):
    profile = make_profile("tidewater", live=True, judgements={"j1": "It is so."}, cited=True)
    settle()
    told, page = read(client, "profiles/tidewater/confidence/"), client.get("/profiles/tidewater/confidence/")
    (waterfall,), (working,) = page.context["working"].waterfalls, told["working"]
    assert working["key"] == "j1"
    assert [(step["text"], f"{step['after']:.3f}") for step in working["steps"]] == [
        (step.text, step.after) for step in waterfall.steps
    ]
    assert told["rests_on"] == page.context["working"].rests_on
    assert told["grade"]["method"] == profile.grades.get().method
    assert [one["without"] for one in told["carried"]] == [0.0]


def test_the_history_runs_back_from_the_newest_grade(client, tidewater):
    told = read(client, "profiles/tidewater/grades/")
    assert [(one["seq"], one["score"], one["before"]) for one in told["grades"]] == [(2, 0.64, 0.47), (1, 0.47, None)]
    second = read(client, "profiles/tidewater/grades/", limit="1", page="2")
    assert [one["seq"] for one in second["grades"]] == [1]
    assert read(client, "profiles/tidewater/grades/", page="9")["grades"] == []


def test_a_grade_can_be_read_as_it_stood_on_a_day(client):
    profile = make_profile("tidewater", live=True)
    graded(profile, "0.47", "0.64", at=NOON)
    before, day = (NOON + timedelta(days=days) for days in (-1, 0))
    told = read(client, "profiles/tidewater/grades/", on=f"{day:%Y-%m-%d}")
    assert (told["on"], told["total"], told["grades"][0]["score"]) == ("2026-03-01", 2, 0.64)
    nothing = read(client, "profiles/tidewater/grades/", on=f"{before:%Y-%m-%d}")
    assert (nothing["total"], nothing["grades"]) == (0, [])
    assert read(client, "profiles/tidewater/confidence/", on="2026-02-28")["grade"]["score"] is None


def test_an_edit_under_way_does_not_touch_what_stood_before(client):
    profile = graded(make_profile("tidewater", live=True), "0.47", at=NOON)
    wait_to_be_graded(profile)
    today = f"{timezone.now():%Y-%m-%d}"
    assert read(client, "profiles/tidewater/grades/", on="2026-03-02")["pending"] is False
    assert read(client, "profiles/tidewater/grades/", on=today)["pending"] is True


@pytest.mark.parametrize("part", ["", "confidence/", "grades/"])
def test_unknown_unpublished_and_withdrawn_are_answered_alike(client, part):
    make_profile("draft", name="Secret")
    gone = graded(make_profile("gone", live=True, name="Secret"), "0.5")
    Profile.objects.filter(pk=gone.pk).update(withdrawn_at=timezone.now())
    answers = [client.get(f"/api/v1/profiles/{slug}/{part}") for slug in ("draft", "gone", "unknown")]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert {answer["Content-Type"] for answer in answers} == {"application/problem+json"}
    assert slugs(client) == []


@pytest.mark.parametrize("part", ["", "confidence/", "grades/"])
def test_an_old_address_leads_to_the_new_one(client, tidewater, part):
    FormerSlug.objects.create(slug="old-name", profile=tidewater)
    asked = "?on=2026-03-01" if part else ""
    response = client.get(f"/api/v1/profiles/old-name/{part}{asked}")
    assert (response.status_code, response["Location"]) == (301, f"/api/v1/profiles/tidewater/{part}{asked}")


def test_what_is_gated_stands_in_no_answer(client, tidewater):
    make_briefing(tidewater, title="canary-title", summary="canary-summary", contents="canary-contents", body="canary")
    make_note(tidewater.citations.first(), "canary-note")
    for path in ("", "profiles/", "profiles/tidewater/", "profiles/tidewater/confidence/", "sources/", "grades.jsonl"):
        response = client.get(f"/api/v1/{path}")
        body = b"".join(response.streaming_content) if response.streaming else response.content
        assert b"canary" not in body


# --- Sources, publishers, facets -----------------------------------------------------------------------------------------


def test_a_source_says_what_it_repeats_and_who_cites_it(client, tidewater, settings):
    wire = tidewater.citations.get().source
    origin, secret = make_source("Paper"), make_source("Secret")
    derive(wire, origin)
    draft = make_profile("draft")
    derive(wire, secret, draft_of=draft)
    cite(draft, wire)
    told = read(client, f"sources/{wire.pk}/")
    assert told["derived_from"] == [origin.pk]
    assert told["cited_by"] == [{"slug": "tidewater", "name": "Tidewater"}]
    assert told["link"] == f"{settings.SITE_URL}/api/v1/sources/{wire.pk}/"
    assert {one["title"] for one in read(client, "sources/")["sources"]} == {"Report", "Paper"}
    assert [one["title"] for one in read(client, "sources/", publisher="wire")["sources"]] == ["Report"]
    assert client.get(f"/api/v1/sources/{secret.pk}/").status_code == 404
    assert client.get(f"/api/v1/sources/{'9' * 40}/").status_code == 404
    assert client.get(f"/api/v1/sources/{'9' * 5000}/").status_code == 404


def test_a_publisher_says_where_its_letter_comes_from(client, tidewater):
    make_publisher("Of drafts", slug="of-drafts")
    (row,) = read(client, "publishers/")["publishers"]
    assert (row["slug"], row["reliability"], row["sources"]) == ("wire", "A", 1)
    assert row["reliability_in_words"] == "completely reliable"
    told = read(client, "publishers/wire/")
    assert told.items() >= row.items()
    assert [(one["before"], one["letter"]) for one in told["letters"]] == [(None, "A")]
    assert client.get("/api/v1/publishers/of-drafts/").status_code == 404


def test_facets_count_what_is_live(client, tidewater):
    make_profile("draft", facets={"region": "Europe"}, kind="company")
    told = read(client, "facets/")
    assert [one["facet"] for one in told["facets"]] == Facet.values
    terms = {one["facet"]: one["terms"] for one in told["facets"]}
    assert terms["region"] == [{"slug": "africa", "name": "Africa", "profiles": 1}]
    assert [one["slug"] for one in told["kinds"]] == ["registry"]
    assert [(one["slug"], one["profiles"]) for one in told["grades"]] == [("b-c", 1)]


# --- What it costs -------------------------------------------------------------------------------------------------------


def furnish(number):
    publisher = make_publisher(f"Publisher of {number}", slug=f"of-{number}")
    profile = make_profile(f"p-{number}", live=True, judgements={"j1": "So."}, facets={"region": "Africa"})
    cite(profile, make_source(publisher=publisher, derived_from=[make_source()]))
    return graded(profile, *(["0.5", "0.6"] * number))


@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("profiles/", 2),
        ("profiles/?q=p&region=africa&sort=match", 2),
        ("profiles/p-1/grades/", 2),
        ("sources/", 4),
        ("publishers/", 3),
        ("facets/", 1),
    ],
)
def test_a_list_costs_the_same_queries_with_one_row_or_fifteen(client, path, queries, django_assert_num_queries):
    furnish(1)
    with django_assert_num_queries(queries):
        client.get(f"/api/v1/{path}")
    for number in range(2, 16):
        furnish(number)
    make_revision(Profile.objects.get(slug="p-1"), live=True, facets={"region": "Africa"})
    with django_assert_num_queries(queries):
        client.get(f"/api/v1/{path}")


@pytest.mark.parametrize("path", ["", "openapi.json"])
def test_what_never_changes_asks_the_database_nothing(client, path, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get(f"/api/v1/{path}")
