"""Work on threads, in order and within bounds."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Made = TypeVar("Made")


def ordered(jobs: Iterable[Callable[[], Made]], threads: int, depth: int) -> Iterator[Made]:
    """Run jobs on threads (0: here), at most `depth` in flight, and yield their results in order."""
    if threads == 0:
        yield from (job() for job in jobs)
        return
    pool = ThreadPoolExecutor(threads, thread_name_prefix="augury")
    flight: deque[Future[Made]] = deque()
    try:
        for job in jobs:
            flight.append(pool.submit(job))
            if len(flight) >= depth:
                yield flight.popleft().result()
        while flight:
            yield flight.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def default_threads() -> int:
    """Up to four of the cores."""
    return min(4, cores())
