"""Tests that need what an extra installs: they say which where it is not there."""

import importlib.util

import pytest


def _missing(*modules: str) -> bool:
    return any(importlib.util.find_spec(module) is None for module in modules)


needs_geant4 = pytest.mark.skipif(
    _missing("geant4_pybind", "pythia8mc"),
    reason="geant4-pybind and pythia8mc are not installed (extra: geant4)",
)
needs_jets = pytest.mark.skipif(
    _missing("fastjet", "pythia8mc"), reason="fastjet and pythia8mc are not installed (extra: jets)"
)
needs_pythia = pytest.mark.skipif(_missing("pythia8mc"), reason="pythia8mc is not installed (extra: geant4)")
