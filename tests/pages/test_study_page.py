"""The page of a study: what the results say, bounded, escaped, drawn by a browser without complaint."""

import copy
import html
import json
import re
import subprocess
from dataclasses import replace

import cv2
import numpy as np
import pytest

import augury as ag
from augury.experiment.pictures import pictures
from augury.experiment.words import spread
from augury.report import study_photos
from augury.report.leaks_pictures import data_url
from augury.report.study_charts import axis_of, curves, tint
from augury.report.study_page import page, write_page
from browser import CHROMIUM, Elements, in_chromium
from trials import shapes, study

HOSTILE = ["<script>alert(1)</script>", "a \"quoted\" & 'b'", "{{ 7 * 7 }} ünï漢"]
ARMS = [
    ag.Translate((-0.15, 0.15), (-0.15, 0.15)),
    ag.HorizontalFlip(),
    ag.Brightness((0.2, 0.21), name="Always dark"),
    ag.Rotate((-180, 180)),
]


def words(text):
    """What is read, without style and blanks."""
    return " ".join(" ".join(Elements(re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)).words).split())


def section(text, name):
    """The part of a page under one heading."""
    return text.split(f'<h2 id="{name}">')[1].split("<h2")[0]


@pytest.fixture(scope="module")
def made():
    part, large = shapes(90, classes=3), shapes(150, classes=3, seed=1)
    return study(part, arms=ARMS, truth=large)


@pytest.fixture
def results(made):
    """A copy that a test may change, as it comes from results.json."""
    return json.loads(json.dumps(made.results))


@pytest.fixture(scope="module")
def text(made):
    return page(made.results, made._materials)


def endpoint(effect, half, verdict):
    ends = {"low": effect - half, "high": effect + half, "low90": effect - half, "high90": effect + half}
    return {"effect": effect, "error": half / 2, "shrunk": effect, "verdict": verdict, "items_to_settle": 1234, **ends}


def many(results, names):
    """The same results with other classes, one item or more of each."""
    count, items = len(names), results["data"]["items"]
    counts = np.bincount(np.arange(items) % count, minlength=count)
    results["data"]["classes"] = [{"name": n, "items": int(c)} for n, c in zip(names, counts, strict=True)]
    rng = np.random.default_rng(0)
    for found in (results["baseline"], *results["arms"]):
        found["confusion"] = (np.diag(counts) + rng.integers(0, 2, (count, count))).astype(float).tolist()
    for arm in results["arms"]:
        arm["classes"] = [{"name": n, "effect": 0.01, "low": -0.1, "high": 0.12} for n in names]
    return results


# ---- what it shows


def test_the_answer_the_policy_and_how_sure_come_first(made, text):
    read = words(text)
    order = [*made.results["answer"], "The policy", "How sure this is", "Effects against the baseline"]
    assert [read.index(one) for one in order] == sorted(read.index(one) for one in order)
    assert f"{made.results['baseline']['errors']:.0f} errors on 90 clean items" in read
    assert made.results["estimand"] in read
    smallest = made.results["smallest_effect"]
    assert (
        f"{100 * smallest['clean']:.1f} points on clean items, {100 * smallest['robust']:.1f} on shifted ones" in read
    )


def test_the_policy_on_the_page_can_be_copied(results, made):
    chosen = ag.Policy([ARMS[0]], reasons={"Translate": "It helps: <b>"}, chosen_on=made.policy.chosen_on)
    assert chosen.chosen_on is not None
    results["policy"] = {"arms": [results["arms"][0]["name"]], "yaml": chosen.to_yaml()}
    text = page(results, made._materials)
    shown = ag.Policy.from_yaml(html.unescape(re.search(r"<pre[^>]*>(.*?)</pre>", text, re.DOTALL)[1]))
    assert shown == chosen.model_copy(update={"chosen_on": None})
    assert shown.reasons == chosen.reasons
    assert "Translate x ±0.15, y ±0.15 clean items" in words(section(text, "policy"))


