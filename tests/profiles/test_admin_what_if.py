"""The panel of the desk: what it says is what saving gives, and asking changes nothing."""

import html
import re

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from profiles.admin import what_if as desk
from profiles.grading import pipeline
from profiles.intake import actions
from profiles.models import Citation, Derivation, GradingState, Mark, Profile, Publisher, Source, Touch
from profiles.pages import what_if
from tests.builders import (
    cite,
    derive,
    make_profile,
    make_publisher,
    make_revision,
    make_source,
    settle,
)
from tests.profiles.intake import articles
from tests.profiles.test_admin import form_of, on_the_desk, save

pytestmark = pytest.mark.django_db(transaction=True)

STATEMENTS = {"j1": "It was founded in 2004.", "j2": "It is large."}


@pytest.fixture
def profile(client, edith):
    client.force_login(edith)
    profile = make_profile("example", name="Example Registry", live=True, judgements=STATEMENTS)
    cite(profile, make_source("The report", reliability="B"))
    settle()
    return profile


def address(obj):
    return reverse(f"admin:profiles_{obj._meta.model_name}_what_if", args=[obj.pk])


def ask(client, obj, **changes):
    """What the panel says to the form with these changes, in plain words."""
    filled = form_of(client.get(on_the_desk(type(obj), obj.pk))) | changes
    answer = client.post(address(obj), filled, headers={desk.FRAGMENT: "panel"})
    assert answer.status_code == 200
    return words(answer)


def words(answer):
    plain = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))
    return re.sub(r" ([.;])", r"\1", plain).strip()


def added_citation(cited, /, *judgements, number=1, **changes):
    fields = {
        "source": cited.pk,
        "position": number,
        "stance": "supports",
        "credibility": 2,
        "rests": [judgement.pk for judgement in judgements],
    }
    row = {f"citations-{number}-{name}": value for name, value in (fields | changes).items()}
    return {"citations-TOTAL_FORMS": str(number + 1), **row}


def added_origin(origin, number=0):
    row = {f"derivations-{number}-origin": origin.pk, f"derivations-{number}-position": number}
    return {"derivations-TOTAL_FORMS": str(number + 1), **row}


def graded(profile):
    state = GradingState.objects.get(pk=profile.pk)
    return f"{state.score}"


def said_after(panel):
    """The score the panel promises for the one profile it is about."""
    return re.search(r"with this (\d\.\d\d)", panel)[1]


# --- What it says -----------------------------------------------------------------------------------------------------


def test_an_untouched_form_says_the_grade_as_it_is(client, profile):
    panel = ask(client, profile)
    assert "Now 0.47 · Grade C/D — Weak–medium; with this the same" in panel
    assert graded(profile) == "0.47"
    assert "“It was founded in 2004” decides: it is the least sure essential judgement." in panel


def test_a_citation_filled_in_shows_the_grade_before_and_after(client, profile):
    source = make_source("The filing", reliability="C")
    panel = ask(client, profile, **added_citation(source, profile.judgements.get(key="j1"), direct="on"))
    assert "Now 0.47 · Grade C/D — Weak–medium → with this 0.81 · Grade A/B — Strong" in panel
    assert "one independent source → two independent sources, one of them direct" in panel


def test_another_deciding_judgement_is_named(client, profile):
    panel = ask(client, profile, **{"judgements-1-essential": "on"})
    assert "→ with this 0.00 · Grade D — Internal monitoring" in panel
    assert (
        "“It is large” would decide, as the least sure essential judgement, instead of “It was founded in 2004”."
        in panel
    )
    assert "New to look at: “It is large” is essential but rests on no citation." in panel


def test_the_next_best_step_is_to_cite_the_origin_itself(client, profile):
    origin = make_source("The memo", publisher=make_publisher("The ministry", reliability="C"))
    panel = ask(client, Source.objects.get(title="The report"), **added_origin(origin))
    assert "Now 0.47 · Grade C/D — Weak–medium; with this the same" in panel
    assert "one independent source → one independent source, known only at second hand" in panel
    assert (
        "Next best step: Cite “The memo” (The ministry) itself: 0.47 → 0.70 (Grade B/C)."
        " Assumed: it is direct and probably true (2)." in panel
    )


