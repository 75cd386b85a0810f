"""From what is pasted to what is filed and linked."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Thread

import pytest
from django.conf import settings as configured
from django.core.exceptions import ValidationError
from django.db import connection

from profiles import chores
from profiles.intake import actions
from profiles.intake.actions import CannotLink, DecidedMeanwhile, Decision, Filing, NotReady, NotTaken, take, take_in
from profiles.intake.filing import day_of, origins_for, publisher_named, title_for
from profiles.models import Choice, Derivation, Intake, IntakeProposal, IntakeText, Progress, Publisher, Source
from tests.builders import cite, derive, make_profile, make_publisher, make_source
from tests.conftest import behind_the_wall
from tests.profiles.intake import articles
from tests.profiles.intake.test_reading import LINKED_DATA, page

pytestmark = pytest.mark.django_db

FILED = Filing(title="Northwind opens its model", publisher="Harbour Daily", published_on=date(2024, 11, 4))
REPORT = Filing(title="Delta engineers bend a model to dams", publisher="Tidewater Press")


@pytest.fixture(autouse=True)
def as_a_worker():
    """What is done here is done with the rights of the site."""
    with behind_the_wall():
        yield


@pytest.fixture
def fetches(settings):
    settings.ENV = replace(configured.ENV, intake_fetch=True)


def proposals(intake):
    return {(one.kind, one.thing, one.name) for one in IntakeProposal.objects.filter(intake=intake)}


def text_of(intake):
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("SELECT body FROM profiles_intaketext WHERE intake_id = %s", [intake.pk])
        found = cursor.fetchone()
    return found[0] if found else None


def the_proposal(intake, **fields):
    return IntakeProposal.objects.get(intake=intake, **fields)


# --- Pasting ----------------------------------------------------------------------------------------------------------


def test_a_pasted_text_is_read_at_once_and_without_a_network(wanda, no_sockets):
    [intake] = take(pasted=f"https://example.org/a\n{articles.FIRST_HAND}", by=wanda)
    assert (intake.progress, intake.title) == (Progress.READ, "Northwind's model is being used by dam engineers")
    assert (intake.url, intake.added_by) == ("https://example.org/a", wanda)
    assert proposals(intake) == {("named", "report", "Tidewater Press"), ("named", "paper", "")}


def test_several_texts_are_compared_with_each_other_whichever_came_first():
    plain, first, second, other, rewritten = take(pasted="\n---\n".join(articles.ALL))
    for intake in (plain, first, second, rewritten):
        assert {thing for _kind, thing, name in proposals(intake) if name == "Tidewater Press"} == {"report"}
        assert any(thing == "paper" for _kind, thing, _name in proposals(intake))
    assert ("quotation", "statement", "Northwind") in proposals(first) & proposals(second)
    assert proposals(other) == set()


def test_pasting_the_same_twice_proposes_that_they_are_the_same():
    first, again = take(pasted=f"{articles.PLAIN}\n---\n{articles.PLAIN}")
    assert ("passage", "", "") in proposals(first) & proposals(again)


@pytest.mark.parametrize(
    ("pasted", "why"),
    [
        ("", "Paste an address, or the text"),
        ("\n".join(f"https://example.org/{n}" for n in range(21)), "These are 21 articles"),
        ("https://example.org:22/a\nA text.", "names port 22"),
        ("https://ann:b@example.org/a\nA text.", "user name or password"),
    ],
)
def test_what_cannot_be_taken_says_why_and_leaves_nothing(pasted, why):
    with pytest.raises(NotTaken, match=why):
        take(pasted=pasted)
    assert Intake.objects.count() == 0


def test_an_address_is_not_taken_where_fetching_is_off():
    with pytest.raises(NotTaken, match="fetches no addresses"):
        take(pasted=f"https://example.org/a\n---\n{articles.PLAIN}\n---\nhttps://example.org/b")
    assert Intake.objects.count() == 0


def test_a_long_text_is_left_to_the_worker():
    [intake] = take(pasted=articles.PLAIN + "A word. " * 10_000)
    assert intake.progress == Progress.QUEUED
    assert actions.read_next().pk == intake.pk
    intake.refresh_from_db()
    assert intake.progress == Progress.READ


def test_a_pasted_page_is_read_by_the_worker_as_a_page(no_sockets):
    [intake] = take(pasted=page(LINKED_DATA).decode())
    assert intake.progress == Progress.QUEUED
    actions.read_next()
    intake.refresh_from_db()
    assert (intake.progress, intake.title, intake.publisher_name) == (Progress.READ, "Mills close", "Harbour Daily")


# --- Fetching ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def fetched(host, limits, fetches):
    """Queue an address of the test's host and read it."""

    def fetch(path="/a"):
        intake = Intake.objects.create(url=f"{host.url}{path}")
        actions.read_next(limits())
        intake.refresh_from_db()
        return intake

    return fetch


