"""Progress of what takes more than two seconds, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from augury.copies.tables import Steps
from augury.survey.progress import shown


@contextmanager
def steps() -> Iterator[Steps]:
    """Hand out what `copies.tables.Steps` asks for."""
    with shown() as tell:
        yield lambda name: partial(tell, name)
