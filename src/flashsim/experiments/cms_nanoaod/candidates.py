"""What the particle flow hands on: charged candidates of the main vertex, and neutral ones of all collisions."""

from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Bool, Float64, Int64, Shaped

from flashsim.experiments.cms_nanoaod.kinematics import four_momenta
from flashsim.experiments.cms_nanoaod.particles import ELECTRON, MUON, Tracks, detect
from flashsim.experiments.cms_nanoaod.pileup import PileUp, Pool, pile_up
from flashsim.experiments.cms_nanoaod.record import Record
from flashsim.experiments.cms_nanoaod.towers import Entries, Neutrals, entries_of, neutrals, summed

_PION, _MUON = 0.13957, 0.10566  # GeV


@dataclass(frozen=True)
class Candidates:
    """Candidates of the particle flow in the order of events; `row` is that of the particle of a track, else -1.

    `main`: of the main vertex, or neutral. The others are charged and of pile-up.
    """

    event: Int64[np.ndarray, " n"]
    row: Int64[np.ndarray, " n"]
    kind: Int64[np.ndarray, " n"]
    pt: Float64[np.ndarray, " n"]
    eta: Float64[np.ndarray, " n"]
    phi: Float64[np.ndarray, " n"]
    charge: Int64[np.ndarray, " n"]
    impact: Float64[np.ndarray, " n"]
    impact_error: Float64[np.ndarray, " n"]
    main: Bool[np.ndarray, " n"]

    @property
    def momentum(self) -> Float64[np.ndarray, "n 4"]:
        """px, py, pz, E: hadrons with a track are pions."""
        mass = np.select([self.kind == MUON, (self.charge != 0) & (self.kind != ELECTRON)], [_MUON, _PION], 0.0)
        return four_momenta(self.pt, self.eta, self.phi, mass)

    def take(self, chosen: Shaped[np.ndarray, " some"]) -> "Candidates":
        """Some of them."""
        return Candidates(*(getattr(self, field.name)[chosen] for field in fields(self)))


def reconstruct(record: Record, source: Pool, random: np.random.Generator) -> tuple[Candidates, PileUp]:
    """Candidates of events among pile-up."""
    tracks, deposits = detect(record, random)
    around = pile_up(record.events, source, random)
    own = entries_of(deposits)
    together = summed(Entries(*_joined([own, around.entries])))
    neutral = neutrals(together, random)
    parts = [
        _charged(tracks, np.ones(len(tracks.event), dtype=bool)),
        _charged(around.tracks, around.merged),
        _neutral(neutral),
    ]
    every = Candidates(*_joined(parts))
    return every.take(np.argsort(every.event, kind="stable")), around


def _charged(tracks: Tracks, main: Bool[np.ndarray, " n"]) -> Candidates:
    return Candidates(main=main, **{field.name: getattr(tracks, field.name) for field in fields(Tracks)})


def _neutral(neutral: Neutrals) -> Candidates:
    n = len(neutral.event)
    none, zero = np.full(n, -1), np.zeros(n)
    return Candidates(
        neutral.event,
        none,
        neutral.kind,
        neutral.pt,
        neutral.eta,
        neutral.phi,
        np.zeros(n, dtype=np.int64),
        zero,
        np.ones(n),
        np.ones(n, dtype=bool),
    )


def _joined(parts: list) -> list[np.ndarray]:
    return [np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(parts[0])]
