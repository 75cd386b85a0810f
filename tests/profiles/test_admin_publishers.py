"""Letters, settlements and four eyes on the desk."""

import html

import pytest
from django.urls import reverse

from profiles import letters, settling
from profiles.models import Citation, Judgement, LetterChange, Profile, Proposal, Publisher, Settlement, Source
from tests.builders import THE_DAY, cite, make_profile, make_publisher, make_revision, make_source
from tests.profiles.test_admin import form_of, on_the_desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def wire():
    return make_publisher("Example Wire", reliability="B", reliability_reason="It corrects itself.")


def post(client, address, **changes):
    """Send the form as it stands, with these changes; return what the editor sees then, in words."""
    response = client.post(address, form_of(client.get(address)) | changes, follow=True)
    assert response.status_code == 200
    return html.unescape(response.text)


def edit(client, obj, **changes):
    return post(client, on_the_desk(type(obj), obj.pk), **changes)


def letter_of(publisher):
    publisher.refresh_from_db()
    return publisher.reliability


def settled(publisher, *outcomes):
    for outcome in outcomes:
        profile = make_profile(live=True, judgements={"j1": "It is so."})
        cite(profile, make_source(publisher=publisher))
        settling.settle_judgement(
            judgement_id=profile.judgements.get().pk, outcome=outcome, on=THE_DAY, reason="It was seen.", by=None
        )


# --- The letter -------------------------------------------------------------------------------------------------------


def test_a_letter_is_changed_on_the_desk_with_a_reason(client, edith, wire):
    client.force_login(edith)
    edit(client, wire, reliability="C", reliability_reason="It invented a quote.", name="Example Wire Service")
    kept = LetterChange.objects.latest("pk")
    assert (letter_of(wire), wire.name) == ("C", "Example Wire Service")
    assert (kept.was, kept.letter, kept.basis, kept.reason, kept.by) == (
        "B",
        "C",
        "editor",
        "It invented a quote.",
        edith,
    )
    assert (
        "Reliability B → C, set by an editor (Edith), record 0 right 0 wrong."
        in client.get(on_the_desk(Publisher, wire.pk)).text
    )


def test_a_changed_letter_needs_a_reason_of_its_own(client, edith, wire):
    client.force_login(edith)
    assert "Say why: readers see this sentence" in edit(client, wire, reliability="C", reliability_reason="")
    assert "This is still the reason for Reliability B; say why it is C." in edit(client, wire, reliability="C")
    assert letter_of(wire) == "B"


def test_a_letter_does_not_lose_its_reason(client, edith, wire):
    client.force_login(edith)
    assert "Say why: readers see this sentence" in edit(client, wire, reliability_reason=" ")
    wire.refresh_from_db()
    assert wire.reliability_reason == "It corrects itself."


def test_a_reason_worded_better_is_no_change_of_the_letter(client, edith, wire):
    client.force_login(edith)
    edit(client, wire, reliability_reason="It corrects itself in public.")
    wire.refresh_from_db()
    assert (wire.reliability_reason, LetterChange.objects.count()) == ("It corrects itself in public.", 1)


def test_a_form_opened_before_the_letter_moved_does_not_move_it_back(client, edith, frank, wire):
    client.force_login(edith)
    address = on_the_desk(Publisher, wire.pk)
    opened = form_of(client.get(address))
    letters.set_letter(publisher_id=wire.pk, letter="D", reason="It invented a quote.", by=frank)
    response = client.post(address, opened | {"name": "Another name"})
    assert "The letter went to Reliability D meanwhile: It invented a quote. Look at it again." in response.text
    assert letter_of(wire) == "D"


def test_a_letter_a_on_the_desk_waits_for_another_editor(client, edith, frank, wire):
    client.force_login(edith)
    says = edit(client, wire, reliability="A", reliability_reason="Read for a year.", name="Example Wire Service")
    assert "waits for another editor. Until then Reliability B stands." in says
    assert (letter_of(wire), wire.reliability_reason, wire.name) == ("B", "It corrects itself.", "Example Wire Service")
    assert "Reliability A, proposed by Edith: Read for a year." in client.get(on_the_desk(Publisher, wire.pk)).text
    client.force_login(frank)
    says = edit(client, wire, reliability="A", reliability_reason="I think so too.")
    assert "Edith has proposed Reliability A already; accept or decline that." in says


