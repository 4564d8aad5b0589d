"""Quality, training time and speed of every family on the spectrometer's resolution stage, in one run.

    python benchmarks/families.py --families flow-matching one-step --json families.json

Each family is trained with the settings below, and judged on the test part of the sample by what `flashsim validate`
measures: two-sample AUC, and the worst of the five outputs' Wasserstein distances over their null. The stage is given
the conditions of the full simulation, not what stages before it drew, so that a family answers for itself alone.
Times are those of all cores together, which others on the machine change less than the clock on the wall: seconds to
train, and objects simulated in a second of one core, in memory, as simulation runs them.
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
from flashsim.events import EventBatch
from flashsim.experiments.spectrometer import CARD
from flashsim.simulation.responses import run_stage
from flashsim.stages import Namespace, conditions
from flashsim.training import TrainedStage, read_sample, train_stages
from flashsim.validation.samples.stages import descriptions, stage_table, stage_values
from flashsim.validation.validate import measure_stage
from flashsim.validation.views import StageView

STAGE = "resolution"
FLOW = {"width": 160, "depth": 3, "steps": 4}
STUDENT = {"family": "one-step", "width": 128, "depth": 3, "epochs": 30}
CRITICISED = {"width": 128, "depth": 3}
SETTINGS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "flow-matching": (FLOW, {"epochs": 140}),
    "one-step": (STUDENT | {"teacher": FLOW}, {"epochs": 70}),
    "one-step, of splines": (
        STUDENT | {"teacher": {"family": "spline-coupling"}},
        {"epochs": 20, "learning_rate": 4e-3},
    ),
    "spline-coupling": ({}, {"epochs": 40, "learning_rate": 4e-3}),
    "masked-autoregressive": ({}, {"epochs": 40, "learning_rate": 4e-3}),
    "spline-autoregressive": ({}, {"epochs": 40, "learning_rate": 4e-3}),
    "cramer-gan": (CRITICISED, {"epochs": 40, "learning_rate": 4e-3}),
    "bce-gan": (CRITICISED, {"epochs": 30, "learning_rate": 4e-3}),
    "ls-gan": (CRITICISED, {"epochs": 30, "learning_rate": 4e-3}),
    "gan": (CRITICISED, {"epochs": 30, "learning_rate": 4e-3}),
    "bce-gan-gp": (CRITICISED, {"epochs": 10, "learning_rate": 4e-3}),
    "bce-gan-alp": (CRITICISED, {"epochs": 15, "learning_rate": 4e-3}),
    "wgan-gp": (CRITICISED, {"epochs": 10, "learning_rate": 4e-3}),
    "wgan-alp": (CRITICISED, {"epochs": 15, "learning_rate": 4e-3}),
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
        f"training {numbers['core_seconds']:.0f} s  {numbers['objects_per_core_second']:,.0f} objects/s, of a core"
    )


def card_of(family: str, share: float) -> Card:
    """The spectrometer's card up to the resolution, which is of this family."""
    table = tomllib.loads(CARD.read_text())
    model, training = SETTINGS[family]
    names = [stage["name"] for stage in table["stage"]]
    table["stage"] = table["stage"][: names.index(STAGE) + 1]
    stage = table["stage"][-1]
    stage["model"] = {"family": family} | model
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
    trained = stages[-1]
    view, rate = simulated(card, trained, read_sample(card, "test"))
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
        "objects_per_core_second": rate,
    }


def simulated(card: Card, trained: TrainedStage, reference: EventBatch) -> tuple[StageView, float]:
    """The stage's outputs beside those of the full simulation, and objects a second of a core (the best of five)."""
    stage, namespace = trained.stage, Namespace(card, reference)
    rows = namespace.rows(stage)
    inputs = conditions(namespace, trained.columns, rows)
    keys = np.random.default_rng(0).integers(0, 2**32, (len(inputs), 2), dtype=np.uint32)
    outputs, seconds = np.empty(0), []
    for _ in range(5):
        start = time.process_time()
        outputs, _ = run_stage(trained, keys, inputs)
        seconds.append(time.process_time() - start)
    events = np.arange(reference.n_events)
    drawn: dict[str, np.ndarray] = {name: outputs[:, place] for place, name in enumerate(trained.outputs)}
    view = StageView(
        stage=stage.name,
        kind=stage.kind,
        reference=stage_table(card, stage, namespace, stage_values(stage, namespace, rows), events, rows),
        candidate=stage_table(card, stage, namespace, drawn, events, rows),
        conditions=list(stage.given),
        outputs=list(trained.outputs),
        **descriptions(card, stage),
    )
    return view, len(inputs) / min(seconds)


if __name__ == "__main__":
    main()
