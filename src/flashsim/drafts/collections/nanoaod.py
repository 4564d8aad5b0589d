"""The collections of CMS NanoAOD, and what they are learnt from."""

from flashsim.card import GENERATOR_LEVEL
from flashsim.drafts.collections.plan import Layout, Neighbour, Plan, Truth

_LAST = "bit(GenPart_statusFlags, 13)"  # the last copy of a particle
_MUON = f"(abs(GenPart_pdgId) == 13) & {_LAST}"
_ELECTRON_OR_PHOTON = f"isin(abs(GenPart_pdgId), 11, 22) & {_LAST}"
_LEPTON = f"isin(abs(GenPart_pdgId), 11, 13) & {_LAST}"
_PHOTON = f"(abs(GenPart_pdgId) == 22) & {_LAST}"

_GEN_MUON = Neighbour("gen_muon", "GenPart_", 1.0, ("pt",), _MUON)
_GEN_ELECTRON = Neighbour("gen_electron", "GenPart_", 1.0, ("pt",), f"(abs(GenPart_pdgId) == 11) & {_LAST}")
_GEN_TAU = Neighbour("gen_tau", "GenVisTau_", 1.0, ("pt", "status"))
_GEN_JET = Neighbour("gen_jet", "GenJet_", 1.0, ("pt", "mass", "hadronFlavour", "partonFlavour"))
_JET = Neighbour("jet", "Jet_", 0.4, ("pt", "btagDeepFlavB", "nConstituents"), drawn=True)


def _balanced(collection: str) -> str:
    """Partners by ΔR alone are too often wrong: what was measured is half to twice of what was generated."""
    return f"(abs({collection}_pt / GenPart_pt - 1) < 0.5)"


_LEPTONS = (_GEN_JET, _JET)
_PLANS = (
    Plan("PV", "PV_"),
    Plan("Rho", "Rho_"),
    Plan("Jet", "Jet_", (Truth("GenJet_", 0.4, "genJetIdx"),), (_GEN_MUON, _GEN_ELECTRON, _GEN_TAU)),
    Plan("FatJet", "FatJet_", (Truth("GenJetAK8_", 0.8, "genJetAK8Idx"),), (_GEN_MUON,)),
    Plan("SV", "SV_", (Truth("GenJet_", 0.4),), (_JET,)),
    Plan("Muon", "Muon_", (Truth("GenPart_", 0.1, "genPartIdx", _MUON, _balanced("Muon")),), _LEPTONS),
    Plan(
        "Electron",
        "Electron_",
        (Truth("GenPart_", 0.1, "genPartIdx", _ELECTRON_OR_PHOTON, _balanced("Electron")),),
        _LEPTONS,
    ),
    Plan(
        "Photon",
        "Photon_",
        (Truth("GenPart_", 0.1, "genPartIdx", _ELECTRON_OR_PHOTON, _balanced("Photon")),),
        _LEPTONS,
    ),
    Plan(
        "Tau",
        "Tau_",
        (Truth("GenVisTau_", 0.3), Truth("GenJet_", 0.4)),
        (_GEN_TAU, _GEN_MUON, _GEN_ELECTRON, _JET),
    ),
    Plan("FsrPhoton", "FsrPhoton_", (Truth("GenPart_", 0.1, None, _PHOTON, _balanced("FsrPhoton")),)),
    Plan("IsoTrack", "IsoTrack_", (Truth("GenPart_", 0.1, None, _LEPTON, _balanced("IsoTrack")),), _LEPTONS),
    Plan("PuppiMET", "PuppiMET_", vector="GenMET_", recoil=("Jet_", "GenJet_")),
    Plan("MET", "MET_", vector="GenMET_", recoil=("Jet_", "GenJet_")),
)

NANOAOD = Layout(
    name="NanoAOD",
    tree="Events",
    event=("run", "event"),
    plans=_PLANS,
    events=(
        *("Pileup_nTrueInt", "Pileup_nPU", "Pileup_sumEOOT", "Pileup_sumLOOT", "Pileup_gpudensity"),
        *("GenVtx_z", "GenMET_pt", "GenMET_phi", "LHE_HT"),
    ),
    drawn_events=(
        *("PV_npvs", "PV_npvsGood", "Rho_fixedGridRhoFastjetAll", "Rho_fixedGridRhoAll"),
        *("PuppiMET_pt", "PuppiMET_phi", "PuppiMET_sumEt"),
    ),
    keep=GENERATOR_LEVEL,
    links=(("Muon_jetIdx", "Jet_muonIdx"), ("Electron_jetIdx", "Jet_electronIdx")),
)
