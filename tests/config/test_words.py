"""No word of ours stands on a page of another language that its catalogue has not seen."""

import re
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver
from django.utils import translation
from django.utils.regex_helper import normalize

from accounts import seats
from accounts.models import Organisation, User
from accounts.tiers import Tier
from briefings.alerts import tokens
from config import languages
from config.templatetags.parts import remembered
from profiles.models import Page, Person, Publisher, Revision, Source, Term
from tests.builders import (
    PASSWORD,
    give,
    give_second_factor,
    make_application,
    make_organisation,
    make_user,
    settle,
)
from tests.profiles.test_views_site import write_first_pages

DEMO = Path(settings.BASE_DIR) / "briefings" / "demo"
DOSSIERS = ("apnic", "lockheed-martin-llama")


# --- Every word ---------------------------------------------------------------------------------------------------------

OPENS, CLOSES = "⟦⟧"
SAID_IN_ATTRIBUTES = {"aria-label", "title", "alt", "placeholder", "data-copied", "data-refused"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
NOT_SAID = {"script", "style", "code", "pre"}
# Names, addresses and letters that are the same in every language.
THE_SAME = re.compile(
    r"\b(?:Assay|UTC|BibTeX|CSL-JSON|English|Emergent|exp|min|odds|[SD]|AS\d+|[A-D](?:/[A-D])?|\w+@[\w.]+|https?://\S+)|简体中文|[年月日]"
)
WORD = re.compile(r"[^\W\d_]")


class Said(HTMLParser):
    """What a page says that went through no catalogue, outside of what is marked as somebody else's words."""

    def __init__(self, page: str, names: list[str]) -> None:
        super().__init__()
        self.names = names
        self.language = languages.CHINESE.tag
        self.around: list[tuple[str, str]] = []
        self.depth = 0
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        told = dict(attributes)
        language = told.get("lang", self.around[-1][1] if self.around else self.language)
        if tag not in VOID:
            self.around.append((tag, language))
        names = SAID_IN_ATTRIBUTES | ({"content"} if told.get("name") == "description" else set())
        for name in names & told.keys():
            self._weigh(told[name] or "", language, f"{tag} {name}")

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        while self.around and self.around.pop()[0] != tag:
            pass

    def handle_data(self, text):
        outside = ""
        for letter in text:
            self.depth += {OPENS: 1, CLOSES: -1}.get(letter, 0)
            outside += letter if not self.depth and letter != CLOSES else ""
        tag, language = self.around[-1] if self.around else ("", self.language)
        if not any(one in NOT_SAID for one, _language in self.around):
            self._weigh(outside, language, tag)

    def _weigh(self, text, language, where):
        plain = re.sub(f"{OPENS}.*{CLOSES}", "", text, flags=re.DOTALL)
        for name in self.names:
            plain = plain.replace(name, "")
        if language == self.language and WORD.search(THE_SAME.sub("", plain)):
            self.found.append(f"{where}: {' '.join(plain.split())}")


@contextmanager
def every_translation_in_brackets(monkeypatch):
    real = translation._trans
    plain = {name: getattr(real, name) for name in ("gettext", "ngettext", "pgettext", "npgettext")}
    with monkeypatch.context() as patch:
        for name, say in plain.items():
            patch.setattr(real, name, lambda *said, say=say: f"{OPENS}{say(*said)}{CLOSES}")
        remembered.cache_clear()  # pieces that were rendered without brackets
        yield
    remembered.cache_clear()


@pytest.fixture
def world(transactional_db):
    write_first_pages()
    call_command("import_dossier", *(str(DEMO / f"{name}.yaml") for name in DOSSIERS), verbosity=0)
    settle()


VALUES = {
    "slug": "apnic",
    "facet": "region",
    "token": tokens.STOP.sign_object([tokens.FOLLOW, 1, "profile", 1]),
    "secret": "0" * 64,
    "pk": "1",
    "key": "a-key",
    "uidb36": "1",
}
BY_PLACE = {"facets": "asia-pacific", "publishers": "apnic", "people": "wanda-demo-author", "": "about"}
# Pages that look otherwise when they are asked otherwise.
MORE = (
    "/zh-hans/profiles/?q=nothing+has+this",
    "/zh-hans/profiles/?region=asia-pacific&kind=registry&sort=score",
    "/zh-hans/profiles/apnic/confidence/?on=2020-01-01",
    "/zh-hans/profiles/apnic/confidence/?on=tomorrow",
    "/zh-hans/profiles/apnic/confidence/?on=2100-01-01",
    "/zh-hans/profiles/lockheed-martin-llama/confidence/",
    "/zh-hans/profiles/lockheed-martin-llama/",
    "/zh-hans/account/follow/?profile=lockheed-martin-llama",
    "/zh-hans/account/follow/?publisher=apnic",
    "/zh-hans/account/follow/?term=region/asia-pacific",
    "/zh-hans/contact/?profile=apnic",
    "/zh-hans/nowhere/",
)
A_ROLE = "Owner of it all"


def addresses() -> list[str]:
    """Every address that begins with the language, of what has all languages."""
    with translation.override(languages.CHINESE.code):
        resolvers = [entry for entry in each(get_resolver()) if isinstance(entry.pattern, languages.LanguagePrefix)]
        return sorted({address for entry in resolvers for route in routes(entry) for address in filled(route)})


def each(resolver):
    for entry in resolver.url_patterns:
        if not isinstance(entry, URLPattern):
            yield entry
            if not isinstance(entry.pattern, languages.LanguagePrefix):
                yield from each(entry)


def routes(entry, before=""):
    whole = before + entry.pattern.regex.pattern.lstrip("^")
    if isinstance(entry, URLPattern):
        yield whole
    else:
        for one in entry.url_patterns:
            yield from routes(one, whole)


def filled(route):
    for shape, names in normalize(route.replace("\\Z", "")):
        place = shape.split("/")[1].partition("%")[0]
        given = {name: BY_PLACE.get(place, VALUES[name]) if name == "slug" else VALUES[name] for name in names}
        yield "/" + shape % given


def whole_texts() -> list[str]:
    """What editors wrote and readers are called, the longest first: it is no word of ours."""
    columns = [
        (Revision, "name"),
        (Revision, "standfirst"),
        (Publisher, "name"),
        (Source, "title"),
        (Person, "name"),
        (Term, "name"),
        (Page, "title"),
        (Organisation, "name"),
        (User, "name"),
    ]
    found = {text for model, column in columns for text in model.objects.values_list(column, flat=True)}
    found |= {said for told in Revision.objects.values_list("statements", flat=True) for said in told.values()}
    found |= {author for authors in Source.objects.values_list("authors", flat=True) for author in authors}
    return sorted(filter(None, [*found, A_ROLE]), key=len, reverse=True)


def logged_in(user) -> Client:
    client = Client()
    fields = {"login": user.email, "password": PASSWORD}
    answer = client.post("/zh-hans/accounts/login/", fields)
    assert answer["Location"] == "/zh-hans/account/"
    client.get(answer["Location"])  # which tells of it, and not again
    return client


@pytest.fixture
def readers(world):
    """A stranger, somebody with whatever an account can have, and somebody whose application is open."""
    manager, colleague, applicant = make_user("manager@example.org"), make_user(name="Colin"), make_user()
    organisation = make_organisation(manager, colleague)
    give(Tier.LEADERSHIP_ALLIANCE, organisation)
    invitation = seats.invite(organisation=organisation, email="invited@example.org", by=manager)
    make_application(applicant, role=A_ROLE)
    clients = {"stranger": Client(), "manager": logged_in(manager), "applicant": logged_in(applicant)}
    follow = "/zh-hans/account/follow/?profile=apnic"
    assert clients["manager"].post(follow, {"do": "follow", "often": "daily"}, follow=True).status_code == 200
    give_second_factor(manager)
    RecoveryCodes.activate(manager)
    return clients, [*addresses(), *MORE, f"/zh-hans/account/invitation/{invitation.token}/"]


def answers(clients, every):
    """Every page there is, and what each says to a form that was sent empty. Whatever that did is undone."""
    for client in clients.values():
        for address in every:
            for method in ("GET", "POST"):
                with transaction.atomic():
                    answer = client.generic(method, address)
                    transaction.set_rollback(True)
                if "html" in answer.get("Content-Type", ""):
                    yield address, answer.content.decode()


def test_every_word_on_every_page_went_through_the_catalogue(readers, monkeypatch):
    names = whole_texts()
    with every_translation_in_brackets(monkeypatch):
        found = {word: address for address, page in answers(*readers) for word in Said(page, names).found}
    assert sorted(f"{address} {word}" for word, address in found.items()) == []
