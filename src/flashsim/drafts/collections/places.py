"""Places in lists that were drawn before: a lepton is in the nearest jet, or in none."""

import numpy as np
from jaxtyping import Bool, Float

from flashsim.drafts.collections.columns import PLACE
from flashsim.drafts.collections.steps import FEWEST, threshold_between
from flashsim.drafts.collections.targets import EQUAL, Targets
from flashsim.drafts.draft import Learnt
from flashsim.drafts.kinds import Kind, is_constant

NONE = "-1"
MOSTLY = 0.9
"""Share of the objects for which the nearest must be the one of the file."""
TRAINING = 0.4
"""The least share of the objects that a formula is tried on."""


def add_places(targets: Targets) -> None:
    """`jetIdx` and the like: the place of the nearest one, or −1. Which of the two is drawn if no distance tells it.

    Left out where the one of the file is often not the nearest; where there is none in the whole file, it is -1 as any
    constant.
    """
    for key, suffix in targets.suffixes.items():
        index = f"{suffix.removesuffix(PLACE)}_index"
        if suffix.endswith(PLACE) and index in targets.truth and (targets.every[key] >= 0).any():
            _add_place(targets, key, index)


def _add_place(targets: Targets, key: str, index: str) -> None:
    name = targets.suffixes[key].removesuffix(PLACE)
    places, nearest = targets.found[key], targets.truth[index]
    there = places >= 0
    right = float(np.mean(np.where(there, nearest, -1) == places))
    if right < MOSTLY:
        targets.draft.left_out[targets.names[key]] = f"it is the nearest of {name} or none for {right:.1%} only"
        targets.skip(key)
        return
    targets.of_left[key] = NONE
    other = "" if right >= EQUAL else f"; another one for {1 - right:.1%}"
    agrees = None if right == 1 else _at_least(right, places)
    if is_constant(there):
        why = f"always the nearest that was drawn{other}" if there[0] else "never one of them"
        targets.make(key, index if there[0] else NONE, "place", why, agrees=agrees)
        return
    if (radius := _radius(targets, f"{name}_dr", there)) is not None:
        why = f"the nearest that was drawn, within {radius:g}{other}"
        formula = f"where({name}_dr > {radius!r}, {NONE}, {index})"
        targets.make(key, formula, "place", why, agrees=agrees)
        return
    variable = f"in_{name}"
    targets.learn(variable, Learnt(Kind("flag", f"the nearest, not none: {np.mean(there):.1%}"), f"{key} >= 0"))
    why = f"the nearest that was drawn, or none{other}"
    targets.make(key, f"where({variable} > 0, {index}, {NONE})", "place", why, agrees=agrees)


def _radius(targets: Targets, distance: str, there: Bool[np.ndarray, " objects"]) -> float | None:
    """The distance within which it is always the nearest, and beyond which there is none; None where no one tells."""
    if distance not in targets.truth or min(there.sum(), (~there).sum()) < FEWEST:
        return None
    away = targets.truth[distance]
    radius, wrong = threshold_between(away[there], away[~there])
    return radius if wrong == 0 else None


def _at_least(share: float, objects: Float[np.ndarray, " objects"]) -> float:
    """What a share is not below in a part of the objects, but for chance; half of them at least."""
    error = np.sqrt(share * (1 - share) / (TRAINING * len(objects)))
    return float(np.clip(np.floor(20 * (share - 4 * error)) / 20, 0.5, 0.95))
