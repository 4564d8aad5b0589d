"""What the exported functions read and make, as JSON: names, units, ranges, and where they are valid."""

from importlib.metadata import version
from typing import Any

import numpy as np

from flashsim.card import Card, Names, Predicted, propagated
from flashsim.exports.chain import Chain
from flashsim.release import Detector
from flashsim.stages import ConditionColumn
from flashsim.training import TrainedStage

SCHEMA = 1
NOISE = "independent standard normal numbers, other ones for each object"
UNMATCHED = (
    "unmatched objects, which belong to an event and not to a generated object: their number is drawn by the stage of "
    "`events`, then each by the stages of `unmatched` objects"
)
VALIDITY = (
    "Conditions must be finite. `outside` is true where a condition lies beyond its range in training (`lowest`, "
    "`highest`) or no flag of a category is set that occurred in training: such an output is an extrapolation.",
    "Flags are 0 or 1; of one category exactly one is 1, in the order of the conditions.",
    "Everything is computed in float32. Whole numbers are exact up to 16,777,216.",
)


def describe(detector: Detector, chain: Chain | None, reason: str | None) -> dict[str, Any]:
    """The description of an export; of the whole detector, or the `reason` why it is not exported."""
    whole = {"not_exported": reason} if chain is None else _whole(chain)
    if chain is not None and detector.card.unmatched is not None:
        whole["without"] = UNMATCHED
    return {
        "schema": SCHEMA,
        "name": detector.card.name,
        "description": detector.card.description,
        "release": detector.hash,
        "member": detector.member,
        "flashsim": version("flashsim"),
        "stages": [_stage(detector.card, trained) for trained in detector.stages],
        "detector": whole,
        "validity": list(VALIDITY),
    }


def _stage(card: Card, trained: TrainedStage) -> dict[str, Any]:
    known = trained.learnt[0].conditions
    ranges = zip(np.asarray(known.lowest), np.asarray(known.highest), strict=True)
    return {
        "name": trained.stage.name,
        "kind": trained.stage.kind,
        "family": trained.stage.model.family,
        "of": trained.stage.of,
        "where": trained.stage.where,
        "conditions": [
            _condition(card, column, float(low), float(high))
            for column, (low, high) in zip(trained.columns, ranges, strict=True)
        ],
        "noise": {"size": trained.learnt[0].model.noise, "distribution": NOISE},
        "outputs": _outputs(card, trained),
        "flags": ["outside"],
    }


def _condition(card: Card, column: ConditionColumn, low: float, high: float) -> dict[str, Any]:
    if column.value is not None:
        return {
            "name": column.name,
            "type": "flag",
            "category": column.text,
            "value": column.value,
            "in_training": high > 0,
        }
    unit = {"unit": Names(card).units[column.text]} if column.text in Names(card).units else {}
    return {"name": column.name, "type": "number", "expression": column.text} | unit | {"lowest": low, "highest": high}


def _outputs(card: Card, trained: TrainedStage) -> list[dict[str, Any]]:
    units = Names(card).units
    if isinstance(trained.stage.predict, str):
        name = trained.stage.predict
        return [{"name": name, "unit": units.get(name, ""), "type": "category", "classes": list(trained.classes)}]
    return [
        {"name": name, "unit": units.get(name, "")} | _type(predicted)
        for variable, predicted in trained.stage.predict.items()
        for name in predicted.columns or [variable]
    ]


def _type(predicted: Predicted) -> dict[str, Any]:
    options = {"low": predicted.low, "high": predicted.high, "values": predicted.values}
    return {"type": predicted.type} | {name: value for name, value in options.items() if value is not None}


def _whole(chain: Chain) -> dict[str, Any]:
    card, names = chain.card, Names(chain.card)
    slices, first = [], 0
    for stage, size in chain.noise.items():
        slices.append({"stage": stage, "first": first, "size": size})
        first += size
    return {
        "truth": [_input(card, name) for name in chain.inputs],
        "noise": {"size": first, "distribution": NOISE, "stages": slices},
        "outputs": [
            {"name": name, "unit": names.units.get(name, "")}
            | ({"type": "integer", "absent": -1} if name in names.integers else {"type": "number", "absent": None})
            for name in card.output.columns
        ],
        "flags": ["selected", "outside"],
        "selected": card.output.where or "every object",
        "outside": "a stage that the object went through was asked outside its training range",
        "precision": "the card's formulas are computed in float32, in simulation in float64",
    }


def _input(card: Card, name: str) -> dict[str, Any]:
    if name in card.columns:
        return {"name": name, "type": "generator truth", "unit": Names(card).units[name]}
    shared = Names(card).shared
    text = shared[name].expression.text if name in shared else name
    why = "needs the whole event, or a table of particles" if name not in ("run", "event") else "number of the event"
    why = "a particle's path" if name in propagated(card) else why
    return {"name": name, "type": "computed by the caller", "expression": text, "why": why}
