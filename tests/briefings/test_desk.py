"""A dossier on the desk: looked at, then applied, and never past four eyes."""

import html

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile

from briefings.models import Briefing
from profiles.models import Citation, LetterChange, Profile, Publisher, Upload
from tests.briefings.test_dossier import gated
from tests.builders import make_publisher

pytestmark = pytest.mark.django_db

PAGE = "/admin/dossier/"


@pytest.fixture
def desk(client, edith):
    client.force_login(edith)
    return client


def send(client, whole):
    body = whole if isinstance(whole, bytes) else yaml.safe_dump(whole, allow_unicode=True).encode()
    return client.post(PAGE, {"file": SimpleUploadedFile("example.yaml", body)})


def said(response):
    return " ".join(html.unescape(response.text).split())


def modest(**profile):
    """The example with no letter A and nothing cited directly under one."""
    whole = gated(**profile)
    for publisher in whole["publishers"]:
        if publisher.get("reliability") == "A":
            publisher["reliability"] = "B"
    return whole


def test_a_dossier_is_looked_at_and_then_applied(desk):
    response = send(desk, modest())
    assert "What example.yaml would do to" in said(response)
    assert Profile.objects.count() == Briefing.objects.count() == 0
    done = desk.post(PAGE, {"_apply": "1", "upload": response.context["upload"].pk}, follow=True)
    assert "Example: " in said(done)
    assert (Profile.objects.count(), Briefing.objects.count(), Upload.objects.count()) == (1, 2, 0)
    assert "Nothing: the site says all of it already." in said(send(desk, modest()))


def test_a_look_tells_the_scores_that_would_move(desk):
    response = send(desk, modest())
    assert "not graded yet → 0." in said(response)


def test_a_bad_dossier_names_line_and_field_and_changes_nothing(desk):
    whole = modest()
    whole["profile"]["kind"] = "planet"
    response = send(desk, whole)
    assert "kind" in response.context["problems"][0]
    assert response.context["problems"][0].startswith("The file")
    assert (Profile.objects.count(), Upload.objects.count()) == (0, 0)


@pytest.mark.parametrize("body", [b"\xff\xfe", b"- a\n- b", b"a: [", b"", b"x" * 2_000_001, b"&a [*a, *a]"])
def test_what_is_no_dossier_ends_in_a_sentence(desk, body):
    response = send(desk, body)
    assert response.status_code == 200
    assert Profile.objects.count() == 0


def test_a_dossier_opens_no_band_a_by_itself(desk):
    whole = modest()
    whole["publishers"][0]["reliability"] = "A"
    response = send(desk, whole)
    assert "It would open band A" in said(response)
    assert (Publisher.objects.count(), LetterChange.objects.count(), Upload.objects.count()) == (0, 0, 0)


def test_a_dossier_may_repeat_an_a_that_two_editors_have_set(desk):
    whole = modest()
    whole["publishers"][0]["reliability"] = "A"
    for citation in whole["profile"]["citations"]:
        citation["direct"] = False
    make_publisher(whole["publishers"][0]["name"], slug=whole["publishers"][0]["slug"], reliability="A")
    assert "It would open band A" not in said(send(desk, whole))


def test_a_dossier_cites_nothing_directly_under_an_a_by_itself(desk):
    whole = modest()
    slug = whole["sources"][0]["publisher"]
    make_publisher("Top", slug=slug, reliability="A")
    whole["publishers"] = [one for one in whole["publishers"] if one["slug"] != slug]
    for citation in whole["profile"]["citations"]:
        citation["direct"] = citation["source"] == whole["sources"][0]["key"]
    assert "directly), which takes another editor" in said(send(desk, whole))
    assert Citation.objects.count() == 0


@pytest.mark.parametrize(("who", "status"), [("edith", 200), ("wanda", 403), ("otto", 403), ("mina", 302)])
def test_editors_bring_dossiers_and_nobody_else(client, request, who, status):
    client.force_login(request.getfixturevalue(who))
    assert client.get(PAGE).status_code == status
    assert (send(client, modest()).status_code == 200) is (status == 200)


def test_nobody_applies_what_somebody_else_has_looked_at(desk, frank):
    number = send(desk, modest()).context["upload"].pk
    desk.force_login(frank)
    done = desk.post(PAGE, {"_apply": "1", "upload": number}, follow=True)
    assert "The file is no longer there; choose it again." in said(done)
    assert Profile.objects.count() == 0
