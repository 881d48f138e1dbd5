"""The client's own retry: a bounded number of times, after pauses that grow and vary, for calls that carry a key."""

import time
from collections.abc import Callable
from random import SystemRandom
from typing import TypeVar

from concordat_query.errors import Reason, Unavailable

from concordat_client.progress import Listener, Retry

T = TypeVar("T")
ATTEMPTS = 4
FIRST_PAUSE = 0.5
_random = SystemRandom()


def with_retries(call: Callable[[float], T], key: str, seconds: float, listener: Listener | None) -> T:
    """What `call` returns, given the seconds that are left to it.

    Tried again, under the same key, only where a party could not be reached. Raises what the last try raised; an
    Unavailable names the key.
    """
    ends = time.monotonic() + seconds
    attempt = 1
    while True:
        try:
            return call(ends - time.monotonic())
        except Unavailable as error:
            pause = pause_before(attempt + 1)
            if not _worth_another(error) or attempt == ATTEMPTS or time.monotonic() + pause >= ends:
                error.idempotency_key = key
                raise
            attempt += 1
            if listener is not None:
                listener(Retry(attempt, ATTEMPTS, pause, error.reason))
            time.sleep(pause)


def pause_before(attempt: int) -> float:
    """Seconds before try number `attempt` (2 or more): doubling, and drawn, so that clients do not come all at once."""
    longest: float = FIRST_PAUSE * 2.0 ** (attempt - 1)
    return _random.uniform(longest / 2, longest)


def _worth_another(error: Unavailable) -> bool:
    reasons = {error.reason, *(fault.reason for fault in error.nodes)}
    return reasons == {Reason.NODE_UNAVAILABLE}
