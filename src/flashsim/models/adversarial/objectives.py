"""The five objectives: what critic and generator compete for, as losses of one object.

h are the critic's outputs, of which most objectives have a single one.
"""

from abc import abstractmethod
from typing import final

import equinox as eqx
from jax.nn import softplus
from jaxtyping import Array, Float

from flashsim.models.energy_score import length

Outputs = Float[Array, " outputs"]
Scalar = Float[Array, ""]


class AbstractObjective(eqx.Module):
    """A pair of losses."""

    outputs: eqx.AbstractVar[int]
    """How many numbers the critic gives."""
    paired: eqx.AbstractVar[bool]
    """Whether a full object is compared with generated ones of the same conditions."""

    @abstractmethod
    def of_full(self, potential: Scalar) -> Scalar:
        """What the critic lowers, from its potential of a full object."""

    @abstractmethod
    def of_generated(self, potential: Scalar) -> Scalar:
        """What the critic lowers, from its potential of a generated object."""

    @abstractmethod
    def generator(self, real: Outputs, generated: Outputs, other: Outputs) -> Scalar:
        """What the generator lowers; `generated` and `other` are independent draws."""

    def potential(self, judged: Outputs, other: Outputs) -> Scalar:
        """The one number of the critic that has a slope to be limited."""
        del other
        return judged[0]


@final
class Classic(AbstractObjective):
    """−log σ(h) − log σ(−h_gen) against −log σ(h_gen), or, saturating, log σ(−h_gen).

    Goodfellow et al. 2014, arXiv:1406.2661. The label of full simulation is 1 − `smoothing` (one-sided: Salimans
    et al. 2016, arXiv:1606.03498). `share` scales the critic's loss: ½ makes it the mean binary cross-entropy.
    """

    share: float
    smoothing: float = 0.0
    saturating: bool = False
    outputs: int = 1
    paired: bool = False

    def of_full(self, potential: Scalar) -> Scalar:
        """The cross-entropy to the label 1 − `smoothing`."""
        return self.share * (softplus(-potential) + self.smoothing * potential)

    def of_generated(self, potential: Scalar) -> Scalar:
        """The cross-entropy to the label 0."""
        return self.share * softplus(potential)

    def generator(self, real: Outputs, generated: Outputs, other: Outputs) -> Scalar:
        """Generated objects are to count as full ones; saturating: not as generated ones."""
        return -softplus(generated[0]) if self.saturating else softplus(-generated[0])


@final
class LeastSquares(AbstractObjective):
    """½ (h − b)² + ½ (h_gen − a)² against ½ (h_gen − c)² (Mao et al. 2017, arXiv:1611.04076).

    (a, b, c) = (0, 1, 1), or (−1, 1, 0), which lowers Pearson's χ².
    """

    generated_label: float = 0.0
    real_label: float = 1.0
    wanted_label: float = 1.0
    outputs: int = 1
    paired: bool = False

    def of_full(self, potential: Scalar) -> Scalar:
        """The squared distance to its label."""
        return 0.5 * (potential - self.real_label) ** 2

    def of_generated(self, potential: Scalar) -> Scalar:
        """The squared distance to its label."""
        return 0.5 * (potential - self.generated_label) ** 2

    def generator(self, real: Outputs, generated: Outputs, other: Outputs) -> Scalar:
        """The squared distance to the wanted label."""
        return 0.5 * (generated[0] - self.wanted_label) ** 2


@final
class Wasserstein(AbstractObjective):
    """h_gen − h against −h_gen (Arjovsky et al. 2017, arXiv:1701.07875): the Wasserstein distance, for a critic
    with slopes of at most 1.
    """

    outputs: int = 1
    paired: bool = False

    def of_full(self, potential: Scalar) -> Scalar:
        """As high as can be."""
        return -potential

    def of_generated(self, potential: Scalar) -> Scalar:
        """As low as can be: together the negative distance."""
        return potential

    def generator(self, real: Outputs, generated: Outputs, other: Outputs) -> Scalar:
        """What the generator can change of the distance."""
        return -generated[0]


@final
class Cramer(AbstractObjective):
    """f_gen − f with f = ‖h − h′_gen‖ − ‖h‖, against ‖h − h_gen‖ + ‖h − h′_gen‖ − ‖h_gen − h′_gen‖.

    The energy distance in the space of h (Bellemare et al. 2017, arXiv:1705.10743), of two independent draws.
    """

    outputs: int = 32
    paired: bool = True

    def of_full(self, potential: Scalar) -> Scalar:
        """As high as can be."""
        return -potential

    def of_generated(self, potential: Scalar) -> Scalar:
        """As low as can be: together the negative distance."""
        return potential

    def generator(self, real: Outputs, generated: Outputs, other: Outputs) -> Scalar:
        """The distance, but for what full simulation is to itself."""
        return length(real - generated) + length(real - other) - length(generated - other)

    def potential(self, judged: Outputs, other: Outputs) -> Scalar:
        """f: how much farther from a generated object than from zero."""
        return length(judged - other) - length(judged)
