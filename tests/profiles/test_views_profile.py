import re
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser

import pgtrigger
import pytest
from django.contrib.staticfiles import finders
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.template.loader import render_to_string
from django.utils import timezone

from profiles.grading import reading
from profiles.grading.method import METHOD_VERSION, grade_profile
from profiles.grading.working import as_json
from profiles.models import Citation, Correction, Figure, FormerSlug, Grade, GradingState, Mark, Revision, Source
from profiles.pages.citing import Reference
from tests.builders import (
    THE_DAY,
    cite,
    derive,
    make_briefing,
    make_note,
    make_person,
    make_profile,
    make_publisher,
    make_revision,
    make_source,
    picture,
)

pytestmark = pytest.mark.django_db

AT = datetime(2026, 6, 1, 12, 30, tzinfo=UTC)


def grade(profile, *, on=THE_DAY, at=AT, causes=()):
    """What the pipeline leaves behind, without its transactions."""
    (case,) = reading.cases([profile.pk])
    verdict = grade_profile(case.judgements, evidence=case.evidence, on=on, known=case.known)
    seq = profile.grades.count() + 1
    found = {"as_of": on, "graded_at": at, "method": METHOD_VERSION, "score": f"{verdict.score:.2f}"}
    told = as_json(verdict)
    Grade.objects.create(profile=profile, seq=seq, verdict=told, causes=list(causes), **found)
    GradingState.objects.filter(profile=profile).update(seq=seq, verdict=told, due_on=verdict.due, **found)
    Mark.objects.filter(profile_id=profile.pk).delete()
    return verdict


def page(client, profile):
    response = client.get(f"/profiles/{profile.slug}/")
    assert response.status_code == 200
    return response.context["profile"]


def html(client, profile, tail=""):
    response = client.get(f"/profiles/{profile.slug}/{tail}")
    assert response.status_code == 200
    return response.content.decode()


