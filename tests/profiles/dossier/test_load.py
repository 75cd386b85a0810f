"""What an import leaves in the database, and what it leaves alone."""

import os
from datetime import date

import pytest

from profiles import actions
from profiles.dossier import schema
from profiles.dossier.document import BadDossier
from profiles.dossier.load import load
from profiles.grading.pipeline import editing, today
from profiles.models import (
    Citation,
    Derivation,
    Grade,
    JudgementCitation,
    Mark,
    Person,
    Profile,
    Publisher,
    Revision,
    Source,
    Term,
    Touch,
)
from tests.builders import cite, derive, judge, make_profile, make_publisher, make_source, picture, settle
from tests.profiles.dossier.examples import every_row, example, write

pytestmark = pytest.mark.django_db


def importing(folder, whole):
    with editing(by="import"):
        return load(schema.parse(write(folder, whole)))


def refused(folder, whole):
    with pytest.raises(BadDossier) as error:
        importing(folder, whole)
    return [f"{problem.where}: {problem.what}" for problem in error.value.problems]


def forget_marks():
    Mark.objects.all().delete()
    Touch.objects.all().delete()


# --- The whole profile ------------------------------------------------------------------------------------------------


def test_everything_in_a_dossier_is_there_afterwards(tmp_path):
    profile = importing(tmp_path, example()).profile
    text = profile.live_revision
    assert (text.name, text.kind, text.aliases, text.related) == (
        "Example Registry",
        "registry",
        ["EXR"],
        ["not-here-yet"],
    )
    assert (text.author.name, text.author.slug, text.reviewer.name) == ("Wanda Writer", "wanda-writer", "Edith Editor")
    assert text.statements == {"j1": "It exists.", "j2": "It matters."}
    assert text.sections == [{"heading": "What happened", "body": "Something.\n\nAnd more."}]
    assert text.outlook == {"now": {"headline": "Quiet", "body": "Nothing is due."}}
    assert list(text.facet_values.values_list("facet", "term__slug", "rationale")) == [
        ("category", "registry", "It registers."),
        ("topic", "addresses", ""),
    ]
    assert profile.first_published == date(2024, 11, 12)
    assert [(str(one.source), one.stance, one.credibility, one.direct) for one in profile.citations.all()] == [
        ("A report", "supports", 2, False),
        ("A paper", "supports", 6, True),
    ]
    links = JudgementCitation.objects.order_by("judgement__key", "source__title")
    assert list(links.values_list("judgement__key", "source__title")) == [
        ("j1", "A paper"),
        ("j1", "A report"),
        ("j2", "A report"),
    ]
    report = Source.objects.get(title="A report")
    assert (report.url_key, report.authors, report.published_on) == (
        "wire.example.org/report",
        ["R. Porter"],
        date(2024, 11, 1),
    )
    assert [origin.title for origin in report.origins.all()] == ["A paper"]
    assert str(profile.corrections.get()) == "2025-01-05: The date was wrong."


def test_a_correction_stays_superseded_as_it_was(tmp_path):
    first, second, third = (
        {"on": f"2025-01-0{day}", "text": f"It was the {day}th.", "key": f"c{day}"} for day in (5, 6, 7)
    )
    importing(tmp_path, example(corrections=[first, second]))
    linked = example(corrections=[{**first, "superseded_by": "c6"}, second, third])
    assert importing(tmp_path, linked).changes == ["1 correction added", "1 correction superseded"]
    profile = importing(tmp_path, example(corrections=[first, second])).profile
    assert profile.corrections.get(text="It was the 5th.").superseded_by.text == "It was the 6th."
    other = example(corrections=[{**first, "superseded_by": "c7"}, second, third])
    assert "is not the correction that superseded it on this site" in refused(tmp_path, other)[0]


def test_on_one_day_a_correction_is_not_superseded_by_one_that_was_there_before(tmp_path):
    there, new = {"on": "2025-01-05", "text": "It was May.", "key": "c1"}, {"on": "2025-01-05", "text": "It was June."}
    importing(tmp_path, example(corrections=[there]))
    turned = example(corrections=[{**new, "superseded_by": "c1"}, there])
    assert "was there before it on this site" in refused(tmp_path, turned)[0]


