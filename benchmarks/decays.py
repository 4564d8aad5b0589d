"""Invariant masses of D0, J/psi and K0S: flash against full simulation of the same generated decays.

    python benchmarks/decays.py RELEASE --output decays

RELEASE is a release of the spectrometer. The sample is the one that is shipped, or --sample FILE, which is made with
Pythia and Geant4 when it is not there (some minutes). Writes the figure, the table, and the numbers as JSON to the
output folder.
"""

import argparse
import json
import tempfile
from dataclasses import asdict
from pathlib import Path

from masses.candidates import of_flash_simulation, of_full_simulation
from masses.figure import draw
from masses.resolution import Compared, compare

from flashsim.api import simulate
from flashsim.experiments.spectrometer import DECAYS
from flashsim.experiments.spectrometer.decays import CHANNELS
from flashsim.experiments.spectrometer.reference import make_reference

LABELS = {"d0": "D⁰ → K⁻π⁺", "jpsi": "J/ψ → μ⁺μ⁻", "ks": "K⁰ₛ → π⁺π⁻"}
FORMULAS = {
    "d0": r"$D^0 \to K^-\pi^+$",
    "jpsi": r"$J/\psi \to \mu^+\mu^-$",
    "ks": r"$K^0_{\mathrm{S}} \to \pi^+\pi^-$",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("release", type=Path)
    parser.add_argument("--sample", type=Path, default=DECAYS, help="made when it is not there")
    parser.add_argument("--events", type=int, default=6000, help="of nine decays each, when the sample is made")
    parser.add_argument("--copies", type=int, default=4, help="how often flash simulation has each event")
    parser.add_argument("--seed", type=int, default=3032)
    parser.add_argument("--workers", type=int, help="processes that make the sample")
    parser.add_argument("--output", type=Path, default=Path("decays"))
    arguments = parser.parse_args()
    if not arguments.sample.exists():
        make_reference(
            arguments.events, arguments.sample, seed=arguments.seed, workers=arguments.workers, decays=list(LABELS)
        )
    full = of_full_simulation(arguments.sample)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "flash.parquet"
        simulate(arguments.release, arguments.sample, path, seed=arguments.seed, oversample=arguments.copies)
        flash = of_flash_simulation(path)
    peaks = {}
    for name in LABELS:
        pair = [sample.take(sample.mother == CHANNELS[name].mother) for sample in (full, flash)]
        peaks[name] = FORMULAS[name], *pair, compare(*pair)
    arguments.output.mkdir(parents=True, exist_ok=True)
    draw(peaks, arguments.copies, arguments.output / "decays.png")
    results = {LABELS[name]: peak[-1] for name, peak in peaks.items()}
    table = markdown(results)
    print(table)
    (arguments.output / "decays.md").write_text(table + "\n")
    numbers = {name: asdict(result) for name, result in results.items()}
    (arguments.output / "decays.json").write_text(json.dumps(numbers, indent=1) + "\n")


def markdown(results: dict[str, Compared]) -> str:
    """The table of the documentation."""
    lines = [
        "| decay | generated | candidates | width, full [MeV] | mean, flash − full [σ] | width, flash / full | "
        "efficiency, full | efficiency, flash / full | outside |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, r in results.items():
        numbers = [f"{1e3 * r.full.width:.2f}", pair(r.shift, "+"), pair(r.width), f"{r.full.efficiency:.3f}"]
        cells = [name, f"{r.decays:,}", f"{r.candidates:,}", *numbers, pair(r.efficiency), f"{100 * r.outside:.1f} %"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def pair(value: tuple[float, float], sign: str = "") -> str:
    return f"{value[0]:{sign}.3f} ± {value[1]:.3f}"


if __name__ == "__main__":
    main()
