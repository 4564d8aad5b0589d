"""Who is told of the epochs of each part of a stage."""

from collections.abc import Callable

from flashsim.training.loop import Report
from flashsim.training.trained_stage import Progress

Reporter = Callable[[str, int], Report | None]
"""From a part of a stage (empty: the stage itself) and its number of epochs to what is told of each epoch."""


def silent(part: str, epochs: int) -> None:
    """Nobody is told."""
    del part, epochs


def reporter_of(stage: str, tell: Callable[[Progress], None] | None) -> Reporter:
    """The one that tells of the progress of `stage`, part by part."""
    if tell is None:
        return silent

    def reporter(part: str, epochs: int) -> Report:
        name = f"{stage}, {part}" if part else stage
        return lambda epoch: tell(
            Progress(name, epoch.epoch, epochs, epoch.training, epoch.validation, epoch.rows_per_second, epoch.spread)
        )

    return reporter
