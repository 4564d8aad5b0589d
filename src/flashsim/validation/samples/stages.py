"""The table of the objects of a stage, and what is known of its columns."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int64, Shaped
from particle import InvalidParticle, Particle, ParticleNotFound

from flashsim.card import Card, Names, Stage
from flashsim.events.pairs import wrapped
from flashsim.stages import Namespace, outputs
from flashsim.validation.views import Occurrences, Table

BINNING = ("p", "eta")
"""The variables of a card in whose bins efficiencies and profiles are shown, where it derives them."""


def stage_values(
    stage: Stage, namespace: Namespace, rows: Bool[np.ndarray, " objects"]
) -> dict[str, Shaped[np.ndarray, " selected"]]:
    """What a sample has in the place of the outputs of a stage, for the selected rows.

    An angle that a formula makes is the short way round, as it is learnt: the difference of two directions on either
    side of ±π is small.
    """
    if isinstance(stage.predict, str):
        return {stage.predict: namespace[stage.predict][rows]}
    found = outputs(namespace, stage, rows)
    for name, predicted in stage.predict.items():
        if predicted.type == "angle" and predicted.expression is not None:
            found[name] = wrapped(found[name])
    columns = np.concatenate(list(found.values()), axis=1)
    return dict(zip(stage.predicted_names, columns.T, strict=True))


def stage_table(
    card: Card,
    stage: Stage,
    namespace: Namespace,
    drawn: Mapping[str, Shaped[np.ndarray, " selected"]],
    events: Int64[np.ndarray, " events"],
    rows: Bool[np.ndarray, " objects"],
    weight: Float[np.ndarray, " selected"] | None = None,
) -> Table:
    """The table of the objects of a stage: its conditions, its outputs, and the variables of the card to bin in.

    `events` are the number of every event. Unmatched objects and events have no truth to bin in.
    """

    def values(text: str) -> np.ndarray:
        return np.asarray(namespace.evaluate(text)[rows], dtype=np.float64)

    columns = {text: values(text) for text in stage.given}
    columns |= {name: np.asarray(column, dtype=np.float64) for name, column in drawn.items()}
    generated = stage.of == "generated"
    own = [name for name in BINNING if generated and (name in card.derive or name in card.columns)]
    names = (own + [name for name in _numbers(card, stage) if name not in own])[:2]
    binning = {name: values(name) for name in names}
    if generated and "species" in card.categories:
        binning["species"] = values("species").astype(np.int64)
    of_row = namespace.batch.event_index[rows]
    return Table(columns, events[of_row], weight, binning, Occurrences(events, of_row))


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


def species_labels(card: Card) -> dict[int, str]:
    """The names of the particles that the category `species` tells apart, without their charge."""
    labels: dict[int, str] = {}
    for value in card.categories["species"].values if "species" in card.categories else ():
        with suppress(ParticleNotFound, InvalidParticle):
            labels[value] = Particle.from_pdgid(value).name.rstrip("+-")
    return labels


def _numbers(card: Card, stage: Stage) -> list[str]:
    predicted = {s.predict for s in card.stages if isinstance(s.predict, str)}
    return [text for text in stage.given if text not in card.categories and text not in predicted]
