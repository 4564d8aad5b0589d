"""Events like CMS NanoAOD, in bulk: Pythia8 and fastjet, with a response that is written down."""

from pathlib import Path

CARD = Path(__file__).parent / "card.toml"
"""The card of the jets; its sample lies beside it."""

__all__ = ["CARD"]
