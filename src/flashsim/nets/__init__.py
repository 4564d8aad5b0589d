"""Building blocks of the models: own, small, and safe to export."""

from flashsim.nets.mlp import MLP
from flashsim.nets.parameters import named_arrays, with_named_arrays
from flashsim.nets.residual import Network, Residual, network
from flashsim.nets.spectral import SpectrallyNormalised

__all__ = ["MLP", "Network", "Residual", "SpectrallyNormalised", "named_arrays", "network", "with_named_arrays"]
