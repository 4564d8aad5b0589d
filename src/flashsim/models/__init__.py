"""Model families: a loss for the trainer, and one pure sampling function for simulation."""

from flashsim.models.classifier import CategoricalClassifier
from flashsim.models.families import create_model
from flashsim.models.flow_matching import FlowMatching
from flashsim.models.location_scale import LocationScale, Standardised
from flashsim.models.model import AbstractModel
from flashsim.models.one_step import Distillation, OneStep

__all__ = [
    "AbstractModel",
    "CategoricalClassifier",
    "Distillation",
    "FlowMatching",
    "LocationScale",
    "OneStep",
    "Standardised",
    "create_model",
]