def test_a_publisher_filed_with_an_a_is_filed_unjudged_and_the_a_waits(client, edith):
    client.force_login(edith)
    given = {"name": "Registry", "slug": "registry", "reliability": "A", "reliability_reason": "Its own register."}
    says = post(client, on_the_desk(Publisher), **given)
    assert "waits for another editor. Until then Reliability F stands." in says
    publisher = Publisher.objects.get()
    assert (publisher.reliability, Proposal.objects.get().publisher) == ("F", publisher)


def test_a_publisher_filed_with_another_letter_has_it_at_once(client, edith):
    client.force_login(edith)
    given = {"name": "Paper", "slug": "paper", "reliability": "C", "reliability_reason": "Relays with credit."}
    post(client, on_the_desk(Publisher), **given)
    assert Publisher.objects.get().reliability == "C"
    assert list(LetterChange.objects.values_list("was", "letter", "by")) == [("F", "C", edith.pk)]


# --- The record -------------------------------------------------------------------------------------------------------


def test_the_desk_shows_the_record_and_gives_the_letter_it_proposes(client, edith, wire):
    settled(wire, *["confirmed"] * 3, *["refuted"] * 2)
    client.force_login(edith)
    address = on_the_desk(Publisher, wire.pk)
    text = client.get(address).text
    assert "Right 3, wrong 2 of 5 settled; expected to be right 0.60." in text
    assert "That proposes Reliability D; it has Reliability B." in text
    says = client.post(address, {"_record": "1", "proposed_letter": "D"}, follow=True).text
    assert "Example Wire has Reliability D from its record." in says
    assert (letter_of(wire), LetterChange.objects.latest("pk").basis) == ("D", "record")
    assert "as the record proposes" not in client.get(address).text


def test_a_record_that_moved_since_the_page_was_opened_gives_no_letter(client, edith, wire):
    settled(wire, *["confirmed"] * 4)
    client.force_login(edith)
    address = on_the_desk(Publisher, wire.pk)
    assert "as the record proposes" not in client.get(address).text
    says = html.unescape(client.post(address, {"_record": "1", "proposed_letter": "A"}, follow=True).text)
    assert "The record of Example Wire no longer proposes Reliability A. Look at it again." in says
    assert letter_of(wire) == "B"


def test_an_a_from_the_record_waits_for_another_editor_too(client, edith, wire):
    settled(wire, *["confirmed"] * 14)
    client.force_login(edith)
    says = client.post(on_the_desk(Publisher, wire.pk), {"_record": "1", "proposed_letter": "A"}, follow=True).text
    assert "waits for another editor" in says
    assert (letter_of(wire), Proposal.objects.get().basis) == ("B", "record")


@pytest.mark.parametrize("address", ["publisher/one/change/", "publisher/99999999999999999999/change/"])
def test_a_letter_from_the_record_of_no_publisher_is_not_found(client, edith, address):
    client.force_login(edith)
    assert client.post(f"/admin/profiles/{address}", {"_record": "1"}).status_code == 404


def test_an_author_sees_the_record_and_gives_no_letter(client, wanda, wire):
    settled(wire, *["confirmed"] * 3, *["refuted"] * 2)
    client.force_login(wanda)
    address = on_the_desk(Publisher, wire.pk)
    text = client.get(address).text
    assert "That proposes Reliability D" in text
    assert "Letter seen" not in text
    assert "as the record proposes" not in text
    assert client.post(address, {"_record": "1", "proposed_letter": "D"}).status_code == 403
    assert letter_of(wire) == "B"


# --- Settling ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def profile(wire):
    profile = make_profile("example", live=True, judgements={"j1": "It is so."})
    cite(profile, make_source("The report", publisher=wire))
    return profile


def settling_address(profile):
    return f"{on_the_desk(Settlement)}?judgement={profile.judgements.get().pk}"


