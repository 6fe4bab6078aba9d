"""The command line. Each command calls one function and prints what it gave."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
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
def demo(
    out: Annotated[Path, typer.Option(help="Contact sheet to write, .html or .png.")] = Path("augury-demo.html"),
    as_json: Annotated[bool, typer.Option("--json", help="Print results as JSON.")] = False,
) -> None:
    """Train a small network on handwritten digits with and without augmentation."""
    from augury import demo as steps

    parts = steps.split()

    def say(text: str) -> None:
        typer.echo(text, err=as_json)

    say(f"{len(parts.train)} digits to train on, {len(parts.test)} others to test on; {steps.RUNS} runs each")
    results = []
    for run in steps.runs(parts):
        results.append(run)
        say(f"  seed {run.seed}, {'with' if run.augmented else 'without'} augmentation: {run.accuracy:.1%}")
    means = [sum(r.accuracy for r in results if r.augmented is augmented) / steps.RUNS for augmented in (False, True)]
    gain = 100 * (means[1] - means[0])
    say(f"mean accuracy {means[0]:.1%} without, {means[1]:.1%} with the policy: {gain:+.1f} points")
    say(f"this policy, this network, {steps.RUNS} seeds on one split: a demonstration, not yet a study")
    say(f"pictures: {steps.picture(parts, out)}")
    if as_json:
        typer.echo(json.dumps([vars(run) for run in results]))


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
