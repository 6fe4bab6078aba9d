"""Pipelines that were brought are studied whole and step by step."""

import json
import subprocess
import sys
import textwrap
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

import augury as ag
from augury.cli import app
from brought import darker, jitter, library
from trials import fill, shapes, study

pytest.importorskip("scipy")
VERDICTS = {"helps", "hurts", "negligible", "cannot tell", "identical"}


def check_verdicts(made, names):
    arms = made.results["arms"]
    assert [arm["name"] for arm in arms] == names
    assert {arm[end]["verdict"] for arm in arms for end in ("clean", "robust")} <= VERDICTS
    assert not any(arm["clean"]["verdict"] == "identical" for arm in arms)


def test_a_pipeline_of_albumentations_gets_a_verdict_for_each_step(tmp_path):
    a = library("albumentations", "albumentations")
    steps = [a.HorizontalFlip(), a.Affine(rotate=(-15, 15), p=0.8), a.CLAHE(p=0.7), a.ElasticTransform(20, 4, p=0.5)]
    policy = ag.from_albumentations(a.Compose(steps), translate=False)
    made = study(shapes(45), arms=ag.steps(policy), out=tmp_path / "out")
    names = ["HorizontalFlip p 0.5", "Affine p 0.8", "CLAHE p 0.7", "ElasticTransform p 0.5", "all together"]
    check_verdicts(made, names)
    page = (tmp_path / "out" / "report.html").read_text()
    assert all(name in page for name in names)
    assert (tmp_path / "out" / "policy.yaml").exists()
    again = study(shapes(45), arms=ag.steps(policy), out=tmp_path / "out")
    assert again.results["arms"] == made.results["arms"]
    assert made.results["course"]["fits"] == 60


def test_a_pipeline_of_torchvision_gets_a_verdict_for_each_step(tmp_path, monkeypatch):
    library("torchvision", "torchvision")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "start"))
    v2 = library("torchvision.transforms.v2", "torchvision")
    steps = [v2.RandomRotation(15), v2.ColorJitter(0.4, 0.4), v2.RandomApply([v2.GaussianBlur(3)], p=0.5)]
    policy = ag.from_torchvision(v2.Compose(steps), translate=False)
    made = study(shapes(30), arms=ag.steps(policy), out=tmp_path / "out", workers=2)
    check_verdicts(made, ["RandomRotation", "ColorJitter", "some of GaussianBlur", "all together"])
    alone = study(shapes(30), arms=ag.steps(policy))
    assert alone.results["arms"] == made.results["arms"]  # whatever the workers
    json.dumps(made.results)


def test_a_policy_that_no_file_can_hold_is_told_in_one_line(tmp_path, monkeypatch):
    """The function that helps is taken; results and page say why there is no policy.yaml."""
    monkeypatch.setattr("augury.api.study.chosen", lambda arms, found: [0])
    made = study(shapes(45), arms=[ag.Function(jitter), ag.HorizontalFlip()], out=tmp_path / "out")
    note = made.results["policy"]["note"]
    assert note.startswith("policy.yaml is not written: jitter: is code, which a policy file cannot hold")
    assert "\n" not in note
    assert note in " ".join(str(made).split())
    assert note in " ".join((tmp_path / "out" / "report.html").read_text().split())
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "fits.sqlite", "plan.json", "report.html", "results.json",
    }  # fmt: skip
    assert made.policy.transforms == (ag.Function(jitter),)


def test_another_function_is_another_study(tmp_path):
    study(shapes(45), arms=[ag.Function(jitter), ag.HorizontalFlip()], out=tmp_path / "out")
    with pytest.raises(ag.AuguryError, match=r"holds another study \(other arms\)"):
        study(shapes(45), arms=[ag.Function(partial(jitter)), ag.HorizontalFlip()], out=tmp_path / "out")


def test_functions_that_workers_cannot_find_are_refused_before_any_work():
    code = """
        import numpy as np
        import augury as ag
        def mine(image, rng):
            return image
        ag.study(ag.from_arrays(np.zeros((20, 8, 8), np.uint8), np.arange(20) % 2), arms=[ag.Function(mine)])
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True)
    assert "mine is defined in a script or notebook" in done.stderr
    with pytest.raises(ag.AuguryError, match=r"arm '<lambda>' cannot be handed to worker processes") as error:
        study(shapes(20, classes=2), arms=[ag.Function(lambda image: image, random=True)])
    assert "\n" not in str(error.value)


def test_the_command_tries_each_step_of_a_file(tmp_path):
    fill(tmp_path / "data", 60)
    ag.Policy([ag.Rotate((-9, 9), name="mine"), ag.Gamma((0.5, 2.0))], name="ours").save(tmp_path / "ours.yaml")
    command = ["study", tmp_path / "data", "--budget", "5m", "--out", tmp_path / "out", "--groups", "none", "--steps"]
    command += ["--learner", "linear", "--epochs", "1", "--repeats", "1", "--policy", tmp_path / "ours.yaml", "--json"]
    done = CliRunner().invoke(app, [str(part) for part in command])
    assert done.exit_code == 0, done.output
    names = [arm["name"] for arm in json.loads(done.stdout)["arms"]]
    assert names[-3:] == ["Rotate ±9°", "Gamma 0.5..2", "ours"]


def test_steps_keep_the_border_and_barriers():
    policy = ag.Policy(
        [ag.Rotate(), ag.Barrier(border="wrap"), ag.OneOf([ag.Zoom(), ag.Shear()]), ag.Function(darker, p=0.5)],
        border="mirror",
        name="mine",
    )
    first, second, third, whole = ag.steps(policy)
    assert [first.border, second.border, third.border] == ["mirror", "wrap", "wrap"]
    assert [len(one.transforms) for one in (first, second, third)] == [1, 1, 1]
    assert whole == policy
    assert ag.steps(ag.Policy([ag.Rotate()])) == [ag.Policy([ag.Rotate()])]
