"""What one epoch came to."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to: the mean loss of each player (over members, too), and the held-out loss of the
    averaged weights of each member. Rows a second are those of all members.
    """

    epoch: int
    losses: dict[str, float]
    held_out: list[float]
    rows_per_second: float

    @property
    def training(self) -> float:
        """The loss of the first player."""
        return next(iter(self.losses.values()))

    @property
    def validation(self) -> float:
        """The mean held-out loss of the members."""
        return float(np.mean(self.held_out))

    @property
    def spread(self) -> float | None:
        """The standard deviation of the held-out losses over the members; of one there is none."""
        return float(np.std(self.held_out, ddof=1)) if len(self.held_out) > 1 else None
