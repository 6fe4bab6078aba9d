"""Words: the findings in a few sentences, and as one screen of a terminal."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from textwrap import wrap

import numpy as np

from augury.copies.sketch import SMALLEST
from augury.data.split import has_labels
from augury.data.table import PARTS
from augury.survey.examine import Findings
from augury.survey.repeats import extra
from augury.survey.variation import Varying
from augury.transforms.describe import described

_WIDTH = 96  # columns of the screen
_REMARKS, _CLASSES = 6, 8  # shown there at most
_MANY_SCENES = 0.05  # share of images from which on look-alikes belong in the answer


def answer(findings: Findings) -> list[str]:
    """A few sentences: what is there, what is wrong, what varies, what to do."""
    warnings = [remark.text for remark in findings.remarks if remark.level == "warning"]
    rest = f" And {len(warnings) - 2} more warnings." if len(warnings) > 2 else ""
    wrong = " ".join(["To mend first:", *warnings[:2]]) + rest if warnings else "Nothing has to be mended."
    seen = extra(findings.repeats.scenes)
    if seen > _MANY_SCENES * len(findings.scan):
        wrong += f" {seen} images look like another photo of a scene that is there already: keep them in one part."
    return [f"{_there(findings)}.", wrong, _variation(findings), _advice(findings)]


def text(findings: Findings) -> str:
    """One screen for a terminal, without colours."""
    scan = findings.scan
    rows = [
        ("classes", _classes(findings)),
        ("files", _files(findings)),
        ("repeats", _repeats(findings)),
        ("light", _light(findings)),
        ("subjects", _subjects(findings)),
        *((f"  {line[0]}", line[1]) for line in _spreads(findings)),
    ]
    lines = [f"{scan.table.root}: {_there(findings)}"]
    lines += [f"{name:<12}{_cut(words, _WIDTH - 12)}" for name, words in rows if words]
    lines += [part for line in _remarked(findings) for part in wrap(line, _WIDTH, subsequent_indent="  ")]
    lines.append("proposed    (observed: the range covers what varies here; prior: the data do not say)")
    lines += [
        f"  {proposal.basis:<10}{described(proposal.transform)}" for proposal in findings.proposals if proposal.included
    ]
    out = [type(proposal.transform).__name__ for proposal in findings.proposals if not proposal.included]
    lines.append(f"  left out  {', '.join(out)}")
    return "\n".join(_printable(line) for line in lines)


def deviation(varying: Varying) -> str:
    """How far a thing varies within classes, in its own terms; "" where that is not known."""
    spread = varying.within
    if spread is None:
        return ""
    if varying.kind == "factor":
        return f"{math.exp(spread.low):.2f} to {math.exp(spread.high):.2f} times the median of its class"
    if varying.kind == "axial":
        return f"{spread.low:+.0f}° to {spread.high:+.0f}° about the mean axis of its class"
    return f"{spread.low:+.3f} to {spread.high:+.3f} of the side about the middle of its class"


def sizes_of(findings: Findings) -> str:
    """The sizes of the images: one, or from the smallest to the largest."""
    height, width = findings.scan.column("height"), findings.scan.column("width")
    sizes = sorted(set(zip(height.tolist(), width.tolist(), strict=True)), key=lambda size: size[0] * size[1])
    (low_h, low_w), (high_h, high_w) = sizes[0], sizes[-1]
    return f"{low_h}x{low_w}" if len(sizes) == 1 else f"{low_h}x{low_w} to {high_h}x{high_w}"


def counted(values: Sequence[object]) -> str:
    """Values with their counts, the most frequent first; alone where there is one."""
    counts = Counter(str(value) for value in values).most_common()
    return counts[0][0] if len(counts) == 1 else ", ".join(f"{count} {name}" for name, count in counts)


def _there(findings: Findings) -> str:
    scan, classes = findings.scan, findings.scan.table.classes
    kind = f"{sizes_of(findings)}, {'gray' if scan.column('gray').all() else 'colour'}"
    images = f"{len(scan)} images" if len(scan) > 1 else "1 image"
    if scan.unreadable:
        kind += f"; {len(scan.unreadable)} more cannot be read"
    if findings.boxes is not None:
        return f"{images} with {len(findings.boxes.labels)} objects of {_many(len(classes))}, {kind}"
    if not has_labels(scan.table):
        return f"{images} with masks, {kind}"
    counts = np.bincount(scan.labels, minlength=len(classes))
    share = f"{counts.min()} of each" if counts.min() == counts.max() else f"{counts.min()} to {counts.max()} of each"
    return f"{images} of {_many(len(classes))}, {share}, {kind}"


def _many(classes: int) -> str:
    return "1 class" if classes == 1 else f"{classes} classes"


def _variation(findings: Findings) -> str:
    words = []
    x, y, size, angle, light = (findings.varying[name].within for name in ("x", "y", "size", "angle", "light"))
    if x and y:
        words.append(f"move by up to {x.reach:.0%} of the width and {y.reach:.0%} of the height")
    if size:
        words.append(f"measure {math.exp(size.low):.2f} to {math.exp(size.high):.2f} times their usual size")
    if angle:
        words.append(f"turn by up to {angle.reach:.0f}°")
    if light:
        words.append(f"are lit {math.exp(light.low):.2f} to {math.exp(light.high):.2f} times as bright")
    if not words:
        return "Too few images, or none with a clear subject, to say what varies."
    return (
        "Within a class, nine of ten subjects " + ", ".join(words[:-1]) + " and " * (len(words) > 1) + words[-1] + "."
    )


def _advice(findings: Findings) -> str:
    included = [proposal for proposal in findings.proposals if proposal.included]
    observed = sum(proposal.basis == "observed" for proposal in included)
    text = f"The proposed policy has {len(included)} transforms, {observed} with ranges from what varies here"
    if has_labels(findings.scan.table):
        return f"{text}; it is a start to be tested, not a verdict."
    return f"{text}; look at it with `augury preview` before training."


def _classes(findings: Findings) -> str:
    scan, classes = findings.scan, findings.scan.table.classes
    if findings.boxes is not None:
        counts = findings.boxes.per_class(len(classes))
    elif has_labels(scan.table):
        counts = np.bincount(scan.labels, minlength=len(classes))
    else:
        return ""
    order = np.argsort(-counts, kind="stable")
    shown = ", ".join(f"{classes[k]} {counts[k]}" for k in order[:_CLASSES].tolist())
    return shown + (f" and {len(classes) - _CLASSES} more" if len(classes) > _CLASSES else "")


def _files(findings: Findings) -> str:
    scan = findings.scan
    channels = " or ".join(str(count) for count in np.unique(scan.column("channels")).tolist())
    kinds = f"{counted(scan.formats)}; {counted(scan.column('dtype').tolist())}, channels {channels}"
    given = []
    if scan.table.parts is not None:
        counts = np.bincount(scan.table.parts[scan.rows], minlength=len(PARTS))
        given.append("parts " + ", ".join(f"{part} {n}" for part, n in zip(PARTS, counts, strict=True) if n))
    if scan.table.groups is not None:
        given.append(f"{len(np.unique(scan.table.groups[scan.rows]))} groups given")
    return "; ".join([f"{kinds}; {size_in_words(int(scan.file_bytes.sum()))}", *given])


def size_in_words(count: int) -> str:
    """Bytes for people.

    Examples
    --------
    >>> size_in_words(770337)
    '770 kB'
    """
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} bytes"


def _repeats(findings: Findings) -> str:
    repeats = findings.repeats
    twins, copies, scenes = (extra(c) for c in (repeats.twins, repeats.families, repeats.scenes))
    if not scenes:
        tiny = max(min(image.height, image.width) for image in findings.scan.images) < SMALLEST
        return "no equal pixels; too small to tell more" if tiny else "no twins, no copies, no two photos of one scene"
    return f"{twins} byte-identical to others, {copies} copies in all, {scenes} more photos of a scene already seen"


def _light(findings: Findings) -> str:
    scan = findings.scan
    mean, spread = scan.column("brightness"), scan.column("contrast")
    black, white = scan.column("black").mean(), scan.column("white").mean()
    return (
        f"mean {mean.mean():.2f} of white, contrast {spread.mean():.2f}; clipped: {black:.1%} black, {white:.1%} white"
    )


def _subjects(findings: Findings) -> str:
    if findings.boxes is not None:
        return "places and sizes are those of the boxes"
    kinds = Counter(findings.scan.of_subjects("kind").tolist())
    clear = kinds["one"] + kinds["several"]
    rest = f"{kinds['none']} plain, {kinds['unclear']} unclear"
    return f"{clear} of {len(findings.scan)} stand out from their background; {rest}"


def _spreads(findings: Findings) -> list[tuple[str, str]]:
    words = [(name, deviation(findings.varying[name])) for name in ("x", "y", "size", "angle", "light", "sharpness")]
    return [(name, shown or "not known") for name, shown in words]


def _remarked(findings: Findings) -> list[str]:
    shown = [f"{'!' if r.level == 'warning' else '-'} {r.text}" for r in findings.remarks]
    if len(shown) > _REMARKS:
        return [*shown[: _REMARKS - 1], f"- and {len(shown) - _REMARKS + 1} more, in the report and with --json"]
    return shown


def short(value: float) -> str:
    """A number of three digits or more, never with an exponent.

    Examples
    --------
    >>> short(1310.4), short(0.01234)
    ('1310', '0.0123')
    """
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}" if abs(value) >= 1e-4 else "0"


def _printable(line: str) -> str:
    """Names of classes may hold anything; a terminal obeys some of it."""
    return "".join(char if char.isprintable() else "?" for char in line)


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 3] + "..."
