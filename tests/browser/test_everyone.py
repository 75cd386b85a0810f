"""Whoever reads, on whatever, however: no page type breaks a rule of access, and the keyboard is never lost."""

from collections.abc import Iterator
from datetime import date

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from profiles.models import Correction, Figure
from tests.browser.conftest import RULES, log_in, scrolls_sideways, what_axe_finds
from tests.builders import (
    PASSWORD,
    cite,
    make_application,
    make_briefing,
    make_note,
    make_person,
    make_profile,
    make_publisher,
    make_source,
    picture,
    settle,
)
from tests.profiles.test_views_site import write_first_pages

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTHS = (390, 820, 1280)
SCHEMES = ("light", "dark")
PUBLIC = [
    "/",
    "/profiles/",
    "/profiles/?q=registry&region=africa",
    "/profiles/?q=nothing-of-the-kind",
    "/profiles/registry/",
    "/profiles/registry/confidence/",
    "/profiles/registry/confidence/?on=2020-01-01",
    "/profiles/registry/briefing/",
    "/facets/region/africa/",
    "/publishers/",
    "/publishers/wire/",
    "/people/wanda-writer/",
    "/methodology/",
    "/corrections/",
    "/api/",
    "/membership/",
    "/membership/strategic-circle/",
    "/membership/leadership-alliance/",
    "/contact/?profile=registry",
    "/contact/thanks/",
    "/alerts/",
    "/alerts/asked/",
    "/about/",
    "/zh-hans/",
    "/zh-hans/profiles/registry/",
    "/accounts/login/",
    "/accounts/login/code/",
    "/accounts/signup/",
    "/accounts/password/reset/",
]
IN_CHINESE = [
    "/zh-hans/profiles/registry/confidence/",
    "/zh-hans/publishers/wire/",
    "/zh-hans/methodology/",
    "/zh-hans/accounts/signup/",
]
REFUSALS = {"/no-such-page/": 404, "/profiles/gone/": 410, "/profiles/registry/confidence/?on=yesterday": 400}
OF_A_MEMBER = [
    "/account/",
    "/account/following/",
    "/account/follow/?profile=registry",
    "/account/circle/",
    "/account/close/",
    "/profiles/registry/briefing/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/accounts/2fa/webauthn/",
    "/accounts/sessions/",
    "/accounts/reauthenticate/",
    "/accounts/logout/",
]
OF_AN_APPLICANT = ["/account/", "/account/application/"]

# The rules are the same at every width; what they find in the colours alone can differ between the schemes.
FULL = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
FIND = """options => axe.run(document, options).then(found => found.violations.flatMap(
    rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 200)}`)))"""


@pytest.fixture
def registry():
    """A site with something of every kind, and a profile that has every part."""
    write_first_pages()
    figure = Figure.objects.create(digest="a" * 64, extension="webp", width=640, height=360, filename="drawing")
    default_storage.save(figure.path, ContentFile(picture(width=640, height=360)))
    wire = make_publisher("Example Wire", slug="wire", reliability_reason="It corrects itself.")
    profile = make_profile(
        "registry",
        live=True,
        name="Example Registry",
        standfirst="It records internet addresses.",
        kind="registry",
        judgements={"j1": "It keeps the record.", "j2": "Its vote was annulled."},
        essential=["j2"],
        facets={"region": "Africa", "topic": "Governance"},
        author=make_person("Wanda Writer"),
        last_verified=date(2026, 1, 5),
        sections=[{"heading": "What happened", "body": "A vote.\n\n- one\n- two"}],
        outlook={when: {"headline": "Calm", "body": "Nothing."} for when in ("now", "quarter", "year")},
        figure=figure,
        figure_alt="Two lanes of a timeline",
        figure_credit="Drawn by the desk",
        related=["neighbour"],
    )
    make_profile("neighbour", live=True, name="A neighbour", facets={"region": "Europe"})
    gone = make_profile("gone", live=True, name="Gone")
    gone.withdrawn_at, gone.withdrawn_because = timezone.now(), "Its board asked for it."
    gone.save()
    record = make_source("The record", publisher=wire, url="https://example.org/record", language="fr")
    make_note(cite(profile, record, direct=True, judgements=["j1", "j2"], establishes="It keeps it."))
    cite(profile, make_source("A retelling", derived_from=[record]), judgements=["j1"])
    cite(profile, make_source("A denial", published_on=None), judgements=["j2"], stance="disputes")
    make_briefing(profile, summary="In short.", contents="One\nTwo")
    Correction.objects.create(profile=profile, on=date(2026, 2, 2), text="It was the 24th.")
    settle()
    wire.reliability = "A"
    wire.save()
    settle()
    return profile


# --- axe --------------------------------------------------------------------------------------------------------------


