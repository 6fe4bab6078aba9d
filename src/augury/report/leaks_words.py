"""Words for leaks: the answer, what stands behind it, and how sure one pair is; as a terminal and the page say it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isnan

from augury.copies.leaks import KINDS, Accuracy, Findings, Kind, Pair
from augury.data.table import Table
from augury.data.unlabelled import is_labelled
from augury.report.families import families
from augury.report.leaks_choice import margin

EFFECTS = {
    "unchanged": "nothing but the file, if anything",
    "crop": "cut out of a larger image",
    "resize": "stored with more or fewer pixels",
    "mirror": "left and right, or top and bottom, exchanged",
    "rotate": "turned by any angle",
    "stretch": "one side stretched more than the other",
    "zoom": "made larger or smaller within its frame",
    "shift": "moved within its frame",
    "brightness": "made brighter or darker",
    "contrast": "made more or less contrasty",
    "gamma": "mid-tones made brighter or darker",
    "tone": "another tone curve",
    "noise": "random grain added",
    "specks": "salt and pepper: single pixels black or white",
    "blur": "made less sharp",
    "sharpen": "edges made crisper",
    "erase": "a part painted over",
    "jpeg": "compressed as JPEG",
}
_RAREST = 1e-4  # an extrapolated share below it is not told more finely
_SMALLEST = 5e-5  # error that is told
_WIDTH = 100  # columns of a terminal


@dataclass(frozen=True, eq=False)
class Told:
    """What is told about leaks.

    Attributes
    ----------
    findings : pairs of rows of the two tables.
    train, test : the same table twice where copies were looked for inside one set, or among its parts.
    train_name, test_name : as headings call the two sides. train_count : training images.
    inside : whether copies were looked for inside one set.
    accuracy : of "all", the "leaked" and the "clean" test images; None where there are no predictions.
    """

    findings: Findings
    train: Table
    test: Table
    train_name: str
    test_name: str
    train_count: int
    inside: bool
    accuracy: Mapping[str, Accuracy] | None

    @cached_property
    def families(self) -> list[list[int]]:
        """Rows that are copies of each other; only inside one set."""
        return families(self.findings.pairs) if self.inside else []

    @property
    def copies(self) -> int:
        """Images that are copies: of training images, or inside one set of an earlier image."""
        if self.inside:
            return sum(len(family) - 1 for family in self.families)
        return sum(pair.leaked for pair in self.findings.pairs)

    @property
    def count(self) -> int:
        """Images that were compared."""
        return self.train_count - len(self.findings.unreadable) if self.inside else len(self.findings.pairs)

    @property
    def limit(self) -> float:
        """Share of detail left unexplained above which a pair is no copy."""
        return self.findings.calibration.threshold


def class_of(table: Table, row: int) -> str | None:
    """The class of an image, where it is known."""
    return table.classes[table.labels[row]] if is_labelled(table) else None


def text(told: Told) -> str:
    """One screen for a terminal."""
    counts, done = told.findings.counts(), told.findings.by_effect()
    lines = [answer(told), "  " + setting(told), ""]
    lines += [f"  {counts[kind]:>7,} {kind:<12} {meaning}" for kind, meaning in kinds(told).items() if counts[kind]]
    if done:
        lines += ["", *_wrapped("what was done: " + ", ".join(f"{name} {count:,}" for name, count in done.items()))]
    lines += ["", *_wrapped(sureness(told))]
    lines += [f"accuracy of the {name} test images: {value}" for name, value in (told.accuracy or {}).items()]
    return "\n".join([*lines, unreadable(told) or ""]).rstrip()


def answer(told: Told) -> str:
    """The finding in one line."""
    one, share = told.copies == 1, f" ({told.copies / told.count:.1%})" if told.count else ""
    if told.inside:
        families = f", in {_counted(len(told.families), 'family', 'families')}" if told.families else ""
        return (
            f"{told.copies:,} of {told.count:,} images{share} {'repeats another' if one else 'repeat others'}{families}"
        )
    if not told.copies:
        return f"none of {told.count:,} test images is a copy of a training image"
    what = "is a copy of a training image" if one else "are copies of training images"
    return f"{told.copies:,} of {told.count:,} test images{share} {what}"


def setting(told: Told) -> str:
    """What was compared."""
    if told.inside:
        return f"copies looked for inside {told.train_name}"
    return f"test: {told.test_name}; training: {told.train_name} ({told.train_count:,} images)"


def kinds(told: Told) -> dict[Kind, str]:
    """What each kind of pair means."""
    return {k: v.replace("a training image", "another image") if told.inside else v for k, v in KINDS.items()}


def sureness(told: Told) -> str:
    """How often a look-alike is taken for a copy."""
    calibration, others = told.findings.calibration, told.count - told.copies
    seen, rate = len(calibration.null), calibration.false_rate
    if not calibration.calibrated:
        return (
            f"how sure: only {seen} look-alikes were found in this data, too few to measure how often one is taken "
            "for a copy; look at the closest calls"
        )
    return (
        f"how sure: measured on {seen} look-alikes of this data, about {percent(rate)} of images that are no copies "
        f"are called one, which is {rate * others:.1f} of {others:,} here"
    )


def how_sure(pair: Pair, limit: float) -> str:
    """How sure the kind of one pair is."""
    if pair.kind == "exact":
        return "Certain: the files are equal, byte for byte."
    if pair.kind == "identical":
        return "Certain: all pixels are equally bright."
    if isnan(pair.score):
        return "Too few pixels to compare more than whether they are equal."
    error = f" (± {percent(pair.error)})" if pair.error >= _SMALLEST else ""
    left = f"{percent(max(pair.score, 0))}{error} of the detail is unexplained"
    if pair.kind == "copy":
        left += ", which noise may explain" if pair.score >= limit else ""
        return f"{left}; the limit for a copy is {percent(limit)}. {_chance(pair.chance)}"
    if pair.kind == "cannot tell":
        return f"{left}, but there is too little detail to prove anything."
    if margin(pair) < limit:
        return f"{left}, but each image has a noise of its own, as two photos have."
    return f"{left}; the limit for a copy is {percent(limit)}."


def percent(share: float) -> str:
    """A share with two or three figures that mean something.

    Examples
    --------
    >>> percent(0.00123), percent(0.0123), percent(0.123), percent(1.234)
    ('0.12%', '1.2%', '12.3%', '123%')
    """
    return f"{share:.0%}" if share >= 1 else f"{share:.1%}" if share >= 0.01 else f"{share:.2%}"


def unreadable(told: Told) -> str | None:
    """How many images cannot be read, and the first of them; None where all can."""
    broken = told.findings.unreadable
    return f"{_counted(len(broken), 'image', 'images')} cannot be read, first: {broken[0]}" if broken else None


def _chance(chance: float) -> str:
    if isnan(chance):
        return "How often a look-alike comes as close was not measured."
    if chance < _RAREST:
        return f"Fewer than 1 in {1 / _RAREST:,.0f} images have a look-alike as close."
    return f"About 1 in {float(f'{1 / chance:.2g}'):,.0f} images has a look-alike as close."


def _counted(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, _WIDTH, subsequent_indent="  ")
