"""Look: what a dataset holds, before any training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from augury.api.dataset import Dataset
from augury.api.policy import Policy
from augury.errors import AuguryError
from augury.report.look_page import write_page
from augury.stream.threads import default_threads
from augury.survey.examine import Findings, examine
from augury.survey.proposals import policy_of
from augury.survey.scan import Progress
from augury.survey.summary import document
from augury.survey.words import text


@dataclass(frozen=True, eq=False)
class Look:
    """What `look` found."""

    _findings: Findings

    def __repr__(self) -> str:
        scan = self._findings.scan
        return f"<Look at {scan.table.root}: {len(scan)} images, {len(self._findings.remarks)} remarks>"

    def __str__(self) -> str:
        return self.text()

    def text(self) -> str:
        """One screen for a terminal."""
        return text(self._findings)

    def to_document(self) -> dict[str, Any]:
        """Plain values, as JSON holds them; numbers have six digits, None stands for unknown.

        Returns
        -------
        schema, schema_version : "augury.look" and 1, which grows when a key changes its meaning or goes.
        source : what was opened. answer : a few sentences.
        remarks : level ("warning", "note"), code, text, paths.
        images : asked, readable, bytes, formats, dtypes, channels, peak, gray, gray_as_color, transparent,
            sizes (the 20 most frequent), different_sizes; and percentiles of height, width, aspect.
        unreadable : path, reason.
        classes : name, images, objects (of detection data), light, sharpness, subjects, parts.
        parts : images of each given part. groups : how many the source gives. Either may be None.
        objects : count, per_image, images_without, size (square root of the share of the image), pixels; or None.
        repeats : lists of paths. twins: byte-identical files; identical: pixels, up to a quarter turn or flip;
            families: copies; scenes: photos of one thing. expected_false_copies : share of images.
        light : mean and std of each channel over all pixels, brightness, clipped_black, clipped_white, noise: all
            fractions of the value range.
        quality : paths of images that are blank, dark, bright, blurred.
        subjects : images in which "one", "several", "none" (plain) or "unclear" stand out.
        varies : x, y, size, angle, light, contrast, sharpness, each with unit, kind, and spreads `overall`,
            `within` (deviations from the middle of the class; logarithms of ratios where kind is "factor") and of
            `classes`; a spread has count, low (5th percentile), middle, high (95th).
        proposals : transform, basis ("observed", "prior"), included, reason, caution. policy : of the included ones.
        map : explained (share of variance of both axes), points (path, x, y).
        Percentiles are min, low (5th), middle, high (95th), max.
        """
        return document(self._findings)

    def policy(self) -> Policy:
        """The proposed policy: what covers the variation within classes, and cautious defaults."""
        return Policy(policy_of(self._findings.proposals).transforms)

    def report(self, path: str | Path) -> Path:
        """Write a page that needs nothing else: pictures, charts and words in one .html file.

        Raises
        ------
        AuguryError : if the name does not end in .html.
        """
        return write_page(self._findings, check_place(Path(path)))


def check_place(path: Path) -> Path:
    """Return where a report is to be written, or raise an AuguryError, best before anything was read in vain."""
    if path.suffix.lower() != ".html":
        raise AuguryError(f"{path}: a report is an .html file")
    return path


def look(data: Dataset, *, progress: Progress | None = None) -> Look:
    """Decode every image once, and say what is there, what is wrong, and what varies.

    Parameters
    ----------
    data : a dataset, or a part of one. What `prepare` says of size and fit counts for where subjects lie.
    progress : called with ("reading" or "comparing", done, of how many).

    Raises
    ------
    DataError : if no image can be read. Single unreadable ones are listed.
    """
    data._check_unshifted()
    return Look(examine(data._table, data._prepare, data._indices, max(1, default_threads()), progress))