class Links(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.ids, self.links = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "a":
            self.links.append(found)


# --- The page ---------------------------------------------------------------------------------------------------------


def test_a_profile_shows_its_name_its_standfirst_and_its_grade(client):
    profile = make_profile(live=True, name="RIPE NCC", standfirst="It keeps a registry.", judgements={"j1": "It is."})
    cite(profile, make_source(reliability="A"), direct=True)
    grade(profile)
    text = html(client, profile)
    assert "<h1>RIPE NCC</h1>" in text
    assert "It keeps a registry." in text
    assert page(client, profile).card.grade.score == "0.92"
    assert "One independent source, direct" in text
    assert "As of 1 June 2026, UTC" in text


def test_unknown_and_unpublished_profiles_answer_alike(client):
    make_profile("only-a-draft")
    for tail in ("", "confidence/", "feed/"):
        answers = [client.get(f"/profiles/{slug}/{tail}") for slug in ("unknown", "only-a-draft")]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert len({answer.content for answer in answers}) == 1
        assert {answer["Cache-Control"] for answer in answers} == {"private, no-store"}


@pytest.mark.parametrize("tail", ["", "confidence/"])
def test_an_address_it_once_had_answers_301(client, tail):
    profile = make_profile("new-name", live=True)
    FormerSlug.objects.create(slug="old-name", profile=profile)
    response = client.get(f"/profiles/old-name/{tail}")
    assert (response.status_code, response["Location"]) == (301, f"/profiles/new-name/{tail}")


@pytest.mark.parametrize("tail", ["", "confidence/", "confidence/?on=2020-01-01", "?x=%00"])
def test_everybody_gets_the_same_bytes(client, mina, tail):
    profile = make_profile(live=True, judgements={"j1": "It is."}, cited=True)
    grade(profile)
    stranger = client.get(f"/profiles/{profile.slug}/{tail}")
    client.force_login(mina)
    member = client.get(f"/profiles/{profile.slug}/{tail}")
    assert stranger.content == member.content
    assert stranger["ETag"] == member["ETag"]
    assert stranger["Cache-Control"].startswith("public")
    assert not stranger.cookies
    assert (
        client.get(f"/profiles/{profile.slug}/{tail}", headers={"if-none-match": stranger["ETag"]}).status_code == 304
    )


def test_nothing_gated_reaches_the_page(client):
    profile = make_profile(live=True, judgements={"j1": "It is."})
    make_note(cite(profile), body="canary-of-the-note")
    make_briefing(profile, title="Why it may fall", summary="What would move it.", body="canary-of-the-briefing")
    grade(profile)
    for tail in ("", "confidence/"):
        assert "canary" not in html(client, profile, tail)
    shown = html(client, profile)
    for words in ("Deeper Profile Context", "Why it may fall", "What would move it.", "Strategic Circle"):
        assert words in shown
    assert f'href="/profiles/{profile.slug}/briefing/"' in shown


def test_a_profile_without_a_briefing_promises_none(client):
    profile = make_profile(live=True, judgements={"j1": "It is."}, cited=True)
    grade(profile)
    assert "Deeper Profile Context" not in html(client, profile)


def test_key_judgements_stand_in_page_order_with_a_grade_each(client):
    profile = make_profile(live=True, judgements={"first": "It is.", "second": "It was."}, essential=["second"])
    cite(profile, make_source(reliability="A"), direct=True, judgements=["first"])
    cite(profile, make_source(reliability="B"), judgements=["second"])
    grade(profile)
    judgements = page(client, profile).judgements
    assert [(one.statement, one.grade.score, one.decides) for one in judgements] == [
        ("It is.", "0.92", False),
        ("It was.", "0.47", True),
    ]
    assert f'href="/profiles/{profile.slug}/confidence/#judgement-second"' in html(client, profile)


def test_a_judgement_that_the_live_text_does_not_state_is_not_shown(client):
    profile = make_profile(live=True, judgements={"j1": "It is.", "j2": "A sentence taken back."})
    make_revision(profile, live=True, statements={"j1": "It is."})
    make_revision(profile, statements={"j1": "It is.", "j2": "A sentence in the draft."})
    cite(profile, judgements=["j1", "j2"])
    grade(profile)
    assert [one.key for one in page(client, profile).judgements] == ["j1"]
    for tail in ("", "confidence/"):
        text = html(client, profile, tail)
        assert "taken back" not in text
        assert "in the draft" not in text


def test_a_score_is_never_shown_as_current_while_an_edit_waits_to_be_graded(client):
    profile = make_profile(live=True, judgements={"j1": "It is."}, cited=True)
    grade(profile)
    assert "being updated" not in html(client, profile)
    Mark.objects.create(profile_id=profile.pk)
    for tail in ("", "confidence/"):
        assert "being updated" in html(client, profile, tail)


def test_a_profile_that_was_never_graded_says_so(client):
    profile = make_profile(live=True, judgements={"j1": "It is."})
    Mark.objects.filter(profile_id=profile.pk).delete()
    for tail in ("", "confidence/"):
        assert "There is no grade yet" in html(client, profile, tail)
    Mark.objects.create(profile_id=profile.pk)
    assert "graded for the first time" in html(client, profile)


def test_parts_without_content_are_not_shown(client):
    bare = html(client, make_profile(live=True))
    for heading in ("Key judgements", "How we file it", "What it does", "Why it matters", "What to watch", "Outlook"):
        assert heading not in bare
    for heading in ("Sources, by", "Changes", "Corrections</h3>", "Related profiles", "<figure"):
        assert heading not in bare


def test_every_part_with_content_is_shown(client):
    author = make_person("Wanda Writer")
    reviewer = make_person("Edith Editor")
    make_profile("neighbour", live=True, name="A neighbour")
    profile = make_profile(
        live=True,
        judgements={"j1": "It is."},
        facets={"category": "Registry", "primary-domain": "Routing"},
        cited=True,
        first_published=date(2024, 11, 12),
        last_verified=date(2026, 1, 5),
        next_review=date(2026, 7, 5),
        aliases=["The other name"],
        author=author,
        reviewer=reviewer,
        base="Amsterdam",
        homepage="https://example.org/",
        number_resources=["AS64500"],
        operational_criticality="critical",
        time_horizon="next-year",
        sections=[{"heading": "What happened", "body": "It **began**. <b>x</b>"}],
        what_it_does=["It hands out numbers."],
        why_it_matters=["Nobody else does."],
        what_to_watch=["The next vote."],
        outlook={"now": {"headline": "Calm", "body": "All is well."}, "year": {"headline": "Storm", "body": "Not so."}},
        related=["neighbour", "not-there-yet"],
    )
    text = html(client, profile)
    for words in (
        "The other name", "Wanda Writer", "Edith Editor", "12 November 2024", "5 January 2026", "5 July 2026",
        "Amsterdam", "AS64500", "Critical", "Next year", "What happened", "It <strong>began</strong>. &lt;b&gt;x",
        "It hands out numbers.", "Nobody else does.", "The next vote.", "Calm", "All is well.", "Storm",
        'href="/facets/category/registry/"', 'href="/people/wanda-writer/"', "A neighbour", "<dd>Routing</dd>",
    ):  # fmt: skip
        assert words in text, words
    assert "This quarter" not in text
    assert "not-there-yet" not in text


def test_what_an_editor_typed_is_never_markup(client):
    profile = make_profile(
        live=True, name="<script>1</script>", standfirst='"><script>2</script>', judgements={"j1": "<script>3</script>"}
    )
    source = make_source("<script>4</script>", publisher=make_publisher("<script>5</script>"))
    cite(profile, source, establishes="<script>6</script>")
    grade(profile)
    for tail in ("", "confidence/"):
        assert not re.search(r"<script>\d", html(client, profile, tail))


def test_the_page_names_its_address_and_tells_other_sites_what_it_is(client, settings):
    profile = make_profile("ripe-ncc", live=True, name="RIPE NCC", standfirst="It keeps a registry.")
    text = html(client, profile)
    assert "<title>RIPE NCC · Assay</title>" in text
    assert '<meta name="description" content="It keeps a registry.">' in text
    assert f'<link rel="canonical" href="{settings.SITE_URL}/profiles/ripe-ncc/">' in text
    assert f'<meta property="og:url" content="{settings.SITE_URL}/profiles/ripe-ncc/">' in text


def test_a_grading_that_finds_nothing_new_does_not_change_the_page(client):
    profile = make_profile(live=True, judgements={"j1": "It is."}, cited=True)
    grade(profile)
    before = page(client, profile).changed_at
    GradingState.objects.update(graded_at=before + timedelta(days=1))
    assert page(client, profile).changed_at == before


def test_a_superseded_correction_stays_and_says_so(client):
    profile = make_profile(live=True)
    second = Correction.objects.create(profile=profile, on=date(2026, 2, 2), text="It was the 24th.")
    Correction.objects.create(profile=profile, on=date(2026, 1, 1), text="It was the 23rd.", superseded_by=second)
    text = html(client, profile)
    assert text.index("It was the 24th.") < text.index("It was the 23rd.")
    assert "superseded by the" in text


def test_changes_tell_what_the_grade_was_what_it_became_and_why(client):
    profile = make_profile(live=True, judgements={"j1": "It is."})
    grade(profile, causes=[{"on": "profile", "op": "publish", "by": "edith"}])
    cite(profile, make_source(reliability="A"), direct=True)
    grade(profile, causes=[{"on": "age"}])
    newest, first = page(client, profile).moves
    assert (first.before, first.grade.score, first.causes) == ("", "0.00", ("The profile was published.",))
    assert (newest.before, newest.grade.score) == ("0.00", "0.92")
    text = html(client, profile)
    assert "0.00 → 0.92" in text
    assert "1 June 2026, 12:30 UTC" in text
    assert 'href="#grade-2"' in text


def test_the_page_costs_the_same_queries_with_one_source_or_thirty(client, django_assert_max_num_queries):
    small = make_profile("small", live=True, judgements={"j1": "It is."}, cited=True, related=["large"])
    large = make_profile("large", live=True, judgements={f"j{n}": f"No. {n}." for n in range(6)}, related=["small"])
    origin = make_source()
    for n in range(30):
        cite(large, make_source(derived_from=[origin] if n % 3 else []), judgements=[f"j{n % 6}"])
    for profile in (small, large):
        grade(profile)
    for tail, most in (("", 6), ("confidence/", 6)):
        counts = []
        for profile in (small, large):
            with django_assert_max_num_queries(most) as queries:
                html(client, profile, tail)
            counts.append(len(queries))
        assert counts[0] == counts[1]


# --- Sources ----------------------------------------------------------------------------------------------------------


def test_a_report_stands_under_the_origin_it_repeats(client):
    profile = make_profile(live=True, judgements={"j1": "It is."})
    wire = make_source("The wire report")
    cite(profile, make_source("An echo", derived_from=[wire]))
    cite(profile, wire, direct=True)
    (line,) = page(client, profile).sources.supports
    assert [source.title for source in line.roots] == ["The wire report"]
    assert [source.title for source in line.reports] == ["An echo"]
    text = html(client, profile)
    assert "1 line in support" in text
    assert text.index("The wire report") < text.index("An echo")


def test_an_origin_that_is_not_cited_is_an_empty_frame_with_its_name(client):
    profile = make_profile(live=True, judgements={"j1": "It is."})
    wire = make_source("The wire report", publisher=make_publisher("Reuters", slug="reuters"))
    for title in ("An echo", "Another echo"):
        cite(profile, make_source(title, derived_from=[wire]))
    (line,) = page(client, profile).sources.supports
    assert [(missing.origin.title, missing.origin.publisher) for missing in line.missing] == [
        ("The wire report", "Reuters")
    ]
    assert {source.title for source in line.reports} == {"An echo", "Another echo"}
    assert line.roots == ()
    assert "Origin, not cited here" in html(client, profile)


def test_an_origin_cited_for_context_alone_is_not_called_uncited(client):
    profile = make_profile(live=True, judgements={"j1": "It is."})
    wire = make_source("The wire report")
    cite(profile, make_source("An echo", derived_from=[wire]))
    cite(profile, wire, stance="context")
    text = html(client, profile)
    assert "Origin, not cited here" not in text
    assert "Origin, cited here only otherwise" in text


def test_reports_that_go_back_to_each_other_are_one_line_without_an_origin(client):
    profile = make_profile(live=True, judgements={"j1": "It is."})
    one, other = make_source("One"), make_source("Other")
    derive(one, other)
    derive(other, one)
    cite(profile, one)
    cite(profile, other)
    (line,) = page(client, profile).sources.supports
    assert (line.kind, len(line.reports), line.missing) == ("ring", 2, ())
    assert "these reports go back to each other" in html(client, profile)


def test_a_report_of_two_origins_stands_under_the_first_and_is_named_under_the_other(client):
    profile = make_profile(live=True, judgements={"j1": "It is."})
    one, other = make_source("One", reliability="A"), make_source("Other")
    cite(profile, one, direct=True)
    cite(profile, other)
    cite(profile, make_source("Both", derived_from=[one, other]))
    first, second = page(client, profile).sources.supports
    assert [source.title for source in first.reports] == ["Both"]
    assert [source.title for source in second.elsewhere] == ["Both"]
    assert html(client, profile).count('id="source-') == 3


def test_a_derivation_prepared_on_a_draft_never_shows(client):
    profile, draft = make_profile(live=True, judgements={"j1": "It is."}), make_profile()
    report = make_source("The report")
    derive(report, make_source("A secret origin"), draft_of=draft)
    cite(profile, report)
    grade(profile)
    (line,) = page(client, profile).sources.supports
    assert [source.title for source in line.roots] == ["The report"]
    for tail in ("", "confidence/"):
        assert "A secret origin" not in html(client, profile, tail)


def test_disputes_stand_on_their_own_side_and_context_on_neither(client):
    profile = make_profile(live=True, judgements={"j1": "It is.", "j2": "It was."})
    both = make_source("Says both")
    cite(profile, both, judgements=["j1"])
    cite(profile, both, judgements=["j2"], stance="disputes")
    cite(profile, make_source("Only context"), stance="context")
    sources = page(client, profile).sources
    assert [source.title for source in sources] == ["Says both", "Says both", "Only context"]
    assert [source.number for source in sources] == [1, 2, 3]
    assert (len(sources.supports), len(sources.disputes), len(sources.context)) == (1, 1, 1)
    text = html(client, profile)
    assert "1 line in support" in text
    assert "1 line in dispute" in text
    assert "Context, which takes no part in the grade" in text


def test_a_source_says_who_when_and_how_far_we_believe_it(client):
    profile = make_profile(live=True, judgements={"j1": "It is."})
    dated = make_source(
        "Notice 7", publisher=make_publisher("Court", slug="court", reliability="B"), authors=["A. Judge"],
        url="https://example.org/7", language="fr", archived_url="https://archive.example/7",
    )  # fmt: skip
    cite(profile, dated, credibility=3, direct=True, establishes="The order was lifted.")
    cite(profile, make_source("A note", published_on=None))
    text = html(client, profile)
    for words in (
        'href="/publishers/court/"', "A. Judge", "1 June 2026", "French", "archived copy", "The order was lifted.",
        "Reliability B: usually reliable", "Credibility 3: possibly true", "undated", "second-hand",
    ):  # fmt: skip
        assert words in text, words


def test_a_publisher_that_speaks_for_itself_is_named_once(client):
    profile = make_profile(live=True, judgements={"j1": "It is."})
    cite(profile, make_source("A statement", publisher=make_publisher("Tidewater Ltd"), authors=["Tidewater Ltd"]))
    assert html(client, profile).count("Tidewater Ltd") == 1


def test_of_reports_under_several_origins_each_names_its_own(client):
    profile = make_profile(live=True, judgements={"j1": "It is."})
    wire = make_publisher("Wire")
    first, second = make_source("First notice", publisher=wire), make_source("Second notice", publisher=wire)
    report = make_source("A report", derived_from=[second])
    for source in (first, second):
        cite(profile, source)
    cite(profile, report)
    assert "Repeats “Second notice” (Wire)" in html(client, profile)
    alone = make_profile(live=True, judgements={"j1": "It is."})
    for source in (second, report):
        cite(alone, source)
    assert "Repeats" not in html(client, alone)


def test_links_out_vouch_for_nothing_and_tell_nothing(client):
    profile = make_profile(live=True, judgements={"j1": "It is."}, homepage="https://example.org/home")
    source = make_source(url="https://example.org/7", archived_url="https://archive.example/7")
    cite(profile, make_source(url="https://example.org/8", derived_from=[source]))
    cite(profile, source, stance="context")
    out = [link for link in Links(html(client, profile)).links if "example" in link["href"]]
    assert len(out) == 5
    assert {link.get("rel") for link in out} == {"nofollow noopener"}


@pytest.mark.parametrize("tail", ["", "confidence/"])
def test_every_way_within_the_page_leads_somewhere(client, tail):
    profile = make_profile(live=True, judgements={"j1": "It is.", "j2": "It was."})
    wire = make_source()
    cite(profile, wire, judgements=["j1", "j2"])
    cite(profile, make_source(derived_from=[wire]), judgements=["j2"], stance="disputes")
    grade(profile)
    cite(profile, make_source())
    grade(profile)
    found = Links(html(client, profile, tail))
    within = {link["href"][1:] for link in found.links if link["href"].startswith("#")}
    assert within <= set(found.ids)
    assert len(found.ids) == len(set(found.ids))
    if not tail:
        assert {"source-1", "judgement-j1", "judgement-j2", "grade-1"} <= within


# --- The working ------------------------------------------------------------------------------------------------------


def test_the_working_tells_every_stored_step_in_words(client):
    profile = make_profile(live=True, judgements={"j1": "It is so."})
    cite(profile, make_source("Its own record", publisher=make_publisher("Registry", reliability="A")), direct=True)
    cite(profile, make_source("A denial", reliability="F"), stance="disputes")
    verdict = grade(profile)
    working = client.get(f"/profiles/{profile.slug}/confidence/").context["working"]
    (waterfall,) = working.waterfalls
    assert len(waterfall.steps) == len(verdict.steps) - 1  # the opening stands above
    assert working.opening.endswith("“It is so”.")
    assert "“Its own record” (Registry)" in waterfall.steps[0].text
    assert (waterfall.steps[0].before, waterfall.steps[0].after) == ("0.000", "0.920")
    assert waterfall.steps[-1].after == f"{verdict.score:.3f}" == "0.740"


def test_the_working_says_what_carries_the_grade(client):
    profile = make_profile(live=True, judgements={"j1": "It is."})
    cite(profile, make_source("The record", reliability="A"), direct=True)
    cite(profile, make_source("A report", reliability="B"))
    grade(profile)
    record, report = client.get(f"/profiles/{profile.slug}/confidence/").context["working"].carried
    assert "The record" in record.name
    assert (record.without.score, record.difference) == ("0.47", "−0.48")
    assert (report.without.score, report.difference) == ("0.92", "−0.03")


def test_the_working_says_when_as_of_which_day_and_by_which_method(client):
    profile = make_profile(live=True, judgements={"j1": "It is."})
    cite(profile, make_source(reliability="A"), direct=True)
    grade(profile)
    text = html(client, profile, "confidence/")
    for words in ("1 June 2026, 12:30 UTC", "10 July 2027", f"version {METHOD_VERSION}", 'href="/methodology/"'):
        assert words in text, words


def test_a_profile_without_judgements_tells_its_own_working(client):
    profile = make_profile(live=True)
    cite(profile, make_source(reliability="A"), direct=True)
    grade(profile)
    (waterfall,) = client.get(f"/profiles/{profile.slug}/confidence/").context["working"].waterfalls
    assert (waterfall.anchor, waterfall.grade.score) == ("working", "0.92")


def test_the_history_tells_each_grade_with_its_cause(client):
    profile = make_profile(live=True, judgements={"j1": "It is."})
    grade(profile)
    cite(profile)
    grade(profile, causes=[{"on": "citation", "op": "add", "count": 1, "title": "A report"}])
    working = client.get(f"/profiles/{profile.slug}/confidence/").context["working"]
    assert [move.seq for move in working.moves] == [2, 1]
    assert [dot.seq for dot, _move in working.dots] == [1, 2]
    assert "“A report” was cited." in html(client, profile, "confidence/")


def test_a_warning_that_two_judgements_share_is_said_once(client):
    profile = make_profile(live=True, judgements={"j1": "It is.", "j2": "It was."})
    echo = make_source("An echo", derived_from=[make_source("The origin")])
    cite(profile, echo, judgements=["j1"])
    cite(profile, echo, judgements=["j2"], stance="disputes")
    grade(profile)
    (warning,) = client.get(f"/profiles/{profile.slug}/confidence/").context["working"].warnings
    assert "The origin" in warning


def test_the_working_shows_its_sum_to_be_checked_by_hand(client):
    profile = make_profile(live=True, judgements={"j1": "It is."})
    cite(profile, make_source(reliability="B"))
    grade(profile)
    (waterfall,) = profile_working(client, profile).waterfalls
    sums = ["1.609 × 1 × 0.4 × 1 × 1 = 0.644", "S = 0.644", "1 − exp(−0.644) = 0.475"]
    assert [step.sums for step in waterfall.steps] == [sums]
    text = html(client, profile, "confidence/")
    assert "<span>1.609 × 1 × 0.4 × 1 × 1 = 0.644;</span> <span>S = 0.644;</span>" in text


def test_a_grade_that_rests_on_one_line_says_so(client):
    profile = make_profile(live=True, judgements={"j1": "It is.", "j2": "It was."})
    cite(profile, make_source("The record", publisher=make_publisher("Registry", reliability="A")), direct=True)
    cite(profile, make_source(), stance="disputes")
    cite(profile, make_source(), judgements=["j2"])
    cite(profile, make_source(), judgements=["j2"])
    grade(profile)
    sentence = "This grade rests on one line of evidence: without “The record” (Registry) it would be 0.00."
    assert profile_working(client, profile).rests_on == sentence
    assert f"<p>{sentence}</p>" in html(client, profile, "confidence/")
    cite(profile, make_source())
    grade(profile)
    assert "rests on one line" not in html(client, profile, "confidence/")


def test_one_line_alone_needs_no_table_of_what_carries_the_grade(client):
    profile = make_profile(live=True, judgements={"j1": "It is."}, cited=True)
    grade(profile)
    text = html(client, profile, "confidence/")
    assert "This grade rests on one line of evidence" in text
    assert "Table of what carries the grade" not in text


def test_a_grade_without_support_rests_on_nothing(client):
    profile = make_profile(live=True, judgements={"j1": "It is."})
    cite(profile, make_source(), stance="disputes")
    grade(profile)
    assert profile_working(client, profile).rests_on == ""


def test_weaker_lines_beyond_those_listed_are_counted(client):
    profile = make_profile(live=True, judgements={"j1": "It is."})
    for _ in range(26):
        cite(profile)
    grade(profile)
    working = profile_working(client, profile)
    assert (len(working.carried), working.more_carried) == (24, 2)
    assert "2 weaker lines are not listed." in html(client, profile, "confidence/")


# --- The grade as it stood --------------------------------------------------------------------------------------------


def profile_working(client, profile, on=""):
    response = client.get(f"/profiles/{profile.slug}/confidence/", {"on": on} if on else {})
    assert response.status_code == 200
    return response.context["working"]


def at(day, hour=12):
    return datetime(2026, *day, hour, tzinfo=UTC)


def approved(revision, at):
    with pgtrigger.ignore("profiles.Revision:approved_text_stays"):
        Revision.objects.filter(pk=revision.pk).update(approved_at=at)


@pytest.fixture
def moved():
    """Graded on 1 March, twice on 1 April, and on 1 May 2026; every time with one more source."""
    profile = make_profile("moved", live=True, name="Tidewater", judgements={"j1": "It is."})
    approved(profile.live_revision, at((3, 1), 9))
    for title, day, hour in [("One", (3, 1), 12), ("Two", (4, 1), 8), ("Three", (4, 1), 20), ("Four", (5, 1), 12)]:
        cite(profile, make_source(title, publisher=make_publisher(f"The {title} Press")))
        cause = {"on": "citation", "op": "add", "count": 1, "title": title}
        grade(profile, on=date(2026, *day), at=at(day, hour), causes=[cause])
    return profile


def test_a_grade_can_be_read_as_it_stood_at_the_end_of_a_day(client, moved):
    scores = {
        day: profile_working(client, moved, day).card.grade.score
        for day in ("2026-03-01", "2026-03-31", "2026-04-01", "2026-04-30", "2026-05-01", "2026-09-09")
    }
    assert scores == {
        "2026-03-01": "0.47",
        "2026-03-31": "0.47",
        "2026-04-01": "0.76",
        "2026-04-30": "0.76",
        "2026-05-01": "0.80",
        "2026-09-09": "0.80",
    }
    text = html(client, moved, "confidence/?on=2026-03-31")
    assert "As it stood on 31 March 2026, UTC.</strong> The last grade by then was given on 1 March 2026." in text
    assert "The last grade by then" not in html(client, moved, "confidence/?on=2026-04-01")
    assert "“One” (The One Press)" in text
    assert "“Two”" not in text
    assert "As of 1 March 2026, UTC" in text
    assert [move.seq for move in profile_working(client, moved, "2026-04-01").moves] == [3, 2, 1]


def test_the_page_of_an_earlier_day_leads_to_the_moves_around_it_and_to_now(client, moved):
    def ways(day):
        then = profile_working(client, moved, day).then
        return then.earlier, then.later

    assert ways("2026-03-01") == (None, date(2026, 4, 1))
    assert ways("2026-04-15") == (date(2026, 3, 1), date(2026, 5, 1))
    assert ways("2026-05-01") == (date(2026, 4, 1), None)
    text = html(client, moved, "confidence/?on=2026-04-15")
    for way in ("?on=2026-03-01", "?on=2026-05-01", ""):
        assert f'href="/profiles/moved/confidence/{way}"' in text, way


def test_each_move_of_the_history_leads_to_its_day(client, moved):
    text = html(client, moved, "confidence/")
    for day in ("2026-03-01", "2026-04-01", "2026-05-01"):
        assert f'<a href="/profiles/moved/confidence/?on={day}">' in text, day


def test_a_day_before_the_first_grade_says_when_that_was(client, moved):
    text = html(client, moved, "confidence/?on=2026-02-28")
    assert "Nothing had been graded on 28 February 2026, UTC." in text
    assert 'The first grade is of <a href="/profiles/moved/confidence/?on=2026-03-01">1 March 2026</a>.' in text
    working = profile_working(client, moved, "0001-01-01")
    assert (working.card.grade, working.waterfalls, working.moves) == (None, (), ())
    never = make_profile(live=True)
    assert "and nothing has been since" in html(client, never, "confidence/?on=2026-02-28")


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("yesterday", "“yesterday” is not a day. Write one such as 2025-03-01."),
        ("2025-02-30", "“2025-02-30” is not a day."),
        ("20250301", "“20250301” is not a day."),
        ("2025-W09-6", "“2025-W09-6” is not a day."),
        ("<b>", "“&lt;b&gt;” is not a day."),
        ("%00", "is not a day."),
        ("٢٠٢٥-03-01", "is not a day."),
        ("9999-12-31", "9999-12-31 is still to come."),
    ],
)
def test_what_is_no_day_or_still_to_come_is_refused_in_a_sentence(client, moved, asked, sentence):
    response = client.get(f"/profiles/moved/confidence/?on={asked}")
    assert response.status_code == 400
    assert sentence in response.text
    assert "public" not in response["Cache-Control"]