def test_every_arm_stands_with_its_effects_and_verdicts_best_first(made, text):
    arms = sorted(made.results["arms"], key=lambda arm: -(arm["clean"]["shrunk"] + arm["robust"]["shrunk"]))
    rows = section(text, "effects").split('<div class="row">')[1:]
    assert len(rows) == len(arms) == 4
    for row, arm in zip(rows, arms, strict=True):
        read = words(row)
        assert arm["name"] in read
        for end in ("clean", "robust"):
            found = arm[end]
            assert f"{found['verdict']} {spread(found)}" in read
        assert ("unsafe" in read) == bool(arm["unsafe"])


def test_cells_say_what_is_sure_matched_and_counted(made, text):
    rows = [re.findall(r"<t[dh].*?</t[dh]>", row, re.DOTALL) for row in section(text, "shifts").split("<tr")[1:]]
    assert [words(cell) for cell in rows[0]] == [
        "", *made.results["provenance"]["robust_families"], "", "mirrored does not count", "upside down does not count",
    ]  # fmt: skip
    arms = {arm["name"]: arm for arm in made.results["arms"]}
    families = [*made.results["provenance"]["robust_families"], None, "mirrored", "upside down"]
    assert len(rows) == 2 + len(arms)
    for head, *cells in rows[2:]:
        for family, cell in zip(families, cells, strict=True):
            if family is None:
                assert 'class="gap"' in cell
                continue
            found = arms[words(head)]["families"][family]
            assert f"{100 * found['effect']:+.1f}" in words(cell)
            assert f"[{100 * found['low']:+.1f}, {100 * found['high']:+.1f}]" in words(cell)
            assert ("<b>" in cell) == (found["low"] > 0 or found["high"] < 0)
            assert ("matched" in cell) == found["matched"]
            shown = found.get("second_border") and found["matched"] and found["low"] > 0
            assert ("✓" in cell or "✗" in cell) == bool(shown)


def test_a_geometric_gain_that_a_second_border_does_not_keep_is_crossed_out(results, made):
    cell = results["arms"][0]["families"]["location"]
    cell |= {"effect": 0.2, "low": 0.1, "high": 0.3, "matched": True}
    cell["second_border"] = {"border": "symmetric", "effect": 0.01, "low": -0.1, "high": 0.12, "survives": False}
    read = words(section(page(results, made._materials), "shifts"))
    assert "+20.0 [+10.0, +30.0] ✗ +1.0 [-10.0, +12.0]" in read
    assert 'holds with the border "symmetric" too' in read


def test_no_accuracy_stands_without_its_interval(text):
    read = words(text)
    shares = re.findall(r"\d\.\d%", read)
    assert len(shares) > 10
    assert len(re.findall(r"\d\.\d%\s*\[\d+\.\d, \d+\.\d\]", read)) == len(shares)


def test_arms_with_something_to_see_are_open(results, made):
    for arm, (clean, robust, unsafe) in zip(
        results["arms"],
        [("cannot tell", "negligible", False), ("helps", "cannot tell", False), ("negligible", "hurts", False),
         ("cannot tell", "cannot tell", True)],
        strict=True,
    ):  # fmt: skip
        arm["clean"]["verdict"], arm["robust"]["verdict"] = clean, robust
        pair = {
            "classes": ["disc", "bar"],
            "items": 60,
            "looks": 0.3,
            "looks_low": 0.2,
            "remains": 0.2,
            "remains_low": 0.1,
        }
        arm["unsafe"] = [pair] if unsafe else []
    text = page(results, made._materials)
    found = {a["id"]: "open" in a for a in Elements(text).of("details")}
    assert found == {"arm1": False, "arm2": True, "arm3": True, "arm4": True}
    read = words(text)
    assert read.count("⚠ unsafe: disc, bar") == 1
    assert "takes 30.0 points (at least 20.0) more of the 60 items for the other class" in read


