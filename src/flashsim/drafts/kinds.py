"""What a variable's values are like, found out from the values, with its name as a hint where they do not tell."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Shaped

from flashsim.card.stage import VariableType
from flashsim.transforms.category import MOST_CLASSES
from flashsim.transforms.integer import LARGEST, MOST_LEVELS

UNORDERED = {
    "type",
    "mode",
    "pid",
    "pdgid",
    "pdg",
    "category",
    "class",
    "flavour",
    "flavor",
    "origin",
    "algo",
    "species",
}
FRACTIONS = {"score", "prob", "probability", "mva", "bdt", "disc", "discriminator", "frac", "fraction", "eff", "btag"}
AZIMUTHS = {"phi", "azimuth", "dphi"}
SHARE_OF_A_SPIKE, LEAST_IN_A_SPIKE = 0.005, 10
ABOVE_NEIGHBOURS, NEIGHBOURS = 5, 10
FEW_VALUES = 16
MOST_SPIKES = 16


@dataclass(frozen=True)
class Kind:
    """The type of a variable in the card, with its options, and how it was told."""

    type: VariableType
    why: str
    low: float | None = None
    high: float | None = None
    values: tuple[float, ...] | None = None


def is_constant(values: Shaped[np.ndarray, " n"]) -> bool:
    """Whether there is nothing to learn."""
    return len(values) == 0 or bool((values == values[0]).all())


def number_text(value: float) -> str:
    """A number as a formula, exactly."""
    return str(int(value)) if value == int(value) else repr(float(value))


def kind_of_values(values: Shaped[np.ndarray, " n"], words: frozenset[str] = frozenset()) -> Kind:
    """The type of a variable with these values (finite, at least two different ones) and words in its name."""
    unique, counts = np.unique(values.astype(np.float64), return_counts=True)
    if np.isin(unique, (0.0, 1.0)).all():
        return Kind("flag", "only 0 and 1")
    whole = bool((unique == np.round(unique)).all()) and float(np.abs(unique).max()) <= LARGEST
    if whole and len(unique) <= MOST_LEVELS:
        return _of_whole_numbers(unique, words)
    if values.dtype.kind in "iu":
        return Kind("continuous", f"{len(unique):,} different whole numbers are too many to keep apart")
    return _of_numbers(unique, counts, words)


def _of_whole_numbers(unique: Float[np.ndarray, " unique"], words: frozenset[str]) -> Kind:
    if words & UNORDERED and len(unique) <= MOST_CLASSES:
        return Kind("category", f"{len(unique)} whole numbers, by its name without an order")
    return Kind("integer", f"whole numbers from {unique[0]:.0f} to {unique[-1]:.0f}")


def _of_numbers(
    unique: Float[np.ndarray, " unique"], counts: Int[np.ndarray, " unique"], words: frozenset[str]
) -> Kind:
    if spikes := spikes_of(unique, counts):
        number = counts[np.isin(unique, spikes)].sum() / counts.sum()
        return Kind("atoms", f"{number:.1%} at {_listed(spikes)}, beside a continuum", values=spikes)
    lowest, highest = float(unique[0]), float(unique[-1])
    if _around_the_circle(unique, counts, words):
        return Kind("angle", "fills a circle")
    for low, high in ((0.0, 1.0), (-1.0, 1.0)):
        if low <= lowest and highest <= high and (words & FRACTIONS or _fills(unique, counts, low, high)):
            return Kind("bounded", f"lies between {low:g} and {high:g}", low=low, high=high)
    if lowest > 0:
        return Kind("positive", "greater than 0 everywhere")
    if lowest == 0:
        return Kind("atoms", "never below 0, and sometimes exactly that", values=(0.0,))
    return Kind("continuous", "values of both signs")


def spikes_of(unique: Float[np.ndarray, " unique"], counts: Int[np.ndarray, " unique"]) -> tuple[float, ...]:
    """Values that occur far more often than those around them; numbers that were rounded are no spikes.

    A spike holds half a percent of the objects, at least 10, and five times what is usual for the ten values on each
    side of it. Where there are few values at all, each is one.
    """
    n = int(counts.sum())
    if len(unique) <= FEW_VALUES and n >= LEAST_IN_A_SPIKE * len(unique):
        return tuple(unique.tolist())
    found: list[tuple[int, float]] = []
    for index in np.flatnonzero(counts >= max(SHARE_OF_A_SPIKE * n, LEAST_IN_A_SPIKE)):
        first, last = max(0, index - NEIGHBOURS), index + NEIGHBOURS + 1
        around = np.concatenate([counts[first:index], counts[index + 1 : last]])
        if counts[index] > ABOVE_NEIGHBOURS * max(1.0, float(np.median(around))):
            found.append((int(counts[index]), float(unique[index])))
    return tuple(sorted(value for _, value in sorted(found, reverse=True)[:MOST_SPIKES]))


def _around_the_circle(
    unique: Float[np.ndarray, " unique"], counts: Int[np.ndarray, " unique"], words: frozenset[str]
) -> bool:
    """Whether values reach both ends of a turn as a uniform angle does, or are called an angle and stay within one."""
    for low in (-np.pi, 0.0):
        high = low + 2 * np.pi
        if unique[0] < low - 1e-4 or unique[-1] > high + 1e-4:
            continue
        if words & AZIMUTHS or _fills(unique, counts, low, high):
            return True
    return False


def _fills(unique: Float[np.ndarray, " unique"], counts: Int[np.ndarray, " unique"], low: float, high: float) -> bool:
    """Whether each twentieth at the ends of an interval holds half a percent of the values, and is filled up."""
    edge, n = (high - low) / 20, counts.sum()
    ends = unique < low + edge, unique > high - edge
    reached = unique[0] < low + edge / 5 and unique[-1] > high - edge / 5
    return bool(reached and all(counts[end].sum() >= max(0.005 * n, 5) for end in ends))


def _listed(values: tuple[float, ...]) -> str:
    shown = ", ".join(f"{value:g}" for value in values[:4])
    return shown + (f" and {len(values) - 4} more" if len(values) > 4 else "")
