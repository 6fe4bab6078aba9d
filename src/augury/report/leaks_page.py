"""The page about leaks: the answer, how sure it is, and the pictures that show it; one file, no network, no script."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from jinja2 import Environment, PackageLoader, select_autoescape

from augury.copies.leaks import KINDS, Pair
from augury.data.table import Table
from augury.report import leaks_words as words
from augury.report.histogram import HEIGHT, WIDTH, Histogram, histogram
from augury.report.leaks_choice import CLOSE, choose, margin
from augury.report.leaks_pictures import AMPLIFIED, Rgb, data_url, reduced, rgb, views
from augury.report.leaks_words import Told

LARGEST = 4_000_000  # bytes of a page
_SIDES = (144, 104, 72, 40)  # of the pictures; the largest with which the page is not too large
_FAMILIES, _MEMBERS = 30, 8  # shown
_CAPTIONS = ("training", "test", "training, carried", f"difference x{AMPLIFIED}")
_CAPTIONS_INSIDE = ("earlier", "image", "earlier, carried", f"difference x{AMPLIFIED}")


@dataclass(frozen=True, eq=False)
class _Picture:
    caption: str
    pixels: Rgb
    name: str = ""


@dataclass(frozen=True, eq=False)
class _Card:
    """A pair as it is shown. classes : of the training and the test image; of either "" where it has none."""

    test: str
    train: str
    classes: tuple[str, str]
    kind: str
    effects: Sequence[str]
    sure: str
    pictures: Sequence[_Picture]


@dataclass(frozen=True, eq=False)
class _Cards:
    """A section of cards. of : how many there are in all."""

    name: str
    cards: Sequence[_Card]
    of: int


@dataclass(frozen=True, eq=False)
class _Family:
    pictures: Sequence[_Picture]
    count: int


def leaks_page(told: Told, threads: int = 1) -> str:
    """One HTML page of at most 4 MB and about 120 pairs, whatever the number of images.

    Parameters
    ----------
    threads : that decode images.

    Raises
    ------
    DecodeError : if an image that was compared cannot be read any more.
    """
    with ThreadPoolExecutor(threads) as workers:
        sections = _sections(told, workers)
        sources = {pair.test: pair for pair in reversed(told.findings.pairs) if pair.leaked}
        families = list(workers.map(lambda rows: _family(told.train, rows, sources), told.families[:_FAMILIES]))
    environment = Environment(
        loader=PackageLoader("augury.report"), autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"percent": "{:.1%}".format, "fine": words.percent, "count": "{:,}".format}
    template = environment.get_template("leaks.html")
    page = ""
    for side in _SIDES:
        page = template.render(
            told=told,
            words=words,
            kinds=words.kinds(told),
            counts=told.findings.counts(),
            effects=told.findings.by_effect(),
            histogram=_histogram(told),
            frame=(WIDTH, HEIGHT),
            close=CLOSE,
            amplified=AMPLIFIED,
            sections=sections,
            families=families,
            address=_address(side),
        )
        if len(page.encode(errors="backslashreplace")) <= LARGEST:
            break
    return page


def _address(side: int) -> Callable[[Rgb], str]:
    """Picture -> data URL, with the longest side reduced."""
    return lambda picture: data_url(reduced(picture, side / max(picture.shape[:2]))[0])


def _histogram(told: Told) -> Histogram | None:
    """Margins of what was called a copy, against the scores on which the limit was calibrated."""
    null = told.findings.calibration.null
    copies = [margin(pair) for pair in told.findings.pairs if pair.kind == "copy"]
    return histogram(copies, null, told.limit) if copies or len(null) else None


def _sections(told: Told, workers: ThreadPoolExecutor) -> list[_Cards]:
    chosen = [s for s in choose(told.findings.pairs, told.limit) if s.of and not (told.inside and s.name == "copies")]
    return [_Cards(s.name, list(workers.map(lambda pair: _card(told, pair), s.pairs)), s.of) for s in chosen]


def _card(told: Told, pair: Pair) -> _Card:
    matrix = np.eye(3) if pair.matrix is None else pair.matrix  # equal files need none
    seen = views(told.train.decode(pair.train), told.test.decode(pair.test), matrix, _SIDES[0])
    pictures = seen.train, seen.test, seen.carried, seen.difference
    captions = _CAPTIONS_INSIDE if told.inside else _CAPTIONS
    return _Card(
        told.test.paths[pair.test],
        told.train.paths[pair.train],
        (words.class_of(told.train, pair.train) or "", words.class_of(told.test, pair.test) or ""),
        pair.kind,
        [effect.text for effect in pair.effects],
        words.how_sure(pair, told.limit),
        [_Picture(caption, pixels) for caption, pixels in zip(captions, pictures, strict=True)],
    )


def _family(table: Table, rows: Sequence[int], sources: Mapping[int, Pair]) -> _Family:
    """The first images of a family, each with what was done to the one that it comes from."""
    pictures = []
    for row in rows[:_MEMBERS]:
        image, caption = rgb(table.decode(row)), ""
        if row in sources:
            source = sources[row]
            caption = "; ".join(effect.text for effect in source.effects) or KINDS[source.kind]
            caption += f", from {table.paths[source.train]}" if source.train != rows[0] else ""
        small = reduced(image, _SIDES[0] / max(image.shape[:2]))[0]
        pictures.append(_Picture(caption, small, table.paths[row]))
    return _Family(pictures, len(rows))
