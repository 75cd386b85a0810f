import json
import re
from datetime import date

import pytest

from tests.builders import cite, make_briefing, make_person, make_profile, make_source, settle
from tests.profiles.api.conftest import wait_to_be_graded

pytestmark = pytest.mark.django_db(transaction=True)


def linked(client, slug="tidewater") -> dict[str, dict]:
    """What the page says to machines, by type; claims in a list."""
    html = client.get(f"/profiles/{slug}/").content.decode()
    (script,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
    told = json.loads(script)
    assert told["@context"] == "https://schema.org"
    nodes: dict = {"Claim": []}
    for node in told["@graph"]:
        if node["@type"] == "Claim":
            nodes["Claim"].append(node)
        else:
            nodes[node["@type"]] = node
    return nodes


def furnished(**text):
    profile = make_profile(
        "tidewater",
        live=True,
        **{"name": "Tidewater", "kind": "company", "judgements": {"j1": "It is so.", "j2": "It was so."}, **text},
        last_verified=date(2026, 6, 2),
    )
    cite(profile, make_source())
    settle()
    return profile


def test_page_and_institution_are_two_things(client, settings):
    furnished(aliases=["TW"], standfirst="A company.", homepage="https://tidewater.example.org/", author=make_person())
    told, url = linked(client), f"{settings.SITE_URL}/profiles/tidewater/"
    subject, page = told["Corporation"], told["WebPage"]
    assert subject == {
        "@id": f"{url}#subject",
        "@type": "Corporation",
        "name": "Tidewater",
        "alternateName": ["TW"],
        "description": "A company.",
        "url": "https://tidewater.example.org/",
        "subjectOf": {"@id": url},
    }
    assert page["mainEntity"] == {"@id": subject["@id"]}
    assert (page["url"], page["datePublished"], page["lastReviewed"]) == (url, "2026-06-01", "2026-06-02")
    assert page["author"]["name"] == "Wanda Writer"
    assert page["publisher"] == {"@id": told["Organization"]["@id"]}


@pytest.mark.parametrize(
    ("kind", "type"),
    [
        ("organisation", "Organization"),
        ("company", "Corporation"),
        ("registry", "Organization"),
        ("government-body", "GovernmentOrganization"),
        ("programme", "Project"),
        ("product", "Product"),
    ],
)
def test_each_kind_has_its_word(client, kind, type):
    furnished(kind=kind, base="Port Louis")
    nodes = json.loads(
        re.search(r'ld\+json">(.*?)</script>', client.get("/profiles/tidewater/").content.decode(), re.DOTALL)[1]
    )["@graph"]
    (subject,) = [node for node in nodes if node["@id"].endswith("#subject")]
    assert subject["@type"] == type
    assert subject.get("location") == (None if kind == "product" else "Port Louis")


def test_the_grade_belongs_to_our_claims_and_never_to_the_institution(client):
    furnished()
    told, page = linked(client), client.get("/profiles/tidewater/").context["profile"]
    claims = told["Claim"]
    assert [claim["text"] for claim in claims] == ["It is so.", "It was so."]
    rating = claims[0]["review"]["reviewRating"]
    assert f"{rating['ratingValue']:.2f}" == page.judgements[0].grade.score
    assert (rating["worstRating"], rating["bestRating"]) == (0, 1)
    assert rating["alternateName"].startswith("Grade ")
    assert "review" not in told["Corporation"]
    assert "aggregateRating" not in told["Corporation"]


def test_a_claim_whose_grade_is_being_updated_has_none(client):
    wait_to_be_graded(furnished())
    assert [claim.get("review") for claim in linked(client)["Claim"]] == [None, None]


def test_only_what_is_locked_is_said_to_be(client):
    profile = furnished()
    page = linked(client)["WebPage"]
    assert page["isAccessibleForFree"] is True
    assert "hasPart" not in page
    make_briefing(profile, body="canary-body")
    page = linked(client)["WebPage"]
    assert page["isAccessibleForFree"] is True
    assert page["hasPart"] == {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": "#deeper"}
    assert 'id="deeper"' in client.get("/profiles/tidewater/").content.decode()


@pytest.mark.parametrize("name", ["</script><script>alert(1)</script>", "<!--<script>", "a & b", "a\u2028b", '"'])
def test_no_name_ends_the_element_it_stands_in(client, name):
    furnished(name=name)
    assert linked(client)["Corporation"]["name"] == name
    html = client.get("/profiles/tidewater/").content.decode()
    assert "<script>alert" not in html
    assert "<!--<script" not in html
