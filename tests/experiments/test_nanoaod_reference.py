"""Events like NanoAOD in bulk: the same bytes from any workers, and a law for each quantity.

A sample of 300 events is made once, by two processes (about 20 s of CPU, most of it Pythia).
"""

from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot
from extras import needs_jets

from flashsim.errors import FlashSimError
from flashsim.events.pairs import wrapped
from flashsim.experiments.cms_nanoaod import (
    particles,
    pileup,
    processes,
    recipe,
    scores,
    towers,
    truth,
    whole_events,
)
from flashsim.experiments.cms_nanoaod.candidates import Candidates
from flashsim.experiments.cms_nanoaod.clustering import RADIUS, Ghosts, cluster, flavours
from flashsim.experiments.cms_nanoaod.jets import areas
from flashsim.experiments.cms_nanoaod.kinematics import four_momenta
from flashsim.experiments.cms_nanoaod.record import Record, joined
from flashsim.experiments.cms_nanoaod.reference import make_jets, write_nanoaod
from flashsim.experiments.production import produce

pytestmark = needs_jets
EVENTS, SEED = 300, 4
RECIPE = recipe.NanoEvents(SEED, pool=100)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("nano") / "nano.root"
    return produce(RECIPE, EVENTS, output, seed=SEED, workers=2, progress=False, write=write_nanoaod)


@pytest.fixture(scope="module")
def events(sample: Path) -> ak.Array:
    with uproot.open(sample) as file:
        return file["Events"].arrays()


def column(events: ak.Array, name: str) -> np.ndarray:
    return ak.to_numpy(ak.flatten(events[name]))


def generated(events: ak.Array, name: str) -> ak.Array:
    """A column of the generated jet of each reconstructed one that has any."""
    place = events["Jet_genJetIdx"]
    return events[f"GenJet_{name}"][place[place >= 0]]


def test_the_names_and_types_are_those_of_nanoaod(sample: Path):
    with uproot.open(sample) as file:
        tree = file["Events"]
        types = {name: branch.typename for name, branch in tree.items()}
    for name, kind in (
        ("run", "int32_t"),
        ("event", "int64_t"),
        ("genWeight", "float"),
        ("Pileup_nTrueInt", "float"),
        ("Pileup_nPU", "int32_t"),
        ("PV_npvs", "int32_t"),
        ("Rho_fixedGridRhoFastjetAll", "float"),
        ("GenPart_pdgId", "int32_t[]"),
        ("GenPart_statusFlags", "int32_t[]"),
        ("GenJet_hadronFlavour", "uint8_t[]"),
        ("GenJet_partonFlavour", "int16_t[]"),
        ("Jet_pt", "float[]"),
        ("Jet_genJetIdx", "int32_t[]"),
        ("Jet_nConstituents", "uint8_t[]"),
        ("Muon_jetIdx", "int32_t[]"),
        ("Electron_genPartIdx", "int32_t[]"),
        ("PuppiMET_pt", "float"),
    ):
        assert types[name] == kind, name
    for name, branch in types.items():
        if branch.endswith("[]"):
            assert f"n{name.partition('_')[0]}" in types


def test_a_chunk_is_the_same_in_a_process_that_made_no_other(sample: Path):
    """The last of three chunks, which were made by two processes, is made here as the first one."""
    seeds = np.random.SeedSequence([SEED, 2]).generate_state(3).tolist()
    columns, _ = RECIPE.make(200, 100, tuple(seeds))
    with uproot.open(sample) as file:
        tree = file["Events"]
        assert tree["event"].array(entry_start=200).to_list() == list(range(200, 300))
        for name, values in columns.items():
            assert tree[name].array(entry_start=200).to_list() == values.tolist(), name


