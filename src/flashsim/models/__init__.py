"""Model families: a loss for the trainer, and one pure sampling function for simulation."""

from flashsim.models.adversarial import Adversary, Auxiliary, adversary
from flashsim.models.classifier import CategoricalClassifier
from flashsim.models.density import AbstractDensity
from flashsim.models.distillation import Distillation
from flashsim.models.families import create_model, create_response
from flashsim.models.flow_matching import FlowMatching
from flashsim.models.generator import Generator
from flashsim.models.listing import FAMILIES
from flashsim.models.location_scale import LocationScale, Standardised
from flashsim.models.masked_autoregressive import MaskedAutoregressive
from flashsim.models.model import AbstractLearner, AbstractModel
from flashsim.models.player import Player
from flashsim.models.spline_coupling import SplineCoupling

__all__ = [
    "FAMILIES",
    "AbstractDensity",
    "AbstractLearner",
    "AbstractModel",
    "Adversary",
    "Auxiliary",
    "CategoricalClassifier",
    "Distillation",
    "FlowMatching",
    "Generator",
    "LocationScale",
    "MaskedAutoregressive",
    "Player",
    "SplineCoupling",
    "Standardised",
    "adversary",
    "create_model",
    "create_response",
]
