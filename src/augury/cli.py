"""The command line. Each command calls one function and prints what it gave."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from augury.errors import AuguryError

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Augmentation for small datasets, measured.")


def _one_line_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Print Augury's errors as one line and leave with exit code 1."""

    @wraps(command)
    def guarded(*args: Any, **options: Any) -> None:
        try:
            command(*args, **options)
        except AuguryError as error:
            typer.echo(f"augury: {error}", err=True)
            raise typer.Exit(1) from None

    return guarded


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    height, _, width = text.lower().partition("x")
    if not (height.isdigit() and width.isdigit()):
        raise typer.BadParameter(f"{text!r}; expected HEIGHTxWIDTH, e.g. 96x96")
    return int(height), int(width)


@app.callback(invoke_without_command=True)
def main(version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False) -> None:
    """Augmentation for small datasets, measured."""
    if version:
        import importlib.metadata

        typer.echo(importlib.metadata.version("augury"))
        raise typer.Exit


@app.command()
@_one_line_errors
def preview(
    data: Annotated[Path, typer.Argument(help="Folder per class, flat folder or zip.")],
    policy: Annotated[Path, typer.Option(help="Policy file, YAML or JSON.")],
    out: Annotated[Path, typer.Option(help="Contact sheet to write, .html or .png.")] = Path("preview.html"),
    size: Annotated[str | None, typer.Option(help="Canvas, HEIGHTxWIDTH; needed if sizes vary.")] = None,
    fit: Annotated[str, typer.Option(help="stretch, crop or pad.")] = "stretch",
    samples: Annotated[int, typer.Option(min=1, max=200)] = 8,
    views: Annotated[int, typer.Option(min=1, max=50)] = 8,
    seed: int = 0,
) -> None:
    """Show what training gets: originals left, augmented views right."""
    from augury import api

    canvas = _size(size)
    dataset = api.open(data).prepare(size=canvas, fit=fit)  # type: ignore[arg-type]
    written = api.preview(dataset, api.Policy.load(policy), out, samples=samples, views=views, seed=seed)
    typer.echo(f"wrote {written}")