def test_what_differs_behind_the_end_of_a_long_title_is_told(tmp_path):
    whole = example()
    whole["sources"][1]["url"], title = "https://example.org/paper", "A paper on everything that was ever said of it, "
    for part in ("first part", "second part"):
        whole["sources"][1]["title"] = title * 2 + part
        told = importing(tmp_path, whole).changes
    assert told[0].endswith('title "…as ever said of it, first part" → "…as ever said of it, second part"')


def test_importing_a_file_twice_writes_no_row(tmp_path):
    (tmp_path / "example.webp").write_bytes(picture())
    whole = example(figure={"file": "example.webp", "alt": "A picture.", "credit": "Ours"})
    importing(tmp_path, whole)
    before = every_row()
    again = importing(tmp_path, whole)
    assert again.changes == []
    assert every_row() == before


@pytest.mark.django_db(transaction=True)
def test_importing_a_file_twice_leaves_no_mark_and_appends_no_grade(tmp_path):
    importing(tmp_path, example())
    settle()
    assert Grade.objects.count() == 1
    importing(tmp_path, example())
    assert (Mark.objects.count(), Touch.objects.count()) == (0, 0)
    settle()
    assert Grade.objects.count() == 1


def test_what_a_file_lacks_is_removed_and_what_is_shared_stays(tmp_path):
    importing(tmp_path, example())
    less = example(judgements=[{"key": "j1", "statement": "It exists."}], sections=None, facets=None, corrections=None)
    less["profile"]["citations"] = [{"source": "report", "judgements": ["j1"], "credibility": 2}]
    profile = importing(tmp_path, less).profile
    assert [judgement.key for judgement in profile.judgements.all()] == ["j1"]
    assert [str(citation.source) for citation in profile.citations.all()] == ["A report"]
    assert (profile.live_revision.sections, profile.live_revision.facet_values.count()) == ([], 0)
    assert profile.corrections.count() == 1  # a correction is never taken back
    assert (Source.objects.count(), Publisher.objects.count(), Person.objects.count(), Term.objects.count()) == (
        2,
        2,
        2,
        2,
    )


def test_a_changed_digit_is_an_update_of_the_citation(tmp_path):
    importing(tmp_path, example())
    ids = list(Citation.objects.values_list("pk", flat=True))
    forget_marks()
    whole = example()
    whole["profile"]["citations"][0]["credibility"] = 4
    importing(tmp_path, whole)
    assert list(Citation.objects.values_list("pk", flat=True)) == ids
    change = Mark.objects.get().change
    assert (change["on"], change["op"], change["by"], change["to"]["credibility"]) == (
        "citation",
        "change",
        "import",
        4,
    )


def test_citations_that_change_places_keep_their_rows_and_leave_no_mark(tmp_path):
    importing(tmp_path, example())
    ids = list(Citation.objects.order_by("position").values_list("pk", flat=True))
    forget_marks()
    whole = example()
    whole["profile"]["citations"].reverse()
    importing(tmp_path, whole)
    assert list(Citation.objects.order_by("position").values_list("pk", flat=True)) == ids[::-1]
    assert Mark.objects.count() == 0


def test_two_citations_of_a_source_can_exchange_their_judgements(tmp_path):
    def with_stances(first, second):
        return example(
            citations=[
                {"source": "report", "stance": "supports", "credibility": 1, "judgements": [first]},
                {"source": "report", "stance": "disputes", "credibility": 2, "judgements": [second]},
            ]
        )

    importing(tmp_path, with_stances("j1", "j2"))
    profile = importing(tmp_path, with_stances("j2", "j1")).profile
    found = profile.citations.values_list("stance", "judgements__key")
    assert sorted(found) == [("disputes", "j1"), ("supports", "j2")]


def test_a_bad_file_changes_no_row(tmp_path):
    importing(tmp_path, example())
    before = every_row()
    whole = example(name="A report", standfirst="Other words.")
    whole["publishers"][0]["reliability"] = "E"
    whole["profile"]["citations"][0]["credibility"] = 5
    assert refused(tmp_path, whole) == [
        "profile.name: The name is the title of one of the sources; write the name of the institution."
    ]
    assert every_row() == before


def test_an_old_address_is_not_taken_for_a_new_profile(tmp_path):
    profile = importing(tmp_path, example()).profile
    profile.slug = "renamed"
    profile.save()
    assert refused(tmp_path, example()) == ["profile.slug: is a former address of renamed; write that one."]


# --- Publishers and sources are shared --------------------------------------------------------------------------------


