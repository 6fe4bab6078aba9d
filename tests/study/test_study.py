"""Whole studies: what they find, what they keep, what they refuse."""

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

import augury as ag
from trials import fill, shapes, study, table

pytest.importorskip("scipy")


@pytest.fixture(scope="module")
def planted():
    """Training items near the middle, a large set of shifted ones: translation must be what helps there."""
    part = shapes(160, classes=4, spread=0.02)
    truth = shapes(400, classes=4, seed=9, spread=0.1)
    arms = [
        ag.Translate((-0.12, 0.12), (-0.12, 0.12)),
        ag.Brightness((0.98, 1.02)),
        ag.Erase((0.6, 0.9), p=0.95),
    ]
    return study(part, arms=arms, truth=truth, repeats=3, epochs=8)


def invoke(*arguments):
    from typer.testing import CliRunner

    from augury.cli import app

    return CliRunner().invoke(app, [str(a) for a in arguments])


def arm(made, start):
    return next(arm for arm in made.results["arms"] if arm["name"].startswith(start))


def test_a_planted_help_is_found_where_it_was_planted(planted):
    cell = arm(planted, "Translate")["families"]["location"]
    assert cell["matched"]
    assert cell["low"] > 0.05
    assert cell["second_border"]["survives"]
    assert planted.results["truth"]["items"] == 400
    large = next(a for a in planted.results["truth"]["arms"] if a["name"].startswith("Translate"))
    assert large["families"]["location"]["large"] > 0.05


def test_a_planted_harm_is_found(planted):
    erased = arm(planted, "Erase")
    assert erased["clean"]["verdict"] == "hurts"
    assert erased["broke"]
    assert erased["dropped"]
    assert erased["repeats"] == 2
    assert erased["score"] < planted.results["baseline"]["clean"]["score"] - 0.1


def test_what_changes_nothing_is_not_said_to_matter(planted):
    assert arm(planted, "Brightness")["clean"]["verdict"] in ("negligible", "identical", "cannot tell")


def test_the_policy_holds_what_helps_with_its_reasons_and_items(planted):
    chosen = planted.results["policy"]["arms"]
    helpful = [
        a["name"]
        for a in planted.results["arms"]
        if "helps" in (a["clean"]["verdict"], a["robust"]["verdict"])
        and "hurts" not in (a["clean"]["verdict"], a["robust"]["verdict"])
    ]
    assert chosen == helpful
    assert set(planted.policy.reasons) == {node.label for node in planted.policy.transforms}
    assert planted.policy.chosen_on.items == 160
    assert chosen
    assert ag.Policy.from_yaml(planted.policy.to_yaml()) == planted.policy


def test_the_intervals_are_about_the_effects_and_wider_than_nothing(planted):
    for a in planted.results["arms"]:
        for end in ("clean", "robust"):
            found = a[end]
            assert found["low"] < found["low90"] < found["effect"] < found["high90"] < found["high"]
            np.testing.assert_allclose(found["effect"] - found["low"], found["high"] - found["effect"])
    moved = arm(planted, "Translate")
    gain = moved["score"] - planted.results["baseline"]["clean"]["score"]
    np.testing.assert_allclose(moved["clean"]["effect"], gain, atol=1e-9)


def test_the_text_is_one_screen_and_names_every_arm(planted):
    lines = planted.text().splitlines()
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 130
    for a in planted.results["arms"]:
        assert any(line.startswith(a["name"]) for line in lines)


def test_a_network_can_be_studied_too():
    pytest.importorskip("torch")
    made = study(shapes(40, classes=2), learner="workshop", epochs=6, workers=2, arms=[ag.HorizontalFlip()])
    assert made.results["baseline"]["trained"] > 0.6
    assert made.results["plan"]["training"]["rate"] > 0
    assert len(made.results["baseline"]["curve"][0]) == 3


def test_expected_shifts_are_what_counts():
    part = shapes(160, classes=4, spread=0.02)
    arms = [ag.Translate((-0.12, 0.12), (-0.12, 0.12)), ag.HorizontalFlip()]
    made = study(part, arms=arms, expect="location")
    moved = made.results["arms"][0]
    np.testing.assert_allclose(moved["robust"]["effect"], moved["families"]["location"]["effect"])
    assert moved["robust"]["verdict"] == "helps"
    assert made.results["policy"]["arms"] == [moved["name"]]
    assert "averaged over location" in made.results["plan"]["endpoints"]["robust"]


def test_workers_change_nothing():
    one, two = (study(shapes(), workers=workers) for workers in (1, 2))
    assert table(one.results) == table(two.results)


