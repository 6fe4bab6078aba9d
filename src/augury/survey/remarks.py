"""Remarks: what should be mended, or known, before training; each with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from augury.data.split import has_labels
from augury.survey.objects import BoxFacts
from augury.survey.quality import Quality, gives_away
from augury.survey.repeats import Cluster, Repeats, extra, mixed
from augury.survey.scan import Scan

_TINY, _UNEVEN = 10, 3.0  # images of a class; times that the largest class has more than the smallest
_SMALL_BOX = 0.02  # side of a box that is hard to see, as a fraction of the image's
_UNUSED = 0.5  # of uint16's range, below which images stay dark


@dataclass(frozen=True)
class Remark:
    """One thing to know.

    Attributes
    ----------
    level : "warning" wants something done; "note" is good to know.
    code : a name for machines. text : for people, one sentence or two. images : which readable ones it is about.
    """

    level: Literal["warning", "note"]
    code: str
    text: str
    images: tuple[int, ...] = ()


def remarks(scan: Scan, repeats: Repeats, quality: Quality, boxes: BoxFacts | None) -> list[Remark]:
    """All remarks, warnings first."""
    found = [*_files(scan), *_repeated(scan, repeats), *_classes(scan, boxes), *_pixels(scan), *_stand_out(quality)]
    return sorted(found, key=lambda remark: remark.level != "warning")


def _files(scan: Scan) -> Iterator[Remark]:
    count = len(scan.unreadable)
    if count:
        text = f"{_images(count)} cannot be read and {_is(count)} left out here; a stream would stop at the first."
        yield Remark("warning", "unreadable", f"{text} Replace or remove {'it' if count == 1 else 'them'}.")
    for note in scan.table.notes:
        yield Remark("note", "source", note)
    for name, guessed, blind in gives_away(scan):
        text = f"The {name} alone tells the class of {guessed:.0%} of the images (guessing: {blind:.0%})."
        yield Remark("warning", "gives_away", f"{text} A network may learn that in place of the subject.")


def _repeated(scan: Scan, repeats: Repeats) -> Iterator[Remark]:
    labelled, parts = has_labels(scan.table), scan.table.parts
    if labelled:
        conflicts = mixed(repeats.twins, scan.labels)
        if conflicts:
            text = f"Byte-identical files lie in two classes ({_sets(conflicts)}): at most one label is right."
            yield Remark("warning", "label_conflict", text + " Correct or remove them.", _members(conflicts))
        families = [family for family in mixed(repeats.families, scan.labels) if family not in conflicts]
        if families:
            text = f"Copies of one photo lie in two classes ({_sets(families)}). Check their labels."
            yield Remark("warning", "copies_across_classes", text, _members(families))
    if parts is not None:
        leaks = mixed(repeats.families, parts[scan.rows].astype(np.int64))
        if leaks:
            text = f"Copies of one photo lie in two given parts ({_sets(leaks)}): the test part is not new to training."
            yield Remark("warning", "copies_across_parts", text + ' Split with leaks="drop".', _members(leaks))
        near = [c for c in mixed(repeats.scenes, parts[scan.rows].astype(np.int64)) if c not in leaks]
        if near:
            text = (
                f"What look like photos of one scene lie in two given parts ({_sets(near)}), which flatters the score."
            )
            yield Remark("note", "scenes_across_parts", text, _members(near))
    if repeats.families:
        count = extra(repeats.families)
        text = f"{_images(count)} {'is a copy' if count == 1 else 'are copies'} of others; a split keeps them together."
        yield Remark("note", "copies", text, _members(repeats.families))
    if repeats.scenes and extra(repeats.scenes) > extra(repeats.families):
        text = f"Some images look like photos of one scene: {_sets(repeats.scenes)}, the largest of "
        text += f'{len(repeats.scenes[0])}. Split with groups="near" for an honest score.'
        yield Remark("note", "scenes", text, _members(repeats.scenes))


def _classes(scan: Scan, boxes: BoxFacts | None) -> Iterator[Remark]:
    classes = scan.table.classes
    if boxes is not None:
        yield from _objects(scan, boxes)
        counts, what = boxes.per_class(len(classes)), "object"
    elif has_labels(scan.table):
        counts, what = np.bincount(scan.labels, minlength=len(classes)), "image"
    else:
        return
    empty = [name for name, count in zip(classes, counts, strict=True) if not count]
    tiny = [f"{name} ({count})" for name, count in zip(classes, counts, strict=True) if 0 < count < _TINY]
    if len(classes) == 1 and classes[0] and boxes is None:  # without a name: opened without labels
        yield Remark("warning", "one_class", f"All images are of one class, {classes[0]}; nothing can be told apart.")
    if empty:
        yield Remark("warning", "empty_class", f"No readable {what} is of class {_listed(empty)}.")
    if tiny:
        text = f"Fewer than {_TINY} {what}s in {_listed(tiny)}: too few to split or to judge by."
        yield Remark("warning", "tiny_class", text)
    present = counts[counts > 0]
    if len(present) > 1 and present.max() >= _UNEVEN * present.min():
        most, least = classes[int(counts.argmax())], classes[int(np.where(counts > 0, counts, counts.max()).argmin())]
        text = f"Classes are uneven: {counts.max()} {what}s of {most}, {present.min()} of {least}."
        advice = ' Stream with balance="classes" and judge by balanced accuracy.' if boxes is None else ""
        yield Remark("warning", "uneven", text + advice)


def _objects(scan: Scan, boxes: BoxFacts) -> Iterator[Remark]:
    without = np.setdiff1d(np.arange(len(scan)), boxes.image)
    if len(without):
        text = f"{_images(len(without))} without any object: right if meant as background, else not yet marked."
        yield Remark("note", "no_objects", text, tuple(without.tolist()))
    small = np.unique(boxes.image[boxes.size < _SMALL_BOX])
    if len(small):
        count = int((boxes.size < _SMALL_BOX).sum())
        text = f"{count} boxes are smaller than {_SMALL_BOX:.0%} of the image's side; little is left when resized."
        yield Remark("note", "small_boxes", text, tuple(small.tolist()))


def _pixels(scan: Scan) -> Iterator[Remark]:
    channels, dtypes = scan.column("channels"), scan.column("dtype")
    disguised = np.flatnonzero(scan.column("gray") & (channels >= 3))
    if len(disguised) and scan.column("gray").all():
        text = f"{_images(len(disguised))} {_is(len(disguised))} gray but stored in colour."
        yield Remark("note", "gray_as_color", text + " prepare(channels=1) loses nothing.", _rows(disguised))
    elif len(disguised):
        text = f"{_images(len(disguised))} {_is(len(disguised))} gray among coloured ones."
        yield Remark("note", "gray_among_color", text, _rows(disguised))
    hidden = np.flatnonzero(scan.column("transparent"))
    if len(hidden):
        text = f"{_images(len(hidden))} with transparent pixels, whose hidden colours show once alpha is dropped."
        yield Remark("warning", "transparent", text + " Put them on a background of your choice.", _rows(hidden))
    if len(np.unique(channels)) > 1 and scan.prepare.channels is None:
        text = f"The numbers of channels differ ({_listed(np.unique(channels).tolist())}); a stream needs one."
        yield Remark("warning", "channels_differ", text + " Use prepare(channels=3), or 1.")
    if len(np.unique(dtypes)) > 1:
        text = f"The data types differ ({_listed(np.unique(dtypes).tolist())}); a stream needs one. Convert the files."
        yield Remark("warning", "dtypes_differ", text)
    peak = float(scan.column("peak").max())
    if (dtypes == "uint16").all() and peak < _UNUSED * 65535:
        text = f"16-bit values reach only {peak:.0f} of 65535, so every image is dark. Scale them up"
        yield Remark("warning", "unused_range", text + " before training.")
    yield from _sizes(scan)


def _sizes(scan: Scan) -> Iterator[Remark]:
    height, width = scan.column("height"), scan.column("width")
    size = scan.prepare.size
    if size is None and len(np.unique(np.stack([height, width]), axis=1).T) > 1:
        text = "The sizes of the images differ; a stream needs one. Use prepare(size=(height, width))."
        yield Remark("note", "sizes_differ", text)
    small = np.flatnonzero((height < size[0]) & (width < size[1])) if size else np.zeros(0, np.int64)
    if size and len(small):
        text = f"{_images(len(small))} {_is(len(small))} smaller than {size[0]}x{size[1]}: enlarging adds no detail."
        yield Remark("note", "enlarged", text, _rows(small))


def _stand_out(quality: Quality) -> Iterator[Remark]:
    for code, rows, what in (
        ("blank", quality.blank, "of hardly more than one colour"),
        ("dark", quality.dark, "nearly black"),
        ("bright", quality.bright, "nearly white"),
        ("blurred", quality.blurred, "far less sharp than the rest of the class"),
    ):
        if len(rows):
            yield Remark("note", code, f"{_images(len(rows))} {_is(len(rows))} {what}.", _rows(rows))


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count} images"


def _sets(clusters: Sequence[Cluster]) -> str:
    return "1 set" if len(clusters) == 1 else f"{len(clusters)} sets"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _listed(names: Sequence[object], most: int = 5) -> str:
    shown = ", ".join(str(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _rows(rows: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> tuple[int, ...]:
    return tuple(rows.tolist())


def _members(clusters: Sequence[Cluster]) -> tuple[int, ...]:
    return tuple(sorted({i for cluster in clusters for i in cluster}))
