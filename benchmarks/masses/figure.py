"""The mass peaks of full and flash simulation, with their ratio."""

from pathlib import Path

import hist
import matplotlib.pyplot as plt
import mplhep
import numpy as np
from matplotlib.axes import Axes

from flashsim.histograms import EventHistogram

from .candidates import Candidates
from .resolution import Compared

BINS, HALF_WIDTH = 40, 5.0  # the axis spans so many widths on either side of the peak
FULL, FLASH = "#6b717b", "#d55e00"


def draw(peaks: dict[str, tuple[str, Candidates, Candidates, Compared]], copies: int, path: Path) -> None:
    """One column a decay; `peaks` has its label, the candidates of full and flash simulation and their numbers."""
    with plt.style.context(mplhep.style.ATLAS2):
        plt.rcParams.update({"font.size": 11, "axes.labelsize": 12, "xtick.labelsize": 10, "ytick.labelsize": 10})
        figure, axes = plt.subplots(
            2, len(peaks), figsize=(4.6 * len(peaks), 4.6), height_ratios=(3, 1), sharex="col", layout="constrained"
        )
        for column, (label, full, flash, compared) in enumerate(peaks.values()):
            _draw_one(axes[:, column], label, full, flash, compared, copies)
        axes[0, 0].set_ylabel("candidates")
        axes[1, 0].set_ylabel("flash / full")
        figure.savefig(path, dpi=110)
        plt.close(figure)


def _draw_one(
    axes: tuple[Axes, Axes], label: str, full: Candidates, flash: Candidates, compared: Compared, copies: int
) -> None:
    middle, half = compared.full.mean, HALF_WIDTH * compared.full.width
    axis = hist.axis.Regular(BINS, middle - half, middle + half)
    filled = [
        EventHistogram(axis, copies=number).fill(sample.mass[sample.measured], event=sample.event[sample.measured])
        for sample, number in ((full, 1), (flash, copies))
    ]
    full_hist, flash_hist = (histogram.to_hist() for histogram in filled)
    upper, lower = axes
    mplhep.histplot(
        full_hist, ax=upper, histtype="fill", color=FULL, alpha=0.35, label="Geant4", yerr=False, flow="none"
    )
    mplhep.histplot(flash_hist, ax=upper, histtype="errorbar", color=FLASH, markersize=4, label="FlashSim", flow="none")
    numbers = (
        f"mean {compared.shift[0]:+.3f} ± {compared.shift[1]:.3f} σ\n"
        f"width × {compared.width[0]:.3f} ± {compared.width[1]:.3f}\n"
        f"efficiency × {compared.efficiency[0]:.3f} ± {compared.efficiency[1]:.3f}"
    )
    upper.set_ylim(0, 1.45 * full_hist.values().max())
    upper.text(0.05, 0.96, f"{label}\n{numbers}", transform=upper.transAxes, va="top", fontsize=9.5)
    upper.legend(loc="upper right", fontsize=10)
    upper.set_xlabel("")
    value, reference = flash_hist.values(), full_hist.values()
    shown = reference > 0
    centres = axis.centers[shown]
    band = np.sqrt(full_hist.variances()[shown]) / reference[shown]
    lower.bar(centres, 2 * band, axis.widths[shown], 1 - band, color=FULL, alpha=0.35, linewidth=0)
    error = np.sqrt(flash_hist.variances()[shown]) / reference[shown]
    lower.errorbar(centres, value[shown] / reference[shown], error, fmt="o", color=FLASH, markersize=3)
    lower.axhline(1.0, color="black", linewidth=0.7)
    lower.set_ylim(0.4, 1.6)
    lower.set_xlabel("mass [GeV]")
