"""Quality, training time and speed of every family on the spectrometer's resolution stage, in one run.

    python benchmarks/families.py --families flow-matching one-step --json families.json

The stages before it are trained once and shared. Each family is trained with the settings below, and judged on the test
part of the sample as `flashsim validate` does it: two-sample AUC, and the worst of the five outputs' Wasserstein
distances over their null. Training time is that of all cores together, which others on the machine change less than the
clock on the wall. Objects a second are of the stage alone, in memory, on one core, as simulation runs it.
"""

import argparse
import json
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from flashsim.card import Card, card_from_dict
from flashsim.experiments.spectrometer import CARD
from flashsim.release import Detector
from flashsim.simulation.responses import run_stage
from flashsim.stages import Namespace, conditions
from flashsim.training import TrainedStage, read_sample, train_stages
from flashsim.validation.samples.release import release_views
from flashsim.validation.validate import measure_stage

STAGE = "resolution"
MEMBERS = {"flow-matching, 4 members": 4}
"""Ensembles, by name; all others are one model."""
FLOW = {"width": 160, "depth": 3, "steps": 4}
CRITICISED = {"width": 128, "depth": 3}
SETTINGS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "flow-matching": (FLOW, {"epochs": 70}),
    "flow-matching, 4 members": ({"family": "flow-matching"} | FLOW, {"epochs": 70}),
    "one-step": ({"width": 128, "depth": 3, "epochs": 30, "teacher": FLOW}, {"epochs": 70}),
    "spline-coupling": ({}, {"epochs": 40, "learning_rate": 4e-3}),
    "masked-autoregressive": ({}, {"epochs": 40, "learning_rate": 4e-3}),
    "spline-autoregressive": ({}, {"epochs": 40, "learning_rate": 4e-3}),
    "cramer-gan": (CRITICISED, {"epochs": 40, "learning_rate": 4e-3}),
    "bce-gan": (CRITICISED, {"epochs": 80, "learning_rate": 4e-3}),
    "ls-gan": (CRITICISED, {"epochs": 80, "learning_rate": 4e-3}),
    "gan": (CRITICISED, {"epochs": 80, "learning_rate": 4e-3}),
    "bce-gan-gp": (CRITICISED, {"epochs": 40, "learning_rate": 4e-3}),
    "bce-gan-alp": (CRITICISED, {"epochs": 40, "learning_rate": 4e-3}),
    "wgan-gp": (CRITICISED, {"epochs": 30, "learning_rate": 4e-3}),
    "wgan-alp": (CRITICISED, {"epochs": 30, "learning_rate": 4e-3}),
    "wgan": (CRITICISED, {"epochs": 30, "learning_rate": 4e-3}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--share", type=float, default=1.0, help="this share of each family's epochs")
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    arguments = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory() as checkpoints:
        for family in arguments.families:
            found[family] = measured(family, arguments.share, Path(checkpoints))
            print(line(family, found[family]), flush=True)
            if arguments.json:
                arguments.json.write_text(json.dumps(found, indent=1) + "\n")


def line(family: str, numbers: dict[str, Any]) -> str:
    return (
        f"{family:<24} AUC {numbers['auc']:.4f} ± {numbers['auc_error']:.4f}  Wasserstein over null "
        f"{numbers['wasserstein']:.1f} ± {numbers['wasserstein_error']:.1f} ({numbers['worst']})  "
        f"training {numbers['core_seconds']:.0f} s of a core  {numbers['objects_per_second']:,.0f} objects/s"
    )


def card_of(family: str, share: float) -> Card:
    """The spectrometer's card up to the resolution, which is of this family."""
    table = tomllib.loads(CARD.read_text())
    model, training = SETTINGS[family]
    names = [stage["name"] for stage in table["stage"]]
    table["stage"] = table["stage"][: names.index(STAGE) + 1]
    stage = table["stage"][-1]
    stage["model"] = {"family": family} | model
    stage["members"] = MEMBERS.get(family, 1)
    stage["training"] |= training | {"epochs": max(2, round(share * training["epochs"]))}
    stage["training"]["patience"] = training["epochs"]
    predicted = {one["predict"] for one in table["stage"][:-1]}
    table["output"]["columns"] = [
        name for name in table["output"]["columns"] if name in predicted | {"rec_tx", "rec_ty"}
    ]
    table["gates"] = table["compare"] = {}
    return card_from_dict(table, str(CARD)).read_from(CARD)


def measured(family: str, share: float, checkpoints: Path) -> dict[str, Any]:
    card = card_of(family, share)
    seconds: list[float] = []
    stages = train_stages(
        card,
        read_sample(card, "train"),
        read_sample(card, "validation"),
        checkpoints=checkpoints,
        report=lambda progress: seconds.append(time.process_time()) if progress.stage.startswith(STAGE) else None,
    )
    reference = read_sample(card, "test")
    view = release_views(Detector(card, stages), reference)[-1]
    metrics = measure_stage(view, progress=lambda text: None)
    assert metrics.two_sample is not None
    distances = [(v.name, d) for v in metrics.variables for d in (v.wasserstein_core, v.wasserstein_tails)]
    worst, distance = max(distances, key=lambda pair: pair[1].over_null.value or 0.0)
    return {
        "auc": metrics.two_sample.auc.value,
        "auc_error": metrics.two_sample.auc.error,
        "wasserstein": distance.over_null.value,
        "wasserstein_error": distance.over_null.error,
        "worst": worst,
        "core_seconds": seconds[-1] - seconds[0],
        "objects_per_second": rate(stages[-1], Namespace(card, reference)),
    }


def rate(trained: TrainedStage, namespace: Namespace) -> float:
    """Objects a second, the best of five."""
    inputs = conditions(namespace, trained.columns, namespace.selected(trained.stage.where))
    keys = np.random.default_rng(0).integers(0, 2**32, (len(inputs), 2), dtype=np.uint32)
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        run_stage(trained, keys, inputs)
        seconds.append(time.perf_counter() - start)
    return len(inputs) / min(seconds)


if __name__ == "__main__":
    main()