def test_an_address_is_fetched_and_read(host, fetched):
    make_publisher("The Harbour Daily")
    host.say("/a", page(f'{LINKED_DATA}<link rel="canonical" href="{host.url}/mills">'))
    intake = fetched()
    assert (intake.progress, intake.title, intake.authors) == (Progress.READ, "Mills close", ["Nina Nord", "Otis Oak"])
    assert (intake.publisher_name, intake.published_on) == ("The Harbour Daily", date(2026, 3, 4))
    assert intake.url == f"{host.url}/mills"
    assert "the council said" in text_of(intake)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"status": 404}, "The host answered 404 instead of the page."),
        ({"body": b"%PDF-1.7", "Content_Type": "application/pdf"}, "This is no page of text but application/pdf."),
        ({"body": b"<html></html>"}, "No article was found on this page."),
        ({"status": 302, "Location": "http://10.0.0.1/"}, "sends us on to 10.0.0.1"),
    ],
)
def test_what_cannot_be_fetched_or_read_fails_with_the_reason_in_words(host, fetched, said, why):
    host.say("/a", said.pop("body", b""), **said)
    intake = fetched()
    assert intake.progress == Progress.FAILED
    assert why in intake.problem


def test_a_plain_text_is_read_too(host, fetched):
    host.say("/a", articles.REWRITTEN.encode(), Content_Type="text/plain; charset=utf-8")
    assert ("named", "report", "Tidewater Press") in proposals(fetched())


def test_what_nobody_has_thought_of_fails_one_article_and_not_the_next(fetched, host, monkeypatch, caplog):
    monkeypatch.setattr(actions, "read_page", lambda *_: 1 / 0)
    host.say("/a", page())
    assert fetched().problem == "Reading it failed (ZeroDivisionError). Paste its text instead."
    assert "Reading article" in caplog.text
    assert actions.read_next() is None


def test_an_address_that_was_queued_before_fetching_was_switched_off_is_not_fetched(no_sockets):
    intake = Intake.objects.create(url="https://example.org/a")
    chores.read_an_article()
    intake.refresh_from_db()
    assert (intake.progress, intake.problem) == (Progress.FAILED, actions.OFF)


def test_whoever_died_while_reading_is_followed_by_another_and_not_for_ever(fetches, limits):
    late = datetime.now(UTC) - timedelta(minutes=3)
    again = Intake.objects.create(url="http://host.example:1/", progress=Progress.FETCHING, started_at=late, attempts=1)
    spent = Intake.objects.create(url="http://host.example:2/", progress=Progress.FETCHING, started_at=late, attempts=3)
    Intake.objects.create(url="http://host.example:3/", progress=Progress.FETCHING, started_at=datetime.now(UTC))
    while actions.read_next(limits()):
        pass
    again.refresh_from_db()
    spent.refresh_from_db()
    assert (again.problem, again.attempts) == ("host.example cannot be reached.", 2)
    assert "ended in the middle several times" in spent.problem


def test_an_article_that_failed_can_be_tried_again():
    intake = Intake.objects.create(url="https://example.org/a", progress=Progress.FAILED, problem="So.", attempts=3)
    actions.try_again(intake_id=intake.pk)
    intake.refresh_from_db()
    assert (intake.progress, intake.problem, intake.attempts) == (Progress.QUEUED, "", 0)


# --- Deciding ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def article():
    [intake] = take(pasted=articles.FIRST_HAND)
    return intake


def accepted(proposal, origin):
    chosen = {"origin_id": origin.pk} if isinstance(origin, Source) else {"origin": origin}
    return Decision(proposal.pk, accepted=True, **chosen)


def test_nothing_is_filed_or_linked_by_reading(article):
    assert (Source.objects.count(), Publisher.objects.count(), Derivation.objects.count()) == (0, 0, 0)


