"""Store: what each fit found, in SQLite, so that a study can be killed at any moment and goes on where it was."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from augury.errors import DataError
from augury.experiment.design import Task
from augury.experiment.fit import Outcome

_TABLE = """
create table if not exists fits (
  key text primary key,   -- hash of all that the fit depends on
  arm text not null, repeat integer not null, fold integer not null,
  seconds real not null,
  outcome blob not null   -- .npz of the fields of Outcome
) strict
"""


class Store:
    """Fits by their key. Each is written whole, in a transaction of its own.

    Raises
    ------
    DataError : if the file is no store.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._connection = _opened(path)
        except sqlite3.Error as error:
            raise DataError(f"{path}: cannot be used as the store of a study ({error}); move it away") from None

    def add(self, key: str, task: Task, outcome: Outcome) -> None:
        """Keep a fit."""
        packed = io.BytesIO()
        np.savez(packed, **asdict(outcome))
        row = (key, task.arm, task.repeat, task.fold, outcome.seconds, packed.getvalue())
        with self._connection:
            self._connection.execute("insert or replace into fits values (?, ?, ?, ?, ?, ?)", row)

    def known(self, keys: Iterable[str]) -> set[str]:
        """Which of these fits are there."""
        return {key for key in keys if self._connection.execute("select 1 from fits where key = ?", (key,)).fetchone()}

    def get(self, key: str) -> Outcome:
        """What a fit found."""
        (packed,) = self._connection.execute("select outcome from fits where key = ?", (key,)).fetchone()
        try:
            with np.load(io.BytesIO(packed)) as fields:
                values: dict[str, Any] = {name: fields[name] for name in fields.files}
                values |= {name: float(values[name]) for name in ("trained", "seconds")}
                return Outcome(**values)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"{self._path}: fit {key} is damaged ({error}); delete the file to begin anew") from None

    def mean_seconds(self) -> float:
        """How long a fit took, on average."""
        return float(self._connection.execute("select coalesce(avg(seconds), 0) from fits").fetchone()[0])

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    try:
        connection.execute("pragma journal_mode = wal")
        connection.execute(_TABLE)
    except sqlite3.Error:
        connection.close()
        raise
    return connection
