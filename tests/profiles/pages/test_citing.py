import json
from dataclasses import replace
from datetime import date

import pytest

from profiles.models import FormerSlug
from profiles.pages.citing import Reference
from tests.builders import make_person, make_profile, settle

REFERENCE = Reference(
    slug="tidewater",
    name="Tide & Water",
    author="Wanda Writer",
    on=date(2026, 6, 2),
    grade="Grade B/C (0.64) as of 3 June 2026",
    url="https://assay.example.org/profiles/tidewater/",
)


def test_csl_names_what_the_sentence_names():
    assert REFERENCE.csl == {
        "id": "assay-tidewater",
        "type": "webpage",
        "title": "Tide & Water",
        "author": [{"literal": "Wanda Writer"}],
        "container-title": "Assay",
        "issued": {"date-parts": [[2026, 6, 2]]},
        "note": "Grade B/C (0.64) as of 3 June 2026",
        "URL": "https://assay.example.org/profiles/tidewater/",
    }


def test_csl_leaves_out_what_nobody_said():
    told = replace(REFERENCE, author="", on=None, grade="").csl
    assert told["author"] == [{"literal": "Assay"}]
    assert told.keys().isdisjoint({"issued", "note"})


@pytest.mark.django_db(transaction=True)
def test_both_forms_can_be_downloaded(client, settings):
    make_profile(
        "tidewater", live=True, name="Tide & Water", author=make_person(), judgements={"j1": "So."}, cited=True
    )
    settle()
    reference = client.get("/profiles/tidewater/").context["profile"].reference
    bib, csl = client.get("/profiles/tidewater/cite.bib"), client.get("/profiles/tidewater/cite.json")
    assert bib["Content-Type"] == "application/x-bibtex; charset=utf-8"
    assert bib["Content-Disposition"] == 'attachment; filename="assay-tidewater.bib"'
    assert bib.content.decode() == f"{reference.bibtex}\n"
    assert csl["Content-Type"] == "application/vnd.citationstyles.csl+json; charset=utf-8"
    assert csl["Content-Disposition"] == 'attachment; filename="assay-tidewater.json"'
    assert json.loads(csl.content) == [reference.csl]
    assert "Grade " in reference.csl["note"]
    html = client.get("/profiles/tidewater/").content.decode()
    assert 'href="/profiles/tidewater/cite.bib"' in html
    assert 'href="/profiles/tidewater/cite.json"' in html


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["bib", "json"])
def test_a_citation_follows_its_profile_to_a_new_address(client, form):
    FormerSlug.objects.create(slug="old-name", profile=make_profile("tidewater", live=True))
    make_profile("draft")
    response = client.get(f"/profiles/old-name/cite.{form}")
    assert (response.status_code, response["Location"]) == (301, f"/profiles/tidewater/cite.{form}")
    assert client.get(f"/profiles/draft/cite.{form}").status_code == 404
