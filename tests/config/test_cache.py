"""The cache without Redis."""

import pytest
from django.core.cache.backends.redis import RedisCache
from redis import RedisError

from config import cache


@pytest.fixture
def frozen(monkeypatch):
    """A Redis that does not answer; holds how often it was asked."""
    asked = []

    def ask(*args, **options):
        asked.append(args)
        raise RedisError("no answer")

    for name in ("get", "set", "add"):
        monkeypatch.setattr(RedisCache, name, ask)
    monkeypatch.setattr(cache, "_silent_until", 0.0)
    return asked


def test_a_redis_that_does_not_answer_is_not_asked_again_for_a_while(frozen, monkeypatch):
    kept = cache.ForgivingRedisCache("redis://localhost:1", {})
    assert (kept.get("a", "nothing"), kept.set("a", 1), kept.add("b", 1)) == ("nothing", None, True)
    assert len(frozen) == 1
    monkeypatch.setattr(cache, "_silent_until", 0.0)
    kept.get("a")
    assert len(frozen) == 2
