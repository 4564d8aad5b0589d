"""The recipe: generated events, their pile-up and reconstruction, as the columns of NanoAOD."""

import importlib
import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from flashsim.errors import FlashSimError
from flashsim.experiments.cms_nanoaod import lists, pileup, processes, scores, truth, whole_events
from flashsim.experiments.cms_nanoaod.candidates import reconstruct
from flashsim.experiments.cms_nanoaod.clustering import ghosts_of
from flashsim.experiments.cms_nanoaod.columns import real, whole
from flashsim.experiments.cms_nanoaod.jets import raw_jets
from flashsim.experiments.cms_nanoaod.leptons import leptons
from flashsim.experiments.cms_nanoaod.particles import ELECTRON, MUON
from flashsim.experiments.production import Columns

JET_PT = 15.0  # GeV
JET_ETA = 5.0
_EXTRAS = {"pythia8mc": "pythia8mc", "fastjet": "fastjet"}


@dataclass(frozen=True)
class NanoEvents:
    """Events of processes by their shares, among pile-up from a pool that belongs to the production's seed."""

    seed: int = 0
    shares: Mapping[str, float] = field(default_factory=lambda: processes.MIXTURE)
    pool: int = pileup.POOL
    events_per_chunk: ClassVar[int] = 100

    def check(self) -> None:
        """Raise FlashSimError for processes that are not known, and where generator or fastjet are not installed."""
        processes.check_processes(list(self.shares))
        for module in _EXTRAS:
            try:
                importlib.import_module(module)
            except ImportError as error:
                raise FlashSimError(
                    f'{module} is not installed, which events like NanoAOD need: pip install "flashsim[jets]"'
                ) from error

    def describe(self) -> dict[str, Any]:
        """Generator, pile-up and versions."""
        return {
            "experiment": "cms_nanoaod",
            "event_shares": dict(self.shares),
            "pythia_settings": {name: [*processes.COMMON, *processes.PROCESSES[name]] for name in self.shares},
            "pile_up": {
                "settings": [*processes.COMMON, *processes.PILEUP],
                "pool": self.pool,
                "mean": pileup.MEAN,
                "shape": pileup.SHAPE,
                "most": pileup.MOST,
            },
            "versions": {module: importlib.metadata.version(name) for module, name in _EXTRAS.items()},
        }

    def make(self, first_event: int, events: int, seeds: tuple[int, int, int]) -> tuple[Columns, int]:
        """Generate, smear, cluster, and tell."""
        generator, detector, _ = seeds
        record = processes.generate(events, generator, self.shares)
        random = np.random.default_rng([detector, 1])
        candidates, around = reconstruct(record, pileup.pool(self.seed, self.pool), random)
        ghosts = ghosts_of(record)
        generated = truth.generated_jets(record, ghosts)
        raw = raw_jets(candidates, ghosts, generated, events)
        density = whole_events.density(candidates, events)
        pt = scores.corrected_pt(raw.jets.pt, raw.jets.eta, raw.area, density[raw.jets.event])
        kept = np.flatnonzero((pt > JET_PT) & (np.abs(raw.jets.eta) < JET_ETA))
        kept = kept[np.lexsort((-pt[kept], raw.jets.event[kept]))]
        columns: Columns = {
            "event": np.arange(first_event, first_event + events, dtype=np.int64),
            "luminosityBlock": whole(np.arange(first_event, first_event + events) // 1000 + 1),
            "genWeight": record.weight.astype(np.float32),
            "Pileup_nTrueInt": around.true_mean.astype(np.float32),
            "Pileup_nPU": whole(around.collisions),
            "PV_npvs": whole(around.vertices),
            "Rho_fixedGridRhoFastjetAll": real(density),
        }
        columns |= lists.missing(candidates, around.vertices, record)
        shown, place = lists.generated_particles(record)
        columns |= shown | lists.generated_jets(generated, events)
        columns |= lists.jets(raw, pt, kept, generated, density, events)
        jet_place = np.full(len(pt), -1)
        jet_place[kept] = np.arange(len(kept)) - np.searchsorted(raw.jets.event[kept], raw.jets.event[kept])
        inside = np.flatnonzero(candidates.main)
        for name, kind in (("Muon", MUON), ("Electron", ELECTRON)):
            found = leptons(candidates, raw.jets, inside, kind, events)
            columns |= lists.leptons(name, kind, found, candidates, place, jet_place, events)
        return columns, int(np.count_nonzero(record.stable))
