import time
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis import RedisError

SILENCE = 5.0  # seconds in which a Redis that did not answer is not asked again
_silent_until = 0.0


class ForgivingRedisCache(RedisCache):
    """A cache that is empty while Redis is away, so that nothing that only wanted to be fast fails."""

    def get(self, *args: Any, **kwargs: Any) -> Any:
        default = kwargs.get("default", args[1] if len(args) > 1 else None)
        return self._forgive(super().get, default, *args, **kwargs)

    def get_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._forgive(super().get_many, {}, *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> None:
        self._forgive(super().set, None, *args, **kwargs)

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._forgive(super().add, True, *args, **kwargs))

    def incr(self, *args: Any, **kwargs: Any) -> int:
        return int(self._forgive(super().incr, 0, *args, **kwargs))

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._forgive(super().delete, False, *args, **kwargs))

    def _forgive(self, call: Any, otherwise: Any, *args: Any, **kwargs: Any) -> Any:
        global _silent_until
        # A frozen Redis costs a second each time, and signing in would ask twenty times.
        if time.monotonic() < _silent_until:
            return otherwise
        try:
            return call(*args, **kwargs)
        except RedisError:
            _silent_until = time.monotonic() + SILENCE
            return otherwise
