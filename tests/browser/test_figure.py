"""A figure in a real browser: it takes the smallest file that will do, and nothing moves when it arrives."""

from io import BytesIO

import pytest
from PIL import Image

from profiles import figures
from tests.builders import make_profile

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SHIFT = """() => new Promise(done => {
  let shift = 0;
  new PerformanceObserver(list => { for (const entry of list.getEntries()) shift += entry.value })
    .observe({type: "layout-shift", buffered: true});
  setTimeout(() => done(shift), 500);
})"""


@pytest.fixture
def profile():
    file = BytesIO()
    Image.linear_gradient("L").resize((1600, 900)).convert("RGB").save(file, "WEBP")
    figure = figures.store_figure(file.getvalue(), filename="slope.webp")
    return make_profile("slope", live=True, figure=figure, figure_alt="A slope", figure_credit="Drawn here.")


def shown(page):
    image = page.locator(".profile-figure img")
    image.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.profile-figure img').complete")
    return image.evaluate("image => [image.currentSrc, image.naturalWidth > 0]")


def test_a_phone_takes_the_avif_that_is_wide_enough_and_nothing_shifts(profile, open_page):
    page = open_page("/profiles/slope/", width=390)
    assert shown(page) == [f"{page.url.split('/profiles')[0]}{profile.live_revision.figure.get_absolute_url()}", True]
    figures.render(figure_id=profile.live_revision.figure_id)
    page = open_page("/profiles/slope/", width=390)
    profile.live_revision.figure.refresh_from_db()
    narrowest = profile.live_revision.figure.offered("avif")[0]
    source, arrived = shown(page)
    assert (source.endswith(f"{narrowest['digest']}.avif"), arrived) == (True, True)
    assert page.evaluate(SHIFT) == 0
