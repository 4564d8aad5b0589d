"""The manner of LHCb: the spectrometer with two RICH detectors, a calorimeter and muon stations."""

from pathlib import Path

CARD = Path(__file__).parent / "card.toml"
"""The experiment's card; its sample lies beside it."""

DECAYS = CARD.parent / "sample" / "decays.parquet"
"""Full simulation of D0, J/psi and B+ decays, to see identification at work; never trained on."""

__all__ = ["CARD", "DECAYS"]