@app.command()
@_one_line_errors
def expand(
    data: Annotated[Path, typer.Argument(help="Images: whatever `ag.open` reads.")],
    policy: Annotated[Path, typer.Option(help="Policy file, YAML or JSON, or the word workshop.")],
    out: Annotated[Path, typer.Option(help="Folder or .zip to write, which is not there yet.")],
    views: Annotated[int, typer.Option(min=1, max=65535, help="Augmented images for each image.")] = 10,
    split: Annotated[Path | None, typer.Option(help="Saved split, whose training part is expanded.")] = None,
    no_split: Annotated[
        bool, typer.Option("--no-split", help="Expand everything: all of it is training data.")
    ] = False,
    size: Annotated[
        str | None, typer.Option(help="Canvas, HEIGHTxWIDTH; each image keeps its own unless told.")
    ] = None,
    fit: Annotated[str, typer.Option(help="stretch, crop or pad.")] = "stretch",
    channels: Annotated[int | None, typer.Option(help="1, 3 or 4.")] = None,
    originals: Annotated[bool, typer.Option(help="Write the images themselves, too.")] = True,
    format: Annotated[str, typer.Option(help="png (lossless), jpg or webp.")] = "png",  # noqa: A002
    quality: Annotated[int | None, typer.Option(help="1 to 100, of jpg and webp; 95 unless told.")] = None,
    annotations: Annotated[
        str | None, typer.Option(help="coco, yolo, voc, csv or masks; as the source has them unless told.")
    ] = None,
    seed: int = 0,
    threads: Annotated[int | None, typer.Option(help="Up to four of the machine's cores unless told.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Write training images and augmented views of them to disk, as a dataset; stopped, it goes on where it was."""
    from augury import api
    from augury.survey.progress import shown
    from augury.transforms.presets import workshop

    if (split is None) != no_split:
        raise AuguryError(
            "expand: only training images are expanded; give --split FILE (a saved split, whose training part is "
            "taken), or --no-split if all of DATA is training data"
        )
    chosen = api.Policy([workshop()]) if policy == Path("workshop") else api.Policy.load(policy)
    dataset = api.open(data).prepare(size=_size(size), fit=fit, channels=channels)  # type: ignore[arg-type]
    part = dataset if split is None else dataset.load_split(split).train
    try:
        with shown() as progress:
            made = api.expand(
                part, chosen, views, out, seed=seed, threads=threads, originals=originals,
                format=format, quality=quality, annotations=annotations, progress=progress,  # type: ignore[arg-type]
            )  # fmt: skip
    except KeyboardInterrupt:
        typer.echo(f"stopped; the same command goes on, from {out}.part", err=True)
        raise typer.Exit(130) from None
    if as_json:
        typer.echo(json.dumps({**asdict(made), "path": str(made.path)}))
        return
    counts = {"dropped boxes": made.dropped_boxes, "dropped keypoints": made.dropped_keypoints}
    counts |= {"views drawn anew": made.redrawn, **made.left_out}
    said = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    typer.echo(
        f"wrote {made.path}: {made.images} images, {made.views} views of each of {made.sources}"
        + f"; {said}" * bool(said)
    )


@app.command()
@_one_line_errors
def convert(
    data: Annotated[Path, typer.Argument(help="Images: whatever `ag.open` reads.")],
    to: Annotated[str, typer.Option(help="coco, yolo, voc, masks, csv or folders.")],
    out: Annotated[Path, typer.Option(help="Folder or .zip to write, which is not there yet.")],
    lossy: Annotated[
        bool, typer.Option("--lossy", help="Leave out what the format cannot hold, and count it.")
    ] = False,
    threads: Annotated[int | None, typer.Option(help="Up to four of the machine's cores unless told.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Write a dataset in another format, with its own parts; all of it or nothing."""
    from augury import api
    from augury.survey.progress import shown

    dataset = api.open(data)
    try:
        with shown() as progress:
            made = api.write(dataset, out, to, lossy, threads=threads, progress=progress)  # type: ignore[arg-type]
    except KeyboardInterrupt:
        typer.echo("stopped; nothing was written", err=True)
        raise typer.Exit(130) from None
    if as_json:
        typer.echo(json.dumps({**asdict(made), "path": str(made.path)}))
        return
    left = ", ".join(f"{count} {kind}" for kind, count in made.left_out.items())
    typer.echo(
        f"wrote {made.path}: {made.images} images, {made.objects} objects" + (f"; left out: {left}" * bool(left))
    )


@app.command()
@_one_line_errors
def leaks(
    train: Annotated[Path, typer.Argument(help="Training images: whatever `ag.open` reads.")],
    test: Annotated[
        Path | None,
        typer.Argument(help="Test images; without them the parts that TRAIN came with, or copies inside it."),
    ] = None,
    predictions: Annotated[Path | None, typer.Option(help="CSV with columns path and predicted.")] = None,
    out: Annotated[
        list[Path] | None, typer.Option(help="File to write, .html, .csv or .json; may be given several times.")
    ] = None,
    unlabelled: Annotated[
        bool, typer.Option("--unlabelled", help="Take all images of TRAIN and TEST, without classes or parts.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Find test images that are copies of training images, and what was done to them."""
    from augury import api
    from augury.api.leaks import check_place

    places = [check_place(path) for path in out or []]
    training = api.open(train, labelled=not unlabelled)
    tested = None if test is None else api.open(test, labelled=not unlabelled)
    found = api.find_leaks(training, tested, predictions)
    typer.echo(json.dumps(found.to_document()) if as_json else found.text())
    for path in places:
        found.save(path)
        typer.echo(f"wrote {path}", err=as_json)


@app.command()
@_one_line_errors
def look(
    data: Annotated[Path, typer.Argument(help="Images: whatever `ag.open` reads.")],
    out: Annotated[Path | None, typer.Option(help="Page to write, .html.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    size: Annotated[str | None, typer.Option(help="Canvas of training, HEIGHTxWIDTH, if it is known.")] = None,
    fit: Annotated[str, typer.Option(help="stretch, crop or pad.")] = "stretch",
) -> None:
    """Say what a dataset holds, what is wrong with it, what varies, and which ranges follow."""
    from augury import api
    from augury.api.look import check_place
    from augury.survey.progress import shown

    canvas, place = _size(size), out and check_place(out)
    dataset = api.open(data).prepare(size=canvas, fit=fit)  # type: ignore[arg-type]
    with shown() as progress:
        found = api.look(dataset, progress=progress)
    typer.echo(json.dumps(found.to_document()) if as_json else found.text())
    if place:
        typer.echo(f"wrote {found.report(place)}", err=as_json)


@app.command()
@_one_line_errors
def study(
    data: Annotated[Path, typer.Argument(help="Images: whatever `ag.open` reads.")],
    budget: Annotated[str, typer.Option(help="Time to use: 90s, 8m, 1h. It decides how often training is repeated.")],
    out: Annotated[Path, typer.Option(help="Folder for all results; a study that was stopped goes on there.")],
    policy: Annotated[
        list[Path] | None, typer.Option(help="Policy file to try as one more arm; may be given several times.")
    ] = None,
    steps: Annotated[bool, typer.Option("--steps", help="Try each step of these policies by itself, too.")] = False,
    test: Annotated[float, typer.Option(help="Share of items that is locked away, and never opened.")] = 0.2,
    groups: Annotated[
        str, typer.Option(help="What else is never separated: auto, near, none, or a regular expression of names.")
    ] = "auto",
    size: Annotated[
        str | None, typer.Option(help="What the network sees, HEIGHTxWIDTH; within 32x32 unless told.")
    ] = None,
    fit: Annotated[str, typer.Option(help="stretch, crop or pad.")] = "stretch",
    expect: Annotated[
        list[str] | None, typer.Option(help="A shift that new images will meet, such as rotation; several times.")
    ] = None,
    delta: Annotated[float, typer.Option(help="Smallest effect that matters, in points.")] = 1.0,
    seed: int = 0,
    epochs: Annotated[int | None, typer.Option(help="Epochs of each training, instead of what fits.")] = None,
    repeats: Annotated[int | None, typer.Option(help="Repeats of the folds, instead of what fits.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; the cores of the machine unless told.")] = None,
    learner: Annotated[
        str, typer.Option(help="workshop, a network, or linear, ridge regression in seconds.")
    ] = "workshop",
    as_json: Annotated[bool, typer.Option("--json", help="Print results.json.")] = False,
) -> None:
    """Measure which transforms help on a dataset, and how sure that is."""
    begun = time.monotonic()
    from augury import api
    from augury.api.study import study as make
    from augury.api.study_start import locked_split
    from augury.experiment.budget import parse_seconds

    seconds, canvas = parse_seconds(budget), _size(size)
    also = [api.Policy.load(path) for path in policy or []]
    if steps:
        also = [one for whole in also for one in api.steps(whole)]

    def say(line: str) -> None:
        typer.echo(line, err=as_json)

    parts = locked_split(api.open(data).prepare(fit=fit), out, test, groups, say)  # type: ignore[arg-type]
    try:
        made = make(
            parts.train,
            seconds - (time.monotonic() - begun),
            also=also,
            out=out,
            size=canvas,
            expect=expect or (),
            delta=delta / 100,
            seed=seed,
            epochs=epochs,
            repeats=repeats,
            workers=workers,
            learner=learner,  # type: ignore[arg-type]
            say=say,
        )
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    typer.echo(json.dumps(made.results) if as_json else f"\n{made.text()}")
    say(f"wrote {out / 'report.html'}, with policy.yaml and results.json beside it")


@app.command()
@_one_line_errors
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the page and all results.")] = Path("augury-demo"),
    as_json: Annotated[bool, typer.Option("--json", help="Print results.json.")] = False,
) -> None:
    """Study some 250 handwritten digits, and look at the others to see how true it is."""
    from augury import demo as steps
    from augury.experiment.words import truth

    def say(line: str) -> None:
        typer.echo(line, err=as_json)

    made = steps.run(out, say)
    if as_json:
        typer.echo(json.dumps(made.results))
        return
    say(f"\n{made.text()}")
    for line in truth(made.results):
        say(line)
    say(f"wrote {out / 'report.html'}, with policy.yaml and results.json beside it")


@app.command()
@_one_line_errors
def gallery(
    out: Annotated[Path, typer.Option(help="Folder for gallery.html and transforms.md.")],
    images: Annotated[
        Path | None, typer.Option(help="Images to show the transforms on, whatever `ag.open` reads.")
    ] = None,
) -> None:
    """Show every transform: pictures, fields and units, kernel, and when it is plausible."""
    from augury import api

    typer.echo(f"wrote {api.gallery(out, images)}, with transforms.md beside it")


@app.command()
@_one_line_errors
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False) -> None:
    """Show versions, native kernels and what does not fit together; exit code 1 if something does not."""
    from augury.doctor import examine

    found = examine()
    problems = found["problems"]
    if as_json:
        typer.echo(json.dumps(found))
    else:
        for name, value in found.items():
            if name != "problems":
                typer.echo(f"{name:<16} {value}")
        for problem in problems:
            typer.echo(f"problem: {problem}", err=True)
    if problems:
        sys.exit(1)


if __name__ == "__main__":
    app()
