"""Primary vertices: what a vertex finder makes of the spectrometer's tracks in bunch crossings."""

from pathlib import Path

CARD = Path(__file__).parent / "card.toml"
"""The card; its sample lies beside it."""

__all__ = ["CARD"]
