"""Adversarial families: a generator, its critic, and what they compete for."""

from flashsim.models.adversarial.adversary import Adversary
from flashsim.models.adversarial.algorithms import adversary
from flashsim.models.adversarial.auxiliary import Auxiliary

__all__ = ["Adversary", "Auxiliary", "adversary"]
