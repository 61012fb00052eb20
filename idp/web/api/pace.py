"""How many calls of one caller are answered: a bucket of tokens that fills again steadily, in each process.

It keeps one caller from taking the time of the others. What must not be guessed is counted in the database, by its own
command. Two processes hold two buckets, so the limit of an instance is that of a process times their number.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable

from idp.core.errors import Throttled

REMEMBERED = 10_000
BURST_SECONDS = 10  # a caller that was quiet may send this many seconds' worth at once


class Pace:
    """The buckets of one process."""

    def __init__(self, per_minute: int) -> None:
        self._per_second = per_minute / 60
        self._most = max(1.0, self._per_second * BURST_SECONDS)
        self._left: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, caller: Hashable) -> None:
        """Count one call.

        Raises:
            Throttled: the caller has to wait; `retry_after` says how long.
        """
        now = time.monotonic()
        with self._lock:
            left, at = self._left.pop(caller, (self._most, now))
            left = min(self._most, left + (now - at) * self._per_second)
            allowed = left >= 1
            self._left[caller] = (left - 1 if allowed else left, now)
            if len(self._left) > REMEMBERED:
                self._left.popitem(last=False)
        if not allowed:
            raise Throttled(retry_after=max(1, round((1 - left) / self._per_second)))
