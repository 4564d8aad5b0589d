"""The generator's side of an event as NanoAOD tells it: particles with their flags, jets, and missing momentum."""

import numpy as np
from jaxtyping import Bool, Int64

from flashsim.experiments.cms_nanoaod.clustering import Ghosts, Jets, cluster
from flashsim.experiments.cms_nanoaod.kinematics import pt_eta_phi
from flashsim.experiments.cms_nanoaod.record import Record, heaviest_quark

GEN_JET_PT = 10.0  # GeV
LEAST_PHOTON_PT = 5.0  # GeV
FLAGS = {
    "isPrompt": 0,
    "isTauDecayProduct": 2,
    "isDirectHadronDecayProduct": 6,
    "isHardProcess": 7,
    "fromHardProcess": 8,
    "isFirstCopy": 12,
    "isLastCopy": 13,
}
"""Bits of `GenPart_statusFlags` that are set; the others are 0."""
_LEPTONS = (11, 12, 13, 14, 15, 16)
_BOSONS = (6, 23, 24, 25)  # and the top quark


def generated_jets(record: Record, ghosts: Ghosts) -> Jets:
    """Jets of visible stable particles."""
    rows = np.flatnonzero(record.visible)
    return cluster(record.event[rows], record.momentum[rows], ghosts, record.events, GEN_JET_PT)


def status_flags(record: Record) -> Int64[np.ndarray, " n"]:
    """The bits of `FLAGS` of each particle."""
    species, mother = np.abs(record.pdg), record.mother
    hadron = species > 100
    with_mother = mother >= 0
    same = with_mother & (record.pdg[mother] == record.pdg)
    last = np.ones(len(species), dtype=bool)
    last[mother[same]] = False
    tau = record.descends(species == 15)
    hard = (np.abs(record.status) >= 21) & (np.abs(record.status) <= 29)
    from_hard = hard.copy()
    while np.any(more := same & from_hard[mother] & ~from_hard):
        from_hard |= more
    bits = {
        "isPrompt": ~record.descends(hadron) & ~tau & ~hadron,
        "isTauDecayProduct": tau,
        "isDirectHadronDecayProduct": with_mother & hadron[mother],
        "isHardProcess": hard,
        "fromHardProcess": from_hard,
        "isFirstCopy": ~same,
        "isLastCopy": last,
    }
    return sum((value.astype(np.int64) << FLAGS[name] for name, value in bits.items()), np.zeros(len(species), int))


def kept_particles(record: Record, flags: Int64[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
    """The hard process; last copies of leptons, heavy particles, b and c hadrons; photons that are hard enough."""
    species = np.abs(record.pdg)
    last = (flags >> FLAGS["isLastCopy"]) & 1 == 1
    hard = (flags >> FLAGS["isHardProcess"]) & 1 == 1
    pt = np.hypot(record.momentum[:, 0], record.momentum[:, 1])
    heavy = np.isin(heaviest_quark(species), (4, 5))
    photon = record.stable & (species == 22) & (pt > LEAST_PHOTON_PT)
    return hard | (last & (np.isin(species, (*_LEPTONS, *_BOSONS)) | heavy)) | photon


def kept_mother(record: Record, kept: Bool[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
    """For each particle the row of the next kept one among its mothers, -1 for none."""
    found = record.mother.copy()
    while np.any(open_ := (found >= 0) & ~kept[found]):
        found[open_] = record.mother[found[open_]]
    return found


def missing(record: Record) -> tuple[np.ndarray, np.ndarray]:
    """pt and φ of the sum of the neutrinos, one an event."""
    rows = np.flatnonzero(record.stable & np.isin(np.abs(record.pdg), (12, 14, 16)))
    sums = [np.bincount(record.event[rows], record.momentum[rows, axis], record.events) for axis in range(3)]
    pt, _, phi = pt_eta_phi(np.stack(sums, axis=1))
    return pt, phi
