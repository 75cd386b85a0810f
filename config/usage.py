"""How often a page is opened: numbers by day, and nothing about who opened it.

Serving a page adds one to a number in memory. A thread hands the numbers to Redis every few seconds, and a chore takes
them to the database from there. A process that is killed loses a few seconds of them, and without Redis nothing is
counted. A total is therefore sometimes too small, and never too large.
"""

import atexit
import logging
import os
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from redis import Redis, RedisError

log = logging.getLogger(__name__)

COUNTED = re.compile(r"/(?:[a-z]{2}-[a-z]+/)?(profiles/[a-z0-9-]{1,100}/(?:briefing/)?)")
# Browsers say that they are Mozilla; what else does so and is none says one of these.
A_BROWSER = re.compile(r"Mozilla/5\.0 \(")
A_PROGRAM = re.compile(
    r"bot|crawl|spider|slurp|archiv|preview|fetch|monitor|uptime|scan|headless|lighthouse|phantom|python|curl|wget|https?://",
    re.IGNORECASE,
)
AHEAD = (
    "HTTP_SEC_PURPOSE",
    "HTTP_PURPOSE",
    "HTTP_X_MOZ",
)  # sent with a page that a browser loads before it is asked for
EVERY = 5.0  # seconds
MOST = 10_000  # different numbers between two of those
KEY = "assay:usage:{}"
TAKEN = "assay:usage-taken:{}"
FORGOTTEN = 7 * 24 * 3600  # seconds after which Redis drops what nobody took

_tally: Counter[tuple[str, str]] = Counter()
_lock = threading.Lock()
_handing_over = 0  # the number of the process whose thread hands over


def seen(path: str, meta: Mapping[str, Any] | None = None) -> None:
    """Count a page that was served. `meta` is the request's META or the server's environ; what no reader asked is not counted.

    Costs a few microseconds and asks nobody, so that whatever answers pages, from a cache or not, may call it.
    """
    found = COUNTED.fullmatch(path)
    if found is None or (meta is not None and not is_a_reader(meta)):
        return
    with _lock:
        if len(_tally) < MOST:
            _tally[datetime.now(UTC).date().isoformat(), found[1]] += 1
    if _handing_over != os.getpid():
        _begin_to_hand_over()


def is_a_reader(meta: Mapping[str, Any]) -> bool:
    """By simple means: a browser by its own word, that wants the page now."""
    agent = meta.get("HTTP_USER_AGENT", "")
    ahead = any(str(meta.get(name, "")).startswith("pre") for name in AHEAD)
    by_name = A_BROWSER.match(agent) and not A_PROGRAM.search(agent)
    return bool(by_name) and not ahead and meta.get("REQUEST_METHOD") == "GET"


# --- To Redis ---------------------------------------------------------------------------------------------------------


def _begin_to_hand_over() -> None:
    global _handing_over
    with _lock:
        if _handing_over == os.getpid() or settings.PROCESS != "web":
            return
        _handing_over = os.getpid()
    atexit.register(hand_over)
    threading.Thread(target=_keep_handing_over, name="usage", daemon=True).start()


def _keep_handing_over() -> None:
    wait = threading.Event()
    while not wait.wait(EVERY):
        hand_over()


def hand_over() -> None:
    """Add what was counted to what Redis has. While it is away, what was counted is forgotten."""
    with _lock:
        counted = list(_tally.items())
        _tally.clear()
    if not counted:
        return
    try:
        with _redis() as redis, redis.pipeline(transaction=True) as pipeline:
            for (day, path), number in counted:
                pipeline.hincrby(KEY.format(day), path, number)
            for day in {day for (day, _path), _number in counted}:
                pipeline.expire(KEY.format(day), FORGOTTEN)
            pipeline.execute()
    except RedisError as error:
        log.info("Nothing is counted while Redis is away (%s).", error)


def _redis() -> Redis:
    return Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1, decode_responses=True)


# --- And from there ----------------------------------------------------------------------------------------------------


def taken_by(store: Callable[[date, dict[str, int]], int]) -> int:
    """Have what was counted stored, day by day, each in one transaction; return the sum of what `store` returns.

    Redis forgets a day inside the transaction: if it cannot be told, nothing is stored and the day comes again; if the
    process dies after it was told, the day's numbers so far are lost. Neither counts anything twice.
    """
    with _redis() as redis:
        return sum(_taken(redis, day, store) for day in _days(redis))


def _taken(redis: Redis, day: str, store: Callable[[date, dict[str, int]], int]) -> int:
    key = TAKEN.format(day)
    # One that is there already was left by a process that died before it had stored it.
    if not redis.exists(key):
        redis.rename(KEY.format(day), key)
    with transaction.atomic():
        counted: dict[str, str] = redis.hgetall(key)  # type: ignore[assignment]
        stored = store(date.fromisoformat(day), {path: int(number) for path, number in counted.items()})
        redis.delete(key)
    return stored


def _days(redis: Redis) -> list[str]:
    keys = {*redis.scan_iter(KEY.format("20*")), *redis.scan_iter(TAKEN.format("20*"))}
    return sorted({key.rpartition(":")[2] for key in keys})
