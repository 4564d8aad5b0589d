"""PHYSLITE, drafted, simulated, and analysed as the page says: the same function for full and flash events."""

import runpy
from pathlib import Path
from typing import Any

import awkward as ak
import nano_toy
import numpy as np
import pytest
from nanoaod_events import write
from scipy import stats

from flashsim.api import simulate
from flashsim.drafts import init_card

PAGE = Path(__file__).parents[2] / "docs/how-to/nanoaod.md"
EVENTS = 400
FOUND = 0.9


def events() -> dict[str, Any]:
    """Three jets and two electrons of opposite charges an event; some are lost, and electrons of nothing come in."""
    random = np.random.default_rng(5)
    n = EVENTS
    columns: dict[str, Any] = {
        "EventInfoAuxDyn.runNumber": np.full(n, 284500, np.uint32),
        "EventInfoAuxDyn.eventNumber": np.arange(n, dtype=np.uint64),
        "EventInfoAuxDyn.averageInteractionsPerCrossing": random.uniform(20, 60, n).astype(np.float32),
    }
    for truth, ends, reconstructed, number in (
        ("AntiKt4TruthDressedWZJetsAux", ("pt", "eta", "phi", "m"), "AnalysisJetsAuxDyn", 3),
        ("TruthElectronsAuxDyn", ("pt_dressed", "eta_dressed", "phi_dressed", ""), "AnalysisElectronsAuxDyn", 2),
    ):
        shape = (n, number)
        momentum = -np.sort(-np.exp(random.normal(10.8, 0.4, shape)))
        spread = np.linspace(-2, 2, number) + random.normal(0, 0.3, shape)
        angle = random.uniform(-3, 3, shape)
        mass = 0.1 * momentum if number == 3 else np.full(shape, 0.511)
        for end, values in zip(ends, (momentum, spread, angle, mass), strict=True):
            columns |= {f"{truth}.{end}": ak.from_regular(values.astype(np.float32))} if end else {}
        seen = ak.from_regular(random.random(shape) < FOUND)
        measured = {
            "pt": momentum * random.normal(1, 0.05, shape),
            "eta": spread + random.normal(0, 1e-3, shape),
            "phi": angle,
            "m": mass,
        }
        if number == 2:
            measured["charge"] = np.broadcast_to([-1.0, 1.0], shape)
            columns[f"{truth}.pdgId"] = ak.from_regular(np.broadcast_to(np.array([11, -11], np.int32), shape))
        for name, values in measured.items():
            columns[f"{reconstructed}.{name}"] = ak.from_regular(values.astype(np.float32))[seen]
    return columns


def test_the_analysis_of_the_page_runs_on_full_and_flash_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("coffea.nanoevents")
    write(tmp_path / "full.root", events(), "CollectionTree")
    init_card(tmp_path / "full.root", tmp_path / "card.toml")
    simulate(nano_toy.as_in_the_sample(tmp_path / "card.toml"), tmp_path / "full.root", tmp_path / "flash.root")
    page = PAGE.read_text(encoding="utf-8")
    for name in ("masses.py", "physlite_masses.py"):
        (tmp_path / name).write_text(page.split(f'title="{name}"\n', 1)[1].split("\n```", 1)[0], encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    analysis = runpy.run_path(str(tmp_path / "physlite_masses.py"))
    full, flash = (analysis["masses"](tmp_path / name) for name in ("full.root", "flash.root"))
    # Both of two electrons are found in as many events.
    pairs = full["dielectrons"].sum(flow=True)
    assert pairs == pytest.approx(EVENTS * FOUND**2, abs=4 * np.sqrt(EVENTS * FOUND**2 * (1 - FOUND**2)))
    for name, histogram in full.items():
        assert stats.chi2.sf(*analysis["chi2"](histogram, flash[name])) > 1e-3, name
