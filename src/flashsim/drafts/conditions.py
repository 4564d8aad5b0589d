"""What a stage may read of the generator: one or two numbers a column, each of an ordinary size."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from flashsim.drafts.kinds import UNORDERED, Kind
from flashsim.drafts.names import PARTICLE_IDS, words_of
from flashsim.transforms.category import MOST_CLASSES

DECADES = 20.0
"""How far apart the 0.1 % and 99.9 % quantiles of a positive quantity are for its logarithm to be better."""


@dataclass(frozen=True)
class Condition:
    """Entries of `given`, the category that they need (name, expression, values), and why."""

    given: tuple[str, ...]
    why: str
    category: tuple[str, str, list[int]] | None = None


def conditions_of(key: str, values: Float[np.ndarray, " n"], kind: Kind, taken: set[str]) -> Condition:
    """How a column of truth enters the conditions; names in `taken` are not available for a category."""
    words = set(words_of(key)) | {"".join(words_of(key))}
    whole = kind.type in ("integer", "flag", "category")
    if whole and (words & (PARTICLE_IDS | UNORDERED)) and kind.type != "flag":
        return _category(key, values, is_particle=bool(words & PARTICLE_IDS), taken=taken)
    if kind.type == "angle":
        return Condition((f"sin({key})", f"cos({key})"), "an angle: its sine and cosine")
    if values.min() > 0 and not whole:
        low, high = np.quantile(values, [0.001, 0.999])
        if high > DECADES * low:
            return Condition((f"log10({key})",), "positive, over more than a decade: its logarithm")
    return Condition((key,), "as it is")


def _category(key: str, values: Float[np.ndarray, " n"], *, is_particle: bool, taken: set[str]) -> Condition:
    """Kinds of particles by their absolute number, with the charge beside; other classes as they are."""
    both_signs = is_particle and bool(values.min() < 0 < values.max())
    numbers, counts = np.unique(np.abs(values) if both_signs else values, return_counts=True)
    frequent = np.sort(numbers[np.argsort(-counts, kind="stable")[:MOST_CLASSES]])
    expression = f"abs({key})" if both_signs else key
    name = "species" if is_particle and "species" not in taken else f"{key}_class"
    why = f"{len(numbers)} classes, a flag each"
    if len(numbers) > len(frequent):
        why = f"the {len(frequent)} most frequent of {len(numbers)} classes, a flag each"
    extra = (f"charge({key})",) if both_signs else ()
    return Condition((name, *extra), why, (name, expression, [int(value) for value in frequent]))


def momentum_axes(keys: Mapping[str, str]) -> tuple[str, str, str] | None:
    """The names in the card of the Cartesian momenta, from names by stem (`px`, `jetpx`, …); the first if several."""
    for stem in sorted(stem for stem in keys if stem.endswith("px")):
        prefix = stem.removesuffix("px")
        x, y, z = (keys.get(f"{prefix}{axis}") for axis in ("px", "py", "pz"))
        if x is not None and y is not None and z is not None:
            return x, y, z
    return None