def test_photos_are_those_of_the_items(results, made):
    arm = results["arms"][0]
    arm["fixed"], arm["broke"] = [4, 7], []
    text = page(results, made._materials)
    held = {image["id"]: image["href"] for image in Elements(text).of("image")}
    used = {use["href"].removeprefix("#") for use in Elements(text).of("use")}
    assert used == set(held)
    for row in (4, 7):
        assert held[f"p{row}"] == data_url(pictures(made._materials, np.array([row]))[0])
    card = text.split('id="arm1"')[1].split("</details>")[0]
    assert "Photos it broke: none" in words(card)
    fixed = card.split("Photos it fixed: 2")[1].split("</section>")[0]
    assert re.findall(r'href="#(\w+)"', fixed) == ["p4", "p7"]
    assert [words(c) for c in re.findall(r"<figcaption>.*?</figcaption>", fixed)] == ["bar row 4", "bar row 7"]


def test_strips_show_what_training_sees(made, text):
    held = {image["id"]: image["href"] for image in Elements(text).of("image")}
    (row,) = {int(key.split("-")[1]) for key in held if key.startswith("a4-")} - {1} or {0}
    policy = ag.Policy([ARMS[3]])
    for view in range(1, 7):
        seen = pictures(made._materials, np.array([row]), policy, view)[0]
        assert held[f"a4-{row}-{view}"] == data_url(seen)
    assert len({held[f"a4-{row}-{view}"] for view in range(1, 7)}) == 6


def test_more_than_twelve_photos_are_counted_not_shown(results, made):
    results["arms"][1]["broke"] = list(range(40))
    card = page(results, made._materials).split('id="arm2"')[1].split("</details>")[0]
    assert "Photos it broke: 40 12 are shown." in words(card)
    assert card.split("Photos it broke")[1].split("</section>")[0].count("<figure>") == 12


def test_confusion_matrices_stand_side_by_side_with_differences_marked(results, made):
    results["baseline"]["confusion"] = [[28, 2, 0], [0, 30, 0], [1, 0, 29]]
    results["arms"][0]["confusion"] = [[30, 0, 0], [0, 29, 1], [1.3, 0, 28.7]]
    card = page(results, made._materials).split('id="arm1"')[1].split("</details>")[0]
    before, after = (re.findall(r"<td.*?</td>", t, re.DOTALL) for t in card.split("<table")[1:3])
    assert [words(cell) for cell in before] == ["28", "2", "", "", "30", "", "1", "", "29"]
    assert [words(cell) for cell in after] == ["30", "0", "", "", "29", "1", "1.3", "", "28.7"]
    marks = [next((mark for mark in ("better", "worse") if mark in cell), "") for cell in after]
    assert marks == ["better", "better", "", "", "worse", "worse", "", "", ""]
    assert not [cell for cell in before if "better" in cell or "worse" in cell]


def test_the_truth_stands_beside_what_was_said(results, made, text):
    shown = words(section(text, "truth"))
    for arm in results["truth"]["arms"]:
        assert f"{100 * arm['clean']:+.1f} {'✓ yes' if arm['inside'] else '✗ no'}" in shown
    assert "150 further items" in shown
    results["truth"] = None
    without = page(results, made._materials)
    assert 'id="truth"' not in without
    assert "#truth" not in without


def test_curves_of_the_arm_and_of_the_baseline_are_drawn(results, made):
    results["baseline"]["curve"] = [[1, 0.4, 0.3], [10, 1.0, 0.8]]
    for arm in results["arms"]:
        arm["curve"] = [[1, 0.3, 0.3], [10, 0.9, 0.85]]
    text = page(results, made._materials)
    assert text.count('class="curve keep"') == 4
    drawn = curves(results["arms"][0]["curve"], results["baseline"]["curve"])
    assert [(line["who"], line["what"]) for line in drawn["lines"]] == [
        ("baseline", "training"), ("baseline", "held"), ("arm", "training"), ("arm", "held"),
    ]  # fmt: skip
    assert drawn["lines"][0]["path"] == "M24.0 94.3L240.0 0.0"
    assert curves([[1, 0.5, 0.5]], results["baseline"]["curve"]) is None