def test_a_letter_shows_whose_band_would_change(client, profile):
    publisher = Publisher.objects.get()
    others = [make_profile(f"other-{number}", name=f"Other {number}", live=True) for number in range(3)]
    for other in others:
        cite(other, make_source(publisher=publisher), direct=True)
    panel = ask(client, publisher, reliability="C")
    assert "3 of 4 profiles would change their bands; 4 would change in score or breadth." in panel
    assert "Other 1 Now 0.80 · Grade A/B — Strong → with this 0.70 · Grade B/C — Medium" in panel
    assert "Example Registry Now 0.47 · Grade C/D — Weak–medium → with this 0.38 · Grade C/D — Weak–medium" in panel


def test_a_draft_is_told_apart_from_what_is_public(client, profile):
    publisher = Publisher.objects.get()
    cite(make_profile("unfinished"), make_source(publisher=publisher), direct=True)
    assert "unfinished (not public)" in ask(client, publisher, reliability="D")


def test_reliability_a_and_a_direct_source_of_it_are_said_to_be_proposals(client, profile):
    assert "Reliability A is a proposal" in ask(client, Publisher.objects.get(), reliability="A")
    source = make_source("The record", reliability="A")
    row = added_citation(source, profile.judgements.get(key="j1"), direct="on")
    assert "“The record” as a direct source of a publisher of Reliability A is a proposal" in ask(
        client, profile, **row
    )


def test_a_direct_source_that_comes_under_a_publisher_of_reliability_a_is_said_to_be_a_proposal(client, profile):
    report, top = Source.objects.get(), make_publisher("The court", reliability="A")
    assert "is a proposal" not in ask(client, report, publisher=top.pk)
    Citation.objects.update(direct=True)
    said = "To file it under The court, of Reliability A, is a proposal: it counts once another editor accepts it."
    assert said in ask(client, report, publisher=top.pk)
    assert "is a proposal" not in ask(client, report)


def test_what_nobody_cites_moves_no_grade(client, profile):
    assert "No profile rests on this" in ask(client, make_publisher(), reliability="D")
    assert "No profile rests on this" in ask(client, make_source(), published_on="2001-01-01")


def test_links_that_close_a_ring_are_warned_of(client, profile):
    report = Source.objects.get(title="The report")
    echo = make_source("The echo", derived_from=[report])
    panel = ask(client, report, **added_origin(echo))
    assert "New to look at:" in panel
    assert "goes back to itself through a ring of links" in panel


# --- What it says is what saving gives ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("stance", "credibility"), [("supports", 2), ("disputes", 4), ("context", 2)])
def test_a_citation_gives_what_the_panel_said(client, profile, stance, credibility):
    origin = make_source("The memo", reliability="B")
    source = make_source("The echo", reliability="C", derived_from=[origin])
    row = added_citation(source, profile.judgements.get(key="j1"), stance=stance, credibility=credibility, direct="on")
    panel = ask(client, profile, **row)
    save(client, Profile, profile.pk, **row)
    if "with this the same" in panel:
        assert graded(profile) == "0.47"
    else:
        assert said_after(panel) == graded(profile)


def test_a_changed_and_a_removed_citation_give_what_the_panel_said(client, profile):
    other = cite(profile, make_source("The filing", reliability="A"))
    settle()
    assert graded(profile) == "0.77"
    removed = {"citations-1-DELETE": "on", "citations-0-credibility": "3"}
    panel = ask(client, profile, **removed)
    save(client, Profile, profile.pk, **removed)
    assert said_after(panel) == graded(profile) == "0.40"
    assert not Citation.objects.filter(pk=other.pk).exists()


def test_a_derivation_gives_what_the_panel_said(client, profile):
    report, first = Source.objects.get(title="The report"), make_source("The memo", reliability="A")
    cite(profile, first, direct=True)
    settle()
    assert graded(profile) == "0.95"
    panel = ask(client, report, **added_origin(first))
    save(client, Source, report.pk, **added_origin(first))
    assert said_after(panel) == graded(profile) == "0.92"
    panel = ask(client, report, **{"derivations-0-DELETE": "on"})
    save(client, Source, report.pk, **{"derivations-0-DELETE": "on"})
    assert said_after(panel) == graded(profile) == "0.95"