def test_an_empty_day_is_now(client, moved):
    assert html(client, moved, "confidence/?on=") == html(client, moved, "confidence/")


def test_the_page_of_an_earlier_day_is_not_for_search_engines(client, moved, settings):
    then, now = (html(client, moved, f"confidence/{query}") for query in ("?on=2026-04-01", ""))
    assert '<meta name="robots" content="noindex">' in then
    assert "noindex" not in now
    for text in (then, now):
        assert f'<link rel="canonical" href="{settings.SITE_URL}/profiles/moved/confidence/">' in text


def test_an_address_it_once_had_keeps_the_day(client, moved):
    FormerSlug.objects.create(slug="old-name", profile=moved)
    response = client.get("/profiles/old-name/confidence/?on=2026-04-01")
    assert (response.status_code, response["Location"]) == (301, "/profiles/moved/confidence/?on=2026-04-01")


def test_judgements_are_worded_as_they_were_that_day(client, moved):
    reworded = make_revision(moved, live=True, name="Tidewater", statements={"j1": "It certainly is."})
    approved(reworded, at((4, 10)))
    make_revision(moved, statements={"j1": "A draft that nobody has approved."})
    for day, statement in {"2026-04-09": "It is.", "2026-04-10": "It certainly is.", "": "It certainly is."}.items():
        (waterfall,) = profile_working(client, moved, day).waterfalls
        assert waterfall.statement == statement, day


