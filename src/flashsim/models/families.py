"""The table of families: which model a card's `family` names."""

import equinox as eqx
import jax
from jaxtyping import PRNGKeyArray

from flashsim.card import (
    AdversarialModel,
    ClassifierModel,
    ExternalModel,
    FlowMatchingModel,
    MaskedAutoregressiveModel,
    Model,
    OneStepModel,
    SplineAutoregressiveModel,
    SplineCouplingModel,
)
from flashsim.models.classifier import CategoricalClassifier
from flashsim.models.flow_matching import FlowMatching
from flashsim.models.generator import Generator
from flashsim.models.location_scale import LocationScale, Standardised
from flashsim.models.masked_autoregressive import MaskedAutoregressive
from flashsim.models.model import AbstractModel
from flashsim.models.spline_coupling import SplineCoupling, layers_for
from flashsim.nets import Affine, Spline

BASE_WIDTH, BASE_DEPTH = 128, 3
"""Location and scale vary smoothly: a small network is enough, and does not learn the sample by heart."""


@eqx.filter_jit  # one program, not one for each array
def create_model(model: Model, conditions: int, targets: int, key: PRNGKeyArray) -> AbstractModel:
    """An untrained model of the family that the card names, for so many conditions and targets.

    Those of a response learn what a location and a scale leave, which differ from object to object.
    """
    if isinstance(model, ClassifierModel):
        return CategoricalClassifier.create(conditions, targets, width=model.width, depth=model.depth, key=key)
    key_base, key_model = jax.random.split(key)
    base = LocationScale.create(conditions, targets, width=BASE_WIDTH, depth=BASE_DEPTH, key=key_base)
    return Standardised.of(base, create_response(model, conditions, targets, key_model))


@eqx.filter_jit
def create_response(model: Model, conditions: int, targets: int, key: PRNGKeyArray) -> AbstractModel:
    """An untrained model of standardised outputs."""
    match model:
        case FlowMatchingModel():
            return FlowMatching.create(
                conditions,
                targets,
                width=model.width,
                depth=model.depth,
                solver=model.solver,
                steps=model.steps,
                coupling=model.coupling,
                key=key,
            )
        case SplineCouplingModel():
            return SplineCoupling.create(
                conditions,
                targets,
                width=model.width,
                depth=model.depth,
                layers=model.layers or layers_for(targets),
                bins=model.bins,
                key=key,
            )
        case MaskedAutoregressiveModel() | SplineAutoregressiveModel():
            return MaskedAutoregressive.create(
                conditions,
                targets,
                bijection=Spline(model.bins) if isinstance(model, SplineAutoregressiveModel) else Affine(),
                width=model.width,
                depth=model.depth,
                layers=model.layers,
                key=key,
            )
        case AdversarialModel():
            return Generator.create(
                conditions,
                targets,
                latent=model.latent or targets,
                width=model.width,
                depth=model.depth,
                residual=model.residual,
                key=key,
            )
        case OneStepModel():
            return Generator.create(
                conditions,
                targets,
                latent=targets,
                width=model.width,
                depth=model.depth,
                residual=False,
                key=key,
            )
        case ClassifierModel() | ExternalModel():
            raise TypeError(f"{model.family}: no network for a response is made of this")
