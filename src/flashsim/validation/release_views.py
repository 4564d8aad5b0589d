"""A detector beside its reference: the same generated objects, simulated in full and in flash."""

from collections.abc import Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int64, Shaped

from flashsim.card import Card, Names, Stage
from flashsim.events import EventBatch
from flashsim.models import CategoricalClassifier
from flashsim.release import Detector
from flashsim.simulation import simulate_blocks
from flashsim.stages import Namespace, conditions, outputs
from flashsim.training import TrainedStage
from flashsim.validation.compared import compared_table, comparison_view, species_labels
from flashsim.validation.views import StageView, Table, concatenated

BINNING = ("p", "eta")
"""The variables of a card in whose bins efficiencies and profiles are shown, where it derives them."""


def release_views(detector: Detector, reference: EventBatch, *, seed: int = 0) -> list[StageView]:
    """One view a stage, then one a table of `[compare]`: the reference's objects against those of the whole chain
    run on the same truth.

    The chain is run as in production: a stage is given what the stages before it drew, not what the
    full simulation had.
    """
    card = detector.card
    full = Namespace(card, reference)
    weight = None if card.sample.weight is None else full.evaluate(card.sample.weight).astype(float)
    tables: dict[str, list[Table]] = {name: [] for name in [*(stage.name for stage in card.stages), *card.compare]}
    first_event = 0
    for simulated in simulate_blocks(detector, _events(card, reference), seed=seed):
        batch = simulated.block.batch
        numbers = np.arange(first_event, first_event + batch.n_events)
        for trained in detector.stages:
            rows = simulated.selected[trained.stage.name]
            drawn = {name: simulated.namespace[name][rows] for name in trained.outputs}
            table = stage_table(card, trained.stage, simulated.namespace, drawn, numbers[batch.event_index], rows)
            tables[trained.stage.name].append(table)
        for name, comparison in card.compare.items():
            tables[name].append(compared_table(card, comparison, simulated.namespace, batch, numbers, None))
        first_event += batch.n_events
    views = [_view_of_stage(card, trained, full, reference, tables, weight) for trained in detector.stages]
    numbers = np.arange(reference.n_events)
    for name, comparison in card.compare.items():
        table = compared_table(card, comparison, full, reference, numbers, weight)
        views.append(comparison_view(card, name, table, concatenated(tables[name])))
    return views


def _view_of_stage(
    card: Card,
    trained: TrainedStage,
    full: Namespace,
    reference: EventBatch,
    tables: Mapping[str, list[Table]],
    weight: Float[np.ndarray, " objects"] | None,
) -> StageView:
    stage = trained.stage
    rows = full.selected(stage.where)
    learnt = stage_values(stage, full, rows)
    weights = None if weight is None else weight[rows]
    return StageView(
        stage=stage.name,
        kind=stage.kind,
        reference=stage_table(card, stage, full, learnt, reference.event_index, rows, weights),
        candidate=concatenated(tables[stage.name]),
        conditions=list(stage.given),
        outputs=list(trained.outputs),
        classes=list(trained.classes),
        probability=_probabilities(trained, full, rows),
        species_labels=species_labels(card),
        **descriptions(card, stage),
    )


def _events(card: Card, reference: EventBatch, size: int = 2000) -> Iterator[EventBatch]:
    truth = {name: values for name, values in reference.columns.items() if name not in card.reconstructed}
    batch = EventBatch(run=reference.run, event=reference.event, offsets=reference.offsets, columns=truth)
    for start in range(0, batch.n_events, size):
        yield batch.slice(start, start + size)


def stage_values(
    stage: Stage, namespace: Namespace, rows: Bool[np.ndarray, " objects"]
) -> dict[str, Shaped[np.ndarray, " selected"]]:
    """What a sample has in the place of the outputs of a stage, for the selected rows."""
    if isinstance(stage.predict, str):
        return {stage.predict: namespace[stage.predict][rows]}
    columns = np.concatenate(list(outputs(namespace, stage, rows).values()), axis=1)
    return dict(zip(stage.predicted_names, columns.T, strict=True))


def stage_table(
    card: Card,
    stage: Stage,
    namespace: Namespace,
    drawn: Mapping[str, Shaped[np.ndarray, " selected"]],
    event: Int64[np.ndarray, " objects"],
    rows: Bool[np.ndarray, " objects"],
    weight: Float[np.ndarray, " selected"] | None = None,
) -> Table:
    """The table of the objects of a stage: its conditions, its outputs, and the variables of the card to bin in."""

    def values(text: str) -> np.ndarray:
        return np.asarray(namespace.evaluate(text)[rows], dtype=np.float64)

    columns = {text: values(text) for text in stage.given}
    columns |= {name: np.asarray(column, dtype=np.float64) for name, column in drawn.items()}
    own = [name for name in BINNING if name in card.derive or name in card.columns]
    names = (own + [name for name in _numbers(card, stage) if name not in own])[:2]
    binning = {name: values(name) for name in names}
    if "species" in card.categories:
        binning["species"] = values("species").astype(np.int64)
    return Table(columns=columns, event=event[rows], weight=weight, binning=binning)


def _numbers(card: Card, stage: Stage) -> list[str]:
    predicted = {s.predict for s in card.stages if isinstance(s.predict, str)}
    return [text for text in stage.given if text not in card.categories and text not in predicted]


def _probabilities(
    trained: TrainedStage, namespace: Namespace, rows: Bool[np.ndarray, " objects"]
) -> Float[np.ndarray, "objects classes"] | None:
    """Those of the classes; of an ensemble the mean of its members, one of which is drawn."""
    inputs = trained.response.conditions.forward(jnp.asarray(conditions(namespace, trained.columns, rows)))
    models = [member.model for member in trained.members]
    found = [
        np.exp(np.asarray(jax.jit(jax.vmap(model.log_probabilities))(inputs), dtype=np.float64))
        for model in models
        if isinstance(model, CategoricalClassifier)
    ]
    return np.mean(found, axis=0) if found else None


def descriptions(card: Card, stage: Stage) -> dict[str, Any]:
    """Units, types and bounds of a stage's outputs, for the report."""
    units = Names(card).units
    if isinstance(stage.predict, str):
        return {"units": units}
    return {
        "units": units,
        "types": {name: predicted.type for name, predicted in stage.predict.items()},
        "bounds": {
            name: (predicted.low, predicted.high)
            for name, predicted in stage.predict.items()
            if predicted.type == "bounded"
        },
        "covariances": {
            name: list(predicted.columns) for name, predicted in stage.predict.items() if predicted.columns
        },
    }
