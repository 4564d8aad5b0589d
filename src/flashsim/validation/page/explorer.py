"""The numbers behind the interactive figures: histograms of a variable, whole and in slices of each condition."""

import json
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from flashsim.validation.coding.binning import SPECIES, axes, bin_index, discrete_edges, is_logarithmic, round_edges
from flashsim.validation.metrics import EfficiencyMap, EventQuantity, Grid, VariableMetrics
from flashsim.validation.page.entries import Entries
from flashsim.validation.page.plots_response import distribution_edges
from flashsim.validation.views import StageView

SLICES = 8  # of one condition
SLICED = 2  # conditions, and the species


def explored_variable(view: StageView, name: str) -> dict[str, Any]:
    """Contents and errors of the bins of both samples, in two ranges, for all objects and for those of each slice."""
    samples = Entries.of(view.reference, name), Entries.of(view.candidate, name)
    scale = float(samples[0].weights.sum() / samples[1].weights.sum())
    selections = _selections(view)
    ranges = []
    for index, (edges, log_x) in enumerate(distribution_edges(view, name, samples[0])):
        slices = [_slice(samples, kept, edges, scale, beyond=index == 1) for _, kept in selections]
        ranges.append({"edges": _short(edges, 6), "logx": log_x, "slices": slices})
    return {
        "name": name,
        "unit": view.unit(name),
        "kind": "counts",
        "labels": [label for label, _ in selections],
        "scale": scale,
        "ranges": ranges,
    }


def explored_event_quantity(quantity: EventQuantity) -> dict[str, Any]:
    """The histogram of a quantity of events, as it was measured."""
    sides = [quantity.reference, quantity.candidate]
    parts = [
        _short(np.array([getattr(entry, what) for entry in side], dtype=np.float64))
        for side in sides
        for what in ("value", "error")
    ]
    ranges = [{"edges": _short(np.array(quantity.edges), 6), "logx": False, "slices": [parts]}]
    return {
        "name": quantity.name,
        "unit": quantity.unit,
        "kind": "share of the events",
        "labels": ["all events"],
        "scale": 1,
        "ranges": ranges,
    }


def explored_profiles(variable: VariableMetrics) -> dict[str, Any]:
    """Every statistic of a variable against every condition; edges stand once, later ranges name the first."""
    ranges: list[dict[str, Any]] = []
    first: dict[str, int] = {}
    for profile in variable.profiles:
        parts = [
            _short(np.array([getattr(entry, what) for entry in side], dtype=np.float64), digits)
            for side in (profile.reference, profile.candidate)
            for what, digits in (("value", 4), ("error", 2))
        ]
        against = f"{profile.statistic} against {profile.axis}"
        axis = {"axis": profile.axis, "unit": profile.unit, "title": against}
        edges = first[profile.axis] if profile.axis in first else _short(np.array(profile.edges), 6)
        first.setdefault(profile.axis, len(ranges))
        ranges.append({"edges": edges, "logx": is_logarithmic(profile.edges), "slices": [parts]} | axis)
    return {
        "name": f"profiles of {variable.name}",
        "unit": variable.unit,
        "kind": "profile",
        "labels": ["all objects"],
        "scale": 1,
        "ranges": ranges,
    }


def explored_efficiency(found: list[EfficiencyMap], projections: list[EfficiencyMap]) -> dict[str, Any]:
    """The probability of one class against each condition, for the first two for each species too."""
    whole = found[0]
    ranges = []
    for side, (axis, unit) in enumerate(zip(whole.axes, whole.units, strict=True)):
        edges = whole.edges[side]
        slices = [_projected(entry, side) for entry in found]
        ranges.append({"edges": edges, "logx": is_logarithmic(edges), "slices": slices, "axis": axis, "unit": unit})
    for entry in projections:
        edges, axis, unit = entry.edges[0], entry.axes[0], entry.units[0]
        one = {
            "edges": edges,
            "logx": is_logarithmic(edges),
            "slices": [_projected(entry, 0)],
            "axis": axis,
            "unit": unit,
        }
        ranges += [one] if axis not in whole.axes else []
    labels = [entry.species or "all objects" for entry in found]
    title = f"probability of {whole.class_label}"
    return {"name": title, "unit": "", "kind": "efficiency", "labels": labels, "scale": 1, "ranges": ranges}


