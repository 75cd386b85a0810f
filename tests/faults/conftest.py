"""What most faults happen to: one live profile on one publisher, and a Redis that nobody else uses."""

import pytest

from tests.builders import cite, make_briefing, make_profile, make_publisher, make_source, settle
from tests.faults.processes import let_the_site_use, own_redis


@pytest.fixture
def redis(settings, monkeypatch):
    with own_redis() as server:
        let_the_site_use(server.url, settings=settings, monkeypatch=monkeypatch)
        yield server


@pytest.fixture
def publisher():
    publisher = make_publisher("Example Wire", reliability="B", slug="example-wire")
    profile = make_profile("example", live=True, judgements={"j1": "It was founded in 2004."})
    cite(profile, make_source(publisher=publisher), direct=True)
    make_briefing(profile)
    settle()
    return publisher
