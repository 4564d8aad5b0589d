"""What an analysis sees of jets: b-tagging, masses, counts and missing momentum, flash beside full simulation.

    flashsim reference jets --events 8000 --seed 12 --run 12 --output test.root
    python benchmarks/jets.py RELEASE test.root --output jets

RELEASE is one of the card of `flashsim.experiments.cms_nanoaod`, which was not trained on these events. They are
simulated as whole events, everything from what was drawn before, and both files are analysed by the same functions.
Errors are from 200 bootstraps of events, χ² of normalised histograms with their statistical errors; that the generated
events are the same makes χ² smaller than of independent samples. Writes a figure and the numbers as JSON.
"""

import argparse
import json
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import awkward as ak
import matplotlib.pyplot as plt
import numpy as np
import uproot
import vector
from scipy.stats import chi2

from flashsim.api import simulate

vector.register_awkward()
MISTAGS = {0: (0.1, 0.01, 0.003), 4: (0.1, 0.01)}
"""Shares of light and of c jets that are taken for b jets."""
TAGGED = 0.5
PT_BINS, ETA_BINS = (20, 30, 50, 100, 200, 2000), (0, 1.3, 2.5, 3.2, 5)
LEAST = 50
"""Jets in a bin of the response."""
BOOTSTRAPS = 200


@dataclass(frozen=True)
class Jets:
    """The jets of a file, b-taggable ones (pt > 30 GeV, |η| < 2.4) with score, flavour and event, and its events."""

    events: ak.Array
    jets: ak.Array
    score: np.ndarray
    flavour: np.ndarray
    event: np.ndarray


def read(path: Path) -> Jets:
    """A NanoAOD file."""
    with uproot.open(path) as file:
        names = ("pt", "eta", "phi", "mass", "btagDeepFlavB", "hadronFlavour")
        columns = [f"Jet_{name}" for name in names] + ["PuppiMET_pt", "PuppiMET_phi", "GenMET_pt", "GenMET_phi"]
        columns += ["Jet_genJetIdx", "GenJet_pt", "GenJet_eta"]
        events = file["Events"].arrays([*columns, "GenPart_pdgId"])
    jets = ak.zip({name: events[f"Jet_{name}"] for name in names}, with_name="Momentum4D")
    usable = jets[(jets.pt > 30) & (abs(jets.eta) < 2.4)]
    event = np.repeat(np.arange(len(jets)), ak.to_numpy(ak.num(usable)))
    score, flavour = (ak.to_numpy(ak.flatten(usable[name])) for name in ("btagDeepFlavB", "hadronFlavour"))
    return Jets(events, jets, score, flavour, event)


def efficiency(sample: Jets, background: int, mistag: float, weight: np.ndarray) -> float:
    """Share of b jets above the score that a share `mistag` of the background is above; `weight` an event."""
    weights = weight[sample.event]
    wrong, right = sample.flavour == background, sample.flavour == 5
    order = np.argsort(-sample.score[wrong])
    passed = np.cumsum(weights[wrong][order]) / weights[wrong].sum()
    cut = sample.score[wrong][order][min(np.searchsorted(passed, mistag), len(order) - 1)]
    return float(np.average(sample.score[right] > cut, weights=weights[right]))


def with_error(sample: Jets, background: int, mistag: float) -> tuple[float, float]:
    """The efficiency of all events, and its spread over bootstraps of them."""
    random = np.random.default_rng(0)
    events = len(sample.jets)
    weights = (random.poisson(1, events).astype(float) for _ in range(BOOTSTRAPS))
    spread = [efficiency(sample, background, mistag, weight) for weight in weights]
    return efficiency(sample, background, mistag, np.ones(events)), float(np.std(spread))


def responses(sample: Jets) -> dict[str, tuple[float, float, float, float, int]]:
    """Reconstructed over generated pt in bins of generated pt and |η|: median and half of the central 68 %, each with
    its error, and how many jets there are."""
    place = sample.events["Jet_genJetIdx"]
    matched = place >= 0
    true = {name: ak.to_numpy(ak.flatten(sample.events[f"GenJet_{name}"][place[matched]])) for name in ("pt", "eta")}
    ratio = ak.to_numpy(ak.flatten(sample.jets.pt[matched])) / true["pt"]
    found = {}
    for low, high in pairwise(PT_BINS):
        for first, last in pairwise(ETA_BINS):
            chosen = (true["pt"] >= low) & (true["pt"] < high)
            chosen &= (np.abs(true["eta"]) >= first) & (np.abs(true["eta"]) < last)
            if (number := int(chosen.sum())) < LEAST:
                continue
            below, middle, above = np.quantile(ratio[chosen], (0.1587, 0.5, 0.8413))
            width = (above - below) / 2
            name = f"response, pt {low} to {high} GeV, |η| {first} to {last}"
            found[name] = (middle, 1.25 * width / number**0.5, width, width / number**0.5, number)
    return found