def test_an_editor_settles_a_judgement_from_the_profiles_page(client, edith, profile):
    client.force_login(edith)
    address = settling_address(profile)
    assert f'href="{address}">Settle</a>' in client.get(on_the_desk(Profile, profile.pk)).text
    text = client.get(address).text
    assert "It is so." in text
    assert "Supported by Example Wire" in text
    post(client, address, outcome="confirmed", settled_on="2026-06-01", reason="The court said so.")
    settlement = Settlement.objects.get()
    assert (settlement.outcome, settlement.settled_on, settlement.reason, settlement.recorded_by) == (
        "confirmed",
        THE_DAY,
        "The court said so.",
        edith,
    )
    text = client.get(on_the_desk(Profile, profile.pk)).text
    assert "confirmed, 2026-06-01</a>" in text


def test_a_judgement_is_settled_anew_and_the_form_says_what_stood(client, edith, frank, profile):
    client.force_login(edith)
    address = settling_address(profile)
    post(client, address, outcome="confirmed", settled_on="2026-06-01", reason="The court said so.")
    client.force_login(frank)
    text = client.get(address).text
    assert "Confirmed, known on 2026-06-01: The court said so. (Saving this withdraws it" in text
    post(client, address, outcome="refuted", settled_on="2026-07-01", reason="The appeal said otherwise.")
    assert list(Settlement.objects.order_by("pk").values_list("outcome", "withdrawn_by")) == [
        ("confirmed", frank.pk),
        ("refuted", None),
    ]


def test_a_form_opened_before_somebody_else_settled_settles_nothing(client, edith, frank, profile):
    client.force_login(edith)
    address = settling_address(profile)
    opened = form_of(client.get(address))
    settling.settle_judgement(
        judgement_id=profile.judgements.get().pk, outcome="refuted", on=THE_DAY, reason="It was seen.", by=frank
    )
    given = {"outcome": "confirmed", "settled_on": "2026-06-01", "reason": "The court said so."}
    response = client.post(address, opened | given)
    assert "Somebody else has settled this judgement meanwhile. Look at it again." in response.text
    assert Settlement.objects.get().outcome == "refuted"


@pytest.mark.parametrize(
    ("field", "given", "says"),
    [
        ("settled_on", "2999-01-01", "This day has not come yet"),
        ("reason", "", "This field is required."),
        ("outcome", "perhaps", "Select a valid choice."),
    ],
)
def test_a_settlement_that_cannot_be_is_refused_on_the_form(client, edith, profile, field, given, says):
    client.force_login(edith)
    right = {"outcome": "confirmed", "settled_on": "2026-06-01", "reason": "The court said so."}
    assert says in post(client, settling_address(profile), **(right | {field: given}))
    assert Settlement.objects.count() == 0


def test_a_settlement_is_withdrawn_with_a_reason_and_stays_listed(client, edith, frank, profile, wire):
    settled(wire, "confirmed")
    settlement = Settlement.objects.get()
    client.force_login(frank)
    assert "This field is required." in edit(client, settlement, because="")
    edit(client, settlement, because="Too early.")
    settlement.refresh_from_db()
    assert (settlement.withdrawn_by, settlement.withdrawn_because) == (frank, "Too early.")
    text = client.get(on_the_desk(Settlement, settlement.pk)).text
    assert "withdrawn by Frank" in text
    assert "Too early." in text
    assert client.post(on_the_desk(Settlement, settlement.pk), {"because": "Again."}).status_code == 403
    shown = [
        client.get(reverse("admin:profiles_settlement_changelist"), asked).text for asked in ({}, {"stands": "no"})
    ]
    assert ["It is so." in text for text in shown] == [True, True]
    assert "It is so." not in client.get(reverse("admin:profiles_settlement_changelist"), {"stands": "yes"}).text


def test_a_settlement_of_a_judgement_that_has_gone_is_still_shown(client, edith, wire):
    settled(wire, "confirmed")
    settlement = Settlement.objects.get()
    Judgement.objects.all().delete()
    client.force_login(edith)
    for address in (reverse("admin:profiles_settlement_changelist"), on_the_desk(Settlement, settlement.pk)):
        assert "(the judgement has been removed)" in client.get(address).text


