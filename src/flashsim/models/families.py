"""The table of families: which model a card's `family` names."""

from collections.abc import Callable

import jax
from jaxtyping import PRNGKeyArray

from flashsim.card import Model
from flashsim.models.classifier import CategoricalClassifier
from flashsim.models.flow_matching import FlowMatching
from flashsim.models.location_scale import LocationScale, Standardised
from flashsim.models.model import AbstractModel


def _classifier(model: Model, conditions: int, targets: int, key: PRNGKeyArray) -> AbstractModel:
    return CategoricalClassifier.create(conditions, targets, width=model.width, depth=model.depth, key=key)


def _flow_matching(model: Model, conditions: int, targets: int, key: PRNGKeyArray) -> AbstractModel:
    key_base, key_flow = jax.random.split(key)
    base = LocationScale.create(conditions, targets, width=BASE_WIDTH, depth=BASE_DEPTH, key=key_base)
    flow = FlowMatching.create(
        conditions,
        targets,
        width=model.width,
        depth=model.depth,
        solver=model.solver,
        steps=model.steps,
        key=key_flow,
    )
    return Standardised.of(base, flow)


BASE_WIDTH, BASE_DEPTH = 128, 3
"""Location and scale vary smoothly: a small network is enough, and does not learn the sample by heart."""

FAMILIES: dict[str, Callable[[Model, int, int, PRNGKeyArray], AbstractModel]] = {
    "classifier": _classifier,
    "flow-matching": _flow_matching,
}


def create_model(model: Model, conditions: int, targets: int, key: PRNGKeyArray) -> AbstractModel:
    """An untrained model of the family that the card names, for so many conditions and targets."""
    return FAMILIES[model.family](model, conditions, targets, key)