def distributions(sample: Jets) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What is compared, with the bins."""
    hard = sample.jets[sample.jets.pt > 30]
    two = hard[ak.num(hard) >= 2]
    central = hard[abs(hard.eta) < 2.4]
    light, bottom = central[central.btagDeepFlavB < TAGGED], central[central.btagDeepFlavB >= TAGGED]
    top = ak.any(abs(sample.events["GenPart_pdgId"]) == 6, axis=1) & (ak.num(light) >= 2) & (ak.num(bottom) >= 2)
    light, bottom = light[top], bottom[top]
    pair = light[:, 0] + light[:, 1]
    nearest = bottom[ak.argmin(bottom.deltaR(pair), axis=1, keepdims=True)][:, 0]
    missing = sample.events["PuppiMET_pt"] * np.cos(sample.events["PuppiMET_phi"])
    missing = missing - sample.events["GenMET_pt"] * np.cos(sample.events["GenMET_phi"])
    return {
        "mass of two light jets of a top pair (GeV)": (ak.to_numpy(pair.mass), np.linspace(0, 300, 25)),
        "mass of these and the nearest b jet (GeV)": (ak.to_numpy((pair + nearest).mass), np.linspace(50, 550, 21)),
        "mass of the two hardest jets (GeV)": (ak.to_numpy((two[:, 0] + two[:, 1]).mass), np.linspace(0, 800, 25)),
        "HT (GeV)": (ak.to_numpy(ak.sum(hard.pt, axis=1)), np.linspace(0, 1200, 25)),
        "jets above 30 GeV": (ak.to_numpy(ak.num(hard)), np.arange(-0.5, 12)),
        "jets above 15 GeV": (ak.to_numpy(ak.num(sample.jets)), np.arange(-0.5, 20)),
        "b-tagged jets": (ak.to_numpy(ak.num(central[central.btagDeepFlavB >= TAGGED])), np.arange(-0.5, 6)),
        "missing momentum, x, less the neutrinos' (GeV)": (ak.to_numpy(missing), np.linspace(-100, 100, 26)),
    }


def chi_square(first: np.ndarray, second: np.ndarray, edges: np.ndarray) -> tuple[float, int]:
    """χ² of two normalised histograms over bins with at least ten entries in both, and their number less one."""
    counts = [np.histogram(values, edges)[0] for values in (first, second)]
    used = np.minimum(*counts) >= 10
    shares = [count / count.sum() for count in counts]
    variance = sum(share / count.sum() for share, count in zip(shares, counts, strict=True))
    return float((((shares[0] - shares[1]) ** 2)[used] / variance[used]).sum()), int(used.sum()) - 1


def draw(full: Jets, flash: Jets, output: Path) -> None:
    """The distributions, and b-tag efficiency against mistags."""
    compared = list(zip(distributions(full).items(), distributions(flash).values(), strict=True))
    figure, axes = plt.subplots(3, 3, figsize=(15, 13))
    for axis, ((title, (first, edges)), (second, _)) in zip(axes.flat, compared, strict=False):
        middle = (edges[1:] + edges[:-1]) / 2
        counts = np.histogram(first, edges)[0]
        axis.errorbar(middle, counts, np.sqrt(counts), fmt="ko", markersize=3, label="full")
        axis.stairs(np.histogram(second, edges)[0] * len(first) / len(second), edges, color="C1", label="flash")
        axis.set_xlabel(title)
    axis = axes.flat[len(compared)]
    for sample, style in ((full, "k"), (flash, "C1")):
        for background, line in ((0, "-"), (4, "--")):
            shares = np.geomspace(1e-3, 1, 60)
            values = [efficiency(sample, background, share, np.ones(len(sample.jets))) for share in shares]
            axis.plot(values, shares, style + line, label="light" if background == 0 else "c")
    axis.set(xlabel="b jets", ylabel="other jets", yscale="log", xlim=(0.2, 1))
    axes.flat[0].legend()
    axis.legend()
    figure.tight_layout()
    figure.savefig(output, dpi=80)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("release", type=Path)
    parser.add_argument("full", type=Path)
    parser.add_argument("--output", type=Path, default=Path("jets"))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        simulate(options.release, options.full, Path(folder) / "flash.root", seed=1)
        full, flash = read(options.full), read(Path(folder) / "flash.root")
    numbers: dict[str, object] = {}
    for background, mistags in MISTAGS.items():
        for mistag in mistags:
            found = [with_error(one, background, mistag) for one in (full, flash)]
            name = f"b jets at {mistag:.1%} of {'c' if background else 'light'} jets"
            numbers[name] = found
            print(f"{name:<50} full {found[0][0]:.3f} ± {found[0][1]:.3f}  flash {found[1][0]:.3f} ± {found[1][1]:.3f}")
    for (title, (first, edges)), (second, _) in zip(
        distributions(full).items(), distributions(flash).values(), strict=True
    ):
        value, bins = chi_square(first, second, edges)
        numbers[title] = (value, bins)
        print(f"{title:<50} χ² {value:.1f} of {bins}, p {chi2.sf(value, bins):.3f}")
    both = responses(full), responses(flash)
    pulls: list[float] = []
    for name in both[0].keys() & both[1].keys():
        (middle, error, width, spread, number), (again, other, wide, widely, _) = (one[name] for one in both)
        pulls += [(again - middle) / np.hypot(error, other), (wide - width) / np.hypot(spread, widely)]
        numbers[name] = (middle, width, again, wide, number)
    for name in both[0]:
        values = [f"{one[name][0]:.3f} ± {one[name][1]:.3f}, {one[name][2]:.3f}" if name in one else "" for one in both]
        print(f"{name:<50} full {values[0]}  flash {values[1]}")
    print(f"pulls of medians and widths: r.m.s. {np.std(pulls):.2f}, largest {np.abs(pulls).max():.1f} of {len(pulls)}")
    (options.output / "jets.json").write_text(json.dumps(numbers, indent=1) + "\n")
    draw(full, flash, options.output / "jets.png")


if __name__ == "__main__":
    main()
