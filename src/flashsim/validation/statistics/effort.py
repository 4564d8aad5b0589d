"""How much a validation computes: more gives smaller errors and finer p-values, and takes longer."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """Numbers of trees, rows and resamplings.

    `swaps` set the smallest p-value, 1 / (swaps + 1). `rows` of each sample are given to classifiers and joint
    distances, `pair_rows` to those of all pairs, `shuffled_rows` to the search for what gives the candidate away.
    """

    trees: int = 100
    epochs: int = 10
    rows: int = 50_000
    pair_rows: int = 5_000
    shuffled_rows: int = 5_000
    swaps: int = 2_000
    replicas: int = 60
    splits: int = 10


FULL = Effort()
"""What a decision is made with."""

QUICK = Effort(trees=20, epochs=3, rows=10_000, pair_rows=1_000, shuffled_rows=500, swaps=1_000, replicas=20, splits=5)
"""For a first look: classifiers see less, and errors are known to a sixth only. Gates have the same meaning."""
