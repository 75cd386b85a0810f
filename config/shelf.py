"""Pages kept in Redis: found by a key that says what they show, bounded in bytes, and forgotten without harm.

Nothing here fails or waits for long. A Redis that is away, or takes its time, is an empty shelf and is rarely asked.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from redis import ConnectionError as RedisConnectionError
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.negotiation import IDENTITY

T = TypeVar("T")

PREFIX = "assay:page:"
WAIT = 0.25  # seconds for one answer of Redis; making a page takes a tenth of that
DRAGGING = 0.1
RARELY = 10  # after an answer that dragged, Redis is left alone for so many times what it took
SILENCE = 1.0  # seconds at least, after one that failed
TURN_MS = 2000  # whoever makes a page and dies holds up the others for so long at most; they do not wait even that
LARGEST = 2 << 20


@dataclass(frozen=True, slots=True)
class Room:
    """How much may be kept, and for how long. A full room forgets its oldest page first."""

    name: str
    bytes: int
    seconds: int


ADDRESSES = Room("addresses", 64 << 20, 3600)
# What strangers type has a room of its own: it pushes out what other strangers typed, and nothing else.
QUESTIONS = Room("questions", 8 << 20, 300)

KEEP = """
    local key, index, total = KEYS[1], KEYS[2], KEYS[3]
    local now, seconds, most, size = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
    redis.call('HSET', key, unpack(ARGV, 5))
    redis.call('EXPIRE', key, seconds)
    redis.call('ZADD', index, now, size .. ' ' .. key)
    local bytes = redis.call('INCRBY', total, size)
    for _ = 1, 200 do
        local oldest = redis.call('ZRANGE', index, 0, 0, 'WITHSCORES')
        if #oldest == 0 or (bytes <= most and tonumber(oldest[2]) > now - seconds) then break end
        local length, gone = string.match(oldest[1], '^(%d+) (.*)$')
        redis.call('DEL', gone)
        redis.call('ZREM', index, oldest[1])
        bytes = redis.call('DECRBY', total, length)
    end
    return bytes"""


@dataclass(frozen=True, slots=True)
class Head:
    """All of a kept page but its body: the tag of what it shows, and its headers."""

    etag: str
    headers: tuple[tuple[str, str], ...]

    def as_json(self) -> str:
        return json.dumps([self.etag, self.headers])

    @classmethod
    def from_json(cls, text: bytes) -> "Head":
        etag, headers = json.loads(text)
        return cls(etag, tuple((name, value) for name, value in headers))


class Shelf:
    """The pages that all web processes keep together."""

    def __init__(self, url: str) -> None:
        again = Retry(NoBackoff(), retries=1, supported_errors=(RedisConnectionError,))
        self.redis: Any = Redis.from_url(url, socket_timeout=WAIT, socket_connect_timeout=WAIT, retry=again)
        self.keep_script = self.redis.register_script(KEEP)
        self.silent_until = 0.0

    def head(self, key: str) -> Head | None:
        """Return what is known of a page without fetching its body."""
        found = self._ask(lambda: self.redis.hget(PREFIX + key, "head"))
        return Head.from_json(found) if found else None

    def page(self, key: str, coding: str) -> tuple[Head, bytes | None] | None:
        """Return a kept page with its body in this coding, None where it was never kept in that one."""
        found = self._ask(lambda: self.redis.hmget(PREFIX + key, "head", coding))
        return (Head.from_json(found[0]), found[1]) if found and found[0] else None

    def plain_body(self, key: str) -> bytes | None:
        return self._ask(lambda: self.redis.hget(PREFIX + key, IDENTITY))

    def keep(self, key: str, head: Head, bodies: dict[str, bytes], room: Room) -> None:
        size = sum(map(len, bodies.values())) + len(key)
        if size > LARGEST:
            return
        fields: list[str | bytes] = ["head", head.as_json()]
        for coding, body in bodies.items():
            fields += [coding, body]
        keys = [PREFIX + key, f"{PREFIX}{room.name}:index", f"{PREFIX}{room.name}:bytes"]
        limits = [int(time.time()), room.seconds, room.bytes, size]
        self._ask(lambda: self.keep_script(keys=keys, args=[*map(str, limits), *fields]))

    def take_turn(self, key: str) -> bool:
        """Tell whether this page is for us to make. Without Redis everybody makes their own."""
        taken = self._ask(lambda: self.redis.set(f"{PREFIX}turn:{key}", 1, nx=True, px=TURN_MS) or "somebody else")
        return taken != "somebody else"

    def end_turn(self, key: str) -> None:
        self._ask(lambda: self.redis.delete(f"{PREFIX}turn:{key}"))

    def _ask(self, call: Callable[[], T]) -> T | None:
        started = time.monotonic()
        if started < self.silent_until:
            return None
        try:
            answer, silence = call(), 0.0
        except RedisError:
            answer, silence = None, SILENCE
        took = time.monotonic() - started
        if silence or took > DRAGGING:
            self.silent_until = time.monotonic() + max(silence, RARELY * took)
        return answer