# ---- the drawings


def test_an_axis_holds_zero_and_the_band_and_cuts_what_is_far_longer_than_the_rest():
    near = [endpoint(0.01, 0.02, "cannot tell") for _ in range(5)]
    axis = axis_of([*near, endpoint(-0.5, 0.1, "hurts")], 0.01)
    assert axis.low == pytest.approx(-4 * 0.03)
    assert axis.high == pytest.approx(0.03)
    far, close = axis.whisker(endpoint(-0.5, 0.1, "hurts")), axis.whisker(near[0])
    assert (far["beyond_low"], far["beyond_high"], far["sure"]) == (True, False, True)
    assert (close["beyond_low"], close["beyond_high"], close["sure"]) == (False, False, False)
    assert axis.at(-0.12) == 4.0
    assert axis.at(0.03) == 96.0
    assert close["low"] < close["point"] < close["high"]
    assert [tick["text"] for tick in axis.ticks(4)] == ["-10", "-5", "0"]
    assert [tick["at"] for tick in axis.ticks(4)] == [axis.at(-0.1), axis.at(-0.05), axis.at(0)]
    alone = axis_of([endpoint(0.0, 0.0, "identical")], 0.01)
    assert alone.at(-0.01) > 4
    assert alone.at(0.01) < 96


def test_colours_follow_sign_and_size():
    assert tint(0.0, 0.5) == {"direction": "", "opacity": 0.0}
    assert tint(0.5, 0.5)["direction"] == "up"
    assert tint(-0.5, 0.5)["direction"] == "down"
    assert tint(-0.5, 0.5)["opacity"] == tint(0.5, 0.5)["opacity"] > tint(0.1, 0.5)["opacity"] > 0


# ---- what is foreign, broken or large


def test_names_are_shown_and_never_obeyed(results, made):
    materials = replace(made._materials, classes=tuple(HOSTILE), paths=tuple(f"{HOSTILE[0]}/{i}" for i in range(90)))
    many(results, HOSTILE)
    results["items"]["paths"] = list(materials.paths)
    results["source"], results["answer"] = f"data/{HOSTILE[1]}", [HOSTILE[0], HOSTILE[2]]
    results["data"]["left_out"] = [f"{HOSTILE[0]}.png: is empty"]
    for arm in results["arms"]:
        arm["reason"], arm["caution"] = HOSTILE[0], HOSTILE[2]
        arm["fixed"] = [1, 2]
        arm["unsafe"] = [{"classes": HOSTILE[:2], "items": 60, "looks": 0.3, "looks_low": 0.2, "remains": 0.2,
                          "remains_low": 0.1}]  # fmt: skip
    results["arms"][0]["name"] = results["truth"]["arms"][0]["name"] = HOSTILE[0]
    results["policy"]["arms"] = []
    elements = Elements(page(results, materials))
    assert elements.of("script") == []
    read = "".join(elements.words)
    assert all(name in read for name in HOSTILE)
    assert "49 ünï" not in read
    assert not [name for _, attributes in elements.tags for name in attributes if name.startswith("on")]


def test_names_that_are_no_text_are_written_as_escapes(results, made, tmp_path):
    results["arms"][0]["fixed"] = [3]
    materials = replace(made._materials, paths=tuple(f"bad\udcff {i}.png" for i in range(90)))
    shown = write_page(results, materials, tmp_path / "r.html").read_text()
    assert "bad\\udcff 3.png" in shown


