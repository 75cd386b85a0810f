from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from profiles import search
from profiles.models import Grade, GradingState, Mark, Profile
from profiles.pages import listing
from profiles.search import Search
from tests.builders import make_profile, make_revision

pytestmark = pytest.mark.django_db


def graded(profile: Profile, *scores: str, at: datetime | None = None, causes=()) -> Profile:
    """These grades, one after the other, as the pipeline leaves them."""
    for seq, score in enumerate(scores, start=1):
        verdict = {"breadth": "one independent source", "label": "", "score": float(score)}
        when = (at or timezone.now()) + timedelta(seconds=seq)
        grade = {"as_of": when.date(), "method": 1, "score": score, "verdict": verdict, "graded_at": when}
        Grade.objects.create(profile=profile, seq=seq, causes=list(causes), **grade)
    GradingState.objects.filter(profile=profile).update(seq=len(scores), score=scores[-1], graded_at=timezone.now())
    Mark.objects.filter(profile_id=profile.pk).delete()
    return profile


def names(client, query="") -> list[str]:
    response = client.get(f"/profiles/{query}")
    assert response.status_code == 200
    return [row.name for row in response.context["page"].rows]


def page(client, query=""):
    return client.get(f"/profiles/{query}").context["page"]


# --- Words -----------------------------------------------------------------------------------------------------------


def test_search_finds_words_in_name_aliases_standfirst_and_judgements(client):
    make_profile(live=True, name="Tidewater Registry")
    make_profile(live=True, name="Second", aliases=["Marigold Council"])
    make_profile(live=True, name="Third", standfirst="It administers lighthouses.")
    make_profile(live=True, name="Fourth", judgements={"j1": "The receiver was appointed in spring."})
    assert names(client, "?q=tidewater") == ["Tidewater Registry"]
    assert names(client, "?q=marigold") == ["Second"]
    assert names(client, "?q=lighthouse") == ["Third"]
    assert names(client, "?q=receivers") == ["Fourth"]


def test_search_finds_the_beginning_of_a_name(client):
    make_profile(live=True, name="AFRINIC")
    assert names(client, "?q=afri") == ["AFRINIC"]


def test_search_finds_words_in_the_body_and_numbers_somebody_holds(client):
    make_profile(live=True, name="First", sections=[{"heading": "Origins", "body": "It began in a *boathouse*."}])
    make_profile(live=True, name="Second", number_resources=["AS64500", "2001:db8::/32"])
    make_profile(live=True, name="Third", outlook={"now": {"headline": "Calm", "body": "A monsoon is due."}})
    assert names(client, "?q=boathouse") == ["First"]
    assert names(client, "?q=as64500") == ["Second"]
    assert names(client, "?q=monsoon") == ["Third"]


@pytest.mark.parametrize("asked", ["zurich", "Zürich", "zu%CC%88rich", "ZURICH exchange", "exchange zur"])
def test_accents_make_no_difference(client, asked):
    make_profile(live=True, name="Zürich Exchange")
    assert names(client, f"?q={asked}") == ["Zürich Exchange"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("tidewater reg", ["Tidewater Registry", "Tidewater Regatta"]),
        ("reg tide", []),
        ("tidewater -registry", ["Tidewater Harbour", "Tidewater Regatta"]),
        ('"tidewater reg"', []),
        ('"tidewater registry"', ["Tidewater Registry"]),
        ("registry or harbour", ["Tidewater Harbour", "Tidewater Registry"]),
        ("the reg", ["Tidewater Regatta", "Tidewater Registry"]),
    ],
)
def test_the_last_word_may_be_the_beginning_of_one(client, asked, found):
    for name in ("Tidewater Registry", "Tidewater Regatta", "Tidewater Harbour"):
        make_profile(live=True, name=name)
    assert sorted(names(client, f"?q={asked}")) == sorted(found)


def test_part_of_a_name_without_spaces_between_its_words_finds_it(client):
    make_profile(live=True, name="中国互联网络信息中心")
    assert names(client, "?q=网络") == ["中国互联网络信息中心"]