def test_other_arms_change_nothing_of_an_arm_but_how_sure_it_is():
    flip = ag.HorizontalFlip()
    alone, beside = study(shapes(), arms=[flip]), study(shapes(), arms=[ag.Rotate((-20, 20)), flip])
    one, two = alone.results["arms"][0], beside.results["arms"][1]
    assert one["clean"]["effect"] == two["clean"]["effect"]
    assert one["fixed"] == two["fixed"]
    assert one["confusion"] == two["confusion"]


def test_arms_that_train_alike_are_trained_once(tmp_path):
    flip = ag.HorizontalFlip()
    arms = [ag.Policy([flip], name="one"), ag.Policy([flip], name="other")]
    made = study(shapes(), arms=arms, out=tmp_path / "out")
    one, other = made.results["arms"]
    assert one["clean"]["effect"] == other["clean"]["effect"]
    import sqlite3

    with sqlite3.connect(tmp_path / "out" / "fits.sqlite") as store:
        assert store.execute("select count(*) from fits").fetchone()[0] == 2 * 2 * 5
    store.close()


def test_groups_are_never_on_both_sides():
    rng = np.random.default_rng(0)
    base = shapes(24, classes=2)
    images = np.repeat(np.stack([base._table.decode(i)[..., 0] for i in range(24)]), 3, axis=0)
    images = np.clip(images + rng.integers(0, 9, images.shape), 0, 255).astype(np.uint8)
    groups = np.repeat(np.arange(24), 3)
    part = ag.from_arrays(images, np.repeat(base.labels, 3), groups=groups)
    made = study(part, arms=[ag.HorizontalFlip()])
    assert made.results["data"]["groups"] == 24
    from augury.experiment.folds import folds

    for repeat in range(3):
        found = folds(part.labels, part.groups, part._digests, 5, repeat, 0)
        assert all(len(set(found[part.groups == g])) == 1 for g in np.unique(part.groups))


def test_everything_is_written_and_says_the_same(tmp_path):
    made = study(shapes(), out=tmp_path / "out")
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files == {"plan.json", "fits.sqlite", "results.json", "policy.yaml", "report.html"}
    assert json.loads((tmp_path / "out" / "results.json").read_text()) == json.loads(json.dumps(made.results))
    assert ag.Policy.load(tmp_path / "out" / "policy.yaml") == made.policy
    plan = json.loads((tmp_path / "out" / "plan.json").read_text())
    assert plan == made.results["plan"]
    assert plan["repeats"] == 2
    assert [a["name"] for a in plan["arms"]] == [a["name"] for a in made.results["arms"]]


def test_the_documents_name_every_key_of_the_results(planted):
    text = (Path(__file__).parents[2] / "docs" / "study.md").read_text()
    results = planted.results
    for key in (*results, *results["baseline"], *results["arms"][0], *results["arms"][0]["clean"], *results["course"]):
        assert key.replace("_", " ") in text.replace("_", " "), key


def test_a_finished_study_is_not_made_again(tmp_path):
    first = study(shapes(), out=tmp_path / "out")
    before = (tmp_path / "out" / "fits.sqlite").stat().st_mtime_ns
    again = study(shapes(), out=tmp_path / "out")
    assert table(first.results) == table(again.results)
    assert (tmp_path / "out" / "fits.sqlite").stat().st_mtime_ns == before


SCRIPT = """
    import sys
    sys.path.insert(0, {tests!r})
    from trials import shapes, study
    study(shapes(90, classes=3), out={out!r}, repeats=2, workers=2)
"""


