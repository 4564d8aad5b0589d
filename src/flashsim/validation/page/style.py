"""How figures look: mplhep's base, colours that colour-blind readers can tell apart, ink that follows the page.

Figures become inline SVG. Their ink is a placeholder colour that is replaced by CSS ``currentColor``, so the same
figure reads on white paper and on a dark screen. Of a style of mplhep they have the ticks, the places of the labels
and the kind of font; sizes are those of the page.
"""

import io
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import matplotlib
import matplotlib.pyplot as plt
import mplhep
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from flashsim.validation.page.svg import inline_svg

INK = "#0a0b0c"
REFERENCE = "#8a8f98"
FLASH = "#d55e00"
SPECIES_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a8f98")

Style = Literal["ATLAS", "CMS", "LHCb2"]
STYLES = {"ATLAS": "ATLAS2", "CMS": "CMS", "LHCb2": "LHCb2"}
SYMBOLS = {"eta": "η", "phi": "φ", "theta": "θ", "pt": "pT"}
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@contextmanager
def figures_style(style: Style = "ATLAS") -> Iterator[None]:
    """Draw in the style of the report, whatever the user's own matplotlib settings are."""
    colours = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
    with plt.style.context([getattr(mplhep.style, STYLES[style])]), matplotlib.rc_context():
        matplotlib.rcParams.update(dict.fromkeys(colours, INK))
        matplotlib.rcParams.update(
            {
                "font.family": "sans-serif",
                "font.sans-serif": ["DejaVu Sans"],
                "mathtext.fontset": "dejavusans",
                "font.size": 9,
                "axes.labelsize": 9.5,
                "axes.titlesize": 9.5,
                "xtick.labelsize": 8.5,
                "ytick.labelsize": 8.5,
                "legend.fontsize": 8.5,
                "legend.frameon": False,
                "axes.linewidth": 0.8,
                "lines.linewidth": 1.3,
                "xtick.major.size": 5,
                "ytick.major.size": 5,
                "xtick.minor.size": 2.5,
                "ytick.minor.size": 2.5,
                "xtick.major.width": 0.8,
                "ytick.major.width": 0.8,
                "xtick.minor.width": 0.8,
                "ytick.minor.width": 0.8,
                "xtick.major.pad": 4,
                "ytick.major.pad": 4,
                "lines.markeredgewidth": 0.8,
                "errorbar.capsize": 0,
                "patch.linewidth": 0.8,
                "legend.title_fontsize": 8.5,
                "savefig.bbox": None,
                "axes.autolimit_mode": "data",
                "axes.labelpad": 4,
                "xaxis.labellocation": "right",
                "yaxis.labellocation": "top",
                "figure.facecolor": "none",
                "axes.facecolor": "none",
                "savefig.facecolor": "none",
                "svg.fonttype": "none",
                "xtick.minor.top": False,
                "ytick.minor.right": False,
                "xtick.minor.visible": False,
                "ytick.minor.visible": False,
                "axes.unicode_minus": True,
                "axes.formatter.useoffset": False,
                "axes.formatter.use_mathtext": False,
                "axes.formatter.limits": (-6, 7),
            }
        )
        yield


def new_figure(width: float, height: float, *, arranged: bool = True) -> Figure:
    """An empty figure, sizes in inches, that no pyplot window knows of; `arranged` lets matplotlib find margins."""
    return Figure(figsize=(width, height), layout="constrained" if arranged else None)


def logarithmic(axes: Axes, which: Literal["x", "y"]) -> None:
    """Decades in plain characters: matplotlib's own formatter spends most of a figure's time on them."""
    (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(LogLocator(numticks=7))
    axis.set_minor_locator(LogLocator(subs=range(2, 10)) if which == "x" else NullLocator())
    axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(FuncFormatter(decade))


def decade(value: float, _position: int | None = None) -> str:
    """A power of ten as a tick label: 0.1, 1, 10, 100, and 10ⁿ beyond."""
    power = round(math.log10(value))
    return f"{value:g}" if -2 <= power <= 3 else f"10{str(power).translate(RAISED)}"


def power_of_thousand(values: Float[np.ndarray, " n"]) -> int:
    """The power of ten, in steps of three, that makes a variable's numbers easy to read; 0 where they are."""
    size = float(np.abs(values).max(initial=0.0))
    if size == 0 or 0.05 <= size < 1e4:
        return 0
    return 3 * math.floor(math.log10(size) / 3)


def to_svg(figure: Figure, title: str) -> str:
    """The figure as an inline SVG element that says what it shows to a screen reader."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return inline_svg(buffer.getvalue(), title, INK)


def labelled(name: str, unit: str, power: int = 0) -> str:
    """An axis label with its unit and the power of ten taken out, safe from matplotlib's mathematics."""
    unit = unit.replace("um", "µm")
    unit = re.sub(r"\^(-?\d+)", lambda match: match[1].translate(RAISED), unit)
    text = SYMBOLS.get(name, name).replace("$", r"\$")
    parts = [f"10{str(power).translate(RAISED)}" if power else "", unit.replace("*", " ")]
    inside = " ".join(part for part in parts if part)
    return f"{text} [{inside}]" if inside else text