def test_a_derivation_prepared_on_a_draft_keeps_counting_for_that_draft(client, profile):
    report, prepared = Source.objects.get(title="The report"), make_source("The memo")
    draft = make_profile("draft", judgements={"j1": "It is."})
    cite(draft, report, direct=True)
    derive(report, prepared, position=1, draft_of=draft)
    change = what_if.resourced(what_if.FilledSource(report.pk, report.publisher_id, None, ()))
    after = {case.profile_id: change(case) for case in what_if.reading.cases([profile.pk, draft.pk])}
    assert after[profile.pk].known[report.pk].derived_from == ()
    assert after[draft.pk].known[report.pk].derived_from == (prepared.pk,)
    assert after[draft.pk].evidence[0].derived_from == (prepared.pk,)


def test_a_source_of_another_publisher_and_day_gives_what_the_panel_said(client, profile):
    changes = {"publisher": make_publisher(reliability="D").pk, "published_on": "2012-01-01"}
    report = Source.objects.get(title="The report")
    panel = ask(client, report, **changes)
    save(client, Source, report.pk, **changes)
    assert said_after(panel) == graded(profile) == "0.05"


def test_a_letter_gives_what_the_panel_said(client, profile):
    publisher, scores = Publisher.objects.get(), {}
    for letter in "CDEF":
        panel = ask(client, publisher, reliability=letter)
        Publisher.objects.filter(pk=publisher.pk).update(reliability=letter)
        settle()
        scores[letter] = graded(profile)
        assert said_after(panel) == scores[letter]
    assert scores == {"C": "0.38", "D": "0.18", "E": "0.04", "F": "0.34"}


# --- Asking changes nothing -------------------------------------------------------------------------------------------


def test_asking_writes_nothing_leaves_no_mark_and_tells_nobody(client, profile, monkeypatch):
    monkeypatch.setattr(pipeline, "nudge", lambda: pytest.fail("a question is no edit"))
    publisher, report = Publisher.objects.get(), Source.objects.get()
    origin = make_source("The memo")
    forms = [
        (publisher, {"reliability": "E"}),
        (report, added_origin(origin)),
        (profile, added_citation(origin, profile.judgements.get(key="j1"))),
    ]
    filled = [(obj, form_of(client.get(on_the_desk(type(obj), obj.pk))) | changes) for obj, changes in forms]
    for obj, form in filled:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert client.post(address(obj), form).status_code == 200
        assert [one["sql"] for one in asked if re.match("INSERT|UPDATE|DELETE", one["sql"])] == []
        assert any("READ ONLY" in one["sql"] for one in asked)
    assert (Mark.objects.count(), Touch.objects.count(), LogEntry.objects.count()) == (0, 0, 0)
    assert (Citation.objects.count(), Derivation.objects.count()) == (1, 0)
    assert Publisher.objects.get(pk=publisher.pk).reliability == "B"


def test_the_snapshot_a_question_is_answered_in_cannot_write(client, profile, monkeypatch):
    monkeypatch.setattr(what_if, "panel_of_letter", lambda publisher, letter, notes: publisher.delete())
    form = form_of(client.get(on_the_desk(Publisher, Publisher.objects.get().pk)))
    client.raise_request_exception = False
    assert client.post(address(Publisher.objects.get()), form).status_code == 500
    assert Publisher.objects.count() == 1


# --- Who asks, and how ------------------------------------------------------------------------------------------------


def test_without_scripts_the_same_panel_is_a_page(client, profile):
    form = client.get(on_the_desk(Profile, profile.pk))
    assert f'formaction="{address(profile)}"' in form.text
    page = client.post(address(profile), form_of(form) | {"citations-0-credibility": "4"})
    assert "<h1>What if</h1>" in page.text
    assert "Now 0.47 · Grade C/D — Weak–medium → with this 0.20 · Grade D — Weak signal" in words(page)
    assert "Nothing was saved" in page.text


def test_a_panel_looked_up_by_its_address_leads_to_the_form(client, profile):
    assert client.get(address(profile)).headers["Location"] == on_the_desk(Profile, profile.pk)


def test_a_profile_that_is_not_on_file_yet_has_no_panel(client, profile):
    assert "what-if" not in client.get(on_the_desk(Profile)).text
    assert client.post("/admin/profiles/profile/999999999999999999999/what-if/").status_code == 404


