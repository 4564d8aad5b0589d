"""The picture of the README: Geant4 and flash simulation of the same generated particles.

python docs/picture.py flashsim-demo/flash.parquet docs/images/demo.png
"""

import sys
from pathlib import Path

import awkward as ak
import matplotlib as mpl
import mplhep
import numpy as np
import pyarrow.parquet as pq

from flashsim.experiments.spectrometer import CARD

mpl.use("Agg")
import matplotlib.pyplot as plt

TYPES = {1: "long", 2: "upstream", 3: "downstream"}


def geant4() -> dict[str, np.ndarray]:
    """Tracks of the test part and all particles' momenta."""
    table = pq.read_table(CARD.parent / "sample" / "test.parquet")
    columns = {name: table[name].to_numpy() for name in table.column_names}
    return {name: values[~columns["ghost"]] for name, values in columns.items()}


def flash(path: Path) -> dict[str, np.ndarray]:
    """The same columns, one row a particle, from the output of flashsim simulate."""
    events = ak.from_parquet(path)
    first = ak.num(events.particle_pid)
    start = np.concatenate([[0], np.cumsum(ak.to_numpy(first))[:-1]])
    rows = ak.to_numpy(ak.flatten(events.track_particle + start))
    names = ("pid", "px", "py", "pz")
    columns = {name: ak.to_numpy(ak.flatten(events[f"particle_{name}"])) for name in names}
    for name in ("track_type", "rec_tx", "rec_qop"):
        columns[name] = np.zeros(len(columns["pid"]))
        columns[name][rows] = ak.to_numpy(ak.flatten(events[f"track_{name}"]))
    return {name: values[columns["pid"] != 0] for name, values in columns.items()}


def main(source: Path, target: Path) -> None:
    """Draw three panels: efficiency, momentum and slope resolution."""
    mplhep.style.use("LHCb2")
    figure, panels = plt.subplots(1, 3, figsize=(27, 8.5))
    for name, columns in (("Geant4", geant4()), ("flash", flash(source))):
        p = np.sqrt(sum(columns[axis].astype(float) ** 2 for axis in ("px", "py", "pz")))
        style = {"histtype": "errorbar", "color": "black", "markersize": 9} if name == "Geant4" else {"linewidth": 3}
        for colour, (value, label) in zip(("C0", "C1", "C2"), TYPES.items(), strict=True):
            edges = np.geomspace(0.4, 100, 25)
            total, _ = np.histogram(p, edges)
            passed, _ = np.histogram(p[columns["track_type"] == value], edges)
            options = style if name == "Geant4" else style | {"color": colour, "label": label}
            error = np.sqrt(passed * (1 - passed / total)) / total if name == "Geant4" else None
            mplhep.histplot(passed / total, edges, yerr=error, ax=panels[0], **options)
        rows = (columns["track_type"] == 1) & (np.abs(columns["pid"]) != 11)
        curvature = np.abs(columns["rec_qop"][rows]) * p[rows] - 1
        slope = 1e3 * (columns["rec_tx"] - columns["px"] / columns["pz"])[rows]
        for panel, values, width in ((panels[1], 100 * curvature, 1.2), (panels[2], slope, 1.0)):
            edges = np.linspace(-width, width, 61)
            counts, _ = np.histogram(values, edges)
            mplhep.histplot(
                counts, edges, yerr=np.sqrt(counts) if name == "Geant4" else None, ax=panel, **style, label=name
            )
            panel.set_ylim(0, max(panel.get_ylim()[1], 1.1 * counts.max()))
    panels[0].set(xscale="log", xlabel="p  [GeV]", ylabel="share of charged particles", ylim=(0, 1))
    panels[1].set(xlabel="residual of q/p, long tracks  [%]", ylabel="tracks")
    panels[2].set(xlabel=r"residual of $t_x$, long tracks  [mrad]", ylabel="tracks")
    for panel in panels:
        panel.legend(loc="upper left" if panel is panels[0] else "upper right", fontsize=22)
    figure.tight_layout()
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, dpi=45)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
