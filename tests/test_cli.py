"""The command line: what it prints, and the exit codes."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from augury.cli import app


def invoke(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_version_is_that_of_the_package():
    import augury

    assert invoke("--version").output.strip() == augury.__version__


def test_doctor_reports_native_kernels_and_versions():
    result = invoke("doctor", "--json")
    found = json.loads(result.output)
    assert found["native"] == "yes"
    assert found["numpy"]
    assert found["instruction set"].split()[0] in ("sse2", "avx2", "avx512", "baseline")
    assert result.exit_code == (1 if found["problems"] else 0)


def test_doctor_names_clashing_opencv_distributions(monkeypatch):
    from augury import doctor

    real = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: "4.10" if name == "opencv-python" else real(name))
    result = invoke("doctor")
    assert result.exit_code == 1
    assert "2 OpenCV distributions (opencv-python, opencv-python-headless)" in result.output


def test_a_missing_dataset_is_one_line_and_exit_code_1(tmp_path):
    policy = tmp_path / "p.yaml"
    policy.write_text("op: Policy\n")
    result = invoke("preview", tmp_path / "nowhere", "--policy", policy)
    assert result.exit_code == 1
    assert "nowhere" in result.output
    assert len(result.output.strip().splitlines()) == 1


def test_a_wrong_size_is_a_usage_error(tmp_path):
    assert invoke("preview", tmp_path, "--policy", tmp_path / "p.yaml", "--size", "96").exit_code == 2


def test_python_dash_m_works():
    shown = subprocess.run([sys.executable, "-m", "augury", "--help"], capture_output=True, text=True, check=True)
    assert "preview" in shown.stdout


def test_demo_studies_and_shows_the_truth(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    from augury import demo

    monkeypatch.setattr(demo, "EPOCHS", 6)
    monkeypatch.setattr(demo, "REPEATS", 1)
    few = demo.arms()[1:2]
    monkeypatch.setattr(demo, "arms", lambda: few)
    result = invoke("demo", "--out", tmp_path / "demo")
    assert result.exit_code == 0, result.output
    assert "249 digits to study, 1548 others" in result.stdout
    assert "1548 other items, on which all models were scored" in result.stdout
    assert (tmp_path / "demo" / "report.html").exists()
    again = invoke("demo", "--json", "--out", tmp_path / "demo")
    results = json.loads(again.stdout)
    assert results["truth"]["items"] == 1548
    assert [arm["name"] for arm in results["arms"]] == ["Translate x ±0.15, y ±0.15"]
