"""Physics lists: one that needs none of Geant4's data sets, and FTFP_BERT where they are installed."""

import ctypes
import os
import sys
import traceback
from types import ModuleType
from typing import Any

from flashsim.errors import FlashSimError
from flashsim.experiments.spectrometer.apparatus import Apparatus
from flashsim.experiments.spectrometer.geant4_library import Physics, Symbols

RANGE_CUT = 1.0  # mm: secondaries that would not fly farther are not made, their energy is deposited
LIMITS = (
    "Not a validated Geant4 reference list: no data sets are used. Bremsstrahlung by the relativistic model "
    "below its range too; hadronic interactions by the Bertini cascade and the Fritiof model as in FTFP_BERT, "
    "but with de-excitation and photon evaporation without level data and without neutron capture; neutrons "
    "are not followed; no elastic scattering of antiprotons on nuclei; no bremsstrahlung and pair production "
    "by muons; the field is By(z) only, with vacuum between the planes."
)

_PARTICLE_FAMILIES = ("Boson", "Lepton", "Meson", "Baryon", "Ion", "ShortLived")
_DECAYING = (
    *("PionPlus", "PionMinus", "PionZero", "KaonPlus", "KaonMinus", "KaonZeroLong", "KaonZeroShort"),
    *("MuonPlus", "MuonMinus", "Lambda", "SigmaPlus", "SigmaMinus", "SigmaZero", "Eta"),
)
_HADRONS = ("PionPlus", "PionMinus", "KaonPlus", "KaonMinus", "Proton", "AntiProton")
_CHARGED_BARYONS = ("Deuteron", "Triton", "SigmaPlus", "SigmaMinus")
_KAONS = (321, -321, 130, 310)
_IONS = ("Alpha", "He3", "GenericIon")
_ELECTROMAGNETIC = 2  # the C++ enumeration G4ProcessType
_STRING = "RK8G4String"
_PARTICLE = "PK20G4ParticleDefinition"


