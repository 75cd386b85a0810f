import pytest

from accounts.applications import web
from tests.accounts.applications.registries import Names, Registry, serving


@pytest.fixture
def registry(settings, monkeypatch):
    """A registry that answers here."""
    # Only a test of slowness should fail by being slow: the machine may be busy with others.
    monkeypatch.setattr(web, "SECONDS", 20.0)
    with serving(Registry()) as server:
        settings.RDAP_URL = server.url
        yield server


@pytest.fixture
def names(settings, monkeypatch):
    with serving(Names()) as server:
        settings.DNS_RESOLVER = server.address
        yield server