def test_links_are_valid_and_partners_close(events: ak.Array):
    for name, target in (
        ("Jet_genJetIdx", "GenJet_pt"),
        ("Muon_genPartIdx", "GenPart_pt"),
        ("Muon_jetIdx", "Jet_pt"),
        ("Electron_jetIdx", "Jet_pt"),
        ("GenPart_genPartIdxMother", "GenPart_pt"),
    ):
        assert ak.all(events[name] >= -1), name
        assert ak.all(events[name] < ak.num(events[target])), name
    place = events["Jet_genJetIdx"]
    matched = place[place >= 0]
    assert all(len(set(one)) == len(one) for one in ak.to_list(matched))
    deta = events["Jet_eta"][place >= 0] - generated(events, "eta")
    apart = ak.flatten(events["Jet_phi"][place >= 0] - generated(events, "phi"))
    dphi = wrapped(ak.to_numpy(apart).astype(np.float64))
    assert np.hypot(ak.to_numpy(ak.flatten(deta)), dphi).max() < RADIUS + 0.01  # stored with 11 bits
    muon = events["Muon_genPartIdx"]
    assert ak.all(abs(events["GenPart_pdgId"][muon[muon >= 0]]) == 13)
    ratio = events["Muon_pt"][muon >= 0] / events["GenPart_pt"][muon[muon >= 0]]
    assert np.median(ak.to_numpy(ak.flatten(ratio))) == pytest.approx(1, abs=0.005)


def test_shares_of_energy_add_up_and_flags_follow_from_scores(events: ak.Array):
    shares = [column(events, f"Jet_{name}") for name in ("chHEF", "neHEF", "chEmEF", "neEmEF", "muEF")]
    np.testing.assert_allclose(np.sum(shares, axis=0), 1, atol=1e-3)
    assert np.min(shares) >= 0
    assert np.array_equal(column(events, "Jet_muEF") > 0, column(events, "Jet_nMuons") > 0)
    disc = column(events, "Jet_puIdDisc")
    assert np.array_equal(column(events, "Jet_puId"), scores.pileup_flags(disc.astype(np.float64)))
    forward = np.abs(column(events, "Jet_eta")) > particles.TRACKER_ETA + RADIUS
    assert np.all(column(events, "Jet_btagDeepFlavB")[forward] == scores.NO_SCORE)
    assert np.all(column(events, "Jet_chHEF")[forward] == 0)


def test_the_response_is_what_the_readme_says(events: ak.Array):
    """The median is 1 where jets are hard, and the width falls as noise ⊕ stochastic ⊕ constant."""
    ratio = column(events, "Jet_pt")[column(events, "Jet_genJetIdx") >= 0] / ak.to_numpy(
        ak.flatten(generated(events, "pt"))
    )
    pt, eta = (ak.to_numpy(ak.flatten(generated(events, name))) for name in ("pt", "eta"))
    for low, high, width in ((30, 50, 0.125), (50, 100, 0.09), (100, 300, 0.065)):
        some = ratio[(pt > low) & (pt < high) & (np.abs(eta) < 2.5)]
        lower, middle, upper = np.percentile(some, [16, 50, 84])
        assert middle == pytest.approx(1, abs=0.02 + 3 * 1.25 * width / np.sqrt(len(some)))
        assert (upper - lower) / 2 == pytest.approx(width, rel=0.2 + 3 * 1.3 / np.sqrt(len(some)))
    matched = column(events, "Jet_genJetIdx") >= 0
    soft = column(events, "Jet_pt") < 50
    assert np.mean(column(events, "Jet_puIdDisc")[matched & soft]) > np.mean(
        column(events, "Jet_puIdDisc")[~matched & soft]
    )


def test_jets_of_bottom_are_tagged_and_found_in_top_events(events: ak.Array):
    flavour, pt = column(events, "Jet_hadronFlavour"), column(events, "Jet_pt")
    some = (pt > 30) & (np.abs(column(events, "Jet_eta")) < 2.4)
    score = column(events, "Jet_btagDeepFlavB")
    cut = np.quantile(score[some & (flavour == 0)], 0.99)
    passed = {name: np.mean(score[some & (flavour == name)] > cut) for name in (5, 4, 0)}
    assert passed[5] > 0.65
    assert passed[5] > 2 * passed[4] > 4 * passed[0]


