"""Flags and levels that follow from another column by thresholds: working points of a score or an isolation."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

ALLOWED = 0.003
"""Share of the objects that may be on the wrong side: those whose score is rounded to the threshold."""
FEWEST = 5
"""Fewer objects on a level than this may agree with a threshold by chance."""
MOST_LEVELS = 12


@dataclass(frozen=True)
class Steps:
    """The column that decides, and the formula."""

    score: str
    formula: str


def steps_of(
    levels: Float[np.ndarray, " n"], scores: Mapping[str, Float[np.ndarray, " n"]], preferred: str
) -> Steps | None:
    """The first score of which whole numbers are a function with as many steps as levels, if there is one.

    Scores whose name begins as that of the levels, `preferred`, come first.
    """
    unique, counts = np.unique(levels, return_counts=True)
    if not 2 <= len(unique) <= MOST_LEVELS or counts.min() < FEWEST:
        return None
    for name in sorted(scores, key=lambda name: -_in_common(name, preferred)):
        formula = _formula(name, levels, scores[name], unique)
        if formula is not None:
            return Steps(name, formula)
    return None


def _in_common(one: str, other: str) -> int:
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _formula(
    name: str, levels: Float[np.ndarray, " n"], score: Float[np.ndarray, " n"], unique: Float[np.ndarray, " levels"]
) -> str | None:
    """Levels in the order of the score, a threshold between each two; rising or falling with it."""
    middle = [float(np.median(score[levels == level])) for level in unique]
    order = np.argsort(middle)
    if len(set(middle)) < len(middle):
        return None
    ordered = unique[order]
    text, wrong = f"{ordered[0]:g}", 0
    for index in range(1, len(ordered)):
        below = score[np.isin(levels, ordered[:index])]
        above = score[np.isin(levels, ordered[index:])]
        threshold, missed = threshold_between(below, above)
        wrong += missed
        if wrong > ALLOWED * len(score):
            return None
        step = ordered[index] - ordered[index - 1]
        factor = "" if step == 1 else f"{step:g} * "
        text += f" + {factor}where({name} > {threshold!r}, 1, 0)"
    return text.removeprefix("0 + ")


def threshold_between(below: Float[np.ndarray, " below"], above: Float[np.ndarray, " above"]) -> tuple[float, int]:
    """The number that tells two sets apart best, the shortest one there is, and how many are on the wrong side."""
    values = np.concatenate([below, above])
    is_above = np.concatenate([np.zeros(len(below)), np.ones(len(above))])
    unique, place = np.unique(values, return_inverse=True)
    low = np.bincount(place, weights=1 - is_above, minlength=len(unique))
    high = np.bincount(place, weights=is_above, minlength=len(unique))
    wrong = np.cumsum(high)[:-1] + (low.sum() - np.cumsum(low)[:-1])  # by the last value that stays below
    if len(wrong) == 0:
        return float(unique[0]), len(values)
    best = int(np.argmin(wrong))
    return _shortest(float(unique[best]), float(unique[best + 1])), int(wrong[best])


def _shortest(low: float, high: float) -> float:
    """The roundest number that is not below `low` and below `high`: a multiple of 1, else of 0.5, 0.1, 0.05, …"""
    for digits in range(-3, 16):
        for step in (1.0, 0.5):
            scaled = 10.0**digits / step
            number = round(round((low + high) / 2 * scaled) / scaled, 17) + 0.0
            for tried in (number, np.ceil(low * scaled) / scaled + 0.0):
                if low <= tried < high:
                    return float(f"{tried:.15g}")
    return low