def test_whoever_may_only_look_sees_the_grade_as_it_is(client, wanda, profile):
    client.force_login(wanda)
    panel = words(client.post(address(profile), {"citations-TOTAL_FORMS": "0", "citations-INITIAL_FORMS": "0"}))
    assert "Now 0.47 · Grade C/D — Weak–medium; with this the same" in panel
    letter = words(client.post(address(Publisher.objects.get()), {"reliability": "E"}))
    assert "Now 0.47 · Grade C/D — Weak–medium; with this the same" in letter


def test_whoever_may_not_look_is_turned_away(client, otto, mina, profile):
    client.force_login(otto)
    assert [client.post(address(one), {}).status_code for one in (profile, Source.objects.get())] == [403, 403]
    client.force_login(mina)
    assert client.post(address(profile), {}).status_code == 302
    client.logout()
    assert client.post(address(profile), {}).status_code == 302


def test_a_question_needs_the_token_of_the_form(edith, profile):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(edith)
    assert strict.post(address(profile), {}).status_code == 403


# --- Bad input --------------------------------------------------------------------------------------------------------


def test_a_row_that_is_not_complete_is_left_out_and_said_to_be(client, profile):
    judgement = profile.judgements.get(key="j1")
    panel = ask(client, profile, **added_citation(make_source(), judgement, source=""))
    assert "with this the same" in panel
    assert "Citation 2 is not complete, so it is left out: Source: This field is required." in panel


def test_a_row_that_cannot_be_read_counts_as_it_is_on_file(client, profile):
    panel = ask(client, profile, **{"citations-0-credibility": "nine"})
    assert "with this the same" in panel
    assert "Citation 1 is not complete, so what is on file counts: Credibility: Select a valid choice." in panel


def test_a_source_cited_twice_for_one_judgement_is_told(client, profile):
    row = added_citation(Source.objects.get(), profile.judgements.get(key="j1"), credibility=4)
    panel = ask(client, profile, **row)
    assert "A source is cited twice where it can answer only once, so this cannot be graded." in panel
    assert "j1 can rest on “The report” only once." in panel


def test_two_judgements_of_one_key_are_told(client, profile):
    renamed = {"judgements-1-key": "j1"}
    assert "Two judgements have the key j1, so this cannot be graded." in ask(client, profile, **renamed)
    third = {"judgements-TOTAL_FORMS": "3", "judgements-2-key": "j2", "judgements-2-position": "2"}
    assert "Two judgements have the key j2, so this cannot be graded." in ask(client, profile, **third)


def test_a_letter_and_a_day_that_do_not_exist_are_told(client, profile):
    letter = ask(client, Publisher.objects.get(), reliability="Z")
    assert (
        "Reliability: Select a valid choice. Z is not one of the available choices. What is on file counts." in letter
    )
    day = ask(client, Source.objects.get(), published_on="the 31st of June")
    assert "Published on: Enter a valid date. What is on file counts." in day


GARBAGE = [
    {},
    {"citations-TOTAL_FORMS": "x"},
    {"citations-TOTAL_FORMS": "-1", "citations-INITIAL_FORMS": "7"},
    {"citations-TOTAL_FORMS": "3", "citations-INITIAL_FORMS": "3", "citations-0-id": "99999999999999999999"},
    {
        "citations-TOTAL_FORMS": "1",
        "citations-INITIAL_FORMS": "0",
        "citations-0-source": "\x00",
        "citations-0-rests": ["1e9", "\x00", "99999999999999999999"],
        "citations-0-position": "99999999999999999999",
    },
    {"derivations-TOTAL_FORMS": "1", "derivations-INITIAL_FORMS": "0", "derivations-0-origin": "９" * 40},
    {"derivations-TOTAL_FORMS": "1", "derivations-INITIAL_FORMS": "1", "derivations-0-id": "\x00"},
    {"reliability": "\x00", "publisher": "\x00", "published_on": "0000-00-00", "title": "\x00" * 3},
    {"judgements-TOTAL_FORMS": "999999", "judgements-INITIAL_FORMS": "2", "judgements-5-key": "\x00"},
]


