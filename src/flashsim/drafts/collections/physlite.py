"""The collections of ATLAS PHYSLITE, and what they are learnt from: what of it is numbers."""

from flashsim.drafts.collections.plan import PART, WHOLE, Layout, Plan, Truth

_JETS = "AntiKt4TruthDressedWZJetsAux"
_FAT_JETS = "AntiKt10TruthSoftDropBeta100Zcut10JetsAux"
_TAGGING = ("BTagging_AntiKt4EMPFlowAuxDyn.",)
_IN_JET = Truth(f"{_JETS}.", 0.4, also=(f"{_JETS}Dyn.",), alike=PART)


def _leptons(name: str, radius: float, kind: str) -> tuple[Truth, ...]:
    """Leptons with the photons near them, or the visible part of their decay; their own momenta are Cartesian."""
    return (Truth(f"Truth{name}AuxDyn.", radius, pt=f"pt_{kind}", eta=f"eta_{kind}", phi=f"phi_{kind}"),)


PHYSLITE = Layout(
    name="PHYSLITE",
    tree="CollectionTree",
    event=("EventInfoAuxDyn.runNumber", "EventInfoAuxDyn.eventNumber"),
    plans=(
        Plan("Density", "Kt4EMPFlowEventShapeAuxDyn."),
        Plan(
            "Jet",
            "AnalysisJetsAuxDyn.",
            (Truth(f"{_JETS}.", 0.3, also=(f"{_JETS}Dyn.",), alike=WHOLE),),
            also=_TAGGING,
        ),
        # Prompt electrons are no part of the truth jets, but jets to the reconstruction.
        Plan("JetOfElectron", "AnalysisJetsAuxDyn.", _leptons("Electrons", 0.3, "dressed"), also=_TAGGING),
        Plan(
            "FatJet",
            "AnalysisLargeRJetsAuxDyn.",
            (Truth(f"{_FAT_JETS}.", 0.8, also=(f"{_FAT_JETS}Dyn.",), alike=WHOLE),),
        ),
        Plan("Muon", "AnalysisMuonsAuxDyn.", _leptons("Muons", 0.1, "dressed")),
        Plan("MuonOfJet", "AnalysisMuonsAuxDyn.", (_IN_JET,)),
        Plan("Electron", "AnalysisElectronsAuxDyn.", _leptons("Electrons", 0.1, "dressed")),
        Plan("ElectronOfJet", "AnalysisElectronsAuxDyn.", (_IN_JET,)),
        Plan("Photon", "AnalysisPhotonsAuxDyn.", (Truth("TruthPhotonsAuxDyn.", 0.1),)),
        Plan("PhotonOfJet", "AnalysisPhotonsAuxDyn.", (_IN_JET,)),
        Plan(
            "Tau",
            "AnalysisTauJetsAuxDyn.",
            (*_leptons("Taus", 0.3, "vis"), Truth(f"{_JETS}.", 0.4, also=(f"{_JETS}Dyn.",))),
        ),
        Plan("TauOfElectron", "AnalysisTauJetsAuxDyn.", _leptons("Electrons", 0.3, "dressed")),
        Plan("TauOfJet", "AnalysisTauJetsAuxDyn.", (Truth(f"{_JETS}.", 0.4, also=(f"{_JETS}Dyn.",)),)),
    ),
    events=(
        "EventInfoAuxDyn.averageInteractionsPerCrossing",
        "EventInfoAuxDyn.actualInteractionsPerCrossing",
    ),
    keep=(
        *("EventInfoAuxDyn.mc*", "EventInfoAuxDyn.actual*", "EventInfoAuxDyn.average*"),
        *("Truth*", "AntiKt4Truth*", "AntiKt10Truth*"),
    ),
    momentum="MeV",
    length="mm",
    momenta=("ptcone", "ptvarcone", "topoetcone", "neflowisol", "InnerDetectorPt", "MuonSpectrometerPt", "EnergyLoss"),
)
