"""Counter-based random numbers that both simulation and training draw."""

from flashsim.random.draw import normal, uniform
from flashsim.random.normal import standard_normal
from flashsim.random.permutation import permutation
from flashsim.random.splitmix import GOLDEN, hashed, splitmix
from flashsim.random.threefry import threefry

__all__ = [
    "GOLDEN",
    "hashed",
    "normal",
    "permutation",
    "splitmix",
    "standard_normal",
    "threefry",
    "uniform",
]