def test_accepting_files_the_source_its_origin_and_their_publishers_and_links_them(article, edith):
    report, paper = (the_proposal(article, thing=thing) for thing in ("report", "paper"))
    decisions = [accepted(report, REPORT), Decision(paper.pk, accepted=False)]
    source = take_in(intake_id=article.pk, filing=FILED, decisions=decisions, by=edith, may_publish=True)
    [link] = Derivation.objects.all()
    assert (link.source, link.origin.title, link.draft_of) == (source, REPORT.title, None)
    assert {(one.name, one.reliability) for one in Publisher.objects.all()} == {
        ("Harbour Daily", "F"),
        ("Tidewater Press", "F"),
    }
    report.refresh_from_db()
    paper.refresh_from_db()
    article.refresh_from_db()
    assert (report.decision, report.decided_by, report.origin) == (Choice.ACCEPTED, edith, link.origin)
    assert (paper.decision, paper.origin) == (Choice.REJECTED, None)
    assert (article.progress, article.source) == (Progress.TAKEN_IN, source)


def test_a_source_is_found_again_by_its_normalised_address_and_left_as_it_is(article, edith):
    there = make_source("As it was filed", url="https://www.example.org/a/")
    filing = replace(FILED, url="http://example.org/a?utm_source=feed#top")
    assert take_in(intake_id=article.pk, filing=filing, decisions=[], by=edith, may_publish=True) == there
    there.refresh_from_db()
    assert there.title == "As it was filed"


def test_publishers_are_found_again_by_name_and_by_where_they_are_at_home():
    press = make_publisher("The Tidewater Press", slug="tidewater", homepage="https://www.tidewater.example/")
    assert publisher_named("tidewater press") == publisher_named("Tidewater") == press
    assert publisher_named("Somebody", "https://tidewater.example/a") == press
    assert publisher_named("Somebody", "https://water.example/a") is None
    assert publisher_named("", "not an address") is None


def test_an_article_in_which_nothing_fits_leaves_nothing_behind(article, edith):
    report = the_proposal(article, thing="report")
    itself = replace(FILED)
    with pytest.raises(CannotLink, match="cannot be derived from itself") as refused:
        take_in(intake_id=article.pk, filing=FILED, decisions=[accepted(report, itself)], by=edith, may_publish=True)
    assert refused.value.proposal_id == report.pk
    bad = replace(FILED, url="https://")
    with pytest.raises(ValidationError):
        take_in(intake_id=article.pk, filing=bad, decisions=[], by=edith, may_publish=True)
    article.refresh_from_db()
    assert (article.progress, Source.objects.count(), Publisher.objects.count()) == (Progress.READ, 0, 0)


def test_an_origin_that_has_gone_is_said_to_have_gone(article, edith):
    decision = Decision(the_proposal(article, thing="report").pk, accepted=True, origin_id=0)
    with pytest.raises(CannotLink, match="has been removed meanwhile"):
        take_in(intake_id=article.pk, filing=FILED, decisions=[decision], by=edith, may_publish=True)


def test_only_an_article_that_has_been_read_is_taken_in(edith):
    intake = Intake.objects.create(url="https://example.org/a")
    with pytest.raises(NotReady, match="is queued"):
        take_in(intake_id=intake.pk, filing=FILED, decisions=[], by=edith, may_publish=True)


def test_what_was_decided_is_not_decided_again(article, edith, frank):
    report = the_proposal(article, thing="report")
    reject = [Decision(report.pk, accepted=False)]
    take_in(intake_id=article.pk, filing=FILED, decisions=reject, by=edith, may_publish=True)
    with pytest.raises(DecidedMeanwhile):
        take_in(intake_id=article.pk, filing=FILED, decisions=[accepted(report, REPORT)], by=frank, may_publish=True)
    assert Derivation.objects.count() == 0


def test_what_was_left_is_decided_later_and_links_the_same_source(article, edith):
    first = take_in(intake_id=article.pk, filing=FILED, decisions=[], by=edith, may_publish=True)
    decisions = [accepted(one, replace(REPORT, title=one.thing)) for one in article.proposals.all()]
    other = replace(FILED, title="Another title")
    assert take_in(intake_id=article.pk, filing=other, decisions=decisions, by=edith, may_publish=True) == first
    assert [(link.position, link.origin.title) for link in first.derivations.all()] == [(0, "paper"), (1, "report")]