def test_a_source_that_has_gone_since_is_named_as_gone_and_one_no_longer_cited_by_its_title(client, moved):
    Citation.objects.filter(source__title__in=["One", "Two"]).delete()
    Source.objects.get(title="One").delete()
    text = html(client, moved, "confidence/?on=2026-04-01")
    assert "is a source that is no longer on file:" in text
    assert "“Two” (The Two Press)" in text


def test_an_earlier_day_of_a_profile_that_was_withdrawn_is_not_shown(client, moved):
    moved.withdrawn_at = timezone.now()
    moved.save()
    assert client.get("/profiles/moved/confidence/?on=2026-04-01").status_code == 410


def test_a_grade_of_an_older_method_says_so_and_is_not_worked_out_by_the_newer_one(client, moved):
    GradingState.objects.update(method=METHOD_VERSION - 1)
    working = profile_working(client, moved)
    assert (working.method, working.newest_method, working.carried) == (METHOD_VERSION - 1, METHOD_VERSION, ())
    text = html(client, moved, "confidence/")
    assert f"Version {METHOD_VERSION - 1} of the method gave this grade." in text
    assert "about to be graded" in text
    assert "gave this grade" not in html(client, moved, "confidence/?on=2026-04-01")


def test_an_earlier_day_costs_the_same_queries_however_long_the_history(client, moved, django_assert_max_num_queries):
    with django_assert_max_num_queries(9):
        html(client, moved, "confidence/?on=2026-04-01")


