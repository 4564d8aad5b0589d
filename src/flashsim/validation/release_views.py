"""A detector beside its reference: the same generated objects, simulated in full and in flash."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int64, Shaped
from particle import InvalidParticle, Particle, ParticleNotFound

from flashsim.card import Card, Stage
from flashsim.events import EventBatch
from flashsim.models import CategoricalClassifier
from flashsim.release import Detector
from flashsim.simulation import simulate_blocks
from flashsim.stages import Namespace, conditions, outputs
from flashsim.training import TrainedStage
from flashsim.validation.views import StageView, Table

BINNING = ("p", "eta")
"""The variables of a card in whose bins efficiencies and profiles are shown, where it derives them."""


def release_views(detector: Detector, reference: EventBatch, *, seed: int = 0) -> list[StageView]:
    """One view a stage: the reference's objects against those of the whole chain run on the same truth.

    The chain is run as in production: a stage is given what the stages before it drew, not what the
    full simulation had.
    """
    card = detector.card
    full = Namespace(card, reference)
    tables: dict[str, list[Table]] = {trained.stage.name: [] for trained in detector.stages}
    first_event = 0
    for simulated in simulate_blocks(detector, _events(card, reference), seed=seed):
        events = simulated.block.batch.event_index + first_event
        for trained in detector.stages:
            rows = simulated.selected[trained.stage.name]
            drawn = {name: simulated.namespace[name][rows] for name in trained.outputs}
            tables[trained.stage.name].append(_table(card, trained.stage, simulated.namespace, drawn, events, rows))
        first_event += simulated.block.batch.n_events
    views = []
    for trained in detector.stages:
        rows = full.selected(trained.stage.where)
        weight = None if card.sample.weight is None else full.evaluate(card.sample.weight)[rows].astype(float)
        views.append(
            StageView(
                stage=trained.stage.name,
                kind=trained.stage.kind,
                reference=_table(
                    card,
                    trained.stage,
                    full,
                    _learnt(trained, full, rows),
                    reference.event_index,
                    rows,
                    weight,
                ),
                candidate=_concatenated(tables[trained.stage.name]),
                conditions=list(trained.stage.given),
                outputs=list(trained.outputs),
                classes=list(trained.classes),
                probability=_probabilities(trained, full, rows),
                species_labels=_species_labels(card),
                **_descriptions(card, trained.stage),
            )
        )
    return views


def _events(card: Card, reference: EventBatch, size: int = 2000) -> Iterator[EventBatch]:
    truth = {name: values for name, values in reference.columns.items() if name not in card.reconstructed}
    batch = EventBatch(run=reference.run, event=reference.event, offsets=reference.offsets, columns=truth)
    for start in range(0, batch.n_events, size):
        yield batch.slice(start, start + size)


def _learnt(
    trained: TrainedStage, full: Namespace, rows: Bool[np.ndarray, " objects"]
) -> dict[str, Shaped[np.ndarray, " selected"]]:
    """What the full simulation has in the place of the outputs of a stage."""
    if isinstance(trained.stage.predict, str):
        return {trained.stage.predict: full[trained.stage.predict][rows]}
    columns = np.concatenate(list(outputs(full, trained.stage, rows).values()), axis=1)
    return dict(zip(trained.outputs, columns.T, strict=True))


def _table(
    card: Card,
    stage: Stage,
    namespace: Namespace,
    drawn: Mapping[str, Shaped[np.ndarray, " selected"]],
    event: Int64[np.ndarray, " objects"],
    rows: Bool[np.ndarray, " objects"],
    weight: Float[np.ndarray, " selected"] | None = None,
) -> Table:
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


def _concatenated(tables: list[Table]) -> Table:
    return Table(
        columns={name: np.concatenate([t.columns[name] for t in tables]) for name in tables[0].columns},
        event=np.concatenate([t.event for t in tables]),
        binning={name: np.concatenate([t.binning[name] for t in tables]) for name in tables[0].binning},
    )


def _species_labels(card: Card) -> dict[int, str]:
    """The names of the particles that the category `species` tells apart, without their charge."""
    labels: dict[int, str] = {}
    for value in card.categories["species"].values if "species" in card.categories else ():
        with suppress(ParticleNotFound, InvalidParticle):
            labels[value] = Particle.from_pdgid(value).name.rstrip("+-")
    return labels


def _descriptions(card: Card, stage: Stage) -> dict[str, Any]:
    """Units, types and bounds of a stage's outputs, for the report."""
    units = {name: column.unit for name, column in (card.columns | card.reconstructed).items()}
    if isinstance(stage.predict, str):
        return {"units": units}
    return {
        "units": units | {name: predicted.unit for name, predicted in stage.predict.items()},
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