def test_the_file_wins_over_a_publisher_but_only_in_what_it_says(tmp_path):
    make_publisher("Old Wire", slug="example-wire", reliability="C", homepage="https://wire.example.org/")
    make_publisher("Academy", slug="example-academy", reliability="B", reliability_reason="Peer review.")
    importing(tmp_path, example())
    wire, academy = Publisher.objects.get(slug="example-wire"), Publisher.objects.get(slug="example-academy")
    assert (wire.name, wire.reliability, wire.homepage) == ("Example Wire", "A", "https://wire.example.org/")
    assert (academy.name, academy.reliability, academy.reliability_reason) == ("Example Academy", "B", "Peer review.")


def test_a_publisher_must_be_in_the_file_or_on_the_site(tmp_path):
    whole = example()
    del whole["publishers"][1]
    [said] = refused(tmp_path, whole)
    assert said.startswith('sources[1].publisher: is "example-academy", which is neither in this file nor on the site')
    make_publisher(slug="example-academy")
    assert importing(tmp_path, whole).profile.is_live


def test_a_source_is_found_again_by_its_address_however_spelt(tmp_path):
    known = make_source("Another title", url="http://www.wire.example.org/report/?utm_medium=mail")
    importing(tmp_path, example())
    known.refresh_from_db()
    assert (known.title, known.url, known.publisher.slug) == (
        "A report",
        "https://wire.example.org/report",
        "example-wire",
    )


@pytest.mark.parametrize("published_on", [None, date(2024, 1, 1)])
def test_a_source_without_address_is_found_by_publisher_title_and_date(tmp_path, published_on):
    academy = make_publisher(slug="example-academy")
    known = make_source("A paper", publisher=academy, published_on=published_on)
    whole = example()
    whole["sources"][1]["published_on"] = published_on.isoformat() if published_on else None
    importing(tmp_path, whole)
    assert Source.objects.filter(title="A paper").get() == known


def test_a_source_gains_the_address_a_file_knows(tmp_path):
    wire = make_publisher(slug="example-wire")
    known = make_source("A report", publisher=wire, published_on=date(2024, 11, 1))
    importing(tmp_path, example())
    known.refresh_from_db()
    assert known.url_key == "wire.example.org/report"


def test_sources_of_one_title_with_and_without_address_are_told_apart(tmp_path):
    whole = example()
    twin = {**whole["sources"][0], "key": "twin"}
    del twin["url"]
    whole["sources"].append(twin)
    importing(tmp_path, whole)
    assert importing(tmp_path, whole).changes == []
    assert Source.objects.filter(title="A report").count() == 2


def test_a_source_that_fits_two_addresses_must_say_which(tmp_path):
    academy = make_publisher(slug="example-academy")
    for page in "ab":
        make_source("A paper", publisher=academy, published_on=None, url=f"https://academy.example.org/{page}")
    [said] = refused(tmp_path, example())
    assert said == "sources[1].title: fits 2 sources on the site, each with an address; say which by its url."


def test_a_source_takes_the_defaults_for_what_the_file_does_not_say(tmp_path):
    importing(tmp_path, example())
    whole = example()
    whole["sources"][0] = {name: whole["sources"][0][name] for name in ("key", "publisher", "title", "url")}
    importing(tmp_path, whole)
    report = Source.objects.get(title="A report")
    assert (report.authors, report.language, report.published_on, report.derivations.count()) == ([], "", None, 0)


# --- Derivations and drafts -------------------------------------------------------------------------------------------


def links():
    return sorted(
        (row.source.title, row.origin.title, row.draft_of.slug if row.draft_of else "")
        for row in Derivation.objects.select_related("source", "origin", "draft_of")
    )


def test_a_drafts_derivation_is_its_own_until_it_is_published(tmp_path):
    importing(tmp_path, example(status="draft"))
    assert links() == [("A report", "A paper", "example")]
    importing(tmp_path, example(status="published"))
    assert links() == [("A report", "A paper", "")]


@pytest.mark.django_db(transaction=True)
def test_a_draft_moves_no_live_grade(tmp_path):
    live = make_profile("live", live=True, judgements={"j1": "It is so."})
    wire = make_publisher(slug="example-wire", name="Example Wire", reliability="A", reliability_reason="Was there.")
    report = make_source(
        "A report", publisher=wire, url="https://wire.example.org/report", published_on=date(2024, 11, 1),
        authors=["R. Porter"], language="en",
    )  # fmt: skip
    old = make_source("An older paper")
    derive(report, old)
    cite(live, report)
    settle()
    before = live.grades.count()
    importing(tmp_path, example(status="draft"))
    settle()
    assert live.grades.count() == before
    assert links() == [("A report", "A paper", "example"), ("A report", "An older paper", "")]
    importing(tmp_path, example(status="published"))
    assert links() == [("A report", "A paper", "")]


