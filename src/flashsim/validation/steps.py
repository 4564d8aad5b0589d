"""Telling what is being done."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Steps:
    """Progress of one stage."""

    stage: str
    tell: Callable[[str], None]

    def __call__(self, what: str) -> None:
        """Say what is measured next."""
        self.tell(f"{self.stage}: {what}")