# --- Figures ----------------------------------------------------------------------------------------------------------


def make_figure(extension="webp", digest="a" * 64, content=None):
    figure = Figure.objects.create(digest=digest, extension=extension, width=16, height=9, filename="drawing")
    default_storage.save(figure.path, ContentFile(picture() if content is None else content))
    return figure


def test_the_figure_of_a_live_profile_is_served_for_ever(client):
    figure = make_figure()
    profile = make_profile(live=True, figure=figure, figure_alt="Two lanes", figure_provenance="Drawn by the desk.")
    text = html(client, profile)
    assert f'src="{figure.get_absolute_url()}"' in text
    assert 'alt="Two lanes"' in text
    assert "Drawn by the desk." in text
    response = client.get(figure.get_absolute_url())
    assert b"".join(response.streaming_content) == picture()
    assert response["Content-Type"] == "image/webp"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response["X-Content-Type-Options"] == "nosniff"


def test_a_figure_that_no_live_text_uses_is_not_there(client):
    drafted, replaced, withdrawn = (make_figure(digest=letter * 64) for letter in "bcd")
    make_profile(figure=drafted)
    make_revision(make_profile(live=True, figure=replaced), live=True)
    gone = make_profile(live=True, figure=withdrawn)
    gone.withdrawn_at = timezone.now()
    gone.save()
    for figure in (drafted, replaced, withdrawn):
        assert client.get(figure.get_absolute_url()).status_code == 404


