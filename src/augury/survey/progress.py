"""Progress on stderr for what takes more than two seconds: a bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_SHARE = 0.1
_PATIENCE, _BETWEEN = 2.0, 10.0  # seconds before the first sign, and between plain lines


@contextmanager
def shown() -> Iterator[Callable[[str, int, int], None]]:
    """Hand out what is called with the stage, how much is done, and of how much."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import Progress as Bars

    bars = Bars(console=Console(stderr=True), transient=True)
    try:
        yield _Bars(bars)
    finally:
        bars.stop()


class _Lines:
    def __init__(self) -> None:
        self._next = time.monotonic() + _PATIENCE
        self._begun: dict[str, tuple[float, int]] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        start, first = self._begun.setdefault(stage, (now, done))
        if now >= self._next:
            some = done - first >= _SHARE * total  # less says little of the rest
            left = (now - start) * (total - done) / (done - first) if some else 0.0
            more = f", {left:.0f} s left" if left > _BETWEEN else ""
            sys.stderr.write(f"{stage}: {done / max(total, 1):.0%}{more}\n")
            sys.stderr.flush()
            self._next = now + _BETWEEN


class _Bars:
    def __init__(self, bars: Any) -> None:
        self._bars, self._begun = bars, time.monotonic()
        self._tasks: dict[str, Any] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        if time.monotonic() - self._begun < _PATIENCE and done:
            return
        self._bars.start()
        task = self._tasks.get(stage)
        if task is None:
            task = self._tasks[stage] = self._bars.add_task(stage, total=None)
        self._bars.update(task, completed=done, total=total if done else None)
