import re
from datetime import date

import pytest
from django.utils import timezone

from profiles import letters, settling
from profiles.grading.pipeline import editing
from profiles.models import Correction, Profile, Publisher
from tests.builders import THE_DAY, cite, derive, make_person, make_profile, make_publisher, make_source

pytestmark = pytest.mark.django_db


def withdraw(profile: Profile) -> None:
    Profile.objects.filter(pk=profile.pk).update(withdrawn_at=timezone.now())


# --- Publishers --------------------------------------------------------------------------------------------------------


def test_publishers_of_public_sources_are_listed_with_their_letter_and_number(client):
    wire = make_publisher("Example Wire", reliability="A")
    make_source(publisher=wire)  # cited by nobody
    profile = make_profile(live=True)
    cite(profile, make_source(publisher=wire))
    cite(profile, make_source(publisher=wire))
    html = client.get("/publishers/").content.decode()
    assert "Example Wire" in html
    assert "Reliability A" in html
    assert "completely reliable" in html
    assert '<td class="numeric">2</td>' in html


def test_publishers_stand_in_the_order_of_their_letters_whatever_their_case(client):
    profile = make_profile(live=True)
    for name in ("aWire", "BTW Media", "Battlefield"):
        cite(profile, make_source(publisher=make_publisher(name)))
    listed = [publisher.name for publisher in client.get("/publishers/").context["publishers"]]
    assert listed == ["aWire", "Battlefield", "BTW Media"]


def test_a_publisher_that_only_drafts_know_is_not_found(client):
    cite(make_profile(), make_source(publisher=make_publisher("Draft Wire", slug="draft-wire")))
    gone = make_profile(live=True)
    cite(gone, make_source(publisher=make_publisher("Gone Wire", slug="gone-wire")))
    withdraw(gone)
    html = client.get("/publishers/").content.decode()
    assert "Wire" not in html
    assert client.get("/publishers/draft-wire/").status_code == 404
    assert client.get("/publishers/gone-wire/").status_code == 404
    assert client.get("/publishers/never-heard-of/").status_code == 404


def test_a_publisher_says_why_it_has_its_letter_and_what_it_issued(client):
    wire = make_publisher("Example Wire", slug="wire", reliability="B", reliability_reason="It corrects itself.")
    source = make_source(
        "The report", publisher=wire, url="https://example.org/r", authors=["A. Author"], published_on=date(2026, 3, 4)
    )
    make_source("Not cited", publisher=wire)
    cite(make_profile("tidewater", live=True, name="Tidewater"), source)
    html = client.get("/publishers/wire/").content.decode()
    for words in ("Reliability B", "usually reliable", "It corrects itself.", "A. Author", "4 March 2026"):
        assert words in html
    assert 'href="https://example.org/r" rel="nofollow noopener"' in html
    assert '<a href="/profiles/tidewater/">Tidewater</a>' in html
    assert "Not cited" not in html


def test_an_origin_known_only_through_others_is_public_and_says_so(client):
    origin = make_source("The paper", publisher=make_publisher(slug="academy"), published_on=None)
    cite(make_profile(live=True), make_source("The report", derived_from=[origin]))
    html = client.get("/publishers/academy/").content.decode()
    assert "The paper" in html
    assert "undated" in html
    assert "Known only through sources that repeat it" in html


def test_what_a_draft_derives_makes_nothing_public(client):
    draft = make_profile()
    origin = make_source(publisher=make_publisher(slug="academy"))
    source = make_source()
    cite(make_profile(live=True), source)
    derive(source, origin, draft_of=draft)
    assert client.get("/publishers/academy/").status_code == 404


def test_a_draft_that_cites_a_public_source_is_not_named_there(client):
    source = make_source(publisher=make_publisher(slug="wire"))
    cite(make_profile(live=True, name="Tidewater"), source)
    cite(make_profile(name="Secret Draft"), source)
    html = client.get("/publishers/wire/").content.decode()
    assert "Tidewater" in html
    assert "Secret Draft" not in html


