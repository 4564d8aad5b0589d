"""How figures look: mplhep's base, colours that colour-blind readers can tell apart, ink that follows the page.

Figures become inline SVG. Their ink is a placeholder colour that is replaced by CSS ``currentColor``, so the same
figure reads on white paper and on a dark screen; ids are made unique, as many figures share one page.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import matplotlib
import matplotlib.pyplot as plt
import mplhep
from matplotlib.figure import Figure

INK = "#0a0b0c"
REFERENCE = "#8a8f98"
FLASH = "#d55e00"
SPECIES_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a8f98")

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

_numbers = count()


@contextmanager
def figures_style() -> Iterator[None]:
    """Draw in the style of the report, whatever the user's own matplotlib settings are."""
    colours = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
    with plt.style.context([mplhep.style.ATLAS2]), matplotlib.rc_context():
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
                "axes.labelpad": 4,
                "xaxis.labellocation": "right",
                "yaxis.labellocation": "top",
                "figure.facecolor": "none",
                "axes.facecolor": "none",
                "savefig.facecolor": "none",
                "svg.fonttype": "path",
                "axes.unicode_minus": True,
                "axes.formatter.useoffset": False,
                "axes.formatter.limits": (-3, 4),
                "axes.formatter.use_mathtext": True,
            }
        )
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, sizes in inches, that no pyplot window knows of."""
    return Figure(figsize=(width, height), layout="constrained")


def to_svg(figure: Figure, title: str) -> str:
    """The figure as an inline SVG element that says what it shows to a screen reader."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    prefix = f"f{next(_numbers)}-"
    text = re.sub(r'\bid="([^"]+)"', lambda match: f'id="{prefix}{match[1]}"', text)
    text = re.sub(r"url\(#([^)]+)\)", lambda match: f"url(#{prefix}{match[1]})", text)
    text = re.sub(r'href="#([^"]+)"', lambda match: f'href="#{prefix}{match[1]}"', text)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(:xlink)?="[^"]+"', "", text).replace("xlink:href", "href")
    text = text.replace(INK, "currentColor")
    text = re.sub(r'width="[\d.]+pt" height="[\d.]+pt"', f'role="img" aria-label="{_escaped(title)}"', text, count=1)
    text = re.sub(r"(\d+\.\d{2})\d+", r"\1", text)
    return re.sub(r"\n\s*", "\n", text)


def labelled(name: str, unit: str) -> str:
    """An axis label with its unit, safe from matplotlib's mathematics."""
    unit = {"um": "µm"}.get(unit, unit)
    unit = re.sub(r"\^(-?\d+)", lambda match: match[1].translate(RAISED), unit)
    text = name.replace("$", r"\$")
    return f"{text} [{unit.replace('*', ' ')}]" if unit else text


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
