"""Words: what the results say, in sentences and in one screen for a terminal. Reads the results only."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from augury.experiment.design import ENDPOINTS

Document = dict[str, Any]
_WIDTH, _NAME = 100, 34
_KNOWS_ALL, _KNOWS_LITTLE = 0.99, 0.9  # shares of training items
_RISING = 0.02  # of held-out items over the last quarter of training


def points(share: float) -> str:
    """A difference in percentage points."""
    return f"{round(100 * share, 1) + 0.0:+.1f}"  # never -0.0


def spread(endpoint: Document) -> str:
    """An effect with its interval, in points.

    Examples
    --------
    >>> spread({"effect": 0.021, "low": -0.004, "high": 0.046})
    '+2.1 [-0.4, +4.6]'
    """
    return f"{points(endpoint['effect'])} [{points(endpoint['low'])}, {points(endpoint['high'])}]"


def answer(found: Document) -> list[str]:
    """The result in a few sentences."""
    parts = (_verdicts, _together, _unwritten, _ceiling, _matched, _diagnosis, _course)
    return [sentence for sentence in (part(found) for part in parts) if sentence]


def text(found: Document) -> str:
    """One screen."""
    arms = found["arms"]
    widest = min(max(len(arm["name"]) for arm in arms), _NAME)
    lines = [f"{'':<{widest}}  {'clean items':<33}  {'shifted items':<33}", *(_line(arm, widest) for arm in arms)]
    lines = [line.rstrip() for line in lines] + [""]
    for sentence in found["answer"]:
        lines += wrap(sentence, _WIDTH)
    lines.append("Points against the baseline; intervals hold for all arms of a column at once, with 95 % confidence.")
    return "\n".join(lines)


def truth(found: Document) -> list[str]:
    """What the large set says of the verdicts, one line each; nothing without one."""
    large = found["truth"]
    if large is None:
        return []
    inside = sum(arm["inside"] for arm in large["arms"])
    lines = [
        f"{large['items']} other items, on which all models were scored: {inside} of {len(large['arms'])} effects on "
        "clean items lie in their intervals."
    ]
    for arm, seen in zip(found["arms"], large["arms"], strict=True):
        for family in arm["own"]:
            if arm["families"][family]["low"] > 0 and family in seen["families"]:
                both = (points(seen["families"][family][where]) for where in ("study", "large"))
                lines.append(f"{arm['name']} under middling {family}: {next(both)} in the study, {next(both)} there.")
    return lines


def _line(arm: Document, widest: int) -> str:
    cells = [f"{arm[end]['verdict']:<12} {spread(arm[end]):<20}" for end in ENDPOINTS]
    unsafe = f"  unsafe({', '.join(arm['unsafe'][0]['classes'])})" if arm["unsafe"] else ""
    more = f" +{len(arm['unsafe']) - 1}" if len(arm["unsafe"]) > 1 else ""
    return f"{_cut(arm['name'], widest):<{widest}}  {'  '.join(cells)}{unsafe}{more}"


def _cut(words: str, width: int) -> str:
    return words if len(words) <= width else f"{words[: width - 1]}…"


def _verdicts(found: Document) -> str:
    sentences = [f"On {what} items {_told(found['arms'], end)}." for end, what in _ITEMS.items()]
    unsafe = [f"{arm['name']} ({' and '.join(arm['unsafe'][0]['classes'])})" for arm in found["arms"] if arm["unsafe"]]
    return " ".join([*sentences, *([f"Unsafe: {_listed(unsafe)}."] if unsafe else [])])


def _together(found: Document) -> str:
    arms = found["policy"]["arms"]
    if len(arms) < 2:
        return ""
    return f"The policy is {_listed(arms)}. Each was measured alone; how they act together is not measured yet."


def _unwritten(found: Document) -> str:
    note = found["policy"].get("note")  # results of older studies have none
    return f"{note}." if note else ""


def _told(arms: Sequence[Document], end: str) -> str:
    """Who helps and who hurts by name, the others by number."""
    by_word: dict[str, list[str]] = {}
    for arm in arms:
        by_word.setdefault(arm[end]["verdict"], []).append(arm["name"])
    parts = [f"{_listed(by_word[word])} {_verb(word, len(by_word[word]))}" for word in _NAMED if word in by_word]
    parts += [f"{len(by_word[word])} {_verb(word, len(by_word[word]))}" for word in _NUMBERED if word in by_word]
    return "; ".join(parts)


_ITEMS = {"clean": "clean", "robust": "shifted"}
_NAMED, _NUMBERED = ("helps", "hurts"), ("negligible", "identical", "cannot tell")


def _verb(word: str, count: int) -> str:
    if word in _NAMED:
        return word if count == 1 else word.removesuffix("s")
    if word == "cannot tell":
        return "cannot be told from the baseline"
    return f"{'is' if count == 1 else 'are'} {word}"


def _ceiling(found: Document) -> str:
    baseline, n = found["baseline"], found["data"]["items"]
    errors = baseline["errors"]
    smallest = found["smallest_effect"]["clean"]
    sentence = f"The baseline errs on {errors:.0f} of {n} clean items, so nothing can add more than "
    sentence += f"{100 * errors / n:.1f} points there; this study could show {100 * smallest:.1f}."
    if smallest > errors / n:
        sentence += " So it could not have shown any gain on clean items: look at the shifted ones."
    return sentence


def _matched(found: Document) -> str:
    gains, counted = [], found["provenance"]["robust_families"]
    for arm in found["arms"]:
        for family, cell in arm["families"].items():
            if cell["matched"] and cell["low"] > 0 and len(arm["own"]) == 1 and family in counted:
                gains.append((cell["effect"], f"{arm['name']} {points(cell['effect'])} under {family}"))
    if not gains:
        return ""
    best = [words for _, words in sorted(gains, reverse=True)[:4]]
    return f"Against the shift that it is made for: {_listed(best)}. Take those that your photos will meet."


def _diagnosis(found: Document) -> str:
    baseline = found["baseline"]
    trained, held, curve = baseline["trained"], baseline["clean"], baseline["curve"]
    knows = f"The baseline recognises {trained:.0%} of its training items and {held['score']:.0%} "
    knows += f"[{held['low']:.0%}, {held['high']:.0%}] of new ones"
    if len(curve) >= 3 and curve[-1][2] - curve[-3][2] > _RISING and trained < _KNOWS_ALL:
        return f"{knows}, and was still improving when training ended: longer training may change the picture."
    if trained >= _KNOWS_ALL and trained > held["high"]:
        return f"{knows}: it overfits, which is what augmentation is for."
    if trained < _KNOWS_LITTLE:
        return f"{knows}: it underfits, and needs more training or a larger network rather than augmentation."
    return ""


def _course(found: Document) -> str:
    course, delta = found["course"], found["plan"]["delta"]
    dropped = (
        f"; {_listed(course['dropped'])} left out before the end, as not worth {100 * delta:g} points any more"
        if course["dropped"]
        else ""
    )
    return f"{course['fits']} fits; {course['why']}{dropped}."


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words[:-1]) + (" and " if len(words) > 1 else "") + words[-1] if words else ""
