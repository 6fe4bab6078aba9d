"""Plan: every parameter drawn for given samples, as a table that can be saved and replayed."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from augury.draws import Address, Draws
from augury.errors import PolicyError
from augury.files import write_whole
from augury.kernels import Rows
from augury.transforms.base import Node, Transform
from augury.transforms.policies import OneOf, Policy, SomeOf

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Plan:
    """Drawn parameters of all transforms of a policy.

    Attributes
    ----------
    ids : uint64 (n,), the samples.
    columns : transform label -> field -> array with n rows; field "on" says which samples it acts on.
    """

    ids: NDArray[np.uint64]
    columns: dict[str, dict[str, NDArray[Any]]]

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, rows: Rows) -> Plan:
        """The same for some of the samples."""
        columns = {label: {f: v[rows] for f, v in fields.items()} for label, fields in self.columns.items()}
        return Plan(self.ids[rows], columns)

    def replaced(self, rows: NDArray[np.int64], other: Plan) -> Plan:
        """Another plan in the place of some rows."""
        columns = {label: {f: v.copy() for f, v in fields.items()} for label, fields in self.columns.items()}
        for label, fields in columns.items():
            for field, values in fields.items():
                values[rows] = other.columns[label][field]
        return Plan(self.ids, columns)

    def save(self, path: str | Path) -> None:
        """Write as .npz."""
        flat: dict[str, Any] = {}
        for label, fields in self.columns.items():
            flat |= {f"{label}/{field}": values for field, values in fields.items()}
        packed = io.BytesIO()
        np.savez(packed, ids=self.ids, **flat)
        write_whole(path, packed.getvalue())

    @classmethod
    def load(cls, path: str | Path) -> Plan:
        """Read what `save` wrote."""
        columns: dict[str, dict[str, NDArray[Any]]] = {}
        try:
            with Path(path).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                ids = file["ids"]
                for key in file.files:
                    if key != "ids":
                        label, field = key.rsplit("/", 1)
                        columns.setdefault(label, {})[field] = file[key]
        except (OSError, EOFError, ValueError, TypeError, KeyError, BadZipFile) as error:
            raise PolicyError(f"{path}: not a saved plan ({error})") from None
        return cls(ids, columns)


def draw_plan(policy: Policy, seed: int, address: Address) -> Plan:
    """Draw all parameters of a policy for the samples of one address."""
    columns: dict[str, dict[str, NDArray[Any]]] = {}
    _draw(policy, np.ones(len(address), bool), seed, address, columns)
    return Plan(address.ids, columns)


def _draw(node: Node, on: Mask, seed: int, address: Address, columns: dict[str, dict[str, NDArray[Any]]]) -> None:
    """Add the columns of a node and its children; `on` says for which samples the node is reached."""
    draws = Draws(seed, node.label, address)
    p = getattr(node, "p", 1.0)
    if p < 1.0:
        on = on & draws.bernoulli("p", p)
    match node:
        case Transform():
            columns[node.label] = {"on": on, **node.draw(draws)}
            for chain in node.chains:
                _draw(chain, on, seed, address, columns)
        case OneOf():
            picked = draws.choice("choice", node.weights or [1.0] * len(node.transforms))
            for i, child in enumerate(node.transforms):
                _draw(child, on & (picked == i), seed, address, columns)
        case SomeOf():
            low, high = node.count
            count = draws.integers("count", low, high)
            rank = np.argsort(draws.permutation("choice", len(node.transforms)), axis=1)
            for i, child in enumerate(node.transforms):
                _draw(child, on & (rank[:, i] < count), seed, address, columns)
        case Policy():
            for child in node.transforms:
                _draw(child, on, seed, address, columns)
