"""Figures of one output of a response stage: its distribution, linear and logarithmic, and its profiles."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from flashsim.validation.coding.binning import is_logarithmic
from flashsim.validation.coding.quantiles import robust_centre_and_width, weighted_quantiles
from flashsim.validation.metrics import Measured, Profile, VariableMetrics
from flashsim.validation.page.entries import Entries, Filled
from flashsim.validation.page.style import (
    FLASH,
    INK,
    REFERENCE,
    labelled,
    logarithmic,
    new_figure,
    power_of_thousand,
    to_svg,
)
from flashsim.validation.variables.profiles import COUNTED
from flashsim.validation.views import StageView

BINS = 50


def distribution(view: StageView, name: str) -> str:
    """Reference and flash, linear around the core and logarithmic over the whole range, with ratio and pulls."""
    samples = [Entries.of(table, name) for table in (view.reference, view.candidate)]
    figure = new_figure(11.5, 4.4, arranged=False)
    grid = figure.add_gridspec(
        3, 2, height_ratios=[3.2, 1, 1], left=0.06, right=0.995, top=0.94, bottom=0.1, hspace=0.12, wspace=0.13
    )
    for column, (edges, log_x) in enumerate(distribution_edges(view, name, samples[0])):
        power = 0 if log_x else power_of_thousand(edges)
        axes = [figure.add_subplot(grid[row, column]) for row in range(3)]
        reference, candidate = (sample.filled(edges, beyond=column == 1) for sample in samples)
        scale = samples[0].weights.sum() / samples[1].weights.sum()
        candidate = (candidate[0] * scale, candidate[1] * scale**2)
        edges = edges / 10.0**power
        _histogram(axes[0], edges, reference, candidate, log_y=column == 1)
        _ratio(axes[1], edges, reference, candidate)
        _pulls(axes[2], edges, reference, candidate)
        for axis in axes:
            axis.set_xlim(edges[0], edges[-1])
            if log_x:
                logarithmic(axis, "x")
        for axis in axes[:2]:
            axis.tick_params(labelbottom=False)
        axes[2].set_xlabel(labelled(name, view.unit(name), power))
        axes[0].set_ylabel("objects / bin")
        axes[1].set_ylabel("cand. / ref.", loc="center")
        axes[2].set_ylabel("pull", loc="center")
        axes[0].set_title("core" if column == 0 else "whole range (end bins hold what is beyond)", loc="left")
        for axis in axes:
            axis.yaxis.set_label_coords(-0.085, 1.0 if axis is axes[0] else 0.5)
        if column == 1:
            axes[0].legend(loc="lower right", bbox_to_anchor=(1.01, 0.97), ncols=2)
    return to_svg(figure, f"Distribution of {name}: reference and candidate")


def profile_panels(variable: VariableMetrics) -> str:
    """Centre and width against the first two conditions; the page draws the other statistics itself."""
    axes_shown = list(dict.fromkeys(profile.axis for profile in variable.profiles))[:2]
    statistics = {profile.statistic for profile in variable.profiles}
    wanted = ("median", "68 % half-width") if "median" in statistics else ("mean", "standard deviation")
    shown = [entry for entry in variable.profiles if entry.axis in axes_shown and entry.statistic in wanted]
    figure = new_figure(11.5, 2.4, arranged=False)
    scale = [part.value for part in (variable.centre, variable.width) if part.value is not None]
    power = power_of_thousand(np.array(scale, dtype=np.float64))
    panels = figure.subplots(1, max(len(shown), 1), squeeze=False)[0]
    figure.subplots_adjust(left=0.045, right=0.995, top=0.89, bottom=0.19, wspace=0.22)
    for axes, profile in zip(panels, shown, strict=False):
        edges = np.array(profile.edges)
        centres = np.sqrt(edges[1:] * edges[:-1]) if is_logarithmic(edges) else (edges[1:] + edges[:-1]) / 2
        _points(axes, edges, centres, profile.reference, power, filled=True)
        _points(axes, edges, centres, profile.candidate, power, filled=False)
        if is_logarithmic(edges):
            logarithmic(axes, "x")
        axes.set_xlim(edges[0], edges[-1])
        axes.set_xlabel(labelled(profile.axis, profile.unit))
        axes.set_title(
            labelled(f"{profile.statistic} of {variable.name}", variable.unit, power), loc="left", fontsize=8.5
        )
        _roomy(axes, profile, power)
    return to_svg(figure, f"Profiles of {variable.name}")


def distribution_edges(view: StageView, name: str, sample: Entries) -> list[tuple[Float[np.ndarray, " e"], bool]]:
    """Bin edges of the core and of the whole range, and whether the axis is logarithmic."""
    values, weights = sample.values, sample.weights
    both = [values, np.asarray(view.candidate.columns[name], dtype=np.float64)]
    least, most = min(part.min() for part in both), max(part.max() for part in both)
    if view.types.get(name) in COUNTED:
        low, high = np.quantile(values, [0.002, 0.998])
        return [(_integer_edges(low, high), False), (_integer_edges(least, most), False)]
    low, high = weighted_quantiles(values, weights, np.array([0.005, 0.995]))
    if least > 0 and low > 0 and high / low > 30:
        wide = np.quantile(values, [0.0002, 0.9998])
        return [(np.geomspace(low, high, BINS + 1), True), (np.geomspace(wide[0], wide[1], BINS + 1), True)]
    centre, width = robust_centre_and_width(values, weights)
    core = (max(low, centre - 4 * width), min(high, centre + 4 * width))
    whole = (max(least, centre - 15 * width), min(most, centre + 15 * width))
    return [(_linear(*core), False), (_linear(*whole), False)]


def _linear(low: float, high: float) -> Float[np.ndarray, " e"]:
    return np.linspace(low, high, BINS + 1) if high > low else np.linspace(low - 0.5, low + 0.5, BINS + 1)


def _integer_edges(low: float, high: float) -> Float[np.ndarray, " e"]:
    step = max(1, int(np.ceil((high - low + 1) / 60)))
    return np.arange(np.floor(low) - 0.5, np.ceil(high) + 0.5 + step, step)


def _histogram(axes: Axes, edges: np.ndarray, reference: Filled, candidate: Filled, *, log_y: bool) -> None:
    centres = (edges[1:] + edges[:-1]) / 2
    axes.stairs(reference[0], edges, fill=True, color=REFERENCE, alpha=0.35, linewidth=0)
    axes.stairs(reference[0], edges, color=REFERENCE, label="reference")
    axes.stairs(candidate[0], edges, color=FLASH, label="candidate")
    axes.errorbar(centres, reference[0], np.sqrt(reference[1]), fmt="none", ecolor=REFERENCE, elinewidth=0.9)
    if log_y:
        logarithmic(axes, "y")
        positive = [part[part > 0] for part in (reference[0], candidate[0])]
        axes.set_ylim(0.5 * min(part.min() for part in positive), 3 * max(part.max() for part in positive))
    else:
        axes.set_ylim(0, 1.12 * max(reference[0].max(), candidate[0].max()))
        axes.yaxis.set_major_locator(MaxNLocator(5, prune="lower"))


def _ratio(axes: Axes, edges: np.ndarray, reference: Filled, candidate: Filled) -> None:
    shown = (reference[0] > 0) & (candidate[0] > 0)
    ratio = np.where(shown, candidate[0] / np.where(shown, reference[0], 1), np.nan)
    relative = [np.sqrt(part[1]) / np.where(shown, part[0], 1) for part in (reference, candidate)]
    band = np.where(reference[0] > 0, relative[0], 0)
    span = float(np.clip(np.nanquantile(np.abs(ratio - 1), 0.95) * 1.6, 0.06, 0.95)) if shown.any() else 0.5
    axes.stairs(1 + band, edges, baseline=1 - band, fill=True, color=REFERENCE, alpha=0.35, linewidth=0)
    axes.axhline(1.0, color=INK, linewidth=0.7)
    centres = np.sqrt(np.abs(edges[1:] * edges[:-1])) if is_logarithmic(edges) else (edges[1:] + edges[:-1]) / 2
    axes.errorbar(centres, ratio, ratio * relative[1], fmt="o", color=FLASH, markersize=2.2, elinewidth=0.8)
    axes.set_ylim(1 - span, 1 + span)
    axes.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))


def _pulls(axes: Axes, edges: np.ndarray, reference: Filled, candidate: Filled) -> None:
    variance = reference[1] + candidate[1]
    pull = np.where(variance > 0, (candidate[0] - reference[0]) / np.sqrt(np.where(variance > 0, variance, 1)), 0)
    axes.axhspan(-2, 2, color=REFERENCE, alpha=0.2, linewidth=0)
    axes.stairs(np.clip(pull, -5, 5), edges, fill=True, color=FLASH, alpha=0.85)
    axes.set_ylim(-5, 5)
    axes.set_yticks([-3, 0, 3])


def _points(
    axes: Axes,
    edges: np.ndarray,
    centres: np.ndarray,
    measured: list[Measured],
    power: int,
    *,
    filled: bool,
) -> None:
    """The points of one sample: filled and with the width of the bins for the reference, open for flash."""
    colour = REFERENCE if filled else FLASH
    value = np.array([entry.value if entry.value is not None else np.nan for entry in measured])
    error = np.array([entry.error if entry.error is not None else np.nan for entry in measured])
    widths = np.stack([centres - edges[:-1], edges[1:] - centres]) if filled else None
    axes.errorbar(
        centres,
        value / 10.0**power,
        error / 10.0**power,
        widths,
        fmt="o",
        color=colour,
        markersize=5 if filled else 3.4,
        markerfacecolor=colour if filled else "none",
        elinewidth=1.0,
    )


def _roomy(axes: Axes, profile: Profile, power: int) -> None:
    """Limits that hold the points of both samples, not the largest error bar of a thin bin."""
    values = [entry.value for entry in [*profile.reference, *profile.candidate] if entry.value is not None]
    if not values:
        return
    low, high = min(values), max(values)
    typical = float(np.median([entry.error for entry in profile.reference if entry.error is not None]))
    margin = max(0.12 * (high - low), 2 * typical, 1e-12)
    bottom = 0.0 if low >= 0 and "width" in profile.statistic else low - margin
    axes.set_ylim(bottom / 10.0**power, (high + margin) / 10.0**power)
