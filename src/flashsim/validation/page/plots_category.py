"""Figures of a category stage: efficiency maps and projections, pulls, reliability."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator
from scipy.stats import norm

from flashsim.validation.categories.efficiency import clopper_pearson
from flashsim.validation.coding.binning import is_logarithmic
from flashsim.validation.metrics import CalibrationMetrics, EfficiencyMap, EfficiencyMetrics, Grid
from flashsim.validation.page.style import (
    FLASH,
    INK,
    REFERENCE,
    SPECIES_COLOURS,
    labelled,
    logarithmic,
    new_figure,
    to_svg,
)

WITH_NUMBERS = 40


def maps(found: EfficiencyMap) -> str:
    """Reference, candidate and pull over the two binning variables, every bin of the same size."""
    figure = new_figure(11.5, 3.1, arranged=False)
    panels = figure.subplots(1, 3, sharey=True)
    figure.subplots_adjust(left=0.05, right=0.99, top=0.91, bottom=0.17, wspace=0.08)
    edges = [np.array(edge) for edge in found.edges]
    grids = [_array(grid) for grid in (found.reference, found.candidate, found.pull)]
    top = float(np.nanmax([np.nanmax(grid, initial=0.01) for grid in grids[:2]]))
    titles = ("reference", "candidate", "pull (reference against candidate)")
    for axes, grid, title in zip(panels, grids, titles, strict=True):
        pull = title.startswith("pull")
        low, high = (-4.0, 4.0) if pull else (0.0, top)
        # As a picture of one pixel a bin: outlines would be most of the page, and texts most of the time.
        image = axes.imshow(
            grid.T,
            cmap="RdBu_r" if pull else "cividis",
            vmin=low,
            vmax=high,
            interpolation="none",
            origin="lower",
            aspect="auto",
            extent=(0, grid.shape[0], 0, grid.shape[1]),
        )
        if grid.size <= WITH_NUMBERS:
            _numbered(axes, grid, top, pull=pull)
        for axis, edge in zip((axes.xaxis, axes.yaxis), edges, strict=True):
            places = np.arange(0, len(edge), -(-len(edge) // 9))
            axis.set_ticks(places, [f"{edge[place]:g}".replace("-", "−") for place in places])
            axis.set_minor_locator(NullLocator())
        axes.set_title(title, loc="left")
        axes.set_xlabel(labelled(found.axes[0], found.units[0]))
        bar = figure.colorbar(image, ax=axes, pad=0.02, aspect=25)
        bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    panels[0].set_ylabel(labelled(found.axes[1], found.units[1]))
    return to_svg(figure, f"Maps of the probability of {found.class_label}")


def _numbered(axes: Axes, grid: Float[np.ndarray, "rows columns"], top: float, *, pull: bool) -> None:
    """The number of every bin in it."""
    for (i, j), cell in np.ndenumerate(grid):
        if np.isfinite(cell):
            level = abs(cell) / 4 if pull else cell / top
            ink = "#ffffff" if (level > 0.65 if pull else level < 0.5) else "#111111"
            text = f"{cell:.1f}".replace("-", "−") if pull else f"{cell:.2f}".removeprefix("0")
            axes.text(i + 0.5, j + 0.5, text, ha="center", va="center", fontsize=6.2, color=ink)


def projections(found: list[EfficiencyMap]) -> str:
    """Efficiency of one class against each binning variable: all species, reference as points, flash as lines."""
    shown = [entry for entry in found if entry.species] or found
    figure = new_figure(11.5, 3.3, arranged=False)
    panels = figure.subplots(1, len(shown[0].axes), sharey=True, squeeze=False)[0]
    figure.subplots_adjust(left=0.05, right=0.87, top=0.97, bottom=0.16, wspace=0.08)
    for side, axes in enumerate(panels):
        for entry, colour in zip(shown, SPECIES_COLOURS, strict=False):
            _project(axes, entry, side, colour)
        edges = shown[0].edges[side]
        if is_logarithmic(edges):
            logarithmic(axes, "x")
        axes.set_xlim(edges[0], edges[-1])
        axes.set_xlabel(labelled(shown[0].axes[side], shown[0].units[side]))
    panels[0].set_ylim(0, min(panels[0].get_ylim()[1], 1.08))
    panels[0].set_ylabel(f"probability of {shown[0].class_label}")
    handles = panels[0].get_legend_handles_labels()
    if any(handles[1]):
        figure.legend(*handles, loc="center right", title="points: reference\nlines: candidate", alignment="left")
    return to_svg(figure, f"Probability of {shown[0].class_label} per species")


def pulls_and_reliability(efficiency: EfficiencyMetrics, calibration: CalibrationMetrics | None) -> str:
    """The distribution of all pulls beside a unit normal, and the reliability curve."""
    figure = new_figure(11.5, 3.0, arranged=False)
    left, right = figure.subplots(1, 2)
    figure.subplots_adjust(left=0.05, right=0.99, top=0.97, bottom=0.17, wspace=0.12)
    per_species = [entry for entry in efficiency.maps if entry.species] or efficiency.maps
    pulls = np.concatenate([_array(entry.pull).ravel() for entry in per_species])
    pulls = np.clip(pulls[np.isfinite(pulls)], -5, 5)
    edges = np.linspace(-5, 5, 41)
    left.hist(pulls, edges, color=REFERENCE, alpha=0.5, label="bins")
    at = np.linspace(-5, 5, 201)
    left.plot(at, norm.pdf(at) * len(pulls) * (edges[1] - edges[0]), color=FLASH, label="unit normal")
    left.set_xlabel("pull of a bin")
    left.set_ylabel("bins")
    left.set_xlim(-5, 5)
    left.margins(y=0.15)
    left.legend(loc="upper right")
    if calibration is None:
        right.set_axis_off()
        return to_svg(figure, "Efficiency pulls")
    right.axline((0, 0), slope=1, color=INK, linewidth=0.7)
    for entry, colour in zip(calibration.reliability, SPECIES_COLOURS, strict=False):
        value = np.array([measured.value for measured in entry.observed], dtype=np.float64)
        error = np.array([measured.error for measured in entry.observed], dtype=np.float64)
        right.errorbar(
            entry.predicted, value, error, fmt="o-", markersize=3, linewidth=0.8, color=colour, label=entry.class_label
        )
    right.set_xlabel("predicted probability")
    right.set_ylabel("observed frequency")
    right.set_xlim(0, 1)
    right.set_ylim(0, 1)
    right.legend(loc="upper left", title="class", alignment="left")
    return to_svg(figure, "Efficiency pulls and reliability of the class probabilities")


def _project(axes: Axes, entry: EfficiencyMap, side: int, colour: str) -> None:
    """One species, the other variable summed over."""
    edges = np.array(entry.edges[side])
    objects = np.nan_to_num(_array(entry.objects))
    total = objects.sum(axis=1 - side)
    passed, predicted = (
        (objects * np.nan_to_num(_array(grid))).sum(axis=1 - side) for grid in (entry.reference, entry.candidate)
    )
    filled = total > 0
    safe = np.where(filled, total, 1.0)
    value = np.where(filled, passed / safe, np.nan)
    low, high = clopper_pearson(passed, safe)
    centres = np.sqrt(edges[1:] * edges[:-1]) if is_logarithmic(edges) else (edges[1:] + edges[:-1]) / 2
    errors = np.clip(np.stack([value - low, high - value]), 0, None)
    axes.stairs(np.where(filled, predicted / safe, np.nan), edges, baseline=None, color=colour, linewidth=1.1)
    axes.errorbar(
        centres, value, errors, fmt="o", color=colour, markersize=3.2, elinewidth=0.9, label=entry.species or None
    )


def _array(grid: Grid) -> Float[np.ndarray, "rows columns"]:
    return np.array([[np.nan if cell is None else cell for cell in row] for row in grid], dtype=np.float64)
