"""The collections of ATLAS PHYSLITE, and what they are learnt from: what of it is numbers."""

from flashsim.drafts.collections.plan import Layout, Neighbour, Plan, Truth

_JETS = "AntiKt4TruthDressedWZJetsAux"
_FAT_JETS = "AntiKt10TruthSoftDropBeta100Zcut10JetsAux"
_DRESSED = {"eta": "eta_dressed", "phi": "phi_dressed", "pt": "pt_dressed"}
_VISIBLE = {"eta": "eta_vis", "phi": "phi_vis", "pt": "pt_vis"}

PHYSLITE = Layout(
    name="PHYSLITE",
    tree="CollectionTree",
    event=("EventInfoAuxDyn.runNumber", "EventInfoAuxDyn.eventNumber"),
    plans=(
        Plan("Density", "Kt4EMPFlowEventShapeAuxDyn."),
        Plan(
            "Jet",
            "AnalysisJetsAuxDyn.",
            (Truth(f"{_JETS}.", 0.3, also=(f"{_JETS}Dyn.",)),),
            also=("BTagging_AntiKt4EMPFlowAuxDyn.",),
        ),
        Plan("FatJet", "AnalysisLargeRJetsAuxDyn.", (Truth(f"{_FAT_JETS}.", 0.8, also=(f"{_FAT_JETS}Dyn.",)),)),
        Plan("Muon", "AnalysisMuonsAuxDyn.", (Truth("TruthMuonsAuxDyn.", 0.1, **_DRESSED),)),
        Plan("Electron", "AnalysisElectronsAuxDyn.", (Truth("TruthElectronsAuxDyn.", 0.1, **_DRESSED),)),
        Plan("Photon", "AnalysisPhotonsAuxDyn.", (Truth("TruthPhotonsAuxDyn.", 0.1),)),
        Plan("Tau", "AnalysisTauJetsAuxDyn.", (Truth("TruthTausAuxDyn.", 0.3, **_VISIBLE), Truth(f"{_JETS}.", 0.4, also=(f"{_JETS}Dyn.",)))),
    ),
    events=(
        "EventInfoAuxDyn.averageInteractionsPerCrossing",
        "EventInfoAuxDyn.actualInteractionsPerCrossing",
    ),
    momentum="MeV",
    length="mm",
    momenta=("ptcone", "ptvarcone", "topoetcone", "neflowisol", "InnerDetectorPt", "MuonSpectrometerPt", "EnergyLoss"),
)