class _Processes:
    """Registers processes with particles through Geant4's physics-list helper."""

    def __init__(self, symbols: Symbols):
        self.symbols = symbols
        get = "_ZN19G4PhysicsListHelper20GetPhysicsListHelperEv"
        self.helper = symbols.call(get, result=ctypes.c_void_p)

    def add(self, process: int, particle: str) -> None:
        symbol = "_ZN19G4PhysicsListHelper15RegisterProcessEP10G4VProcessP20G4ParticleDefinition"
        self.symbols.call(symbol, self.helper, process, self.symbols.particle(particle))

    def named(self, class_name: str, name: str) -> int:
        return self.symbols.new(class_name, _STRING, name)

    def register_all(self) -> None:
        self.symbols.call("_ZN19G4PhysicsListHelper17AddTransportationEv", self.helper)
        self.photons()
        self.electrons()
        self.ionisation()
        self.hadronic()
        decay = self.named("G4Decay", "Decay")
        for particle in _DECAYING:
            self.add(decay, particle)

    def to_all_charged(self, class_name: str, name: str) -> None:
        """An electromagnetic process for all charged particles that are tracked far."""
        process = self.symbols.new(class_name, f"{_STRING}13G4ProcessType", name, _ELECTROMAGNETIC)
        for particle in ("Electron", "Positron", "MuonPlus", "MuonMinus", *_HADRONS):
            self.add(process, particle)

    def photons(self) -> None:
        for class_name, name in (
            ("G4PhotoElectricEffect", "phot"),
            ("G4ComptonScattering", "compt"),
            ("G4GammaConversion", "conv"),
        ):
            signature = f"{_STRING}13G4ProcessType"
            process = self.symbols.new(class_name, signature, name, _ELECTROMAGNETIC)
            self.add(process, "Gamma")

    def electrons(self) -> None:
        for particle in ("Electron", "Positron"):
            self.add(self.named("G4eMultipleScattering", "msc"), particle)
            self.add(self.named("G4eIonisation", "eIoni"), particle)
            # The model that Geant4 uses below 1 GeV reads a data set; the relativistic one does not.
            bremsstrahlung = self.named("G4eBremsstrahlung", "eBrem")
            for _ in range(2):
                model = self.symbols.new("G4eBremsstrahlungRelModel", f"{_PARTICLE}{_STRING}", None, "eBremLPM")
                set_model = "_ZN20G4VEnergyLossProcess10SetEmModelEP10G4VEmModeli"
                self.symbols.call(set_model, bremsstrahlung, model, 0)
            self.add(bremsstrahlung, particle)
        self.add(self.named("G4eplusAnnihilation", "annihil"), "Positron")

    def ionisation(self) -> None:
        for particle in ("MuonPlus", "MuonMinus"):
            self.add(self.named("G4MuMultipleScattering", "muMsc"), particle)
            self.add(self.named("G4MuIonisation", "muIoni"), particle)
        for particle in (*_HADRONS, *_CHARGED_BARYONS):
            self.add(self.named("G4hMultipleScattering", "hMsc"), particle)
            self.add(self.named("G4hIonisation", "hIoni"), particle)
        for particle in _IONS:
            self.add(self.named("G4hMultipleScattering", "ionmsc"), particle)
            self.add(self.named("G4ionIonisation", "ionIoni"), particle)

    def hadronic(self) -> None:
        """As FTFP_BERT: the Bertini cascade below 6 GeV, the Fritiof string model above 3 GeV."""
        elastic = self.named("G4HadronElastic", "hElasticLHEP")
        for particle, family in (("PionPlus", "Pion"), ("PionMinus", "Pion"), ("Proton", "Nucleon")):
            definition = self.symbols.particle(particle)
            name = f"{particle}Inelastic"
            inelastic = self.symbols.new("G4HadronInelasticProcess", f"{_STRING}{_PARTICLE}", name, definition)
            self.build_models(inelastic, "Proton" if family == "Nucleon" else family)
            self.add(inelastic, particle)
            scattering = self.named("G4HadronElasticProcess", "hadElastic")
            cross_section = self.symbols.new(f"G4BGG{family}ElasticXS", _PARTICLE, definition)
            add_cross_section = "_ZN17G4HadronicProcess10AddDataSetEP22G4VCrossSectionDataSet"
            self.symbols.call(add_cross_section, scattering, cross_section)
            add_model = "_ZN17G4HadronicProcess10RegisterMeEP21G4HadronicInteraction"
            self.symbols.call(add_model, scattering, elastic)
            self.add(scattering, particle)
        for group in ("19BuildKaonsFTFP_BERT", "22BuildHyperonsFTFP_BERT", "22BuildAntiLightIonsFTFP"):
            self.symbols.call(f"_ZN17G4HadronicBuilder{group}Ev")  # the last holds antiprotons too
        build_elastic = "_ZN17G4HadronicBuilder12BuildElasticERKSt6vectorIiSaIiEE"
        self.symbols.call(build_elastic, self.symbols.integers(_KAONS))

    def build_models(self, inelastic: int, builder: str) -> None:
        """Give a process FTFP_BERT's models with their ranges of energy, and their cross section."""
        fritiof, cascade = f"G4FTFP{builder}Builder", f"G4Bertini{builder}Builder"
        without_quasi_elastic = None  # a null pointer passes as false
        for name, pointer in (
            (fritiof, self.symbols.new(fritiof, "b", without_quasi_elastic)),
            (cascade, self.symbols.new(cascade, "v")),
        ):
            self.symbols.call(f"_ZN{len(name)}{name}5BuildEP24G4HadronInelasticProcess", pointer, inelastic)


def _or_stop(action: Any) -> None:
    """Run what Geant4 calls back: a Python error that crosses C++ would end the process without a word."""
    try:
        action()
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(70)


def physics_list(geant4: ModuleType, physics: Physics, more: Apparatus | None = None) -> Any:
    """The physics list to hand to Geant4's run manager, with the processes that an experiment adds to it."""
    if physics == "FTFP_BERT":
        if more:
            raise FlashSimError("physics = 'FTFP_BERT' knows the planes only: use 'data-free'")
        return geant4.FTFP_BERT(0)
    symbols = Symbols(geant4)

    class DataFree(geant4.G4VUserPhysicsList):
        def __init__(self) -> None:
            super().__init__()
            self.SetVerboseLevel(0)
            self.SetDefaultCutValue(RANGE_CUT)

        def ConstructParticle(self) -> None:
            _or_stop(self._construct_particles)

        def _construct_particles(self) -> None:
            for family in _PARTICLE_FAMILIES:
                name = f"G4{family}Constructor"
                workspace = symbols.allocate()
                symbols.call(f"_ZN{len(name)}{name}17ConstructParticleEv", workspace)

        def ConstructProcess(self) -> None:
            _or_stop(self._construct_processes)

        def _construct_processes(self) -> None:
            processes = _Processes(symbols)
            processes.register_all()
            if more:
                more.processes(geant4, processes.to_all_charged)

        def SetCuts(self) -> None:
            self.SetCutsWithDefault()

    return DataFree()