def settled(publisher, outcome="confirmed", *, statement="It is so.", stance="supports", live=True, **fields):
    """A profile whose one judgement rests on this publisher, settled."""
    profile = make_profile(live=live, judgements={"j1": statement}, **fields)
    cite(profile, make_source(publisher=publisher), stance=stance)
    return settling.settle_judgement(
        judgement_id=profile.judgements.get().pk, outcome=outcome, on=THE_DAY, reason="The court said so.", by=None
    )


def test_a_publisher_shows_its_record_with_each_settled_judgement(client):
    wire = make_publisher("Example Wire", slug="wire", reliability="B")
    settled(wire, statement="The tide rose.", slug="tidewater", name="Tidewater")
    settled(wire, "refuted", statement="The light failed.", name="Lighthouse")
    both = settled(wire, statement="The fog came.", name="Foghorn")
    cite(both.judgement.profile, make_source(publisher=wire), stance="disputes")
    html = client.get("/publishers/wire/").text
    assert "Of 2 settled judgements on which it took a side it was right on" in html
    assert "On 1 more it stood on both sides, which counts for neither." in html
    assert "A record proposes a letter from 5 on; 3 are missing." in html
    assert '<a href="/profiles/tidewater/#judgement-j1">The tide rose.</a>' in html
    for words in ("The light failed.", "Example Wire supported it", "refuted on", "The court said so.", "1 June 2026"):
        assert words in html


def test_a_record_of_five_says_which_letter_it_proposes(client):
    wire = make_publisher(slug="wire")
    for outcome in ["confirmed"] * 3 + ["refuted"] * 2:
        settled(wire, outcome)
    html = client.get("/publishers/wire/").text
    assert "expected to be right 0.60 of the time, which proposes Reliability D: not usually reliable." in html
    assert 'Record: <span class="nowrap">3 right, 2 wrong</span>' in client.get("/publishers/").text


def test_without_a_settlement_the_page_says_what_a_letter_needs(client):
    cite(make_profile(live=True), make_source(publisher=make_publisher(slug="wire")))
    assert "Nothing settled yet: a letter needs 5 settled judgements." in client.get("/publishers/wire/").text
    assert "Record:" not in client.get("/publishers/").text


def test_what_is_settled_on_a_draft_does_not_show(client):
    wire = make_publisher(slug="wire")
    cite(make_profile(live=True), make_source(publisher=wire))
    settled(wire, statement="A secret.", live=False, name="Secret Draft")
    html = client.get("/publishers/wire/").text
    assert "secret" not in html.lower()
    assert "Nothing settled yet" in html


def test_letters_until_now_are_shown_with_their_reasons_and_without_names(client, edith, frank):
    wire = make_publisher("Example Wire", slug="wire", reliability="F")
    settled(wire)
    letters.set_letter(publisher_id=wire.pk, letter="C", reason="Relays with credit.", by=edith)
    waits = letters.set_letter(publisher_id=wire.pk, letter="A", reason="Read for a year.", by=edith)
    waiting = client.get("/publishers/wire/").text
    letters.accept_proposal(proposal_id=waits.pk, by=frank)
    with editing(by="import"):
        Publisher.objects.update(reliability="D", reliability_reason="Sold.")
    html = client.get("/publishers/wire/").text
    assert "Read for a year." not in waiting
    how = "set by an editor when its record was 1 right, 0 wrong"
    for words in (f"Reliability F → C, {how}<", f"Reliability C → A, {how}, accepted by a second editor<"):
        assert words in html
    assert "Reliability A → D, set by an import<" in html
    assert html.index("Sold.") < html.index("Read for a year.") < html.index("Relays with credit.")
    assert re.search("Reliability D since <time[^>]*>[^<]*</time>, set by an import", html)
    for name in ("Edith", "Frank", "example.org"):
        assert name not in html.partition("</header>")[2].partition("<footer")[0]


def test_a_letter_from_the_record_says_so(client, edith):
    wire = make_publisher(slug="wire", reliability="F")
    for outcome in ["confirmed"] * 3 + ["refuted"] * 2:
        settled(wire, outcome)
    letters.accept_record(publisher_id=wire.pk, letter="D", by=edith)
    assert "from its record of 3 right, 2 wrong" in client.get("/publishers/wire/").text


