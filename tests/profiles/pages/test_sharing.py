import re
from dataclasses import replace
from io import BytesIO

import pytest
from django.utils import timezone
from PIL import Image

from profiles.models import FormerSlug, Profile
from profiles.pages.sharing import SIZE, draw, drawable, share_card
from profiles.pages.showing import show_score
from tests.builders import make_profile, make_revision, settle
from tests.profiles.api.conftest import wait_to_be_graded

GRADE = replace(show_score(0.64), in_english="two independent sources, one of them direct")


def card(name="Tidewater", aliases=(), about=("Registry", "Africa"), grade=GRADE, updating=False):
    return share_card(slug="tidewater", names=[name, *aliases], about=about, grade=grade, updating=updating)


def inked(drawn: bytes, box) -> int:
    """How many pixels of a part are not paper."""
    part = Image.open(BytesIO(drawn)).convert("L").crop(box)
    return sum(part.histogram()[:180])


# --- The address --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        card("Lighthouse"),
        card(about=("Company", "Africa")),
        card(grade=replace(GRADE, score="0.65")),
        card(grade=replace(GRADE, in_english="one independent source")),
        card(grade=None),
        card(updating=True),
    ],
)
def test_whatever_is_drawn_is_in_the_address(other):
    assert other.version != card().version
    assert card().version == card().version


def test_a_grade_that_is_being_updated_is_not_drawn():
    waiting = card(updating=True)
    assert (waiting.score, waiting.letters, waiting.label, waiting.breadth) == ("", "", "", "")
    assert waiting.grade_in_words == "grade being updated"
    assert card(grade=None).grade_in_words == "not graded yet"
    assert card().grade_in_words == "Grade B/C, 0.64, Medium"


# --- What can be written ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "drawn"),
    [
        (["Tidewater"], "Tidewater"),
        (["  Tide \n water "], "Tide water"),
        (["Ångström & Šimůnek, Łódź"], "Ångström & Šimůnek, Łódź"),
        (["Cafe\u0301"], "Café"),
        (["Ṩong"], "Song"),
        (["中国科学院", "Chinese Academy of Sciences"], "Chinese Academy of Sciences"),
        (["中国科学院", "cas"], "cas"),
        (["مركز", "Центр", "Centre"], "Centre"),
        (["😀"], ""),
        ([], ""),
    ],
)
def test_a_name_is_written_in_letters_that_our_fonts_have(names, drawn):
    assert drawable(names) == drawn


def test_a_name_without_any_such_letters_gives_way_to_the_slug():
    assert card("中国科学院").name == "tidewater"


# --- The picture --------------------------------------------------------------------------------------------------------

BELOW_THE_NAME, RIGHT_EDGE = (0, 330, 1200, 370), (1140, 100, 1200, 540)


@pytest.mark.parametrize(
    "name",
    [
        "A",
        "PLA Academy of Military Science and its Institutes",
        "Vereinigung der Betreiber europäischer Hochgeschwindigkeitsdatennetze und Rechenzentrumsverbünde e. V. " * 3,
        "W" * 300,
        "i " * 150,
    ],
)
def test_a_name_of_any_length_stays_in_its_place(name):
    drawn = draw(card(name))
    picture = Image.open(BytesIO(drawn))
    assert (picture.format, picture.size) == ("PNG", SIZE)
    assert inked(drawn, (60, 110, 1140, 330)) > 0
    assert inked(drawn, RIGHT_EDGE) == 0
    assert inked(drawn, BELOW_THE_NAME) == 0
    assert len(drawn) < 60_000


def test_the_grade_is_drawn_where_there_is_one():
    band = (60, 400, 300, 510)
    assert inked(draw(card()), band) > inked(draw(card(grade=None)), band) > 0


def test_the_same_card_is_the_same_bytes():
    assert draw(card()) == draw(card())


# --- On the site --------------------------------------------------------------------------------------------------------


def address_on(client, slug="tidewater") -> str:
    html = client.get(f"/profiles/{slug}/").content.decode()
    addresses = set(
        re.findall(r'<meta (?:property="og|name="twitter):image" content="http://localhost:8000([^"]+)"', html)
    )
    assert len(addresses) == 1
    return addresses.pop()


@pytest.mark.django_db(transaction=True)
def test_the_page_names_its_card_and_the_card_never_changes(client):
    profile = make_profile("tidewater", live=True, name="Tidewater", judgements={"j1": "So."}, cited=True)
    settle()
    address = address_on(client)
    response = client.get(address)
    assert (response.status_code, response["Content-Type"]) == (200, "image/png")
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert not response.cookies
    assert "Vary" not in response
    make_revision(profile, live=True, name="Lighthouse", statements={"j1": "So."})
    settle()
    now = address_on(client)
    assert now != address
    late = client.get(address)
    assert (late.status_code, late["Location"], late["Cache-Control"]) == (302, now, "private, no-store")
    wait_to_be_graded(profile)
    assert address_on(client) not in {now, address}


@pytest.mark.django_db
def test_a_card_follows_its_profile_to_a_new_address(client):
    profile = make_profile("tidewater", live=True)
    FormerSlug.objects.create(slug="old-name", profile=profile)
    response = client.get("/media/cards/old-name-0123456789ab.png")
    assert (response.status_code, response["Location"]) == (302, address_on(client))


@pytest.mark.django_db
def test_what_nobody_may_see_has_no_card(client):
    profile = make_profile("tidewater", live=True)
    address = address_on(client)
    Profile.objects.filter(pk=profile.pk).update(withdrawn_at=timezone.now())
    make_profile("draft")
    for path in (address, "/media/cards/draft-0123456789ab.png", "/media/cards/nobody-0123456789ab.png"):
        assert client.get(path).status_code == 404


@pytest.mark.django_db
def test_a_card_that_was_drawn_once_is_not_drawn_again(client, settings, monkeypatch):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "cards"}}
    make_profile("tidewater", live=True)
    address = address_on(client)
    first = client.get(address).content
    monkeypatch.setattr("profiles.pages.sharing.draw", lambda card: pytest.fail("drawn again"))
    assert client.get(address).content == first
