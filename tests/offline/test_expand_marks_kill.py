"""Killed at any moment, also while annotations are written, an expansion ends in the same bytes."""

import random
import signal
import subprocess
import sys
import time

import pytest
from drawn_objects import POLICY, coco, masked, scenes
from expansions import contents, leftovers
from test_expand_kill import count

import augury as ag
from augury.api.expand import expand
from augury.transforms.policies import Keep

RUN = """
import sys
import augury as ag
from augury.api.expand import expand
data, policy, out, threads, layout = sys.argv[1:]
expand(ag.open(data), ag.Policy.load(policy), 8, out, seed=3, threads=int(threads), annotations=layout)
"""
KEPT = POLICY.model_copy(update={"keep": Keep(visible=0.7, redraws=3)})


@pytest.mark.parametrize(("layout", "end", "files"), [("coco", "", 273), ("yolo", ".zip", 543), ("masks", "", 543)])
def test_kills_change_no_byte(tmp_path, layout, end, files):
    made = scenes(30)
    data = masked(tmp_path / "data", made, "uint16") if layout == "masks" else coco(tmp_path / "data", made)
    out, policy = tmp_path / f"out{end}", tmp_path / "policy.yaml"
    KEPT.save(policy)
    rng = random.Random(layout)
    command = [sys.executable, "-c", RUN, str(data), str(policy), str(out)]
    part, seen = tmp_path / f"out{end}.part", []
    for stop in (*sorted(rng.uniform(5, 0.9 * files) for _ in range(2)), files - 2):
        running = subprocess.Popen([*command, str(rng.randint(1, 2)), layout])
        until = time.monotonic() + 60
        while count(part) < stop and running.poll() is None and time.monotonic() < until:
            time.sleep(0.001)
        running.send_signal(signal.SIGKILL)
        running.wait()
        if out.exists():  # it was as good as done
            break
        seen.append(count(part))
    assert seen == sorted(seen)
    assert 0 < seen[0] < seen[-1]
    if not out.exists():
        subprocess.run([*command, "2", layout], check=True)
    whole = expand(ag.open(data), KEPT, 8, tmp_path / f"whole{end}", seed=3, threads=0, annotations=layout)
    assert len(contents(out)) == files
    assert contents(out) == contents(whole.path)
    if end:
        assert out.read_bytes() == whole.path.read_bytes()
    assert leftovers(tmp_path) == sorted(["data", f"out{end}", "policy.yaml", f"whole{end}"])