def embedded(explored: dict[str, Any]) -> str:
    """As JSON that may stand in a page: no tag can begin in it."""
    return json.dumps(explored, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")


Selection = tuple[str, tuple[Bool[np.ndarray, " _"], Bool[np.ndarray, " _"]]]


def _selections(view: StageView) -> list[Selection]:
    """All objects, and those in each bin of each condition that the report bins in."""
    tables = (view.reference, view.candidate)
    made: list[Selection] = [
        ("all objects", (np.ones(len(view.reference), dtype=bool), np.ones(len(view.candidate), dtype=bool)))
    ]
    for axis in [one for one in axes(view) if one != SPECIES][:SLICED]:
        values = [np.asarray((t.binning if axis in t.binning else t.columns)[axis], np.float64) for t in tables]
        few = len(np.unique(values[0])) <= SLICES
        edges = discrete_edges(values[0]) if few else round_edges(values[0], target=SLICES - 2)
        bins = [bin_index(value, edges) for value in values]
        unit = f" {view.unit(axis)}" if view.unit(axis) else ""
        for k in range(len(edges) - 1):
            label = f"{axis} {edges[k]:g} – {edges[k + 1]:g}{unit}"
            made.append((label, (bins[0] == k, bins[1] == k)))
    species = view.reference.binning.get("species")
    if species is not None and "species" in view.candidate.binning:
        other = view.candidate.binning["species"]
        for value in np.unique(species):
            made.append((view.label_of_species(int(value)), (species == value, other == value)))
    return made


def _slice(
    samples: tuple[Entries, Entries],
    kept: tuple[Bool[np.ndarray, " _"], Bool[np.ndarray, " _"]],
    edges: Float[np.ndarray, " e"],
    scale: float,
    *,
    beyond: bool,
) -> list[list[Any]]:
    """Reference, its errors, candidate (scaled to the size of the reference), its errors.

    Errors are left out (empty) where they are those of counts: the page makes them of the contents.
    """
    reference, candidate = (
        one.only(rows).filled(edges, beyond=beyond) for one, rows in zip(samples, kept, strict=True)
    )
    contents = (reference[0], candidate[0] * scale)
    errors = [
        [] if one.counted else _short(np.sqrt(side[1]) * size, 2)
        for one, side, size in zip(samples, (reference, candidate), (1.0, scale), strict=True)
    ]
    return [_short(contents[0]), errors[0], _short(contents[1]), errors[1]]


def _projected(entry: EfficiencyMap, side: int) -> list[list[Any]]:
    """One class and species against one of its variables; errors are binomial, from the bins' own contents."""
    objects, reference, candidate = (_array(grid) for grid in (entry.objects, entry.reference, entry.candidate))
    weights = np.nan_to_num(objects)
    total = weights.sum(axis=1 - side) if weights.ndim == 2 else weights
    parts = []
    for grid in (reference, candidate):
        passed = weights * np.nan_to_num(grid)
        passed = passed.sum(axis=1 - side) if weights.ndim == 2 else passed
        with np.errstate(invalid="ignore", divide="ignore"):
            value = passed / total
            parts += [_short(value), _short(np.sqrt(value * (1 - value) / total))]
    return parts


def _array(grid: Grid) -> np.ndarray:
    return np.array([[np.nan if cell is None else cell for cell in row] for row in grid], dtype=np.float64)


def _short(values: Float[np.ndarray, " n"], digits: int = 4) -> list[Any]:
    """Numbers with a few digits, whole ones without a point, null for what is not finite."""
    rounded = (float(f"{value:.{digits}g}") if np.isfinite(value) else None for value in np.asarray(values, float))
    return [int(value) if value is not None and value == int(value) else value for value in rounded]