def test_an_excerpt_shows_where_the_words_are_and_runs_nothing(client):
    body = "It began in a **boathouse** <script>alert(1)</script>, [as told](https://example.org/x)."
    make_profile(live=True, name="First", standfirst="A club.", sections=[{"heading": "Origins", "body": body}])
    html = client.get("/profiles/?q=boathouse").content.decode()
    assert "It began in a <mark>boathouse</mark>  alert(1) , as told" in html


def test_an_excerpt_reads_a_heading_before_what_stands_under_it(client):
    sections = [{"heading": "Origins", "body": "In a boathouse."}, {"heading": "Later", "body": "Ashore."}]
    make_profile(live=True, name="First", standfirst="A club.", sections=sections)
    html = client.get("/profiles/?q=boathouse").content.decode()
    assert "Origins: In a <mark>boathouse</mark>. Later: Ashore" in html


def test_without_words_in_its_text_a_row_shows_the_standfirst(client):
    make_profile(live=True, name="Zürich", standfirst="A club.")
    html = client.get("/profiles/?q=zurich").content.decode()
    assert "<p>A club.</p>" in html
    assert "<mark>" not in html


def test_a_text_of_any_length_can_be_kept_and_found(client):
    body = " ".join(f"word{number}" for number in range(200_000))
    make_profile(live=True, name="Long", sections=[{"heading": "All", "body": body}])
    assert names(client, "?q=word7") == ["Long"]


def test_search_reads_the_live_text_and_never_the_draft(client):
    profile = make_profile(live=True, name="Tidewater", standfirst="A registry.")
    make_revision(profile, name="Tidewater", standfirst="A secret merger is planned.")
    make_profile(name="Merger Desk")
    assert names(client, "?q=merger") == []


def test_a_hit_in_the_name_comes_before_a_hit_in_the_text(client):
    make_profile(live=True, name="Alpha", standfirst="Works with the harbour board.")
    make_profile(live=True, name="Harbour Board")
    assert names(client, "?q=harbour") == ["Harbour Board", "Alpha"]


def test_among_many_hits_those_in_name_and_standfirst_come_first(client, monkeypatch):
    monkeypatch.setattr(search, "MANY", 2)
    make_profile(live=True, name="Alpha", sections=[{"heading": "Harbour", "body": "harbour " * 9}])
    make_profile(live=True, name="Beta", standfirst="Works with the harbour board.")
    make_profile(live=True, name="Zürich Harbour", aliases=["Port"])
    assert names(client, "?q=harbour") == ["Zürich Harbour", "Beta", "Alpha"]


def test_signs_of_a_pattern_are_letters_like_any_other(client):
    make_profile(live=True, name="1000 or 100")
    make_profile(live=True, name="100% Harbour")
    assert names(client, "?q=100%25") == ["100% Harbour", "1000 or 100"]


def test_what_asks_for_words_is_written_once_for_all_of_them(client):
    make_profile(live=True, name="Tidewater Registry")
    client.get("/profiles/?q=tidewater")
    written = search._question.cache_info().misses, listing._question.cache_info().misses
    assert names(client, "?q=tidewater reg") == names(client, "?q=registry") == ["Tidewater Registry"]
    assert names(client, "?q=words") == names(client, "?q=whole") == names(client, "?q=begun") == []
    assert (search._question.cache_info().misses, listing._question.cache_info().misses) == written


def test_the_keys_of_judgements_are_not_words(client):
    make_profile(live=True, name="Alpha", judgements={"headline": "Something is so."})
    assert names(client, "?q=headline") == []


# --- What is chosen ----------------------------------------------------------------------------------------------------


def test_the_list_narrows_by_kind_facet_and_grade(client):
    graded(make_profile(live=True, name="One", kind="registry", facets={"region": "Africa"}), "0.64")
    graded(make_profile(live=True, name="Two", kind="company", facets={"region": "Africa"}), "0.30")
    graded(make_profile(live=True, name="Three", kind="registry", facets={"region": "Europe"}), "0.80")
    assert names(client, "?region=africa&kind=registry") == ["One"]
    assert names(client, "?kind=registry&sort=name") == ["One", "Three"]
    assert names(client, "?grade=a-b") == ["Three"]
    assert names(client, "?grade=d") == ["Two"]


