"""Combinations of objects of one event: their rows, and their summed four-momentum."""

from collections.abc import Mapping, Sequence

import awkward as ak
import numpy as np
from jaxtyping import Bool, Float, Int64, Shaped


def combine(
    selected: Sequence[Bool[np.ndarray, " objects"]], group: Int64[np.ndarray, " objects"], kinds: Sequence[str]
) -> list[Int64[np.ndarray, " combinations"]]:
    """The rows of every combination of one object for each mask, all of the same group (an event, a mother).

    No object is used twice; where two masks are of the same kind, their objects are ordered, so that a combination
    does not come twice.
    """
    groups = int(group.max(initial=-1)) + 1
    lists = []
    for mask in selected:
        rows = np.flatnonzero(mask)
        rows = rows[np.argsort(group[rows], kind="stable")]
        lists.append(ak.unflatten(rows, np.bincount(group[rows], minlength=groups)))
    together = ak.unzip(ak.flatten(ak.cartesian(lists, axis=1), axis=1)) if groups else [np.zeros(0)] * len(lists)
    found = [np.asarray(rows, dtype=np.int64) for rows in together]
    kept = np.ones(len(found[0]), dtype=bool)
    for second in range(len(found)):
        for first in range(second):
            same_kind = kinds[first] == kinds[second]
            kept &= found[first] < found[second] if same_kind else found[first] != found[second]
    return [rows[kept] for rows in found]


def groups_of(
    event: Int64[np.ndarray, " objects"], same: Sequence[Shaped[np.ndarray, " objects"]]
) -> Int64[np.ndarray, " objects"]:
    """A number for each object, equal for those of one event for which every one of `same` is equal."""
    group = event
    for values in same:
        _, kind = np.unique(values, return_inverse=True)
        _, group = np.unique(group * (int(kind.max(initial=0)) + 1) + kind, return_inverse=True)
    return group.astype(np.int64)


def summed_momentum(
    momenta: Sequence[Float[np.ndarray, "combinations 3"]], masses: Sequence[float | None]
) -> Mapping[str, Float[np.ndarray, " combinations"]]:
    """The four-momentum of combinations of objects with these momenta and masses [GeV]; c = 1.

    Without all masses there is no energy, and so no mass.
    """
    px, py, pz = np.sum(momenta, axis=0).T
    pt = np.hypot(px, py)
    p = np.hypot(pt, pz)
    found = {"px": px, "py": py, "pz": pz, "p": p, "pt": pt, "eta": np.arcsinh(pz / np.maximum(pt, 1e-12))}
    if any(mass is None for mass in masses):
        return found
    squares = [(one**2).sum(axis=1) for one in momenta]
    energy = np.sum([np.sqrt(p2 + (mass or 0.0) ** 2) for p2, mass in zip(squares, masses, strict=True)], axis=0)
    return found | {"energy": energy, "mass": np.sqrt(np.maximum((energy - p) * (energy + p), 0.0))}
