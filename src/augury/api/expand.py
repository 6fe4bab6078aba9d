"""Expand: the views of a training part, written to disk as a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from augury.api.dataset import Dataset
from augury.api.stream import check_policy
from augury.api.training import check_training
from augury.data.storage import check_name
from augury.data.unlabelled import is_labelled
from augury.errors import AuguryError, DataError
from augury.offline.encode import Format, check_format
from augury.offline.expand import Expansion
from augury.offline.expand import expand as write
from augury.offline.job import Job, Progress
from augury.stream.threads import default_threads
from augury.transforms.base import Transform
from augury.transforms.policies import Policy, walk

AnnotationFormat = Literal["coco", "yolo", "voc", "csv", "masks"]
_ANNOTATIONS = {"boxes": ("coco", "yolo", "voc", "csv"), "masks": ("masks",)}
_MOST_VIEWS = 2**16 - 1  # what a draw address can number
_QUALITY = 95


def expand(
    part: Dataset,
    policy: Policy,
    views: int = 10,
    out: str | Path = "augmented",
    *,
    seed: int = 0,
    threads: int | None = None,
    originals: bool = True,
    format: Format | None = None,  # noqa: A002  the word that people look for
    quality: int | None = None,
    annotations: AnnotationFormat | None = None,
    progress: Progress | None = None,
) -> Expansion:
    """Write the images of a training part, and views of each, as a dataset that `ag.open` reads.

    Boxes, outlines, keypoints and masks are moved with the pixels, and written as the source had them, in one dataset
    of all images and views: these then lie where that format has them, without folders of their own.

    Files keep their names and folders, and views add `_1`, `_2`, ... (with zeros in front, so that they sort);
    arrays become `class/row.png`. `manifest.csv` lists each image with its class, the group that it must not leave,
    its source, and every number that was drawn; `augury.json` says how it was made. Stopped at any moment, the same
    call goes on where it was, in the folder `out` + ".part". The bytes do not depend on threads.

    Parameters
    ----------
    part : the training part of a split, or a dataset that is training data as a whole. `prepare` decides size, fit
        and channels of the views; without a size each keeps that of its image. Its normalize and dtype are for
        training and do nothing here: pixels stay uint8 or uint16.
    views : of each image, 1 to 65535. View k of an image is the same however many there are.
    out : a folder, or a file that ends in .zip; neither may be there.
    threads : None takes up to four of the machine's cores, 0 works inline.
    originals : whether the images themselves are written, as they are: files byte for byte, arrays as PNG.
    format : "png" (lossless, None), "jpg" or "webp", of the views. quality : 1 to 100 of jpg and webp; 95.
    annotations : "coco", "yolo", "voc" or "csv" of boxes, "masks" of masks; None is the format of the source.
    progress : called with ("checking", "expanding", "annotating" or "packing", done, of how many).

    A policy that mixes samples needs one size, and within_class=True; all images are then of one group, as views hold
    pixels of several.

    Raises
    ------
    LeakError : for a validation or test part, or a policy that was chosen on images of the test part.
    PolicyError : if boxes cannot follow a transform.
    DataError : before anything is written: if an image or its annotations cannot be read or stored, names collide,
        `out` is there or lies in the dataset, or the disk is too small.
    """
    layout = _layout(part, annotations)
    _check_policy(part, policy)
    chosen: Format = "png" if format is None else format
    check_format(chosen, quality)
    for name, value, least, most in (("views", views, 1, _MOST_VIEWS), ("threads", threads or 0, 0, 1024)):
        if not isinstance(value, (int, np.integer)) or not least <= value <= most:
            raise AuguryError(f"expand: {name}={value!r}; expected a whole number from {least} to {most}")
    if not isinstance(seed, (int, np.integer)):
        raise AuguryError(f"expand: seed={seed!r}; expected a whole number")
    if views > 1 and not policy.is_random:
        raise AuguryError("expand: the policy is not random, so all views would be the same; ask for views=1")
    job = Job.of(
        part._table,
        part._indices,
        part.groups,
        part._prepare,
        policy,
        seed=int(seed),
        views=int(views),
        format=chosen,
        quality=_QUALITY if quality is None and chosen != "png" else quality,
        originals=originals,
        threads=default_threads() if threads is None else int(threads),
        layout=layout,
    )
    return write(job, place_of("expand", out, part._table.root), progress or silent)


def _layout(part: Dataset, annotations: AnnotationFormat | None) -> str | None:
    """In which format annotations are written; None where images have none."""
    check_training(part, "expand")
    table = part._table
    kind = "boxes" if table.objects is not None else "masks" if table.mask is not None else "classes"
    if kind == "classes" and not is_labelled(table):
        raise DataError(f"{table.root}: its images have no class; open them with labels")
    held = _ANNOTATIONS.get(kind, ())
    if annotations is not None and annotations not in held:
        said = f"expected {' or '.join(held)}" if held else "leave it out"
        raise AuguryError(f"expand: annotations={annotations!r}, and {table.root} holds {kind}; {said}")
    return annotations or table.layout or next(iter(held), None)


def _check_policy(part: Dataset, policy: Policy) -> None:
    if not isinstance(policy, Policy):
        raise AuguryError(f"expand: {policy!r} is no policy; write Policy([...])")
    check_policy(policy, part._table, part._role, part._locked, part._shift)
    for node in walk(policy):
        if isinstance(node, Transform):
            _check_mixture(part, node)


def _check_mixture(part: Dataset, node: Transform) -> None:
    if (node.mixes or node.needs_marks) and (part._table.objects is not None or part._table.mask is not None):
        raise AuguryError(f"expand: {node.label}: mixed boxes and masks cannot be written yet; leave it out, or stream")
    if node.needs_marks:
        raise AuguryError(f"expand: {node.label} needs masks or boxes, which this data has not; leave it out")
    if node.shares_labels:
        raise AuguryError(
            f"expand: {node.label}: labels would be shares, which no folder can name; use within_class=True, or stream"
        )
    if node.mixes and part._prepare.size is None:
        raise AuguryError(f"expand: {node.label} mixes images, which takes one size for all; use prepare(size=...)")


def place_of(command: str, out: str | Path, root: str) -> Path:
    """Where to write; a result inside the dataset would be taken for a part of it."""
    place, above = Path(out).expanduser(), Path(root)
    check_name(f"{command}: out", str(place))
    if not place.name:
        raise AuguryError(f"{command}: out={str(out)!r} names no folder or .zip; give one that does not exist")
    inside = place.absolute().resolve().is_relative_to(above.absolute().resolve())
    if inside and above != Path():  # the working folder is the root of frames, and often of nothing else
        raise DataError(f"{place}: lies in the dataset, {root}, which it would change; give another place")
    return place


def silent(stage: str, done: int, total: int) -> None:
    """For who does not ask for progress."""