def test_each_facet_counts_what_choosing_it_would_leave(client):
    make_profile(live=True, kind="registry", facets={"region": "Africa", "topic": "Addresses"})
    make_profile(live=True, kind="company", facets={"region": "Africa"})
    make_profile(live=True, kind="registry", facets={"region": "Europe"})
    make_profile(kind="registry", facets={"region": "Asia Pacific"})
    counts = search.count(Search(chosen={"region": "africa"}))
    assert {one.value: one.count for one in counts["region"]} == {"africa": 2, "europe": 1}
    assert {one.value: one.count for one in counts["kind"]} == {"company": 1, "registry": 1}
    assert {one.value: one.count for one in counts["topic"]} == {"addresses": 1}


def test_of_many_terms_the_rarer_are_folded_up_unless_one_is_chosen(client):
    for number in range(10):
        make_profile(live=True, facets={"topic": f"Topic {number}", "region": f"Region {number}"})
    make_profile(live=True, facets={"topic": "Topic 9"})
    make_profile(live=True, facets={"topic": "A rare one"})
    (region, topic) = (next(one for one in page(client).groups if one.title == title) for title in ("Region", "Topic"))
    assert (len(region.first), region.rest) == (10, ())
    assert [link.name for link in topic.first[:2]] == ["Topic 9", "A rare one"]
    assert [link.name for link in topic.rest] == ["Topic 6", "Topic 7", "Topic 8"]
    html = client.get("/profiles/").content.decode()
    assert "<details>\n    <summary>3 more</summary>" in html
    assert "<details open>\n    <summary>3 more</summary>" in client.get("/profiles/?topic=topic-8").content.decode()


def test_grades_of_what_is_not_live_are_not_counted(client):
    graded(make_profile(live=True), "0.64")
    graded(make_profile(), "0.64")
    gone = [graded(make_profile(live=True), "0.64"), graded(make_profile(live=True), "0.30")]
    Profile.objects.filter(pk__in=[profile.pk for profile in gone]).update(withdrawn_at=timezone.now())
    for asked in (
        Search(),
        Search(sort="name"),
        Search(chosen={"kind": "organisation"}),
        Search(chosen={"grade": "d"}),
    ):
        assert [(one.value, one.count) for one in search.count(asked)["grade"]] == [("b-c", 1)]


def test_what_is_chosen_can_be_taken_away_again(client):
    make_profile(live=True, name="One", kind="registry", facets={"region": "Africa"})
    chips = page(client, "?region=africa&kind=registry").chips
    assert [(chip.name, chip.url) for chip in chips] == [
        ("Kind: Registry", "/profiles/?region=africa"),
        ("Region: Africa", "/profiles/?kind=registry"),
    ]


def test_searching_again_keeps_what_was_chosen(client):
    make_profile(live=True, kind="registry")
    html = client.get("/profiles/?kind=registry&sort=name").content.decode()
    assert '<input type="hidden" name="kind" value="registry">' in html
    assert '<input type="hidden" name="sort" value="name">' in html


def test_an_empty_list_says_what_to_relax(client):
    make_profile(live=True, kind="registry")
    html = client.get("/profiles/?q=zanzibar&kind=registry").content.decode()
    assert "No profile fits all of this" in html
    assert '<a href="/profiles/?kind=registry" rel="nofollow">without “zanzibar”</a>' in html


def test_a_site_without_profiles_says_so(client):
    assert "Nothing has been published yet" in client.get("/profiles/").content.decode()


# --- Order -------------------------------------------------------------------------------------------------------------


def test_the_list_opens_with_the_latest_change(client):
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    old, new = (make_profile(live=True, name=name) for name in ("Old", "New"))
    for profile in (old, new):
        type(profile.live_revision).objects.filter(pk=profile.live_revision_id).update(created_at=long_ago)
    graded(old, "0.50", at=timezone.now() + timedelta(days=1))
    graded(new, "0.50", at=timezone.now() + timedelta(days=2))
    assert names(client) == ["New", "Old"]


def test_the_latest_change_is_the_later_of_text_and_grade(client):
    now = timezone.now()
    for number, days in enumerate([-3, None, 2, -1, 5, None, 1]):
        profile = make_profile(live=True, name=f"Profile {number}")
        if days is not None:
            graded(profile, "0.40", "0.50", at=now + timedelta(days=days))
    everyone = [row.slug for row in search.ordered(Profile.objects.published())]
    for start in range(7):
        for stop in range(start + 1, 8):
            found = search.cut(Search(), start, stop, found=7)
            assert [profile.slug for profile in found] == everyone[start:stop]


