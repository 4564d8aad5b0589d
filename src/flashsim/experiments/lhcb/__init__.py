"""The manner of LHCb: the spectrometer with two RICH detectors, a calorimeter and muon stations."""

from pathlib import Path

CARD = Path(__file__).parent / "card.toml"
"""The experiment's card; its sample lies beside it."""

__all__ = ["CARD"]