def run(out, kill_after: float | None = None) -> None:
    """A study in a process of its own, ended without warning after some seconds."""
    tests = os.path.dirname(os.path.dirname(__file__))
    code = textwrap.dedent(SCRIPT).format(tests=tests, out=str(out))
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE)
    try:
        _, said = process.communicate(timeout=kill_after or 300)
        assert process.returncode == 0, said.decode()
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def test_a_study_killed_ten_times_ends_as_one_that_was_not(tmp_path):
    start = time.monotonic()
    run(tmp_path / "whole")
    took = time.monotonic() - start
    rng = random.Random(0)
    for _ in range(10):
        run(tmp_path / "killed", kill_after=rng.uniform(0.1, 0.9) * took)
    run(tmp_path / "killed")
    whole, killed = (json.loads((tmp_path / name / "results.json").read_text()) for name in ("whole", "killed"))
    assert table(killed) == table(whole)
    assert not (tmp_path / "killed" / "work").exists()


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(tmp_path):
    fill(tmp_path / "data", 60)
    (tmp_path / "out").mkdir()
    ag.open(tmp_path / "data").split(val=0, test=0.2, groups=None).save(tmp_path / "out" / "split.json")
    command = [sys.executable, "-m", "augury", "study", tmp_path / "data", "--budget", "5m", "--out", tmp_path / "out"]
    process = subprocess.Popen([*map(str, command), "--epochs", "40", "--repeats", "5"], stdout=subprocess.PIPE)
    store = tmp_path / "out" / "fits.sqlite"
    deadline = time.monotonic() + 120
    while not (store.exists() and store.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[0].decode()
    assert process.returncode == 130
    assert f"what is done is kept in {tmp_path / 'out'}" in said
    assert not (tmp_path / "out" / "work").exists()


def test_time_that_is_over_leaves_whole_repeats(tmp_path, monkeypatch):
    from augury.experiment import conduct

    monkeypatch.setattr(conduct._Runner, "in_time", lambda self, tasks: tasks[0].repeat < 2)
    made = study(shapes(), repeats=4, out=tmp_path / "out")
    assert set(made.results["course"]["repeats"].values()) == {2}
    assert "the time was over after 2 of 4 repeats" in made.results["course"]["why"]
    monkeypatch.undo()
    more = study(shapes(), repeats=4, out=tmp_path / "out")
    assert max(more.results["course"]["repeats"].values()) > 2


def test_a_deadline_in_the_middle_of_a_repeat_ends_it(tmp_path):
    from augury.experiment.pool import OutOfTime, Pool

    folder = tmp_path / "work"
    folder.mkdir()
    with Pool(folder, 1, "linear") as pool, pytest.raises(OutOfTime):
        list(pool.answers([None], time.monotonic() + 0.05))


def test_a_budget_that_is_too_short_is_refused_with_what_would_do():
    with pytest.raises(
        ag.AuguryError, match=r"the budget is too short: 2 arms and the baseline need about .* are left"
    ):
        study(shapes(), budget="3s", epochs=None, repeats=None)
    with pytest.raises(ag.AuguryError, match="expected seconds"):
        study(shapes(), budget="soon")


def test_another_study_in_the_same_folder_is_refused(tmp_path):
    study(shapes(), out=tmp_path / "out")
    with pytest.raises(ag.AuguryError, match=r"holds another study \(other arms\)"):
        study(shapes(), arms=[ag.Rotate((-9, 9))], out=tmp_path / "out")
    with pytest.raises(ag.AuguryError, match="other items"):
        study(shapes(seed=1), out=tmp_path / "out")
    (tmp_path / "out" / "plan.json").write_text("{}")
    with pytest.raises(ag.DataError, match=r"plan\.json: cannot be read as the plan of a study"):
        study(shapes(), out=tmp_path / "out")


def test_a_large_set_is_part_of_the_plan(tmp_path):
    """A study without one is another study: its fits know nothing of the large set."""
    part, truth = shapes(40, classes=2), shapes(60, classes=2, seed=4)
    study(part, out=tmp_path / "out")
    with pytest.raises(ag.AuguryError, match=r"holds another study \(other truth\)"):
        study(part, truth=truth, out=tmp_path / "out")
    one, other = (study(part, truth=t, out=tmp_path / n) for t, n in ((truth, "a"), (truth, "a")))
    assert one.results["truth"] == other.results["truth"]


def test_a_store_that_is_damaged_is_one_line(tmp_path):
    study(shapes(), out=tmp_path / "out")
    (tmp_path / "out" / "fits.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(ag.DataError, match=r"fits\.sqlite: cannot be used as the store of a study"):
        study(shapes(), out=tmp_path / "out")


def test_a_worker_that_dies_is_one_line(tmp_path):
    from augury.experiment.pool import Pool

    folder = tmp_path / "work"
    folder.mkdir()
    with Pool(folder, 1, "linear") as pool:
        pool._processes[0].kill()
        with pytest.raises(ag.AuguryError, match="a worker process has died"):
            list(pool.answers([None]))


def test_validation_and_test_parts_are_not_studied():
    parts = shapes(120).split(val=0.2, test=0.2, groups=None)
    for part in (parts.val, parts.test):
        with pytest.raises(ag.LeakError, match=r"study is for training data, and this is the (val|test) part"):
            study(part)
    with pytest.raises(ag.AuguryError, match=r"is no dataset; give split\.train"):
        study(parts)


def test_items_of_a_locked_test_part_are_not_studied(tmp_path):
    data = shapes(120)
    locked, other = (data.split(val=0, test=0.3, seed=seed, groups=None) for seed in (0, 1))
    with pytest.raises(
        ag.LeakError, match=r"of the items to study lie in the locked test part of locked=, such as row"
    ):
        study(other.train, locked=locked.test)
    locked.save(tmp_path / "split.json")
    for part in (other.train, data):
        with pytest.raises(ag.LeakError, match=r"of the items to study lie in the locked test part of .*split\.json"):
            study(part, out=tmp_path)
    study(locked.train, out=tmp_path, locked=locked.test)
    given = ag.from_arrays(np.zeros((4, 8, 8), np.uint8), [0, 1, 0, 1], parts=["train", "train", "test", "test"])
    with pytest.raises(ag.LeakError, match="comes divided into parts"):
        study(given)


def test_a_policy_is_not_trained_with_where_its_items_are_tested():
    data = shapes(120)
    first, second = (data.split(val=0, test=0.3, seed=seed, groups=None) for seed in (0, 1))
    policy = study(first.train).policy
    next(iter(first.train.stream(policy)))
    with pytest.raises(ag.LeakError):
        second.train.stream(policy)


def test_truth_must_be_other_items_of_the_same_classes():
    data = shapes(60)
    with pytest.raises(ag.LeakError, match="truth shares items"):
        study(data, truth=data)
    with pytest.raises(ag.DataError, match="truth has the classes"):
        study(data, truth=shapes(40, classes=2, seed=3))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"arms": []}, "no arm is given"),
        ({"arms": [ag.Rotate(ag.Fixed(10))]}, "does the same to every image"),
        ({"arms": [ag.Crop()]}, "changes the size of the images"),
        ({"arms": [ag.HorizontalFlip(), ag.HorizontalFlip()]}, "two arms are called"),
        ({"arms": ["Rotate"]}, "expected a transform or a Policy"),
        ({"folds": 1}, "folds=1"),
        ({"delta": 0}, "delta=0"),
        ({"workers": -1}, "workers=-1"),
        ({"expect": ["weather"]}, "expect='weather' is none of location"),
        ({"learner": "forest"}, "learner='forest'"),
        ({"size": (0, 3)}, "size="),
    ],
)
def test_wrong_settings_are_one_line(wrong, message):
    with pytest.raises(ag.AuguryError, match=message) as error:
        study(shapes(20, classes=2), **wrong)
    assert "\n" not in str(error.value)