def test_grading_that_changed_nothing_is_no_change(client):
    profile = graded(make_profile(live=True), "0.50", at=datetime(2026, 1, 1, tzinfo=UTC))
    before = page(client).rows[0].changed_at
    GradingState.objects.filter(profile=profile).update(graded_at=timezone.now() + timedelta(days=9))
    assert page(client).rows[0].changed_at == before


def test_the_list_sorts_by_name_and_by_score(client):
    graded(make_profile(live=True, name="beta"), "0.90")
    graded(make_profile(live=True, name="Alpha"), "0.10")
    make_profile(live=True, name="Gamma")
    assert names(client, "?sort=name") == ["Alpha", "beta", "Gamma"]
    assert names(client, "?sort=score") == ["beta", "Alpha", "Gamma"]


# --- Rows --------------------------------------------------------------------------------------------------------------


def test_a_row_shows_number_letters_and_label(client):
    graded(make_profile(live=True, kind="registry", facets={"region": "Africa"}), "0.64")
    html = client.get("/profiles/").content.decode()
    assert "0.64" in html
    assert "B/C · Medium" in html
    assert "<span>Registry</span> <span>Africa</span>" in html
    assert "being updated" not in html


def test_a_score_with_a_pending_mark_is_being_updated(client):
    profile = graded(make_profile(live=True), "0.64")
    Mark.objects.create(profile_id=profile.pk)
    assert "being updated" in client.get("/profiles/").content.decode()


def test_drafts_and_withdrawn_profiles_are_not_listed(client):
    make_profile(name="Draft", facets={"region": "Africa"})
    gone = make_profile(live=True, name="Gone", facets={"region": "Europe"})
    Profile.objects.filter(pk=gone.pk).update(withdrawn_at=timezone.now())
    html = client.get("/profiles/").content.decode() + client.get("/").content.decode()
    assert not any(word in html for word in ("Draft", "Gone", "Africa", "Europe"))


def test_listing_costs_the_same_queries_with_one_profile_or_thirty(client, django_assert_num_queries):
    graded(make_profile(live=True, facets={"region": "Africa", "topic": "Addresses"}), "0.5")
    with django_assert_num_queries(3):
        client.get("/profiles/?q=institution&region=africa")
    with django_assert_num_queries(2):
        client.get("/profiles/")
    for _ in range(29):
        graded(make_profile(live=True, facets={"region": "Africa", "topic": "Addresses"}), "0.5")
    with django_assert_num_queries(3):
        assert len(names(client, "?q=institution&region=africa")) == search.ROWS
    with django_assert_num_queries(2):
        client.get("/profiles/")


# --- Pages -------------------------------------------------------------------------------------------------------------


def test_a_long_list_has_pages(client):
    for number in range(21):
        make_profile(live=True, name=f"Profile {number:02}")
    assert names(client, "?sort=name&page=2") == ["Profile 20"]
    first = page(client, "?sort=name")
    assert (first.pages, first.previous_url, first.next_url) == (2, "", "/profiles/?sort=name&page=2")


def test_a_page_too_far_is_the_last_one_and_says_so(client):
    make_profile(live=True, name="Only")
    response = client.get("/profiles/?page=999999")
    assert "There is no page 999999" in response.content.decode()
    assert [row.name for row in response.context["page"].rows] == ["Only"]


def test_pages_are_capped():
    assert search.pages(1_000_000) == search.LAST_PAGE == 100


HOSTILE = {
    "NUL in the words": "?q=%00tide%00",
    "NUL in a facet": "?region=afr%00ica",
    "only a NUL": "?q=%00&kind=%00&sort=%00&page=%00",
    "huge page": "?page=" + "9" * 5000,
    "negative page": "?page=-1",
    "foreign digits": "?page=%D9%A3",
    "page zero": "?page=0",
    "long words": "?q=" + "tide " * 2000,
    "one long word": "?q=" + "a" * 10_000,
    "long facet": "?topic=" + "a" * 10_000,
    "unknown kind": "?kind=castle",
    "unknown term": "?region=atlantis",
    "unknown grade": "?grade=z",
    "unknown sort": "?sort=colour",
    "unknown parameter": "?colour=red",
    "operators": "?q=%22%27%29+%26+%7C+%21+OR+-+%3A%2A",
    "percent signs": "?q=%25%25_%5C",
    "broken bytes": "?q=%ff%fe",
    "repeated": "?kind=registry&kind=company&page=1&page=2",
    "markup": "?q=%3Cscript%3Ealert(1)%3C/script%3E",
    "nothing": "?q=&kind=&region=&page=&sort=",
}