def test_the_page_asks_nothing_of_the_network_and_its_links_lead_somewhere(text):
    bare = re.sub(r"base64,[^\"]*", "", text)
    assert re.findall(r"https?:|//\w|@import|url\(|<link|<script", bare) == []
    elements = Elements(text)
    names = [attributes["id"] for _, attributes in elements.tags if "id" in attributes]
    assert len(names) == len(set(names))
    assert {a["href"].removeprefix("#") for a in elements.of("a")} <= set(names)


@pytest.mark.parametrize("name", ["report.pdf", "report", "html"])
def test_another_ending_is_refused_and_nothing_is_written(made, tmp_path, name):
    with pytest.raises(ag.AuguryError, match=r"is a \.html file") as error:
        made.report(tmp_path / name)
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []
    assert write_page(made.results, made._materials, tmp_path / "r.HTML").read_text().startswith("<!doctype html>")


def test_an_empty_policy_is_said_to_be_a_result(results, made):
    results["policy"] = {"arms": [], "yaml": ag.Policy().to_yaml()}
    assert "No arm is shown to help without doing harm, so the policy is empty." in words(
        page(results, made._materials)
    )


def test_identical_arms_and_truncated_repeats_are_told(results, made):
    for arm in results["arms"]:
        arm["clean"], arm["robust"] = (endpoint(0.0, 0.0, "identical") for _ in range(2))
        for cell in arm["families"].values():
            cell |= {"effect": 0.0, "low": 0.0, "high": 0.0}
    results["course"] |= {"repeats": {"baseline": 1}, "why": "the time was over after 1 of 5 repeats"}
    results["plan"]["repeats"] = 5
    text = page(results, made._materials)
    assert words(section(text, "effects")).count("= identical") == 8
    assert "1 of 5 planned, each of 5 folds; the time was over after 1 of 5 repeats" in words(text)
    assert not re.search(r"\bnan\b", words(text).lower())
    assert not any("open" in a for a in Elements(text).of("details"))


def test_hundred_classes_are_a_list_of_pairs(results, made):
    names = [f"class {k}" for k in range(100)]
    materials = replace(made._materials, classes=tuple(names), labels=np.arange(90) % 100)
    for found in (many(results, names)["baseline"], results["arms"][0]):
        found["confusion"][3][8] = 7.5
    results["arms"][0]["confusion"][3][8] = 2.0
    results["arms"][0]["classes"][77] |= {"effect": -0.4, "low": -0.6, "high": -0.2}
    text = page(results, materials)
    card = text.split('id="arm1"')[1].split("</details>")[0]
    assert '<table class="confusion">' not in text
    rows = re.findall(r"<tr><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td></tr>", card)
    assert rows[0] == ("class 3", "class 8", "7.5", "2")
    assert len(rows) == 15
    assert "class 77: -40.0 [-60.0, -20.0] points" in words(card)
    assert "And 85 classes more" in words(card)


def test_the_page_stays_small_whatever_the_study(results, made, monkeypatch):
    rng = np.random.default_rng(0)
    count, side = 200, 128
    noisy = rng.integers(0, 256, (count, side, side, 3), np.uint8)  # nothing compresses worse
    materials = replace(
        made._materials,
        paths=tuple(f"photo {i}" for i in range(count)),
        labels=np.arange(count) % 3,
        pixels=noisy.ravel(),
        shapes=np.tile([side, side, 3], (count, 1)),
        prepare=replace(made._materials.prepare, size=(32, 32), channels=3),
        value_range=None,
        _cached={},
    )
    arms = [{**copy.deepcopy(results["arms"][k % 4]), "name": f"arm {k}"} for k in range(30)]
    for k, arm in enumerate(arms):
        arm["broke"] = [(12 * k + j) % count for j in range(count)]
    results["arms"], results["truth"], results["policy"]["arms"] = arms, None, []
    text = page(results, materials)
    assert len(text.encode()) < 5_000_000
    assert 'id="arm30"' in text
    assert all(card.count("<use") > 6 for card in text.split('<details class="arm"')[1:])
    monkeypatch.setattr(study_photos, "MOST_BYTES", 20_000)
    assert sum(len(image["href"]) for image in Elements(page(results, materials)).of("image")) <= 20_000


