"""The lists of NanoAOD, each with its columns, from what was generated and reconstructed."""

import numpy as np

from flashsim.experiments.cms_nanoaod import scores, truth, whole_events
from flashsim.experiments.cms_nanoaod.candidates import Candidates
from flashsim.experiments.cms_nanoaod.clustering import Jets
from flashsim.experiments.cms_nanoaod.columns import GENERATED_PRECISION, listed, places, real, whole
from flashsim.experiments.cms_nanoaod.jets import RawJets
from flashsim.experiments.cms_nanoaod.kinematics import pt_eta_phi
from flashsim.experiments.cms_nanoaod.leptons import Leptons
from flashsim.experiments.cms_nanoaod.particles import CHARGED_HADRON, ELECTRON, MUON, NEUTRAL_HADRON, PHOTON
from flashsim.experiments.cms_nanoaod.record import Record
from flashsim.experiments.production import Columns

_MASS = {ELECTRON: 0.000511, MUON: 0.105658}  # GeV


def missing(candidates: Candidates, vertices: np.ndarray, record: Record) -> Columns:
    """Missing momentum: generated, of all candidates, and with PUPPI."""
    events = record.events
    generated_pt, generated_phi = truth.missing(record)
    pt, phi, total = whole_events.missing(candidates, np.ones(len(candidates.pt)), events)
    weight = whole_events.puppi(candidates, vertices, events)
    puppi_pt, puppi_phi, puppi_total = whole_events.missing(candidates, weight, events)
    return {
        "GenMET_pt": generated_pt.astype(np.float32),
        "GenMET_phi": generated_phi.astype(np.float32),
        "MET_pt": real(pt),
        "MET_phi": real(phi),
        "MET_sumEt": real(total),
        "PuppiMET_pt": real(puppi_pt),
        "PuppiMET_phi": real(puppi_phi),
        "PuppiMET_sumEt": real(puppi_total),
    }


def generated_particles(record: Record) -> tuple[Columns, np.ndarray]:
    """GenPart, and the place in it of each particle of the record (-1: it is not there)."""
    flags = truth.status_flags(record)
    kept = truth.kept_particles(record, flags)
    mother = truth.kept_mother(record, kept)
    rows = np.flatnonzero(kept)
    pt, eta, phi = pt_eta_phi(record.momentum[rows])
    offsets = np.searchsorted(record.event[rows], np.arange(record.events + 1))
    order = np.full(len(kept) + 1, -1)  # the last one is for particles without a mother
    order[rows] = np.arange(len(rows))
    place = np.append(places(order[:-1], offsets), -1)
    columns = {
        "pt": real(pt, GENERATED_PRECISION),
        "eta": real(eta, GENERATED_PRECISION),
        "phi": real(phi, GENERATED_PRECISION),
        "mass": real(record.mass[rows], GENERATED_PRECISION),
        "pdgId": whole(record.pdg[rows]),
        "status": whole(np.where(record.stable[rows], 1, np.abs(record.status[rows]))),
        "statusFlags": whole(flags[rows]),
        "genPartIdxMother": whole(place[mother[rows]]),
    }
    return listed("GenPart", record.event[rows], record.events, columns), place[:-1]


def generated_jets(jets: Jets, events: int) -> Columns:
    """GenJet."""
    columns = {
        "pt": real(jets.pt, GENERATED_PRECISION),
        "eta": real(jets.eta, GENERATED_PRECISION),
        "phi": real(jets.phi, GENERATED_PRECISION),
        "mass": real(jets.mass, GENERATED_PRECISION),
        "hadronFlavour": jets.hadron_flavour.astype(np.uint8),
        "partonFlavour": jets.parton_flavour.astype(np.int16),
    }
    return listed("GenJet", jets.event, events, columns)


def jets(raw: RawJets, pt: np.ndarray, kept: np.ndarray, generated: Jets, density: np.ndarray, events: int) -> Columns:
    """Jet: the `kept` ones, in their order, with their corrected pt."""
    jets, of, pt = raw.jets, raw.contents.take(kept), pt[kept]
    event, eta = jets.event[kept], jets.eta[kept]
    flavour = scores.network("flavour")(scores.flavour_inputs(pt, eta, of)).T
    quark = scores.network("gluon")(scores.gluon_inputs(pt, eta, of))[:, 1]
    jet = scores.network("pileup")(scores.pileup_inputs(pt, eta, of, density[event]))[:, 1]
    disc, energy = real(2 * jet - 1), real(of.energy)  # flags follow from what is written
    others = energy[:, [CHARGED_HADRON, NEUTRAL_HADRON, ELECTRON, MUON]].sum(axis=1)
    energy[:, PHOTON] = np.maximum(1 - others, 0)  # they add up to 1 as they are written
    tagged = of.tracks > 0

    def score(value: np.ndarray) -> np.ndarray:
        return real(np.where(tagged, value, scores.NO_SCORE))

    constituents = of.number.sum(axis=1)
    columns = {
        "pt": real(pt),
        "eta": real(eta),
        "phi": real(jets.phi[kept]),
        "mass": real(jets.mass[kept] * pt / jets.pt[kept]),
        "rawFactor": real(1 - jets.pt[kept] / pt),
        "area": real(raw.area[kept]),
        "genJetIdx": places(raw.generated[kept], generated.offsets(events)),
        "hadronFlavour": whole(jets.hadron_flavour[kept]),
        "partonFlavour": whole(jets.parton_flavour[kept]),
        "btagDeepFlavB": score(flavour[2]),
        "btagDeepFlavCvB": score(flavour[1] / (flavour[1] + flavour[2])),
        "btagDeepFlavCvL": score(flavour[1] / (flavour[1] + flavour[0])),
        "qgl": score(quark),
        "puIdDisc": disc,
        "puId": whole(scores.pileup_flags(disc)),
        "nConstituents": constituents.astype(np.uint8),
        "jetId": whole(scores.jet_flags(real(eta), energy, constituents)),
        "nMuons": whole(of.number[:, MUON]),
        "nElectrons": whole(of.number[:, ELECTRON]),
        "chHEF": energy[:, CHARGED_HADRON],
        "neHEF": energy[:, NEUTRAL_HADRON],
        "chEmEF": energy[:, ELECTRON],
        "neEmEF": energy[:, PHOTON],
        "muEF": energy[:, MUON],
    }
    return listed("Jet", event, events, columns)


def leptons(
    name: str,
    kind: int,
    found: Leptons,
    candidates: Candidates,
    place: np.ndarray,
    jet_place: np.ndarray,
    events: int,
) -> Columns:
    """Muon or Electron; `place` is that of particles in GenPart, `jet_place` that of jets in Jet."""
    of = candidates.take(found.candidate)
    columns = {
        "pt": real(of.pt),
        "eta": real(of.eta),
        "phi": real(of.phi),
        "mass": real(np.full(len(of.pt), _MASS[kind])),
        "charge": whole(of.charge),
        "pdgId": whole(-of.charge * (11 if kind == ELECTRON else 13)),
        "dxy": real(0.1 * of.impact),  # cm
        "dxyErr": real(0.1 * of.impact_error),
        "pfRelIso04_all": real(found.isolation),
        "pfRelIso04_chg": real(found.charged_isolation),
        "genPartIdx": whole(np.where(of.row >= 0, place[of.row], -1)),
        "jetIdx": whole(np.where(found.jet >= 0, jet_place[found.jet], -1)),
    }
    return listed(name, found.event, events, columns)
