"""Building blocks of the models: own, small, and safe to export."""

from flashsim.nets.mlp import MLP
from flashsim.nets.parameters import named_arrays, with_named_arrays

__all__ = ["MLP", "named_arrays", "with_named_arrays"]