def test_a_publisher_costs_the_same_queries_with_one_source_or_twenty(client, django_assert_num_queries):
    wire = make_publisher(slug="wire")
    settled(wire)
    with django_assert_num_queries(7):
        client.get("/publishers/wire/")
    for letter in "CDCDCDCDCDCDCDCDCDC":
        settled(wire)
        Publisher.objects.update(reliability=letter)
    with django_assert_num_queries(7):
        client.get("/publishers/wire/")


def test_publishers_cost_the_same_queries_with_one_or_twenty(client, django_assert_num_queries):
    settled(make_publisher())
    with django_assert_num_queries(3):
        client.get("/publishers/")
    for _ in range(19):
        settled(make_publisher())
    with django_assert_num_queries(3):
        client.get("/publishers/")


def test_a_long_record_has_pages(client):
    wire, profile = make_publisher(slug="wire"), make_profile(live=True)
    for number in range(51):
        cite(profile, make_source(f"Report {number:02}", publisher=wire))
    assert "Page 1 of 2" in client.get("/publishers/wire/").content.decode()
    last = client.get("/publishers/wire/?page=2").content.decode()
    assert "Report 50" in last
    assert "Report 00" not in last


@pytest.mark.parametrize("page", ["0", "-1", "x", "%00", "9" * 5000, ""])
@pytest.mark.parametrize("address", ["/publishers/", "/corrections/"])
def test_no_page_number_is_an_error(client, address, page):
    assert client.get(f"{address}?page={page}").status_code == 200


# --- People ------------------------------------------------------------------------------------------------------------


def test_a_person_shows_what_they_wrote_and_reviewed(client):
    wanda = make_person("Wanda Writer", role="Analyst", biography="Reads court files.\n\n<b>Bold</b>")
    edith = make_person("Edith Editor")
    make_profile(live=True, name="Tidewater", author=wanda, reviewer=edith)
    make_profile(live=True, name="Lighthouse", author=edith, reviewer=wanda)
    make_profile(name="Draft", author=wanda)
    response = client.get("/people/wanda-writer/")
    html = response.content.decode()
    shown = {part.heading: [row.name for row in part.rows] for part in response.context["parts"]}
    assert shown == {"Written": ["Tidewater"], "Reviewed": ["Lighthouse"]}
    assert "Analyst" in html
    assert "Reads court files." in html
    assert "<b>" not in html


def test_a_person_of_drafts_alone_is_not_found(client):
    make_profile(author=make_person("Wanda Writer"))
    assert client.get("/people/wanda-writer/").status_code == 404
    assert client.get("/people/nobody/").status_code == 404


# --- Corrections -------------------------------------------------------------------------------------------------------


def test_corrections_stand_newest_first_and_superseded_ones_stay(client):
    profile = make_profile("tidewater", live=True, name="Tidewater")
    later = Correction.objects.create(profile=profile, on=date(2026, 10, 1), text="It was six.")
    Correction.objects.create(profile=profile, on=date(2026, 9, 1), text="It was five.", superseded_by=later)
    html = client.get("/corrections/").content.decode()
    assert html.index("It was six.") < html.index("It was five.")
    assert "superseded by the" in html
    assert html.count("1 October 2026") == 2
    assert 'href="/profiles/tidewater/"' in html


def test_corrections_of_what_is_not_live_do_not_show(client):
    Correction.objects.create(profile=make_profile(), on=THE_DAY, text="Draft words.")
    gone = make_profile(live=True)
    Correction.objects.create(profile=gone, on=THE_DAY, text="Gone words.")
    withdraw(gone)
    html = client.get("/corrections/").content.decode()
    assert "words" not in html
    assert "Nothing has been corrected so far" in html


def test_corrections_cost_the_same_queries_with_one_or_twenty(client, django_assert_num_queries):
    Correction.objects.create(profile=make_profile(live=True), on=THE_DAY, text="One.")
    with django_assert_num_queries(2):
        client.get("/corrections/")
    for _ in range(19):
        Correction.objects.create(profile=make_profile(live=True), on=THE_DAY, text="More.")
    with django_assert_num_queries(2):
        client.get("/corrections/")
