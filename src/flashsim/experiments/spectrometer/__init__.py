"""The spectrometer: a forward tracker in the manner of LHCb, transported by real Geant4."""

from pathlib import Path

CARD = Path(__file__).parent / "card.toml"
"""The spectrometer's card; its sample lies beside it."""

GHOSTS = CARD.parent / "ghosts.toml"
"""The same with its ghosts: tracks that follow no particle."""

DECAYS = CARD.parent / "sample" / "decays.parquet"
"""Full simulation of D0, J/psi and K0S decays, to compare invariant masses with; never trained on."""

__all__ = ["CARD", "DECAYS", "GHOSTS"]