def test_missing_momentum_is_that_of_neutrinos_and_a_resolution(events: ak.Array):
    """Each component is unbiased; with PUPPI it is measured better than without."""
    widths = {}
    for name in ("MET", "PuppiMET"):
        parts = []
        for function in (np.cos, np.sin):
            truth_part = events["GenMET_pt"] * function(events["GenMET_phi"])
            parts.append(ak.to_numpy(events[f"{name}_pt"] * function(events[f"{name}_phi"]) - truth_part))
        off = np.concatenate(parts)
        widths[name] = 1.48 * np.median(np.abs(off))
        assert abs(np.mean(off)) < 4 * off.std() / np.sqrt(len(off))
    assert widths["PuppiMET"] < widths["MET"] < 40


def test_pile_up_makes_vertices_density_and_unmatched_jets(events: ak.Array):
    number = ak.to_numpy(events["Pileup_nPU"])
    assert number.mean() == pytest.approx(pileup.MEAN, rel=0.1)
    many = number > np.median(number)
    for name in ("PV_npvs", "Rho_fixedGridRhoFastjetAll"):
        values = ak.to_numpy(events[name])
        assert np.corrcoef(number, values)[0, 1] > 0.8, name
    unmatched = ak.to_numpy(ak.sum(events["Jet_genJetIdx"] < 0, axis=1))
    assert unmatched[many].mean() > 1.5 * unmatched[~many].mean() > 0


def test_a_soft_particle_goes_to_the_jet_that_its_area_says():
    """Two jets 0.5 apart: the harder one takes most of the lens, as fastjet finds with soft particles."""
    pt, eta, phi = np.array([100.0, 50.0]), np.array([0.0, 0.5]), np.array([0.3, 0.3])
    random = np.random.default_rng(0)
    ghost = [random.uniform(-0.5, 1.0, 3000), random.uniform(-0.3, 0.9, 3000)]
    none = Ghosts(*(np.zeros(0, dtype=np.int64),) * 2, np.zeros((0, 4)), *(np.zeros(0, dtype=np.int64),) * 2)
    momentum = np.concatenate([four_momenta(pt, eta, phi), four_momenta(np.full(3000, 1e-12), *ghost)])
    jets = cluster(np.zeros(len(momentum), dtype=np.int64), momentum, none, 1, 10.0)
    counted = np.bincount(jets.owner, minlength=2) - 1
    measured = counted / 3000 * 1.5 * 1.2
    np.testing.assert_allclose(areas(jets, 1), measured, atol=4 * 0.5 / np.sqrt(counted.min()))
    assert areas(jets, 1)[1] < areas(jets, 1)[0] < np.pi * RADIUS**2


def test_flavours_take_bottom_first_and_then_the_hardest_parton():
    momentum = four_momenta(np.array([5.0, 40.0, 20.0, 3.0]), np.zeros(4), np.zeros(4))
    ghosts = Ghosts(
        np.arange(4), np.zeros(4, dtype=np.int64), momentum, np.array([5, 0, 0, 0]), np.array([0, 21, -2, -5])
    )
    member, owner = np.array([0, 1, 2, 3, 1, 2]), np.array([0, 0, 0, 0, 1, 1])
    hadron, parton = flavours(ghosts, member, owner, 3)
    assert hadron.tolist() == [5, 0, 0]
    assert parton.tolist() == [-5, 21, 0]


def test_towers_keep_energy_and_know_what_tracks_explain():
    """Photons far apart come back with their energies; of a tracked hadron nothing is left on average."""
    random = np.random.default_rng(1)
    n = 4000
    eta, phi, energy = random.uniform(-1, 1, n), random.uniform(-3, 3, n), np.full(n, 50.0)
    nothing = np.zeros(n)
    photons = particles.Deposits(np.arange(n), eta, phi, energy, nothing, nothing, nothing)
    found = towers.neutrals(towers.summed(towers.entries_of(photons)), random)
    assert len(found.pt) == n
    width = particles.electromagnetic_resolution(np.array(50.0), np.array(0.0))
    assert np.mean(found.pt * np.cosh(found.eta)) == pytest.approx(50, rel=4 * float(width) / np.sqrt(n))
    assert np.abs(found.eta - eta).max() < 0.03
    hadrons = particles.Deposits(np.arange(n), eta, phi, nothing, energy, nothing, energy)
    left = towers.neutrals(towers.summed(towers.entries_of(hadrons)), random)
    # An excess of 1.5 σ of a log-normal happens in about 7 % of the cases.
    assert len(left.pt) / n == pytest.approx(0.07, abs=0.02)