@pytest.mark.parametrize("query", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_address_of_the_list_is_an_error(client, query):
    make_profile(live=True, name="Tidewater", kind="company")
    response = client.get(f"/profiles/{query}")
    assert response.status_code == 200
    assert response.content.count(b"<script") == response.content.count(b'<script type="module" src="/static/')


def test_what_was_left_out_is_said(client):
    make_profile(live=True)
    query = "?kind=castle&region=atlantis&grade=z&sort=colour&page=x&q=" + "a" * 300
    html = client.get(f"/profiles/{query}").content.decode()
    for sentence in (
        "There is no such kind here",
        "There is no such region here",
        "There is no such grade here",
        "cannot be sorted that way",
        "not a page number",
        "Only the first 200 characters",
    ):
        assert sentence in html


def test_a_term_that_only_a_draft_has_is_unknown(client):
    make_profile(facets={"topic": "Secret merger"})
    assert "There is no such topic here" in client.get("/profiles/?topic=secret-merger").content.decode()
    assert client.get("/facets/topic/secret-merger/").status_code == 404


def test_narrowed_lists_are_not_for_search_engines(client):
    make_profile(live=True, kind="registry")
    assert "noindex" in client.get("/profiles/?kind=registry").content.decode()
    assert "noindex" not in client.get("/profiles/").content.decode()


# --- Landing pages and the front page ----------------------------------------------------------------------------------


def test_a_term_has_a_landing_page_with_its_profiles(client):
    term = make_profile(live=True, name="One", facets={"region": "Africa"}).live_revision.terms.get()
    term.introduction = "The *continent*. <script>alert(1)</script>"
    term.save()
    make_profile(live=True, name="Two", facets={"region": "Europe"})
    response = client.get("/facets/region/africa/")
    html = response.content.decode()
    assert [row.name for row in response.context["rows"]] == ["One"]
    assert "<em>continent</em>" in html
    assert "<script>alert" not in html
    assert 'href="/facets/region/europe/"' in html


@pytest.mark.parametrize("address", ["/facets/region/atlantis/", "/facets/colour/red/", "/facets/region/"])
def test_an_unknown_term_is_not_found(client, address):
    assert client.get(address).status_code == 404


def test_the_front_page_tells_what_moved_and_why(client):
    cause = {"on": "age"}
    graded(
        make_profile("tidewater", live=True, name="Tidewater", facets={"region": "Africa"}),
        "0.64",
        "0.47",
        causes=[cause],
    )
    html = client.get("/").content.decode()
    assert "What moved" in html
    assert "before: 0.64" in html
    assert "evidence counts for less as it ages" in html
    assert 'href="/profiles/tidewater/confidence/"' in html
    assert 'href="/facets/region/africa/"' in html


def test_the_front_page_of_a_new_site_says_that_nothing_has_been_published(client):
    assert "Nothing has been published yet." in client.get("/").content.decode()
    make_profile(live=True)
    assert "Nothing has been published yet." not in client.get("/").content.decode()


def test_an_arrival_is_a_latest_profile_and_no_move(client):
    graded(make_profile(live=True, name="Tidewater"), "0.64")
    html = client.get("/").content.decode()
    assert "What moved" not in html
    assert "Tidewater" in html


def test_the_front_page_costs_the_same_queries_with_one_profile_or_ten(client, django_assert_num_queries):
    graded(make_profile(live=True, facets={"region": "Africa"}), "0.64", "0.47")
    with django_assert_num_queries(3):
        client.get("/")
    for _ in range(9):
        graded(make_profile(live=True, facets={"region": "Africa"}), "0.64", "0.47")
    with django_assert_num_queries(3):
        client.get("/")
