"""What an operator types about grades."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from profiles.models import Citation, Derivation, Grade, GradingState, Judgement, Profile, Source
from tests.builders import cite, make_profile, make_source, settle

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def profile():
    profile = make_profile("example", live=True, judgements={"j1": "It was founded in 2004.", "j2": "It is large."})
    cite(profile, make_source("The report", reliability="B", derived_from=[make_source("The origin")]))
    return profile


def said(capsys, *command, **options):
    call_command(*command, **options)
    return capsys.readouterr().out


def test_drain_grades_whatever_is_pending(capsys, profile):
    assert said(capsys, "drain") == "1 graded.\n"
    assert said(capsys, "drain") == "0 graded.\n"


def test_explain_tells_the_grade_step_by_step(capsys, profile):
    out = said(capsys, "explain", "example", on="2026-06-30")
    assert out.startswith("example: 0.47 · Grade C/D · Weak–medium\none independent source, known only at second hand")
    assert "“The report”" in out
    assert "j1: 0.47 · Grade C/D · It was founded in 2004." in out


def test_explain_tells_every_judgement_and_on_demand_its_sum(capsys, profile):
    cite(profile, make_source("The record", reliability="A"), direct=True, judgements=["j2"])
    told = said(capsys, "explain", "example", on="2026-06-30")
    assert "  decides the grade\n" in told
    assert "  0.000 → 0.920  The strongest line of evidence is “The record” (" in told
    assert "exp" not in told
    sums = said(capsys, "explain", "example", "--arithmetic", on="2026-06-30")
    assert "                 1.609 × 1 × 0.4 × 1 × 1 = 0.644; S = 0.644; 1 − exp(−0.644) = 0.475\n" in sums
    assert "                 2.526 × 1 × 1 × 1 × 1 = 2.526; S = 2.526; 1 − exp(−2.526) = 0.920\n" in sums
    assert [line for line in sums.splitlines() if "exp" not in line] == told.splitlines()


def test_explain_prints_the_sentences_of_the_page(capsys, client, profile):
    cite(profile, make_source("The record", reliability="A"), direct=True, judgements=["j2"])
    cite(profile, make_source("A denial"), stance="disputes", judgements=["j2"])
    settle()
    page = client.get("/profiles/example/confidence/").context["working"]
    out = said(capsys, "explain", "example", "--arithmetic")
    steps = [step for waterfall in page.waterfalls for step in waterfall.steps]
    assert len(steps) == 4
    for step in steps:
        assert f"  {step.before} → {step.after}  {step.text}\n{'':17}{step.by_hand}\n" in out
    assert f"  0.000 → 0.000  {page.opening}\n" in out
    assert [warning for warning in page.warnings if warning not in out] == []


def test_explain_says_a_warning_of_both_sides_once(capsys, profile):
    origin = Source.objects.get(title="The origin")
    cite(profile, make_source("The rebuttal", derived_from=[origin]), stance="disputes", judgements=["j2"])
    cite(profile, make_source("The echo", derived_from=[origin]), judgements=["j2"])
    out = said(capsys, "explain", "example", on="2026-06-30")
    assert out.count("is an origin that the reports go back to, but it is not cited beside them.") == 1
    assert len(json.loads(said(capsys, "explain", "example", "--json"))["warnings"]) == 2


def test_explain_as_data_has_exactly_the_published_keys(capsys, profile):
    told = json.loads(said(capsys, "explain", "example", "--json", "--on", "2026-06-30"))
    assert list(told) == [
        "slug", "score", "band", "label", "breadth", "method", "as_of", "due", "steps", "warnings", "judgements",
    ]  # fmt: skip
    assert list(told["judgements"]["j1"]) == [
        "statement", "essential", "lasting", "score", "band", "label", "breadth", "steps",
    ]  # fmt: skip
    assert (told["score"], told["as_of"], told["judgements"]["j1"]["essential"]) == (0.47, "2026-06-30", True)


def test_explain_says_which_slug_or_day_it_did_not_understand(profile):
    with pytest.raises(CommandError, match="No profile has the slug 'nothing'"):
        call_command("explain", "nothing")
    with pytest.raises(CommandError, match="--on is 'yesterday'; write a day such as 2025-03-01"):
        call_command("explain", "example", on="yesterday")


def test_regrade_check_finds_no_difference_after_grading(capsys, profile):
    settle()
    assert said(capsys, "regrade", "--all", "--check") == "No difference; 1 profiles checked.\n"


def test_regrade_check_prints_each_difference_and_fails(capsys, profile):
    settle()
    GradingState.objects.update(verdict={**GradingState.objects.get().verdict, "score": 0.99})
    with pytest.raises(CommandError, match="Differences: 1, in 1 profiles checked"):
        call_command("regrade", "--all", "--check")
    assert capsys.readouterr().out == "example: state: score is stored as 0.99, recomputed as 0.47\n"


def test_regrade_by_name_mends_what_was_wrong(capsys, profile):
    settle()
    GradingState.objects.update(score="0.99", verdict={})
    assert said(capsys, "regrade", "example") == "1 graded.\n"
    assert str(GradingState.objects.get().score) == "0.47"
    assert Grade.objects.count() == 1


@pytest.mark.parametrize(
    "mistake",
    [
        "UPDATE profiles_gradingstate SET verdict = NULL, score = 0.99",
        "UPDATE profiles_gradingstate SET verdict = jsonb_set(verdict, '{score}', '0.99')",
        "UPDATE profiles_gradingstate SET verdict = NULL, seq = seq + 5",
        "UPDATE profiles_gradingstate SET verdict = NULL, seq = 0",
        "DELETE FROM profiles_gradingstate",
    ],
)
def test_regrade_mends_what_was_written_past_the_grading(capsys, profile, mistake):
    settle()
    with connection.cursor() as cursor:
        cursor.execute(mistake)
    with pytest.raises(CommandError, match="Differences"):
        call_command("regrade", "--all", "--check")
    call_command("regrade", "--all")
    assert "No difference; 1 profiles checked." in said(capsys, "regrade", "--all", "--check")
    Citation.objects.update(credibility=4)
    settle()
    assert list(Grade.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2]


def test_regrade_asks_for_names_or_all(profile):
    for command in (["regrade"], ["regrade", "example", "--all"]):
        with pytest.raises(CommandError, match="Name some profiles by their slugs, or say --all"):
            call_command(*command)
    with pytest.raises(CommandError, match="No profile has the slug 'nothing'"):
        call_command("regrade", "nothing")


def test_a_generated_corpus_is_graded_without_difference(capsys):
    call_command("generate", profiles=12, citations=8, judgements=2, seed=1)
    assert (Profile.objects.published().count(), Citation.objects.count(), Judgement.objects.count()) == (12, 96, 24)
    assert Derivation.objects.exists()
    settle()
    assert Grade.objects.count() == 12
    assert "No difference; 12 profiles checked." in said(capsys, "regrade", "--all", "--check")


def corpus():
    titles = list(Source.objects.order_by("pk").values_list("title", "published_on", "publisher__slug"))
    return titles, list(Citation.objects.order_by("pk").values_list("source__title", "stance", "credibility", "direct"))


def test_the_same_seed_generates_the_same_corpus_and_only_once():
    call_command("generate", profiles=3, citations=4, seed=7)
    first = corpus()
    with pytest.raises(CommandError, match="The corpus of seed 7 is here already"):
        call_command("generate", profiles=3, citations=4, seed=7)
    call_command("flush", interactive=False)
    call_command("generate", profiles=3, citations=4, seed=7)
    assert corpus() == first


def test_a_corpus_without_citations_or_judgements_can_be_asked_for():
    call_command("generate", profiles=2, citations=0, judgements=0, seed=1)
    settle()
    assert {str(state.score) for state in GradingState.objects.all()} == {"0.00"}
    with pytest.raises(CommandError, match="at least one profile"):
        call_command("generate", profiles=0)
