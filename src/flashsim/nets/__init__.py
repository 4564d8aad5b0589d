"""Building blocks of the models: own, small, and safe to export."""

from flashsim.nets.bijections import AbstractBijection, Affine, Spline
from flashsim.nets.masked_mlp import MaskedMLP
from flashsim.nets.members import apart, mapped, together
from flashsim.nets.mlp import MLP
from flashsim.nets.parameters import named_arrays, with_named_arrays
from flashsim.nets.residual import Network, Residual, network
from flashsim.nets.spectral import SpectrallyNormalised
from flashsim.nets.splines import MOST_BINS

__all__ = [
    "MLP",
    "MOST_BINS",
    "AbstractBijection",
    "Affine",
    "MaskedMLP",
    "Network",
    "Residual",
    "SpectrallyNormalised",
    "Spline",
    "apart",
    "mapped",
    "named_arrays",
    "network",
    "together",
    "with_named_arrays",
]