def test_puppi_keeps_what_is_near_the_vertex_and_drops_the_rest():
    """A neutral candidate beside a hard track of the main vertex, one beside tracks of pile-up."""
    random = np.random.default_rng(2)
    eta, phi = random.uniform(-2, 2, 400), random.uniform(-3, 3, 400)
    spread = (np.full(400, 0.8), eta, phi, np.ones(400, dtype=np.int64), np.zeros(400, dtype=bool))
    near = (
        np.array([30.0, 8.0, 8.0]),
        np.array([0.0, 0.1, 0.0]),
        np.array([0.0, 0.1, 2.0]),
        np.array([1, 0, 0]),
        np.array([True, True, True]),
    )
    pt, eta, phi, charge, main = (np.concatenate(parts) for parts in zip(spread, near, strict=True))
    n = len(pt)
    zero = np.zeros(n, dtype=np.int64)
    made = Candidates(zero, zero, np.where(charge == 0, 3, 0), pt, eta, phi, charge, pt * 0, pt * 0 + 1, main)
    weight = whole_events.puppi(made, np.array([10]), 1)
    assert np.all(weight[:400] == 0)
    assert weight[400] == 1
    assert weight[401] > 0.9
    assert weight[402] < 0.5


def test_events_of_parts_are_put_in_order_with_their_mothers():
    def part(pdg: list[int], mother: list[int], offsets: list[int]) -> Record:
        n = len(pdg)
        return Record(
            np.array(offsets),
            np.arange(len(offsets) - 1, dtype=np.float64) + pdg[0],
            np.array(pdg),
            np.ones(n, dtype=np.int64),
            np.array(mother),
            np.zeros((n, 4)),
            np.zeros(n),
            np.zeros((n, 3)),
        )

    first, second = part([1, 2, 3], [-1, 0, -1], [0, 2, 3]), part([7, 8], [-1, 0], [0, 2])
    both = joined([first, second], np.array([2, 0, 1]))
    assert both.pdg.tolist() == [7, 8, 1, 2, 3]
    assert both.mother.tolist() == [-1, 0, -1, 2, -1]
    assert both.offsets.tolist() == [0, 2, 4, 5]
    assert both.weight.tolist() == [7, 1, 2]


def test_status_flags_follow_the_chain_of_mothers():
    """A hard W, its copy, its muon, and a muon of a B meson."""
    record = Record(
        np.array([0, 6]),
        np.ones(1),
        np.array([24, 24, -13, 5, 511, 13]),
        np.array([-22, -62, 1, -23, -83, 1]),
        np.array([-1, 0, 1, -1, 3, 4]),
        np.full((6, 4), 10.0),
        np.zeros(6),
        np.zeros((6, 3)),
    )
    bits = {name: (truth.status_flags(record) >> bit & 1).astype(bool).tolist() for name, bit in truth.FLAGS.items()}
    assert bits["isPrompt"] == [True, True, True, True, False, False]
    assert bits["isHardProcess"] == [True, False, False, True, False, False]
    assert bits["fromHardProcess"] == [True, True, False, True, False, False]
    assert bits["isLastCopy"] == [False, True, True, True, True, True]
    assert bits["isDirectHadronDecayProduct"] == [False] * 5 + [True]
    kept = truth.kept_particles(record, truth.status_flags(record))
    assert truth.kept_mother(record, kept).tolist() == [-1, 0, 1, -1, 3, 4]


def test_a_process_that_is_not_known_is_refused_by_name(tmp_path: Path):
    with pytest.raises(FlashSimError, match=r"'ttbat' is unknown.*ttbar"):
        make_jets(1, tmp_path / "x.root", processes=["ttbat"], progress=False)
    (tmp_path / "there.root").touch()
    with pytest.raises(FlashSimError, match="exists"):
        make_jets(1, tmp_path / "there.root", progress=False)
    assert sum(processes.MIXTURE.values()) == pytest.approx(1)
    assert recipe.NanoEvents().describe()["experiment"] == "cms_nanoaod"
