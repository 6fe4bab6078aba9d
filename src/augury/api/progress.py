"""Progress on stderr for what takes more than two seconds: a bar in a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from augury.copies.search import Progress
from augury.copies.tables import Steps, quiet

_PATIENCE = 2.0  # seconds before a bar appears


@contextmanager
def steps() -> Iterator[Steps]:
    """Hand out what `copies.tables.Steps` asks for."""
    if not sys.stderr.isatty():
        yield quiet
        return
    from rich import progress
    from rich.console import Console

    bars = progress.Progress(console=Console(stderr=True), transient=True)
    begun = time.monotonic()

    def step(name: str) -> Progress:
        task = bars.add_task(name, total=None, visible=False)

        def advance(done: int, every: int) -> None:
            if time.monotonic() - begun > _PATIENCE:
                bars.start()
                bars.update(task, completed=done, total=every, visible=done < every)

        return advance

    try:
        yield step
    finally:
        bars.stop()
