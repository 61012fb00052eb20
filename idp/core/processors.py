"""Which processors a thread runs on, where the system can be told: the first is left to those who are in a hurry."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress


def usable() -> list[int]:
    """Those that this thread may run on; empty where a thread cannot be kept to some of them."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


FIRST = min(usable(), default=0)
"""The one that is left, of those that the process began with."""


def others() -> int:
    """How many there are beside the first; 1 where there is none."""
    those = usable() or range(os.cpu_count() or 1)
    return len(those) - (FIRST in those) or 1


def step_aside() -> None:
    """Keep this thread, and those it begins, off the first processor for good; nothing where there is no other."""
    _keep_to([each for each in usable() if each != FIRST])


@contextmanager
def aside() -> Iterator[None]:
    """As `step_aside`, for the time of a block."""
    before = usable()
    step_aside()
    try:
        yield
    finally:
        _keep_to(before)


def _keep_to(processors: list[int]) -> None:
    if processors:
        with suppress(OSError):  # a container may forbid it: all is then as without
            os.sched_setaffinity(0, processors)
