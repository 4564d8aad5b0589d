"""Model families: a loss for the trainer, and one pure sampling function for simulation."""

from flashsim.models.classifier import CategoricalClassifier
from flashsim.models.density import AbstractDensity
from flashsim.models.families import create_model
from flashsim.models.flow_matching import FlowMatching
from flashsim.models.listing import FAMILIES
from flashsim.models.location_scale import LocationScale, Standardised
from flashsim.models.masked_autoregressive import MaskedAutoregressive
from flashsim.models.model import AbstractModel
from flashsim.models.spline_coupling import SplineCoupling

__all__ = [
    "FAMILIES",
    "AbstractDensity",
    "AbstractModel",
    "CategoricalClassifier",
    "FlowMatching",
    "LocationScale",
    "MaskedAutoregressive",
    "SplineCoupling",
    "Standardised",
    "create_model",
]
