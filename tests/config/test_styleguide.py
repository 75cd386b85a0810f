"""The page of components for whoever changes how the site looks."""

from config import styleguide
from profiles.grading.scale import SCALE


def test_it_does_not_exist_for_readers(client, db):
    assert client.get("/styleguide/").status_code == 404


def test_in_development_it_shows_every_band_and_reads_no_table(client, settings, db, django_assert_num_queries):
    settings.DEBUG = True
    with django_assert_num_queries(0):
        response = client.get("/styleguide/")
    assert response.status_code == 200
    assert response["Cache-Control"] == "private, no-store"
    for band in SCALE:
        assert f"band-{band.slug}" in response.text


def test_its_values_are_of_the_method_itself():
    shown = styleguide.values()
    assert [grade.band for grade in shown["chips"]] == list(SCALE)
    graded = {judgement.key: judgement.grade for judgement in shown["profile"]["judgements"]}
    assert graded["j2"].disputed
    assert graded["j3"] is None
    assert [line.kind for line in shown["profile"]["sources"].supports] == ["root", "report"]
    assert {card.updating for _state, card in shown["cards"]} == {True, False}


def test_no_name_on_it_stands_for_two_things(client, settings, db):
    settings.DEBUG = True
    ids = [part.split('"')[0] for part in client.get("/styleguide/").text.split(' id="')[1:]]
    assert sorted(ids) == sorted(set(ids))