def test_garbage_is_answered_with_a_panel(client, profile):
    for garbage in GARBAGE:
        for obj in (profile, Source.objects.get(), Publisher.objects.get()):
            answer = client.post(address(obj), garbage)
            assert (answer.status_code, "Now 0.47" in words(answer)) == (200, True), garbage


# --- Bounded work -----------------------------------------------------------------------------------------------------


def cited_by_many(count, publisher):
    source = make_source("The wire", publisher=publisher)
    profiles = [make_profile(live=True) for _ in range(count)]
    for profile in profiles:
        cite(profile, source)
    return source


def test_of_many_profiles_the_first_are_looked_at_and_the_rest_is_said(client, profile, monkeypatch):
    monkeypatch.setattr(what_if, "MOST_LOOKED_AT", 4)
    monkeypatch.setattr(what_if, "MOST_SHOWN", 3)
    source = cited_by_many(6, make_publisher())
    panel = ask(client, source.publisher, reliability="E")
    assert "Of 6 profiles that rest on this, the first 4 looked at. 4 of 4 profiles would change their bands." in panel
    assert "And 1 more." in panel
    assert "6 profiles rest on this. Nothing filled in so far changes a grade." in ask(client, source.publisher)


def test_when_the_time_is_up_the_panel_says_how_far_it_got(client, profile, monkeypatch):
    monkeypatch.setattr(what_if, "AT_ONCE", 2)
    monkeypatch.setattr(what_if, "SECONDS", 0.0)
    source = cited_by_many(5, make_publisher())
    assert "Of 5 profiles that rest on this, the first 2 looked at." in ask(client, source, published_on="2001-01-01")


def test_one_profile_or_thirty_cost_the_same_queries(client, profile):
    costs = []
    for count in (2, 30):
        publisher = cited_by_many(count, make_publisher()).publisher
        form = form_of(client.get(on_the_desk(Publisher, publisher.pk))) | {"reliability": "E"}
        with CaptureQueriesContext(connection) as asked:
            client.post(address(publisher), form)
        costs.append(len(asked))
    assert costs[0] == costs[1]


def test_a_profile_that_cannot_be_graded_does_not_stand_in_the_way(client, profile):
    publisher = make_publisher()
    source = cited_by_many(2, publisher)
    broken = make_profile(live=True)
    cite(broken, source)
    cite(broken, source, credibility=4)
    assert "2 of 3 profiles would change their bands" in ask(client, publisher, reliability="E")


def test_a_judgement_counts_only_once_a_text_states_it(client, profile):
    profile.judgements.create(key="j9", position=9)
    panel = ask(client, profile, **{"judgements-2-essential": "on"})
    assert "with this the same" in panel
    make_revision(profile, live=True, statements=STATEMENTS | {"j9": "It is old."})
    assert "“It is old” would decide" in ask(client, profile, **{"judgements-2-essential": "on"})


# --- On the page of an article that is taken in -----------------------------------------------------------------------


@pytest.fixture
def article(profile):
    """An article that is on file already, as the report the profile rests on, and what it may repeat."""
    source = Source.objects.get()
    source.url = "https://example.org/report"
    source.save()
    [intake] = actions.take(pasted=f"https://example.org/report\n{articles.FIRST_HAND}")
    return intake


def ask_of(client, intake, *accepted, **changes):
    filled = form_of_article(client, intake) | {f"p{one.pk}-decision": "accept" for one in accepted} | changes
    answer = client.post(address(intake), filled, headers={desk.FRAGMENT: "panel"})
    assert answer.status_code == 200
    return words(answer)


def form_of_article(client, intake):
    page = client.get(reverse("admin:profiles_intake_change", args=[intake.pk]))
    forms = [page.context["filing"], *(form for _shown, form in page.context["asked"])]
    fields = [field for form in forms if form for field in form]
    filled = {field.html_name: "" if field.value() is None else field.value() for field in fields}
    return filled | {"authors": "", "publisher": "Harbour Daily"}