def test_what_another_draft_prepared_survives(tmp_path):
    importing(tmp_path, example())
    report = Source.objects.get(title="A report")
    derive(report, make_source("A leak"), draft_of=make_profile("other"), position=1)
    importing(tmp_path, example())
    assert links() == [("A report", "A leak", "other"), ("A report", "A paper", "")]


def test_a_live_profile_says_for_everybody_what_another_draft_prepared(tmp_path):
    importing(tmp_path, example())
    Derivation.objects.update(draft_of=make_profile("other"))
    importing(tmp_path, example())
    assert links() == [("A report", "A paper", ""), ("A report", "A paper", "other")]


# --- Text and publishing ----------------------------------------------------------------------------------------------


def test_a_new_profile_is_a_draft_unless_the_file_says_published(tmp_path):
    profile = importing(tmp_path, example(status=None, first_published=None)).profile
    assert (profile.is_live, profile.draft.number, profile.first_published) == (False, 1, None)


def test_a_published_profile_stays_published_when_the_file_does_not_say(tmp_path):
    importing(tmp_path, example())
    profile = importing(tmp_path, example(status=None, standfirst="Other words.")).profile
    assert (profile.live_revision.standfirst, profile.draft) == ("Other words.", None)


def test_the_live_text_stays_up_while_a_draft_is_imported(tmp_path):
    importing(tmp_path, example())
    draft = example(status="draft", standfirst="Other words.", judgements=[{"key": "j9", "statement": "It is new."}])
    draft["profile"]["citations"] = [{"source": "report", "judgements": ["j9"]}]
    profile = importing(tmp_path, draft).profile
    profile.refresh_from_db()
    assert (profile.live_revision.standfirst, profile.draft.standfirst) == ("A registry for examples.", "Other words.")
    assert sorted(profile.judgements.values_list("key", flat=True)) == ["j1", "j2", "j9"]
    draft["profile"]["status"] = "published"
    importing(tmp_path, draft)
    profile.refresh_from_db()
    assert (profile.live_revision.standfirst, profile.draft) == ("Other words.", None)
    assert sorted(profile.judgements.values_list("key", flat=True)) == ["j9"]


def test_a_draft_is_rewritten_in_place_and_dropped_when_it_says_what_is_live(tmp_path):
    importing(tmp_path, example())
    importing(tmp_path, example(status="draft", standfirst="Other words."))
    importing(tmp_path, example(status="draft", standfirst="Better words.", facets={"topic": {"term": "Names"}}))
    draft = Profile.objects.get().draft
    assert (draft.number, draft.standfirst) == (2, "Better words.")
    assert list(draft.facet_values.values_list("facet", "term__name")) == [("topic", "Names")]
    importing(tmp_path, example(status="draft"))
    assert Profile.objects.get().draft is None
    assert Revision.objects.count() == 1


def test_a_draft_that_somebody_spoiled_by_sql_is_rewritten(tmp_path):
    profile = importing(tmp_path, example(status="draft")).profile
    profile.revisions.update(outlook=3)
    importing(tmp_path, example(status="draft"))
    assert profile.revisions.get().outlook == {"now": {"headline": "Quiet", "body": "Nothing is due."}}


def test_evidence_of_a_live_profile_changes_at_once_even_beside_a_draft(tmp_path):
    importing(tmp_path, example())
    whole = example(status="draft")
    whole["profile"]["citations"][0]["credibility"] = 4
    importing(tmp_path, whole)
    assert Citation.objects.get(source__title="A report").credibility == 4


def test_evidence_that_the_live_text_could_not_be_graded_on_is_refused(tmp_path):
    plain = [{"source": "report"}, {"source": "paper"}]
    importing(tmp_path, example(judgements=None, citations=plain))
    twice = [{"source": "report", "judgements": ["j1"]}, {"source": "report", "judgements": ["j2"]}]
    [said] = refused(tmp_path, example(status="draft", citations=twice))
    assert "the live text states no key judgement; write status: published with it" in said


