"""The collections of CMS NanoAOD, and what they are learnt from."""

from flashsim.card import GENERATOR_LEVEL
from flashsim.drafts.collections.plan import PART, WHOLE, Layout, Neighbour, Plan, Truth

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


_SV = Neighbour("sv", "SV_", 0.4, ("pt", "mass"), drawn=True)
_MUON_DRAWN = Neighbour("muon", "Muon_", 0.5, ("pt",), drawn=True)
_ELECTRON_DRAWN = Neighbour("electron", "Electron_", 0.2, ("pt",), drawn=True)
_LEPTONS = (_GEN_JET, _JET, _SV)
_RADIATING = (_MUON_DRAWN, _ELECTRON_DRAWN)
_IN_JET = Truth("GenJet_", 0.4, alike=PART)
_PLANS = (
    Plan("PV", "PV_"),
    Plan("Rho", "Rho_"),
    Plan("Jet", "Jet_", (Truth("GenJet_", 0.4, "genJetIdx", alike=WHOLE),), (_GEN_MUON, _GEN_ELECTRON, _GEN_TAU)),
    Plan("FatJet", "FatJet_", (Truth("GenJetAK8_", 0.8, "genJetAK8Idx", alike=WHOLE),), (_GEN_MUON,)),
    Plan("SV", "SV_", (_IN_JET,), (_JET,)),
    Plan("SecondSV", "SV_", (_IN_JET,), (_JET,)),
    Plan("Muon", "Muon_", (Truth("GenPart_", 0.1, "genPartIdx", _MUON, _balanced("Muon")),), _LEPTONS),
    Plan("MuonOfJet", "Muon_", (_IN_JET,), (_GEN_MUON, _JET, _SV)),
    Plan("SecondMuonOfJet", "Muon_", (_IN_JET,), (_GEN_MUON, _JET, _SV)),
    Plan(
        "Electron",
        "Electron_",
        (Truth("GenPart_", 0.1, "genPartIdx", _ELECTRON_OR_PHOTON, _balanced("Electron")),),
        _LEPTONS,
    ),
    Plan("ElectronOfJet", "Electron_", (_IN_JET,), (_GEN_ELECTRON, _JET, _SV)),
    Plan("SecondElectronOfJet", "Electron_", (_IN_JET,), (_GEN_ELECTRON, _JET, _SV)),
    Plan(
        "Photon",
        "Photon_",
        (Truth("GenPart_", 0.1, "genPartIdx", _ELECTRON_OR_PHOTON, _balanced("Photon")),),
        (_GEN_JET, _JET, _ELECTRON_DRAWN),
    ),
    Plan("PhotonOfJet", "Photon_", (_IN_JET,), (_GEN_ELECTRON, _JET, _ELECTRON_DRAWN)),
    Plan(
        "Tau",
        "Tau_",
        (Truth("GenVisTau_", 0.3, alike=WHOLE), Truth("GenJet_", 0.4)),
        (_GEN_TAU, _GEN_MUON, _GEN_ELECTRON, _JET),
    ),
    Plan("TauOfJet", "Tau_", (Truth("GenJet_", 0.4),), (_GEN_MUON, _GEN_ELECTRON, _JET)),
    Plan("FsrPhoton", "FsrPhoton_", (Truth("GenPart_", 0.1, None, _PHOTON, _balanced("FsrPhoton")),), _RADIATING),
    Plan("FsrPhotonOfMuon", "FsrPhoton_", (Truth("GenPart_", 0.5, None, _MUON, alike=PART),), _RADIATING),
    Plan("IsoTrack", "IsoTrack_", (Truth("GenPart_", 0.1, None, _LEPTON, _balanced("IsoTrack")),), (_GEN_JET, _JET)),
    Plan("IsoTrackOfTau", "IsoTrack_", (Truth("GenVisTau_", 0.1, alike=PART),), (_JET,)),
    Plan("IsoTrackOfJet", "IsoTrack_", (_IN_JET,), (_GEN_TAU, _JET)),
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
    links=(
        ("Muon_jetIdx", "Jet_muonIdx"),
        ("Electron_jetIdx", "Jet_electronIdx"),
        ("Photon_electronIdx", "Electron_photonIdx"),
        ("FsrPhoton_muonIdx", "Muon_fsrPhotonIdx"),
        ("FsrPhoton_electronIdx", "Electron_fsrPhotonIdx"),
    ),
)
