"""The README's examples run as they stand, on real files, and its two lines are the ones that are promised."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

SHORTER = {"epochs=20": "epochs=1", "range(20)": "range(1)", 'budget="8m"': 'budget="8m", epochs=1, repeats=1'}
README = Path(__file__).parents[1] / "README.md"


def examples():
    return re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


@pytest.mark.filterwarnings("ignore::DeprecationWarning:keras", "ignore::UserWarning:keras")
def test_the_examples_train_from_a_folder(tmp_path, monkeypatch, capsys):
    pytest.importorskip("keras")
    for i, image in enumerate(np.random.default_rng(0).integers(0, 256, (30, 50, 70, 3)).astype(np.uint8)):
        place = tmp_path / "photos" / f"class {i % 3}"
        place.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(place / f"{i}.jpg"), image)
    monkeypatch.chdir(tmp_path)
    names = {}
    for code in examples():
        for long, short in SHORTER.items():
            code = code.replace(long, short)
        exec(code, names)
    assert float(names["loss"].detach()) > 0
    assert "val_accuracy" in capsys.readouterr().out


def test_examples_are_about_ten_lines():
    for code in examples():
        assert len([line for line in code.splitlines() if line.strip()]) <= 11


def test_the_two_lines():
    text = README.read_text()
    assert 'python -m pip install -c constraints.txt -e ".[study]" && augury demo' in text
    assert 'python -m pip install -c constraints.txt -e ".[dev]" && python -m pytest' in text