def test_a_proposal_of_another_article_is_not_decided_here(article, edith):
    [other] = take(pasted=articles.REWRITTEN)
    decision = Decision(other.proposals.first().pk, accepted=False)
    with pytest.raises(IntakeProposal.DoesNotExist):
        take_in(intake_id=article.pk, filing=FILED, decisions=[decision], by=edith, may_publish=True)


def test_a_link_that_is_there_is_not_made_twice(article, edith):
    origin = make_source("The report")
    there = make_source(FILED.title, publisher=make_publisher("Harbour Daily"), published_on=FILED.published_on)
    derive(there, origin)
    decision = accepted(the_proposal(article, thing="report"), origin)
    take_in(intake_id=article.pk, filing=FILED, decisions=[decision], by=edith, may_publish=True)
    assert Derivation.objects.count() == 1


# --- Who may ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def cited():
    """The article's source, on a live profile."""
    source = make_source(FILED.title, publisher=make_publisher("Harbour Daily"), published_on=FILED.published_on)
    cite(make_profile("live", live=True), source)
    return source


def test_an_author_links_nothing_that_a_live_profile_rests_on(article, wanda, cited):
    decision = accepted(the_proposal(article, thing="report"), REPORT)
    with pytest.raises(CannotLink, match="A live profile rests on this source"):
        take_in(intake_id=article.pk, filing=FILED, decisions=[decision], by=wanda, may_publish=False)
    assert (Derivation.objects.count(), Source.objects.count()) == (0, 1)


def test_an_author_prepares_a_link_on_a_draft(article, wanda, cited):
    draft = make_profile("draft")
    decision = accepted(the_proposal(article, thing="report"), REPORT)
    take_in(intake_id=article.pk, filing=FILED, decisions=[decision], by=wanda, may_publish=False, profile=draft)
    [link] = Derivation.objects.all()
    assert (link.source, link.draft_of) == (cited, draft)


def test_a_live_profile_is_no_draft_to_prepare_on(article, wanda, cited):
    decision = accepted(the_proposal(article, thing="report"), REPORT)
    live = cited.citations.get().profile
    with pytest.raises(CannotLink):
        take_in(intake_id=article.pk, filing=FILED, decisions=[decision], by=wanda, may_publish=False, profile=live)


def test_an_author_links_what_no_live_profile_rests_on(article, wanda):
    decision = accepted(the_proposal(article, thing="report"), REPORT)
    take_in(intake_id=article.pk, filing=FILED, decisions=[decision], by=wanda, may_publish=False)
    assert Derivation.objects.get().draft_of is None


# --- What is offered --------------------------------------------------------------------------------------------------


def test_the_origin_chosen_for_one_article_is_offered_first_for_the_next(edith):
    first, second = take(pasted=f"{articles.FIRST_HAND}\n---\n{articles.SECOND_HAND}")
    press = make_publisher("Tidewater Press")
    make_source("Something else of theirs", publisher=press)
    chosen = make_source("The report itself", publisher=press)
    decision = accepted(the_proposal(first, thing="report"), chosen)
    take_in(intake_id=first.pk, filing=FILED, decisions=[decision], by=edith, may_publish=True)
    offered = origins_for(the_proposal(second, kind="story", thing="report"))
    assert offered[0] == chosen
    assert "Something else of theirs" in [one.title for one in offered]


def test_what_was_linked_for_a_draft_is_offered_first_for_its_next_article(edith):
    draft = make_profile("a-draft")
    first, second = take(pasted=f"{articles.FIRST_HAND}\n---\n{articles.SECOND_HAND}", profile=draft)
    chosen = make_source("The report itself")
    decision = accepted(the_proposal(first, thing="report"), chosen)
    take_in(intake_id=first.pk, filing=FILED, decisions=[decision], by=edith, may_publish=True, profile=draft)
    told = the_proposal(second, kind="story", thing="report")
    assert origins_for(told)[0] == chosen
    IntakeProposal.objects.exclude(pk=told.pk).update(thing="")  # so that the derivation alone speaks for it
    assert origins_for(told)[0] == chosen


