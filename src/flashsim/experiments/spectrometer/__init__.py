"""The spectrometer: a forward tracker in the manner of LHCb, transported by real Geant4."""

from pathlib import Path

CARD = Path(__file__).parent / "card.toml"
"""The spectrometer's card; its sample lies beside it."""

__all__ = ["CARD"]