def test_an_accepted_proposal_shows_which_grades_would_move_and_accepting_it_moves_them_so(client, article, profile):
    report = article.proposals.get(thing="report")
    assert "1 profile rests on this. Nothing filled in so far changes a grade." in ask_of(client, article)
    ministry = make_publisher("Tidewater Press", reliability="B")
    origin = make_source("The memo", publisher=ministry)
    cite(profile, origin)
    settle()
    before = graded(profile)
    chosen = {f"p{report.pk}-origin": origin.pk}
    filled = form_of_article(client, article) | {f"p{report.pk}-decision": "accept"} | chosen
    with CaptureQueriesContext(connection) as asked:
        page = client.post(address(article), filled)
    panel = words(page)
    assert [one["sql"] for one in asked if re.match("INSERT|UPDATE|DELETE", one["sql"])] == []
    assert (Mark.objects.count(), Touch.objects.count(), Derivation.objects.count()) == (0, 0, 0)
    assert f'<a href="{on_the_desk(Profile, profile.pk)}">Example Registry</a>' in page.text
    assert f"Now {before} " in panel
    assert "two independent sources → one independent source (one further report of the same)" in panel
    assert ask_of(client, article, report, **chosen) in panel
    done = client.post(reverse("admin:profiles_intake_change", args=[article.pk]), filled | {"_take_in": "1"})
    assert done.status_code == 302
    settle()
    assert (graded(profile), before != graded(profile)) == (said_after(panel), True)


def test_an_origin_that_is_not_on_file_yet_moves_what_filing_it_would(client, article, profile):
    report, paper = (article.proposals.get(thing=thing) for thing in ("report", "paper"))
    panel = ask_of(client, article, report)
    assert "0 of 1 profile would change their bands; 1 would change in score or breadth." in panel
    assert "one independent source → one independent source, known only at second hand" in panel
    assert "“Report by Tidewater Press” (Tidewater Press)" in panel
    unnamed = ask_of(client, article, paper)
    assert "Proposal 1 is not complete, so it is left out: Title: Give the origin a title." in unnamed
    assert "Nothing filled in so far changes a grade." in unnamed
    the_same = {f"p{paper.pk}-title": "Report by Tidewater Press", f"p{paper.pk}-publisher": "the tidewater press"}
    assert ask_of(client, article, report, paper, **the_same).startswith(panel.partition("New to look at")[0])
    itself = {f"p{report.pk}-url": "https://example.org/report"}
    assert "Nothing filled in so far changes a grade." in ask_of(client, article, report, **itself)


def test_an_article_that_is_not_on_file_moves_no_grade(client, article):
    report = article.proposals.get(thing="report")
    panel = ask_of(client, article, report, url="https://example.org/another")
    assert panel == "This source is not on file yet: no profile rests on it, so no grade can move."


def test_what_is_linked_for_a_draft_moves_that_draft_alone(client, article, profile):
    report, source = article.proposals.get(thing="report"), Source.objects.get(title="The report")
    draft, other = make_profile("a-draft"), make_profile("another-draft")
    assert "No profile rests on this" in ask_of(client, article, report, profile=draft.pk)
    for one in (draft, other):
        cite(one, source)
    panel = ask_of(client, article, report, profile=draft.pk)
    assert "0 of 1 profile would change" in panel
    assert "a-draft (not public)" in panel
    assert "For the draft a-draft: what is linked counts for it alone until it is published." in panel
    assert "of 3 profiles would" in ask_of(client, article, report)


def test_an_author_is_told_that_an_editor_links_what_is_live(client, article, wanda):
    client.force_login(wanda)
    panel = ask_of(client, article, article.proposals.get(thing="report"))
    assert "A live profile rests on this source, so an editor links it. Shown is the grade after that." in panel
    assert "1 would change in score or breadth" in panel


def test_what_a_colleague_decided_meanwhile_is_left_out(client, article, frank):
    report = article.proposals.get(thing="report")
    filled = form_of_article(client, article) | {f"p{report.pk}-decision": "accept"}
    article.proposals.filter(pk=report.pk).update(decision="rejected")
    panel = words(client.post(address(article), filled, headers={desk.FRAGMENT: "panel"}))
    assert re.search(r"Proposal \d was decided meanwhile, so it is left out\.", panel)


def test_without_scripts_a_button_of_the_article_shows_what_would_move(client, article):
    page = client.get(reverse("admin:profiles_intake_change", args=[article.pk]))
    assert f'formaction="{address(article)}" formtarget="_blank">Show what would move' in page.text
    for garbage in ({}, {"title": "\x00", "profile": "x"}, {"p9-decision": "accept"}):
        assert "<h1>What if</h1>" in client.post(address(article), garbage).text