def test_a_paper_without_a_name_is_offered_to_the_articles_that_share_its_story(edith):
    first, second = take(pasted=f"{articles.FIRST_HAND}\n---\n{articles.SECOND_HAND}")
    paper = make_source("Gates and models")
    decision = accepted(the_proposal(first, thing="paper"), paper)
    take_in(intake_id=first.pk, filing=FILED, decisions=[decision], by=edith, may_publish=True)
    assert origins_for(the_proposal(second, thing="paper"))[0] == paper
    [other] = take(pasted="It goes back to a paper they published in June.")
    assert paper not in origins_for(the_proposal(other, thing="paper"))


def test_a_source_is_not_offered_as_its_own_origin(edith):
    first, again = take(pasted=f"{articles.PLAIN}\n---\n{articles.PLAIN}")
    take_in(intake_id=first.pk, filing=FILED, decisions=[], by=edith, may_publish=True)
    source = Source.objects.get()
    assert origins_for(the_proposal(again, kind="passage")) == [source]
    take_in(intake_id=again.pk, filing=FILED, decisions=[], by=edith, may_publish=True)
    assert origins_for(the_proposal(again, kind="passage")) == []


def test_a_day_without_a_year_is_of_the_last_one_before_the_article():
    intake = Intake(published_on=date(2024, 11, 4))
    assert day_of(IntakeProposal(intake=intake, month=11, day=1)) == date(2024, 11, 1)
    assert day_of(IntakeProposal(intake=intake, month=12, day=1)) == date(2023, 12, 1)
    assert day_of(IntakeProposal(intake=intake, month=2, day=30)) is None
    assert day_of(IntakeProposal(intake=intake, month=6)) is None
    assert day_of(IntakeProposal(intake=Intake(), month=6, day=1)) is None
    assert title_for(IntakeProposal(thing="report", name="Tidewater Press")) == "Report by Tidewater Press"
    assert title_for(IntakeProposal(thing="paper")) == ""


# --- Keeping ----------------------------------------------------------------------------------------------------------


def test_the_text_of_what_nobody_took_in_is_forgotten_after_ninety_days(edith):
    kept, taken, old = take(pasted=f"{articles.PLAIN}\n---\n{articles.FIRST_HAND}\n---\n{articles.SECOND_HAND}")
    take_in(intake_id=taken.pk, filing=FILED, decisions=[], by=edith, may_publish=True)
    Intake.objects.filter(pk__in=[taken.pk, old.pk]).update(added_at=datetime.now(UTC) - timedelta(days=91))
    chores.forget_texts()
    assert text_of(old) is None
    assert text_of(kept)
    assert text_of(taken)


def test_a_text_goes_with_its_source_and_with_what_is_dismissed(edith):
    taken, put_aside = take(pasted=f"{articles.FIRST_HAND}\n---\n{articles.SECOND_HAND}")
    source = take_in(intake_id=taken.pk, filing=FILED, decisions=[], by=edith, may_publish=True)
    actions.dismiss(intake_id=taken.pk)
    taken.refresh_from_db()
    assert taken.progress == Progress.TAKEN_IN
    actions.dismiss(intake_id=put_aside.pk)
    source.delete()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert text_of(taken) is text_of(put_aside) is None
    put_aside.refresh_from_db()
    assert put_aside.progress == Progress.DISMISSED


def test_the_site_itself_cannot_read_a_text(article):
    from django.db import ProgrammingError, transaction

    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        IntakeText.objects.first()


# --- Two at once ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_two_editors_who_decide_at_once_one_is_told(edith, frank):
    [intake] = take(pasted=articles.REWRITTEN)
    report = the_proposal(intake, thing="report")
    ended = []

    def decide(by):
        try:
            take_in(intake_id=intake.pk, filing=FILED, decisions=[accepted(report, REPORT)], by=by, may_publish=True)
            ended.append("taken in")
        except DecidedMeanwhile:
            ended.append("decided meanwhile")
        finally:
            connection.close()

    threads = [Thread(target=decide, args=[one]) for one in (edith, frank)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == ["decided meanwhile", "taken in"]
    assert (Derivation.objects.count(), Source.objects.count()) == (1, 2)


def test_a_chore_that_finds_several_articles_tells_a_worker_of_the_rest(monkeypatch, fetches):
    told = []
    monkeypatch.setattr(actions, "tell_worker", lambda: told.append("told"))
    for number in range(2):
        Intake.objects.create(url=f"https://example.org/{number}")
    chores.read_an_article()
    assert told == ["told"]
    chores.read_an_article()
    assert told == ["told"]
    assert not actions.another_waits()
