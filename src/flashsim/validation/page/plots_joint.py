"""Figures of a whole stage: the two-sample test and the correlations."""

import numpy as np

from flashsim.validation.metrics import Correlations, TwoSample
from flashsim.validation.page.style import FLASH, INK, REFERENCE, new_figure, to_svg

SHOWN = 10
LONGEST_NAME = 24


def two_sample(test: TwoSample) -> str:
    """The ROC curve, and which variables give the candidate away."""
    figure = new_figure(11.5, 3.2)
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.7])
    left.plot([0, 1], [0, 1], color=INK, linewidth=0.7)
    left.plot(test.false_positive, test.true_positive, color=FLASH)
    left.fill_between(test.false_positive, test.false_positive, test.true_positive, color=FLASH, alpha=0.25)
    left.set(
        xlim=(0, 1), ylim=(0, 1), xlabel="reference taken for candidate", ylabel="candidate recognised", aspect="equal"
    )
    told = test.importance[:SHOWN][::-1]
    drop = np.array([entry.drop.value or 0.0 for entry in told])
    spread = np.array([entry.drop.error or 0.0 for entry in told])
    right.barh(range(len(told)), drop, xerr=spread, color=REFERENCE, ecolor=INK, height=0.65)
    right.set_yticks(range(len(told)), [entry.name for entry in told])
    right.minorticks_off()
    right.axvline(0, color=INK, linewidth=0.7)
    reach = max(float(np.abs(drop + spread).max(initial=0.0)), float(np.abs(drop - spread).max(initial=0.0)), 0.01)
    right.set_xlim(min(-0.15 * reach, float((drop - spread).min(initial=0.0)) * 1.1), 1.1 * reach)
    right.set_xlabel("fall of the AUC when the variable is shuffled")
    return to_svg(figure, "ROC curve and what gives the candidate away")


def shorten_middle(name: str) -> str:
    """A formula that is too long for the side of a figure, without its middle."""
    half = (LONGEST_NAME - 1) // 2
    return name if len(name) <= LONGEST_NAME else f"{name[:half]}…{name[-half:]}"


def correlation_matrices(found: Correlations) -> str:
    """Rank correlations of the reference, and candidate minus reference."""
    size = len(found.names)
    names = [shorten_middle(name) for name in found.names]
    # The names below the matrix, on their side, take room as well: about 0.07 inches a letter.
    figure = new_figure(11.5, min(2.6 + 0.13 * size, 5.2) + 0.07 * max(map(len, names)))
    panels = figure.subplots(1, 2)
    small = 8 if size <= 12 else 6.5
    difference = np.array(found.difference, dtype=np.float64)
    reach = max(0.05, float(np.abs(difference).max()))
    shown = (
        (np.array(found.reference, dtype=np.float64), 1.0, "reference"),
        (difference, reach, "candidate − reference"),
    )
    for axes, (grid, limit, title) in zip(panels, shown, strict=True):
        # As a picture of one pixel a cell: thousands of outlines would be most of the page.
        image = axes.imshow(
            grid, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="none", extent=(0, size, size, 0)
        )
        axes.set_xticks(np.arange(size) + 0.5, names, rotation=90, fontsize=small)
        axes.set_yticks(np.arange(size) + 0.5, names, fontsize=small)
        axes.tick_params(length=0, which="both", right=False, top=False)
        axes.minorticks_off()
        axes.set_title(f"rank correlation, {title}", loc="left")
        figure.colorbar(image, ax=axes, pad=0.02, aspect=25)
    return to_svg(figure, "Rank correlations of the reference, and their change")