def test_a_reworded_judgement_is_pointed_out(client, edith, wire):
    settled(wire, "confirmed")
    settlement = Settlement.objects.get()
    profile = settlement.judgement.profile
    client.force_login(edith)
    assert "unchanged" in client.get(on_the_desk(Settlement, settlement.pk)).text
    make_revision(profile, live=True, statements={"j1": "It was so."})
    assert "It was so. — if that no longer says the same" in client.get(on_the_desk(Settlement, settlement.pk)).text


def test_settling_is_for_editors(client, wanda, otto, profile):
    client.force_login(wanda)
    assert "Settle" not in client.get(on_the_desk(Profile, profile.pk)).text
    for user in (wanda, otto):
        client.force_login(user)
        assert client.get(settling_address(profile)).status_code == 403
        assert client.get(reverse("admin:profiles_settlement_changelist")).status_code == 403
        assert client.get(reverse("admin:profiles_proposal_changelist")).status_code == 403


def test_a_settlement_of_no_judgement_is_not_offered(client, edith):
    client.force_login(edith)
    assert client.get(on_the_desk(Settlement)).status_code == 403
    assert client.get(f"{on_the_desk(Settlement)}?judgement=999999").status_code == 404
    assert client.get(f"{on_the_desk(Settlement)}?judgement={'9' * 5000}").status_code == 403


# --- Four eyes --------------------------------------------------------------------------------------------------------

LIST = "admin:profiles_proposal_changelist"


def choose(client, action, *proposals):
    given = {"action": action, "_selected_action": [one.pk for one in proposals]}
    return html.unescape(client.post(reverse(LIST), given, follow=True).text)


@pytest.fixture
def proposal(edith, wire):
    return letters.set_letter(publisher_id=wire.pk, letter="A", reason="Read for a year.", by=edith)


def test_another_editor_accepts_from_the_list(client, edith, frank, wire, proposal):
    client.force_login(edith)
    assert "You proposed this yourself; it takes another editor to accept it." in choose(client, "accept", proposal)
    assert letter_of(wire) == "B"
    client.force_login(frank)
    assert "Example Wire: from Reliability B to Reliability A" in client.get(reverse(LIST)).text
    assert "Example Wire: from Reliability B to Reliability A: accepted." in choose(client, "accept", proposal)
    assert letter_of(wire) == "A"
    assert "Example Wire: from" not in client.get(reverse(LIST)).text
    assert "accepted by Frank" in client.get(f"{reverse(LIST)}?decision=decided").text
    assert (
        "Reliability B → A, set by an editor (Edith, accepted by Frank)"
        in client.get(on_the_desk(Publisher, wire.pk)).text
    )


def test_a_proposal_is_declined_on_its_page_with_a_reason(client, frank, wire, proposal):
    client.force_login(frank)
    address = on_the_desk(Proposal, proposal.pk)
    assert "Accept" in client.get(address).text
    client.post(address, {"_decline": "1", "because": "One year is short."})
    assert "One year is short." in client.get(address).text
    assert letter_of(wire) == "B"
    says = html.unescape(client.post(address, {"_accept": "1"}, follow=True).text)
    assert "Declined by Frank already." in says
    assert letter_of(wire) == "B"


def test_what_was_overtaken_says_so_to_whoever_accepts(client, edith, frank, wire, proposal):
    letters.set_letter(publisher_id=wire.pk, letter="D", reason="It invented a quote.", by=frank)
    client.force_login(frank)
    assert "overtaken. Example Wire went to Reliability D meanwhile" in choose(client, "accept", proposal)
    assert letter_of(wire) == "D"


def test_an_author_decides_no_proposal(client, wanda, wire, proposal):
    client.force_login(wanda)
    address = on_the_desk(Proposal, proposal.pk)
    assert client.post(address, {"_accept": "1"}).status_code == 403
    assert client.post(reverse(LIST), {"action": "accept", "_selected_action": [proposal.pk]}).status_code == 403
    assert letter_of(wire) == "B"


def cited_under_an_a(profile, *, direct=False):
    return cite(
        profile, make_source("The register", publisher=make_publisher("Registry", reliability="A")), direct=direct
    )