def looks(page) -> Iterator[str]:
    """Show the open page in both schemes and at every width, without loading it again."""
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 844})
            yield f"{scheme} at {width}"


def broken_rules(page, address: str, status: int = 200) -> list[str]:
    answer = page.goto(address)
    assert (answer.status, page.url.endswith(address)) == (status, True), address
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    page.evaluate(Axe().axe_script)
    found = []
    for look in looks(page):
        options = FULL if look.startswith("light") else COLOURS
        found += [f"{address}, {look}: {problem}" for problem in page.evaluate(FIND, options)]
        if scrolls_sideways(page):
            found.append(f"{address}, {look}: scrolls sideways")
    return found


def in_all(page, addresses) -> list[str]:
    return [problem for address in addresses for problem in broken_rules(page, address)]


def test_axe_finds_nothing_on_any_public_page(open_page, registry):
    assert in_all(open_page("/livez"), PUBLIC) == []


def test_axe_finds_nothing_on_pages_in_chinese(open_page, registry):
    # The rules see the words and the tags; widths and colours are those of the same pages in English.
    page = open_page("/livez", width=390)
    found = []
    for address in IN_CHINESE:
        page.goto(address)
        found += [f"{address}: {problem}" for problem in what_axe_finds(page)]
    assert found == []


def test_a_moment_does_not_run_into_what_stands_beside_it(open_page, registry):
    for address in ("/profiles/registry/confidence/", "/zh-hans/profiles/registry/confidence/"):
        page = open_page(address, width=820)
        wide = "all => all.filter(one => one.scrollWidth > one.clientWidth || "
        wide += "one.querySelector('time')?.getBoundingClientRect().right > one.getBoundingClientRect().right).length"
        assert page.locator("#method .byline dd").evaluate_all(wide) == 0


def test_axe_finds_nothing_where_a_page_is_refused(browser, live_server, registry):
    context = browser.new_context(base_url=live_server.url, reduced_motion="reduce")
    page = context.new_page()
    assert [one for address, status in REFUSALS.items() for one in broken_rules(page, address, status)] == []
    context.close()


def test_axe_finds_nothing_on_any_page_of_an_account(open_page, registry, alma):
    page = open_page("/livez")
    log_in(page, alma)
    page.goto("/accounts/reauthenticate/")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/account/")
    assert in_all(page, OF_A_MEMBER) == []
    log_in(page, make_application().applicant)
    assert in_all(page, OF_AN_APPLICANT) == []


def test_axe_finds_nothing_in_the_style_guide(open_page, settings, db):
    settings.DEBUG = True
    assert in_all(open_page("/livez"), ["/styleguide/"]) == []


# --- Large letters, little room, no movement --------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "scale"), [(320, 1), (640, 2)])
def test_nothing_scrolls_sideways_in_little_room_or_at_twice_the_size(
    browser, live_server, registry, alma, width, scale
):
    # To a page, 200% zoom in a window of 1280 px is one of 640 px whose pixels are twice as large.
    context = browser.new_context(
        base_url=live_server.url, viewport={"width": width, "height": 600}, device_scale_factor=scale
    )
    page = context.new_page()
    wide = []
    for address in [*PUBLIC, *IN_CHINESE, *REFUSALS, None, *OF_A_MEMBER, "/zh-hans/account/"]:
        if address is None:
            log_in(page, alma)
            continue
        page.goto(address)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        wide += [address] if scrolls_sideways(page) else []
    context.close()
    assert wide == []


def test_who_asks_for_less_motion_gets_none(open_page, registry):
    page = open_page("/profiles/registry/")
    scrolling = "getComputedStyle(document.documentElement).scrollBehavior"
    assert (page.evaluate(scrolling), page.evaluate("document.getAnimations().length")) == ("auto", 0)
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(scrolling) == "smooth"


# --- The keyboard -----------------------------------------------------------------------------------------------------

