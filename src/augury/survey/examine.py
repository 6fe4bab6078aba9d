"""Examine: one look at a dataset, from files to findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from augury.data.prepare import Prepare
from augury.data.split import has_labels
from augury.data.table import Table
from augury.survey.map import Map, dataset_map
from augury.survey.neighbours import Neighbours, small_pictures
from augury.survey.objects import BoxFacts, box_facts
from augury.survey.proposals import Proposal, propose
from augury.survey.quality import Quality, assess
from augury.survey.remarks import Remark, remarks
from augury.survey.repeats import Repeats, find_repeats
from augury.survey.scan import Progress, Scan, scan
from augury.survey.variation import Varying, what_varies


@dataclass(frozen=True, eq=False)
class Findings:
    """Everything that a look found; all in terms of the readable images of `scan`."""

    scan: Scan
    repeats: Repeats
    quality: Quality
    boxes: BoxFacts | None
    varying: Mapping[str, Varying]
    proposals: list[Proposal]
    map: Map
    remarks: list[Remark]


def examine(
    table: Table, prepare: Prepare, rows: NDArray[np.int64], threads: int, progress: Progress | None = None
) -> Findings:
    """Decode some rows of a table once, and say what they hold; the result does not depend on the threads.

    Raises
    ------
    DataError : if no image can be read.
    """
    seen = scan(table, prepare, rows, threads, progress)
    repeats = find_repeats(seen, threads, progress)
    family = np.arange(len(seen))
    for cluster in repeats.families:
        family[list(cluster)] = cluster[0]
    quality, boxes = assess(seen), box_facts(seen)
    varying = what_varies(seen, boxes)
    neighbours = Neighbours(seen, family) if has_labels(table) else None
    return Findings(
        scan=seen,
        repeats=repeats,
        quality=quality,
        boxes=boxes,
        varying=varying,
        proposals=propose(seen, varying, neighbours),
        map=dataset_map(neighbours.pictures if neighbours else small_pictures(seen)),
        remarks=remarks(seen, repeats, quality, boxes),
    )