def test_a_transform_of_a_script_is_refused_before_any_work(tmp_path):
    code = """
        import augury as ag
        from augury.kernels import Resample, rotation
        from augury.ranges import Degrees
        import numpy as np
        class Turn(ag.Transform):
            angle: Degrees = (-9.0, 9.0)
            def lower(self, params, spec):
                return Resample(rotation(params["angle"]))
        ag.study(ag.from_arrays(np.zeros((20, 8, 8), np.uint8), np.arange(20) % 2), arms=[Turn()])
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True)
    assert "Turn is defined in a script or notebook" in done.stderr
    assert "put it in a module" in done.stderr


def test_the_command_locks_a_test_part_and_writes_everything(tmp_path):
    fill(tmp_path / "data", 60)
    policy = tmp_path / "mine.yaml"
    ag.Policy([ag.Zoom((0.7, 1.4))], name="mine").save(policy)
    command = ["study", tmp_path / "data", "--budget", "5m", "--out", tmp_path / "out", "--groups", "none"]
    command += ["--learner", "linear", "--epochs", "2", "--repeats", "2", "--policy", policy]
    first = invoke(*command)
    assert first.exit_code == 0, first.output
    said = first.stdout.splitlines()
    assert said[0].startswith("split     48 items to study, 12 locked away (by content, copies kept together)")
    assert any(line.startswith("plan      12 arms and the baseline, 5 folds x 2 repeats, 2 epochs") for line in said)
    for start in ("time ", "ceiling ", "power ", "TrivialAugment ", "mine ", "wrote "):
        assert any(line.startswith(start) for line in said), start
    split = json.loads((tmp_path / "out" / "split.json").read_text())
    again = invoke(*command, "--json")
    results = json.loads(again.stdout)
    assert {item["path"] for item in split["items"] if item["part"] == "train"} == set(results["items"]["paths"])
    assert "48 items to study, 12 locked away (as before)" in again.stderr


def test_the_command_refuses_in_one_line(tmp_path):
    fill(tmp_path / "data", 12)
    base = ["study", tmp_path / "data", "--out", tmp_path / "out", "--groups", "none"]
    for more, message in (
        (["--budget", "5m", "--test", "0.9"], "too few"),
        (["--budget", "soon"], "expected seconds"),
        (["--budget", "1s", "--learner", "linear"], "the budget is too short"),
        (["--budget", "5m", "--learner", "forest"], "learner='forest'"),
    ):
        result = invoke(*base, *more)
        assert result.exit_code == 1
        assert message in result.stderr.splitlines()[-1]
        assert not (tmp_path / "out" / "results.json").exists()
