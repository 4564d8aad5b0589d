"""Invertible maps between physical values and a latent close to N(0, 1), fitted on training data.

| transform            | for                                   | latent                                     |
|----------------------|---------------------------------------|--------------------------------------------|
| `Standard`           | roughly Gaussian values               | (x - mean) / deviation                     |
| `QuantileNormal`     | any continuous values                 | normal score of the weighted quantile      |
| `Log`                | positive values                       | log x                                      |
| `SignedLog`          | both signs, many decades              | sign(x) log(1 + abs(x) / scale)            |
| `Logit`              | values between two bounds             | log((x - low) / (high - x))                |
| `Angle`              | angles                                | unrolled from the emptiest place           |
| `DequantisedInteger` | counts                                | an interval for each integer               |
| `DequantisedFlag`    | 0 or 1                                | below or above one edge                    |
| `UnorderedCategory`  | classes without an order              | a clock for each class, the first counts   |
| `Atoms`              | spikes mixed with a continuum         | an interval for each spike and stretch     |
| `LogCholesky`        | covariance matrices                   | log deviations, Fisher z of correlations   |
| `OneHot`             | classes                               | a flag for each class                      |
| `Chain`              | one after another                     |                                            |
| `Columns`            | side by side                          |                                            |

`fit_transform` chooses by the type that a card gives a variable; `Conditions` prepares a network's inputs.
"""

from flashsim.transforms.angle import Angle
from flashsim.transforms.atoms import Atoms
from flashsim.transforms.base import TRANSFORMS, Transform, from_config
from flashsim.transforms.category import UnorderedCategory
from flashsim.transforms.compose import Chain, Columns
from flashsim.transforms.conditions import Conditions, fit_conditions
from flashsim.transforms.fit import KINDS, fit_transform
from flashsim.transforms.integer import DequantisedFlag, DequantisedInteger
from flashsim.transforms.log_cholesky import LogCholesky
from flashsim.transforms.logarithm import Log, SignedLog
from flashsim.transforms.logit import Logit
from flashsim.transforms.one_hot import OneHot
from flashsim.transforms.quantile_normal import QuantileNormal
from flashsim.transforms.standard import Standard

__all__ = [
    "KINDS",
    "TRANSFORMS",
    "Angle",
    "Atoms",
    "Chain",
    "Columns",
    "Conditions",
    "DequantisedFlag",
    "DequantisedInteger",
    "Log",
    "LogCholesky",
    "Logit",
    "OneHot",
    "QuantileNormal",
    "SignedLog",
    "Standard",
    "Transform",
    "UnorderedCategory",
    "fit_conditions",
    "fit_transform",
    "from_config",
]