def test_the_first_publication_is_dated_once(tmp_path):
    profile = importing(tmp_path, example(first_published=None)).profile
    assert profile.first_published == today()
    Profile.objects.update(first_published=date(2020, 1, 1))
    importing(tmp_path, example(first_published=None, standfirst="Other words."))
    assert Profile.objects.get().first_published == date(2020, 1, 1)


def test_a_withdrawn_profile_stays_down_until_the_file_says_published(tmp_path):
    profile = importing(tmp_path, example()).profile
    actions.withdraw_profile(profile_id=profile.pk)
    assert not importing(tmp_path, example(status=None)).profile.is_live
    assert importing(tmp_path, example()).profile.is_live


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": " A  REPORT "}, "profile.name: The name is the title of one of the sources"),
        ({"citations": []}, "profile.citations: The profile cites no source"),
        (
            {"citations": [{"source": "report", "stance": "context", "judgements": ["j1"]}]},
            "profile.judgements[0].key: No source supports or disputes the headline judgement j1.",
        ),
        (
            {"judgements": [{"key": "j1", "statement": "A."}, {"key": "j3", "statement": "B.", "essential": True}],
             "citations": [{"source": "report", "judgements": ["j1"]}]},
            "profile.judgements[1].key: No source is cited for the essential judgement j3.",
        ),
        ({"figure": {"file": "example.webp", "credit": "Ours"}}, "profile.figure.alt: The figure has no alt text"),
        ({"figure": {"file": "example.webp", "alt": "A."}}, "profile.figure.credit: The figure has no credit"),
    ],
)  # fmt: skip
def test_a_published_dossier_passes_the_publishing_checks(tmp_path, fields, said):
    (tmp_path / "example.webp").write_bytes(picture())
    assert said in "\n".join(refused(tmp_path, example(**fields)))
    assert not importing(tmp_path, example(**fields, status="draft")).profile.is_live


def test_a_term_is_found_again_whatever_its_capitals(tmp_path):
    importing(tmp_path, example())
    importing(tmp_path, example(facets={"category": {"term": "REGISTRY"}}))
    assert Term.objects.filter(facet="category").count() == 1


# --- Figures ----------------------------------------------------------------------------------------------------------

FIGURE = {"file": "example.webp", "alt": "A picture.", "credit": "Ours"}


def test_a_figure_is_kept_under_its_hash(tmp_path, settings):
    (tmp_path / "example.webp").write_bytes(picture(width=20, height=10))
    figure = importing(tmp_path, example(figure=FIGURE)).profile.live_revision.figure
    assert (figure.width, figure.height, figure.extension, figure.filename) == (20, 10, "webp", "example.webp")
    assert (settings.MEDIA_ROOT / figure.path).read_bytes() == picture(width=20, height=10)


def test_a_picture_that_is_not_there_is_told(tmp_path):
    [said] = refused(tmp_path, example(figure=FIGURE))
    assert said == 'profile.figure.file: is "example.webp", which does not lie beside the dossier; put it there.'


def test_a_picture_the_profile_has_need_not_be_handed_in_again(tmp_path):
    picture_file = tmp_path / "example.webp"
    picture_file.write_bytes(picture())
    importing(tmp_path, example(figure=FIGURE))
    picture_file.unlink()
    assert importing(tmp_path, example(figure=FIGURE)).changes == []


def test_a_file_that_is_no_picture_is_told(tmp_path):
    (tmp_path / "example.webp").write_text("<svg onload='alert(1)'/>")
    [said] = refused(tmp_path, example(figure=FIGURE))
    assert "is not a picture of a kind we show" in said


def test_a_folder_or_pipe_in_place_of_a_picture_is_told(tmp_path):
    os.mkfifo(tmp_path / "example.webp")  # reading it would wait for ever
    [said] = refused(tmp_path, example(figure=FIGURE))
    assert said == 'profile.figure.file: is "example.webp", which is not a file.'


def test_a_link_out_of_the_folder_is_refused(tmp_path):
    outside = tmp_path / "secret.webp"
    outside.write_bytes(picture())
    folder = tmp_path / "dossiers"
    folder.mkdir()
    (folder / "example.webp").symlink_to(outside)
    [said] = refused(folder, example(figure=FIGURE))
    assert said == 'profile.figure.file: is "example.webp", which leads out of the folder of the dossier.'


def test_judgements_the_desk_added_without_words_do_not_count(tmp_path):
    profile = importing(tmp_path, example()).profile
    judge(profile, "j5", essential=True)
    assert actions.flaws_of(profile.live_revision) == []
