"""A few hundred of the damaged sources that tests/fuzz.py makes."""

import fuzz


def test_damaged_sources_are_read_right_or_refused_in_one_line():
    summary = fuzz.fuzz(seed=1, count=500)
    assert summary["wrong"] == []
    assert summary["cases"] == 500
    outcomes = {outcome for counts in summary["kinds"].values() for outcome in counts}
    assert outcomes == {"read", "refused at opening", "refused when read"}


def test_crash_and_hang_are_seen_and_the_rest_goes_on(monkeypatch, tmp_path):
    worker = tmp_path / "worker.py"
    worker.write_text(
        "import json, os, sys, time\n"
        "first, last = map(int, sys.argv[-2:])\n"
        "for k in range(first, last):\n"
        "    if k == 2: os.abort()\n"
        "    if k == 5: time.sleep(60)\n"
        "    print(json.dumps([k, 'bmp', 'read']), flush=True)\n"
    )
    monkeypatch.setattr(fuzz, "__file__", str(worker))
    monkeypatch.setattr(fuzz, "LIMIT_S", 2.0)
    found = list(fuzz.supervise(0, 8))
    assert [number for number, _, _ in found] == list(range(8))
    assert [(number, what) for number, _, what in found if what != "read"] == [
        (2, "WRONG the process ended with code -6"),
        (5, "WRONG the process was not done after 2 s"),
    ]