def test_no_svg_and_no_other_ending_is_served(client):
    svg = make_figure("svg", "e" * 64, b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    make_profile(live=True, figure=svg)
    make_profile(live=True, figure=make_figure("webp", "f" * 64))
    assert client.get(svg.get_absolute_url()).status_code == 404
    assert client.get(f"/media/figures/{'f' * 64}.png").status_code == 404


def test_a_figure_whose_file_is_lost_is_not_found(client):
    figure = make_figure()
    make_profile(live=True, figure=figure)
    default_storage.delete(figure.path)
    assert client.get(figure.get_absolute_url()).status_code == 404


# --- Citing -----------------------------------------------------------------------------------------------------------


def test_a_profile_can_be_cited_as_a_sentence_and_as_bibtex():
    reference = Reference(
        "at-t", "AT&T {Labs}", "Wanda Writer", date(2026, 1, 5), "Grade B/C (0.71)", "https://x.org/a_b/"
    )
    assert reference.plain == "Wanda Writer, “AT&T {Labs}”, Assay, 5 January 2026. Grade B/C (0.71). https://x.org/a_b/"
    assert reference.bibtex.splitlines() == [
        "@misc{assay-at-t,",
        r"  title = {{AT\&T \{Labs\}}},",
        "  author = {Wanda Writer},",
        "  year = {2026},",
        "  month = jan,",
        "  howpublished = {Assay},",
        "  note = {Grade B/C (0.71)},",
        "  url = {https://x.org/a_b/},",
        "}",
    ]


def test_a_citation_without_author_and_date_names_the_site():
    reference = Reference("x", "X", "", None, "", "https://x.org/")
    assert reference.plain == "“X”, Assay. https://x.org/"
    assert "author = {{Assay}}," in reference.bibtex


# --- When there is no page ---------------------------------------------------------------------------------------------


def test_a_missing_page_offers_the_search(client):
    text = client.get("/nothing-here/").content.decode()
    assert "There is no page at this address" in text
    assert 'name="q"' in text


@pytest.mark.parametrize("name", ["500.html", "503.html"])
def test_the_pages_for_our_own_faults_stand_without_context_and_database(name, django_assert_num_queries):
    with django_assert_num_queries(0):
        text = render_to_string(name)
    assert "<h1>" in text
    for path in re.findall(r'href="/static/([^"]+)"', text):
        assert finders.find(path), path


def test_browsers_that_ask_for_an_icon_by_its_old_name_find_one(client):
    response = client.get("/favicon.ico")
    assert (response.status_code, response["Location"]) == (301, "/static/favicon.ico")
    assert finders.find("favicon.ico")


def test_a_citation_for_no_judgement_says_that_it_takes_no_part(client):
    profile = make_profile(live=True, judgements={"j1": "It is."})
    cite(profile, judgements=[])
    assert "no key judgement, so it takes no part" in html(client, profile)
    alone = make_profile(live=True)
    cite(alone)
    assert "takes no part" not in html(client, alone)