def test_a_large_set_is_mapped_evenly_over_its_classes(results, made, monkeypatch):
    monkeypatch.setattr(study_photos, "_DOTS", 30)
    shown = section(page(results, made._materials), "map")
    assert shown.count("<circle") + shown.count('class="spot"') == 30
    assert "30 of 90 items are shown" in words(shown)


# ---- a browser


def browse(folder, width, *arguments):
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--enable-logging=stderr", "--v=0",
             f"--user-data-dir={folder / 'profile'}", f"--window-size={width},900"]  # fmt: skip
    ran = subprocess.run([CHROMIUM, *flags, *arguments], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert "CONSOLE" not in ran.stderr
    return ran.stdout


def printed_pages(text, folder):
    """How many sheets a page is printed on."""
    (folder / "p.html").write_text(text)
    browse(folder, 1200, f"--print-to-pdf={folder / 'p.pdf'}", (folder / "p.html").as_uri())
    return len(re.findall(rb"/Type\s*/Page\b", (folder / "p.pdf").read_bytes()))


@in_chromium
@pytest.mark.parametrize("width", [1200, 390])
def test_a_browser_shows_the_page_within_its_width(results, made, tmp_path, width):
    names = [f"a_class_with_a_long_name_{k}" for k in range(15)]
    materials = replace(made._materials, classes=tuple(names), labels=np.arange(90) % 15)
    many(results, names)
    results["arms"][0]["name"] = results["truth"]["arms"][0]["name"] = "Erase_" + "x" * 90
    results["policy"]["arms"] = []
    opened = re.sub(r'(<details class="arm" id="\w+")>', r"\1 open>", page(results, materials))
    (tmp_path / "s.html").write_text(opened)
    frame = tmp_path / "frame.html"  # windows have a least width, frames have none
    frame.write_text(
        f'<iframe width="{width}" height="900" style="border: 0" srcdoc="{html.escape(opened)}"></iframe>'
        "<script>onload = () => { document.title = frames[0].document.documentElement.scrollWidth }</script>"
    )
    assert f"<title>{width}</title>" in browse(tmp_path, 1300, "--dump-dom", frame.as_uri())
    shot = tmp_path / "shot.png"
    browse(tmp_path, width, f"--screenshot={shot}", (tmp_path / "s.html").as_uri())
    drawn = cv2.imread(str(shot))
    assert drawn.shape[1] == width
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) > 100


@in_chromium
def test_all_arms_are_printed_open(text, tmp_path):
    shut = re.sub(r'(<details class="arm" id="\w+") open>', r"\1>", text)
    opened = re.sub(r'(<details class="arm" id="\w+")>', r"\1 open>", shut)
    empty = re.sub(r"</summary>.*?</details>", "</summary></details>", text, flags=re.DOTALL)
    assert printed_pages(shut, tmp_path) == printed_pages(opened, tmp_path) > printed_pages(empty, tmp_path)


@in_chromium
def test_the_dark_page_is_dark_and_paper_stays_white(text, tmp_path):
    (tmp_path / "s.html").write_text(text)
    shades = []
    for scheme in (0, 1):
        shot = tmp_path / f"{scheme}.png"
        setting = f"--blink-settings=preferredColorScheme={scheme}"
        browse(tmp_path, 1200, setting, f"--screenshot={shot}", (tmp_path / "s.html").as_uri())
        shades.append(np.median(cv2.imread(str(shot))))
    assert shades[0] < 40
    assert shades[1] > 240
    style = text.split("</style>")[0]
    assert style.index("prefers-color-scheme: dark") < style.index("@media print { :root { color-scheme: light;")
