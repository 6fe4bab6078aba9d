"""Killed at any moment, an expansion goes on where it was and ends in the same bytes."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest
from expansions import POLICY, contents, leftovers, opened, written

import augury as ag
from augury.api.expand import expand
from augury.errors import DataError
from augury.offline.workplace import Workplace
from augury.transforms.presets import workshop
from sources import one_line

RUN = """
import sys
import augury as ag
from augury.api.expand import expand
data, policy, out, threads = sys.argv[1:]
expand(ag.open(data), ag.Policy.load(policy), 10, out, seed=3, threads=int(threads))
"""


def refused(message, *arguments, **options):
    with pytest.raises(DataError) as caught:
        expand(*arguments, **options)
    one_line(caught, message)


def count(folder):
    return sum(len(names) for _, _, names in os.walk(folder))


@pytest.mark.parametrize("end", ["", ".zip"])
def test_five_kills_change_no_byte(tmp_path, components_zip, end):
    out, policy = tmp_path / f"out{end}", tmp_path / "policy.yaml"
    workshop_policy = ag.Policy([workshop()])
    workshop_policy.save(policy)
    rng = random.Random(end)
    command = [sys.executable, "-c", RUN, str(components_zip), str(policy), str(out)]
    part = tmp_path / f"out{end}.part"
    seen = []
    for stop in sorted(rng.uniform(10, 2600) for _ in range(5)):
        running = subprocess.Popen([*command, str(rng.randint(1, 2))])
        until = time.monotonic() + 60
        while count(part) < stop and running.poll() is None and time.monotonic() < until:
            time.sleep(0.002)
        running.send_signal(signal.SIGKILL)
        running.wait()
        assert not out.exists()
        seen.append(count(part))
    assert seen == sorted(seen)
    assert seen[-1] > seen[0] > 0
    subprocess.run([*command, "2"], check=True)
    whole = expand(ag.open(components_zip), workshop_policy, 10, tmp_path / f"whole{end}", seed=3, threads=1)
    assert contents(out) == contents(whole.path)
    if end:
        assert out.read_bytes() == whole.path.read_bytes()
    assert leftovers(tmp_path) == sorted([f"out{end}", "policy.yaml", f"whole{end}"])


def stopped(data, out, after=4, **options):
    """An expansion that an error ends when some images are written."""

    def progress(stage, done, total):
        if stage == "expanding" and done == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        expand(data, POLICY, 2, out, progress=progress, threads=0, **options)


def test_finished_files_are_kept_and_the_rest_is_made(tmp_path):
    data = opened(tmp_path / "data")
    stopped(data, tmp_path / "out")
    part = tmp_path / "out.part"
    there = sorted(part.rglob("*.png"))
    assert len(there) == 4 * 3
    times = {path.relative_to(part): path.stat().st_mtime_ns for path in there}
    there[0].unlink()
    there[0].with_name(there[0].name + ".part").write_bytes(b"half")
    made = expand(data, POLICY, 2, tmp_path / "out")
    for name, when in list(times.items())[1:]:
        assert (made.path / name).stat().st_mtime_ns == when
    assert contents(made.path) == contents(expand(data, POLICY, 2, tmp_path / "whole").path)


def test_an_end_while_packing_is_gone_on_with(tmp_path):
    data = opened(tmp_path / "data")

    def progress(stage, done, total):
        if (stage, done) == ("packing", 5):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        expand(data, POLICY, 2, tmp_path / "out.zip", progress=progress)
    assert leftovers(tmp_path) == ["data", "out.zip.part"]
    made = expand(data, POLICY, 2, tmp_path / "out.zip")
    assert made.path.read_bytes() == expand(data, POLICY, 2, tmp_path / "whole.zip").path.read_bytes()
    assert leftovers(tmp_path) == ["data", "out.zip", "whole.zip"]


def test_what_was_begun_otherwise_is_not_gone_on_with(tmp_path):
    data = opened(tmp_path / "data")
    stopped(data, tmp_path / "out")
    before = contents(tmp_path / "out.part")
    refused("begun otherwise", data, POLICY, 2, tmp_path / "out", seed=1)
    refused("begun otherwise", data, POLICY, 3, tmp_path / "out")
    refused("begun otherwise", data.prepare(size=(4, 4)), POLICY, 2, tmp_path / "out")
    refused("begun otherwise", data, ag.Policy([ag.Rotate()]), 2, tmp_path / "out")
    written(tmp_path / "data", ["dog/3.png"])
    refused("begun otherwise", data, POLICY, 2, tmp_path / "out")
    assert contents(tmp_path / "out.part") == before


def test_a_folder_of_somebody_else_is_left_alone(tmp_path):
    data = opened(tmp_path / "data")
    (tmp_path / "out.part").mkdir()
    (tmp_path / "out.part" / "thesis.txt").write_text("all")
    refused("is in the way, and no expansion", data, POLICY, 2, tmp_path / "out")
    assert contents(tmp_path / "out.part") == {"thesis.txt": b"all"}


def test_a_file_that_came_meanwhile_is_named(tmp_path):
    data = opened(tmp_path / "data")
    stopped(data, tmp_path / "out")
    (tmp_path / "out.part" / "notes.txt").write_text("")
    refused(r"out\.part/notes\.txt: came or went meanwhile", data, POLICY, 2, tmp_path / "out")
    (tmp_path / "out.part" / "notes.txt").unlink()
    assert expand(data, POLICY, 2, tmp_path / "out").images == 24


def test_a_kill_between_the_zip_and_the_removal_is_finished(tmp_path, monkeypatch):
    data = opened(tmp_path / "data")
    with monkeypatch.context() as patched:
        patched.setattr(Workplace, "_remove", lambda self: None)
        made = expand(data, POLICY, 2, tmp_path / "out.zip")
    before = made.path.read_bytes()
    assert leftovers(tmp_path) == ["data", "out.zip", "out.zip.part"]
    refused("exists already", data, POLICY, 2, tmp_path / "out.zip", seed=1)
    assert leftovers(tmp_path) == ["data", "out.zip", "out.zip.part"]
    again = expand(data, POLICY, 2, tmp_path / "out.zip")
    assert again == made
    assert made.path.read_bytes() == before
    assert leftovers(tmp_path) == ["data", "out.zip"]
    refused("exists already", data, POLICY, 2, tmp_path / "out.zip")


def test_what_is_there_already_needs_no_room(tmp_path, monkeypatch):
    data = opened(tmp_path / "data")
    stopped(data, tmp_path / "out", after=7)
    asked = []
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda path: asked.append(path) or usage._replace(free=30_000))
    refused("make room", data, POLICY, 2, tmp_path / "elsewhere")
    assert expand(data, POLICY, 2, tmp_path / "out").images == 24
    assert len(asked) == 2
