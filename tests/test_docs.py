"""Documents: examples run, numbers are those of the committed results."""

import json
import re
from pathlib import Path

import pytest

from brought import library

ROOT = Path(__file__).parents[1]


def test_the_examples_of_the_design_run(capsys):
    text = (ROOT / "docs" / "design.md").read_text()
    names = {"__name__": "design"}
    for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(code, names)
    printed = capsys.readouterr().out
    shown = re.search(r"\n\n(    96x96x3.*?)\n\n", text, re.DOTALL)[1]
    assert [line.strip() for line in shown.splitlines()] == [line.strip() for line in printed.splitlines()]


@pytest.mark.parametrize("document", ["docs/speed.md"])
def test_speeds_are_those_of_the_committed_run(document):
    rows = re.findall(r"\| ([\d.]+) \| (\d+) \|\n", (ROOT / document).read_text())
    results = json.loads((ROOT / "benchmarks/results/augment.json").read_text())["results"]
    assert len(rows) == len(results)
    for (ratio, microseconds), result in zip(rows, results, strict=True):
        assert float(ratio) == round(result["times_faster"]["median"], 1)
        assert int(microseconds) == round(result["augury_us_per_image"]["median"])


def test_costs_of_boxes_are_those_of_the_committed_run():
    text = " ".join((ROOT / "docs/speed.md").read_text().split())
    _, boxes, masks = json.loads((ROOT / "benchmarks/results/boxes.json").read_text())["results"]
    cost, faster = ([row[name]["median"] for row in (boxes, masks)] for name in ("augury_over_nothing", "times_faster"))
    assert f"photo {cost[0]:.2f} times the processor time" in text
    assert f"a mask {cost[1]:.2f} times, and {faster[0]:.1f} and {faster[1]:.1f} times faster" in text


def test_accuracies_are_those_of_the_committed_run():
    text = " ".join((ROOT / "docs/speed.md").read_text().split())
    results = json.loads((ROOT / "benchmarks/results/train.json").read_text())["results"]
    reached = {row["framework"]: f"{100 * row['validation_accuracy']:.0f} %" for row in results}
    assert f"validation accuracy {reached['torch']} with PyTorch and {reached['keras']} with Keras" in text


@pytest.mark.parametrize(("row", "name"), list(enumerate(["leaks", "leaks_tiles", "leaks_more"])))
def test_leaks_found_are_those_of_the_committed_runs(row, name):
    shown = re.findall(r"(\d+) of (\d+) \([\d.]+%\)", (ROOT / "docs/leaks.md").read_text())
    last = json.loads((ROOT / f"benchmarks/results/{name}.json").read_text())["results"][-1]
    for pair, side in zip(shown[2 * row : 2 * row + 2], ("leaky", "by photo"), strict=True):
        assert [int(n) for n in pair] == [last[side]["count"], last[side]["of"]]


@pytest.mark.parametrize("page", ["data", "formats"])
def test_the_example_of_a_page_prints_what_it_says(capsys, page):
    text = (ROOT / f"docs/{page}.md").read_text()
    exec(re.search(r"```python\n(.*?)```", text, re.DOTALL)[1], {})
    for line in capsys.readouterr().out.strip().splitlines():
        assert line in text


def test_the_examples_of_the_bridges_print_what_they_say(capsys):
    library("albumentations", "albumentations")
    text = (ROOT / "docs/bridges.md").read_text()
    names = {"__name__": "bridges"}
    for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(code, names)
    shown = re.findall(r"^    (\w+: .*)$", text, re.MULTILINE)
    assert shown == capsys.readouterr().out.splitlines()


def test_links_lead_to_files():
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
