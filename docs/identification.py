"""The picture of docs/how-to/lhcb.md: identification and neutrals in Geant4 and flash simulation of the same events.

flashsim simulate lhcb.release src/flashsim/experiments/lhcb/sample/test.parquet --oversample 4 --output flash.parquet
python docs/identification.py flash.parquet docs/images/lhcb_identification.png
"""

import sys
from pathlib import Path

import awkward as ak
import matplotlib as mpl
import mplhep
import numpy as np
import pyarrow.parquet as pq

from flashsim.experiments.lhcb import CARD

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

LONG = 1
TRUTH = ("pid", "px", "py", "pz", "mother")
MEASURED = ("track_type", "rec_qop", "pid_k", "muon_inside", "is_muon", "calorimeter", "e_over_p")
CLUSTER = ("has_cluster", "cluster_energy", "cluster_x", "cluster_y")
FRONT = 12500.0  # mm, of the calorimeter
MOMENTUM = np.geomspace(3, 100, 13)  # GeV


def geant4() -> dict[str, np.ndarray]:
    """One row a particle of the test part; `first` is the row at which its event begins."""
    table = pq.read_table(
        CARD.parent / "sample" / "test.parquet", columns=["event", "ghost", *TRUTH, *MEASURED, *CLUSTER]
    )
    columns = {name: table[name].to_numpy() for name in table.column_names}
    columns["first"] = np.searchsorted(columns["event"], columns["event"])
    columns["pid"] = np.where(columns["ghost"], 0, columns["pid"])
    return columns


def flash(path: Path) -> dict[str, np.ndarray]:
    """The same columns from the output of flashsim simulate, one row a particle of a copy of an event."""
    events = ak.from_parquet(path)
    counts = ak.to_numpy(ak.num(events.particle_pid))
    start = np.cumsum(counts) - counts
    columns = {name: ak.to_numpy(ak.flatten(events[f"particle_{name}"])) for name in TRUTH}
    rows = ak.to_numpy(ak.flatten(events.reco_particle + start))
    for name in (*MEASURED, *CLUSTER):
        columns[name] = np.zeros(len(columns["pid"]))
        columns[name][rows] = np.nan_to_num(ak.to_numpy(ak.flatten(events[f"reco_{name}"])))
    return columns | {"first": np.repeat(start, counts)}


def pion_masses(columns: dict[str, np.ndarray]) -> np.ndarray:
    """Masses (MeV) of pairs of photons of one pion, each with a cluster of its own."""
    own = np.flatnonzero((columns["pid"] == 22) & (columns["mother"] >= 0) & (columns["has_cluster"] > 0))
    mother = (columns["first"] + columns["mother"])[own]
    pair = np.flatnonzero(mother[1:] == mother[:-1])  # photons of a pion stand one after the other
    first, second = own[pair], own[pair + 1]
    place = np.stack([columns["cluster_x"], columns["cluster_y"], np.full(len(columns["pid"]), FRONT)]).astype(float)
    direction = place / np.linalg.norm(place, axis=0)
    energy = columns["cluster_energy"].astype(float)
    cosine = (direction[:, first] * direction[:, second]).sum(axis=0)
    return 1e3 * np.sqrt(2 * energy[first] * energy[second] * (1 - cosine))


def share(panel: Axes, columns: dict, chosen: np.ndarray, passed: np.ndarray, colour: str, label: str | None) -> None:
    """How many of the chosen pass, in bins of momentum: points of Geant4 (no label), steps of flash."""
    total, found = (np.histogram(columns["p"][rows], MOMENTUM)[0] for rows in (chosen, chosen & passed))
    part = found / np.maximum(total, 1)
    if label is None:
        error = np.sqrt(np.maximum(part * (1 - part), 1 / np.maximum(total, 1)) / np.maximum(total, 1))
        panel.errorbar(np.sqrt(MOMENTUM[1:] * MOMENTUM[:-1]), part, error, fmt="o", color=colour, markersize=9)
    else:
        panel.stairs(part, MOMENTUM, color=colour, linewidth=3, label=label)


def spectrum(panel: Axes, values: np.ndarray, edges: np.ndarray, weight: float, colour: str, label: str | None) -> None:
    """Counts: points with errors of Geant4 (no label), steps of flash, each with its weight."""
    counts, _ = np.histogram(values, edges)
    if label is None:
        panel.errorbar(0.5 * (edges[1:] + edges[:-1]), counts, np.sqrt(counts), fmt="o", color=colour, markersize=7)
    else:
        panel.stairs(weight * counts, edges, color=colour, linewidth=3, label=label)


def main(source: Path, target: Path) -> None:
    """Draw four panels: kaons and pions, muons, E/p, and the mass of neutral pions."""
    mplhep.style.use("LHCb2")
    figure, panels = plt.subplots(2, 2, figsize=(24, 18))
    kaons, muons, ratio, mass = panels.ravel()
    samples = {"Geant4": geant4(), "flash": flash(source)}
    scale = (samples["Geant4"]["pid"] == 22).sum() / (samples["flash"]["pid"] == 22).sum()
    for name, columns in samples.items():
        columns["p"] = np.sqrt(sum(columns[axis].astype(float) ** 2 for axis in ("px", "py", "pz")))
        species = np.abs(columns["pid"])
        long, full = columns["track_type"] == LONG, name == "Geant4"
        for pid, word, colour in ((321, "K", "C0"), (211, "π", "C1"), (2212, "p", "C2")):
            chosen = long & (species == pid)
            share(kaons, columns, chosen, columns["pid_k"] > 0, colour, None if full else word)
        inside = long & (columns["muon_inside"] > 0)
        for pid, word, colour in ((13, "μ", "C0"), (211, "π", "C1"), (321, "K", "C2")):
            chosen = inside & (species == pid) & (columns["rec_qop"] != 0)
            share(muons, columns, chosen, columns["is_muon"] > 0, colour, None if full else word)
        weight = 1.0 if full else scale
        for pid, word, colour in ((11, "e", "C0"), (211, "π", "C1")):
            values = columns["e_over_p"][long & (columns["calorimeter"] > 0) & (species == pid) & (columns["p"] > 3)]
            spectrum(ratio, values, np.linspace(-0.05, 1.5, 63), weight, colour, None if full else word)
        spectrum(mass, pion_masses(columns), np.linspace(60, 220, 65), weight, "C0", None if full else "two clusters")
    kaons.set(xscale="log", xlabel="p  [GeV]", ylabel="share with DLL(K − π) > 0", ylim=(3e-4, 1.5), yscale="log")
    muons.set(xscale="log", xlabel="p  [GeV]", ylabel="share with isMuon", ylim=(3e-3, 1.5), yscale="log")
    ratio.set(xlabel="E / p", ylabel="long tracks", yscale="log")
    mass.set(xlabel=r"$m_{\gamma\gamma}$  [MeV]", ylabel=r"$\pi^0$")
    for panel in panels.ravel():
        panel.legend(fontsize=24, title="points: Geant4, lines: flash", title_fontsize=22)
    figure.tight_layout()
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, dpi=40)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
