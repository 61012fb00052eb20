"""Which processors a thread runs on, where the system can be told: the first is left to those who are in a hurry."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress


def usable() -> list[int]:
    """Those that this process may run on; empty where a thread cannot be kept to some of them."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def step_aside() -> None:
    """Keep this thread, and those it begins, off the first processor for good; nothing where there is no other."""
    _keep_to(usable()[1:])


@contextmanager
def aside() -> Iterator[None]:
    """As `step_aside`, for the time of a block."""
    before = usable()
    _keep_to(before[1:])
    try:
        yield
    finally:
        _keep_to(before)


def _keep_to(processors: list[int]) -> None:
    if processors:
        with suppress(OSError):  # a container may forbid it: all is then as without
            os.sched_setaffinity(0, processors)