def test_direct_under_an_a_is_saved_without_it_and_waits(client, edith, frank, profile):
    citation = cited_under_an_a(profile)
    client.force_login(edith)
    says = edit(client, profile, **{"citations-1-direct": "on", "citations-1-credibility": "1"})
    assert "“The register” as direct waits, for Registry has Reliability A: saved without it" in says
    citation.refresh_from_db()
    assert (citation.direct, citation.credibility) == (False, 1)
    client.force_login(frank)
    choose(client, "accept", Proposal.objects.get())
    citation.refresh_from_db()
    assert citation.direct


def test_direct_under_another_letter_counts_at_once(client, edith, profile):
    client.force_login(edith)
    edit(client, profile, **{"citations-0-direct": "on"})
    assert Citation.objects.get().direct
    assert Proposal.objects.count() == 0


def test_a_citation_that_is_direct_already_is_edited_without_asking(client, edith, profile):
    citation = cited_under_an_a(profile, direct=True)
    client.force_login(edith)
    edit(client, profile, **{"citations-1-credibility": "3"})
    citation.refresh_from_db()
    assert (citation.direct, citation.credibility, Proposal.objects.count()) == (True, 3, 0)


def test_a_direct_citation_that_is_turned_to_a_source_of_an_a_waits(client, edith, profile):
    Citation.objects.update(direct=True)
    register = make_source("The register", publisher=make_publisher("Registry", reliability="A"))
    client.force_login(edith)
    edit(client, profile, **{"citations-0-source": register.pk})
    citation = Citation.objects.get()
    assert (citation.source, citation.direct, Proposal.objects.get().citation) == (register, False, citation)


def test_a_new_direct_citation_of_an_a_waits(client, edith, profile):
    register = make_source("The register", publisher=make_publisher("Registry", reliability="A"))
    client.force_login(edith)
    new = {"source": register.pk, "position": "1", "stance": "supports", "credibility": "2", "direct": "on"}
    fields = {f"citations-1-{name}": value for name, value in new.items()}
    edit(client, profile, **{"citations-TOTAL_FORMS": "2"}, **fields)
    assert not Citation.objects.get(source=register).direct
    assert Proposal.objects.get().about == "example: “The register” of Registry as direct"


def test_an_author_proposes_direct_on_a_draft_and_an_editor_accepts(client, wanda, edith):
    draft = make_profile("draft", judgements={"j1": "It is so."})
    citation = cited_under_an_a(draft)
    client.force_login(wanda)
    edit(client, draft, **{"citations-0-direct": "on"})
    client.force_login(edith)
    choose(client, "accept", Proposal.objects.get())
    citation.refresh_from_db()
    assert citation.direct


def test_what_another_editor_proposed_is_not_proposed_twice(client, edith, frank, profile):
    citation = cited_under_an_a(profile)
    letters.propose_direct(citation_id=citation.pk, by=edith)
    client.force_login(frank)
    says = edit(client, profile, **{"citations-1-direct": "on"})
    assert "Proposed already by Edith, and waiting: accept or decline that." in says
    assert Proposal.objects.count() == 1


def test_a_directly_cited_source_waits_before_it_comes_under_an_a(client, edith, frank, profile):
    Citation.objects.update(direct=True)
    source, registry = Source.objects.get(), make_publisher("Registry", reliability="A")
    client.force_login(edith)
    says = edit(client, source, publisher=registry.pk, title="The report itself")
    assert "“The report itself” under Registry waits, for Registry has Reliability A" in says
    source.refresh_from_db()
    assert (source.title, source.publisher.name) == ("The report itself", "Example Wire")
    client.force_login(frank)
    choose(client, "accept", Proposal.objects.get())
    source.refresh_from_db()
    assert source.publisher == registry


def test_a_proposal_about_what_has_gone_is_shown_and_overtaken(client, edith, frank, profile):
    citation = cited_under_an_a(profile)
    proposal = letters.propose_direct(citation_id=citation.pk, by=edith)
    citation.delete()
    client.force_login(frank)
    assert client.get(on_the_desk(Proposal, proposal.pk)).status_code == 200
    assert "overtaken. The citation has been removed." in choose(client, "accept", proposal)
