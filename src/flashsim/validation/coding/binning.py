"""Bins in which efficiencies and profiles are shown: round edges, few enough to be filled."""

import numpy as np
from jaxtyping import Float, Int64, Shaped
from scipy.stats import rankdata

from flashsim.validation.views import StageView

SPECIES = "species"
SAME_RANKS = 0.999
ROUND_DECADE = (1.0, 2.0, 3.0, 5.0, 7.0)
ROUND_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def axes(view: StageView) -> list[str]:
    """The variables to bin in: those declared for binning, every condition that is not one of them anew, species last.

    The first two span the maps. A condition whose ranks are those of an axis already taken (log10(p) beside p) would
    show the same again.
    """
    taken: list[str] = []
    ranked: list[Float[np.ndarray, " n"]] = []
    table = view.reference
    names = dict.fromkeys([*table.binning, *view.conditions])
    for name in sorted(names, key=lambda name: name == SPECIES):
        values = np.asarray(table.binning[name] if name in table.binning else table.columns[name], dtype=np.float64)
        if len(np.unique(values)) < 2:
            continue
        ranks = rankdata(values)
        if not any(abs(np.corrcoef(ranks, other)[0, 1]) > SAME_RANKS for other in ranked):
            taken.append(name)
            ranked.append(ranks)
    return taken


def discrete_edges(values: Shaped[np.ndarray, " n"]) -> Float[np.ndarray, " edges"]:
    """Edges between the values of a variable that has few."""
    found = np.unique(values).astype(np.float64)
    middle = (found[1:] + found[:-1]) / 2
    return np.concatenate([[found[0] - 0.5], middle, [found[-1] + 0.5]])


def round_edges(values: Float[np.ndarray, " n"], target: int = 9) -> Float[np.ndarray, " edges"]:
    """Round bin edges over the central 99 % of the values: a decade's 1 2 3 5 7 if they span decades."""
    low, high = np.quantile(values, [0.005, 0.995])
    if low > 0 and high / low > 20:
        decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
        edges = np.outer(decades, ROUND_DECADE).ravel()
        first, last = np.searchsorted(edges, low, "right") - 1, np.searchsorted(edges, high, "left")
        return np.array([float(f"{edge:.6g}") for edge in edges[max(first, 0) : last + 1]])
    if not high > low:
        return np.array([low - 0.5, low + 0.5])
    raw = (high - low) / target
    power = 10.0 ** np.floor(np.log10(raw))
    step = power * next(step for step in ROUND_STEPS if step * power >= raw)
    return np.round(np.arange(np.floor(low / step), np.ceil(high / step) + 1) * step, 12)


def bin_index(values: Shaped[np.ndarray, " n"], edges: Float[np.ndarray, " edges"]) -> Int64[np.ndarray, " n"]:
    """The bin of every value; what lies outside counts in the first or the last bin."""
    return np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2).astype(np.int64)


def is_logarithmic(edges: Float[np.ndarray, " edges"] | list[float]) -> bool:
    """Whether edges made by `round_edges` grow geometrically."""
    return bool(edges[0] > 0 and edges[-1] / edges[0] > 15)