SEEN = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect(), style = getComputedStyle(one);
  const within = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const name = one.tagName + " " + (one.getAttribute("aria-label") || one.textContent).trim().slice(0, 60);
  return {name, seen: one !== document.body && within && ring};
}"""
WHERE = "() => document.activeElement.closest('[id]')?.id"


def tab(page) -> str:
    """Go on to the next stop, which must be seen to have the focus; return what it is."""
    page.keyboard.press("Tab")
    stop = page.evaluate(SEEN)
    assert stop["seen"], stop["name"]
    return stop["name"]


def tab_to(page, words: str, *, within: int = 60) -> None:
    for _ in range(within):
        if words in tab(page):
            return
    raise AssertionError(f"the keyboard does not reach {words!r}")


def test_the_first_stop_skips_to_the_text(open_page, registry):
    page = open_page("/profiles/registry/")
    assert tab(page) == "A Skip to the text"
    page.keyboard.press("Enter")
    assert page.evaluate(WHERE) == "main"
    assert tab(page) == "A All profiles"


def test_from_a_search_to_the_first_profile_by_keyboard(open_page, registry):
    page = open_page("/")
    tab_to(page, "Skip to the text")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("registry")
    page.keyboard.press("Enter")
    page.wait_for_url("**/profiles/?q=registry")
    tab_to(page, "Skip to the text")
    page.keyboard.press("Enter")
    tab_to(page, "A Example Registry")
    page.keyboard.press("Enter")
    page.wait_for_url("**/profiles/registry/")


def test_the_facets_open_and_close_by_keyboard_on_a_phone(open_page, registry):
    page = open_page("/profiles/", width=390)
    tab_to(page, "SUMMARY Narrow the list")
    page.keyboard.press("Enter")
    assert page.get_by_role("link", name="Africa").is_visible()
    assert tab(page).startswith("A ")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    assert not page.get_by_role("link", name="Africa").is_visible()
    assert page.evaluate(SEEN) == {"name": "SUMMARY Narrow the list", "seen": True}


def test_a_footnote_leads_to_its_source_and_back_by_keyboard(open_page, registry):
    page = open_page("/profiles/registry/")
    tab_to(page, "A source 1")
    page.keyboard.press("Enter")
    assert page.url.endswith("#source-1")
    assert tab(page) == "A The record"
    tab_to(page, "A judgement 1", within=6)
    page.keyboard.press("Enter")
    assert page.url.endswith("#judgement-j1")
    tab(page)
    assert page.evaluate("document.activeElement.closest('li').id") == "judgement-j1"


def test_the_panel_opens_by_keyboard_and_takes_the_focus_with_it(open_page, registry):
    page = open_page("/profiles/registry/")
    tab_to(page, "A Briefing and source notes")
    page.keyboard.press("Enter")
    page.locator("#deeper-title:focus").wait_for()
    assert page.evaluate(SEEN) == {"name": "H2 Deeper Profile Context", "seen": True}
    assert tab(page).startswith("A ")


@pytest.mark.parametrize(("address", "width"), [("/profiles/registry/", 390), ("/profiles/registry/confidence/", 1280)])
def test_no_stop_of_the_keyboard_on_a_long_page_is_out_of_sight(open_page, registry, address, width):
    page = open_page(address, width=width)
    stops = [tab(page)]
    while "For programs" not in stops[-1]:
        stops.append(tab(page))
        assert len(stops) < 150
    assert len(stops) > 25


# --- From right to left, on paper, and passed on ----------------------------------------------------------------------


@pytest.mark.parametrize("width", WIDTHS)
def test_a_profile_turned_around_holds_together(open_page, registry, width):
    page = open_page("/profiles/registry/", width=width)
    page.evaluate("document.documentElement.dir = 'rtl'")
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert not scrolls_sideways(page)
    number, title = (page.locator(f"#source-1 .source-{one}").bounding_box() for one in ("number", "title"))
    assert number["x"] + number["width"] / 2 > title["x"] + title["width"] / 2
    if width == 1280:
        card, text = page.locator(".profile-card").bounding_box(), page.locator(".profile-text").bounding_box()
        assert card["x"] + card["width"] <= text["x"]


def test_on_paper_stand_the_addresses_the_day_and_nothing_to_press(open_page, registry):
    page = open_page("/profiles/registry/")
    page.emulate_media(media="print")
    shown = page.locator("#source-1 .source-title a").evaluate("one => getComputedStyle(one, '::after').content")
    assert "https://example.org/record" in shown
    assert page.locator(".card-facts").inner_text().startswith("As of ")
    assert "/profiles/registry/" in page.locator(".address").inner_text()
    assert page.locator("main button:visible, main form:visible, #deeper:visible").count() == 0
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


def test_the_link_is_copied_where_the_browser_can(open_page, registry):
    page = open_page("/profiles/registry/")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the link").click()
    page.get_by_text("The link is copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()").endswith("/profiles/registry/")


def test_the_browser_s_own_way_of_sharing_is_offered_where_there_is_one(browser, live_server, registry):
    context = browser.new_context(base_url=live_server.url)
    context.add_init_script("navigator.share = async given => { window.shared = given; }")
    page = context.new_page()
    page.goto("/profiles/registry/")
    page.get_by_role("button", name="Share").click()
    assert page.evaluate("shared.title") == "Example Registry"
    assert page.evaluate("shared.url").endswith("/profiles/registry/")
    context.close()


def test_without_scripts_there_is_no_button_that_does_nothing(open_page, registry):
    page = open_page("/profiles/registry/", scripts=False)
    assert page.locator("main button:visible").count() == 0
    assert page.locator(".address").is_visible()
