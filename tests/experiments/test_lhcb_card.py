"""The card of identification: it closes on its sample, and the defects of peers are not in it."""

from pathlib import Path

import numpy as np
import pytest
from extras import needs_geant4
from scipy.stats import spearmanr

from flashsim.card import Card, read_card
from flashsim.events import EventBatch, read_events
from flashsim.experiments import lhcb, spectrometer
from flashsim.experiments.lhcb.geometry import RADIATORS, geometry_hash
from flashsim.experiments.lhcb.optics import detected_photons
from flashsim.experiments.lhcb.reference import make_reference
from flashsim.experiments.lhcb.rich import path_lengths
from flashsim.experiments.production import read_provenance
from flashsim.experiments.spectrometer.decays import DECAYS_PER_EVENT
from flashsim.experiments.spectrometer.propagation import propagate
from flashsim.stages import Namespace
from flashsim.training import check_closure, read_sample, reference_sources

SAMPLE = Path(lhcb.CARD).parent / "sample"


@pytest.fixture(scope="module")
def card() -> Card:
    return read_card(lhcb.CARD)


@pytest.fixture(scope="module")
def batch(card: Card) -> EventBatch:
    return read_sample(card, "validation")


@pytest.fixture(scope="module")
def sample(card: Card, batch: EventBatch) -> Namespace:
    return Namespace(card, batch)


def test_the_sample_says_how_it_was_made_and_is_small():
    for part in ("train", "validation", "test", "forward_guns", "electron_gun"):
        provenance = read_provenance(SAMPLE / f"{part}.parquet")
        assert provenance["experiment"] == "lhcb"
        assert provenance["geometry_sha256"] == geometry_hash()
    assert sum(path.stat().st_size for path in SAMPLE.glob("*.parquet")) < 14.5e6


def test_the_card_closes_on_its_sample(card: Card, batch: EventBatch):
    check_closure(card, batch)


def test_the_charged_chain_is_the_spectrometers(card: Card):
    chain = read_card(spectrometer.CARD).stages
    own = card.stages[: len(chain)]
    assert [stage.model_copy(update={"training": was.training}) for stage, was in zip(own, chain, strict=True)] == list(
        chain
    )


def test_every_stage_has_something_to_learn_and_a_gate(card: Card, sample: Namespace):
    for stage in card.stages:
        assert sample.selected(stage.where).sum() > 20, stage.name
        assert stage.name in card.gates, stage.name


def test_the_multiplicity_is_one_number_an_event(card: Card, batch: EventBatch, sample: Namespace):
    """A peer draws another number of tracks for each track of an event."""
    n_tracks = sample["n_tracks"]
    counts = np.add.reduceat(sample["track_type"] > 0, batch.offsets[:-1][np.diff(batch.offsets) > 0])
    np.testing.assert_array_equal(n_tracks, np.repeat(counts, np.diff(batch.offsets)[np.diff(batch.offsets) > 0]))
    names = ("rich", "is_muon", "muon_likelihoods", "calorimeter", "has_bremsstrahlung", "prob_nn", "cluster", "photon")
    for name in names:
        assert any("n_tracks" in given for given in card.stage(name).given), name


def test_photons_that_share_cells_have_what_the_other_lacks(sample: Namespace):
    """What makes the second photon a stage of its own: elsewhere two photons of a pion do not know of each other."""
    chosen = sample.selected("photon & of_pion & (has_cluster > 0) & ~bent")
    rows = np.flatnonzero(chosen)
    key = sample.batch.event_index[rows] * 1000 + sample["mother"][rows]
    rows = rows[np.argsort(key, kind="stable")]
    key = np.sort(key)
    first = np.flatnonzero(key[1:] == key[:-1])
    pairs = np.stack([rows[first], rows[first + 1]])
    excess = np.log(sample["cluster_energy"][pairs] / sample["p"][pairs])
    shares = sample["shares"][pairs[0]]
    assert shares.sum() > 50
    assert spearmanr(*excess[:, shares]).statistic < -0.3
    assert abs(spearmanr(*excess[:, ~shares]).statistic) < 0.2
    total = sample["cluster_energy"][pairs].sum(axis=0) / sample["p"][pairs].sum(axis=0)
    assert np.median(np.abs(total - 1)[shares]) < 0.5 * np.median(np.abs(excess[0])[shares])


def test_no_likelihood_is_below_what_a_hypothesis_expects(sample: Namespace):
    """Without light near a ring it is minus the photons expected: an edge with a spike."""
    dark = sample.selected("found & ~lit & (abs(pid) != 11)")
    above = (sample["rich_dll_e"] + sample["e_light"])[dark]
    assert np.mean(above > -0.1) > 0.9
    assert np.mean(np.abs(above) < 0.1) > 0.03  # a spike, where a unit of the continuum's 30 has a hundredth


def test_is_muon_is_not_passed_as_a_charge(card: Card, sample: Namespace):
    """A peer fills the condition `charge` with isMuon."""
    assert set(np.unique(sample["q"][sample.selected("found")])) == {-1.0, 1.0}
    for name in ("rich", "is_muon", "muon_likelihoods", "calorimeter"):
        assert "q" in card.stage(name).given, name
    assert "muon_flag" in card.stage("prob_nn").given
    assert "is_muon" not in card.stage("is_muon").given


def test_muon_likelihoods_exist_where_is_muon_and_nowhere_else(card: Card, sample: Namespace):
    muon = sample["is_muon"] > 0
    assert muon.any()
    for name in ("muon_mu_ll", "muon_bkg_ll"):
        np.testing.assert_array_equal(sample[name] != 0, muon)
    assert not (muon & ~sample.selected(card.stage("is_muon").where)).any()
    assert not (muon & ~sample.selected(card.stage("muon_likelihoods").where)).any()


def test_what_no_stage_has_drawn_shows_no_truth(card: Card, batch: EventBatch):
    """Neither the generator's truth nor half a probability stands where there is no track or cluster."""
    drawn: dict[str, np.ndarray] = {}
    for stage in card.stages:
        missing = 0.0 if stage.kind == "category" else np.nan
        drawn |= {name: np.full(batch.n_objects, missing) for name in stage.predicted_names}
    truth = {name: values for name, values in batch.columns.items() if name in card.columns}
    empty = Namespace(card, EventBatch(run=batch.run, event=batch.event, offsets=batch.offsets, columns=truth))
    empty.attach(drawn)
    for name, column in card.reconstructed.items():
        if column.formula is not None:
            assert not np.nan_to_num(empty[name]).any(), name


def test_identification_does_not_ask_for_what_an_upstream_track_has_not(card: Card, batch: EventBatch):
    """What a stage has not drawn is not a number: later stages and formulas must not read it."""
    sample = Namespace(card, batch)
    upstream = sample.selected("found & (track_type == 2)")
    names = ("muon_mu_ll", "muon_bkg_ll", "e_over_p", "compact")
    sample.attach({name: np.where(upstream, np.nan, sample[name]) for name in names})
    for text in (*card.stage("prob_nn").given, "pid_e", "pid_mu"):
        if text not in card.categories:
            expression = (card.reconstructed[text].formula if text in card.reconstructed else None) or text
            values = sample.evaluate(expression)[upstream]
            assert np.isfinite(values.astype(float)).all(), text


def test_paths_and_photons_are_those_of_the_radiators(sample: Namespace):
    chosen = sample.selected("crosses_dipole & (p > 5)")
    state = np.stack([sample[name][chosen] for name in ("vx", "vy", "tx", "ty")], axis=1)
    state = np.column_stack([state, (sample["q"] / sample["p"])[chosen]])
    state[:, :2] -= sample["vz"][chosen][:, None] * state[:, 2:4]
    for radiator, name in zip(RADIATORS, ("1", "2"), strict=True):
        there = propagate(state, 0.0, radiator.middle)
        length = path_lengths(*there[:, :4].T.copy(), radiator)
        difference = sample[f"path{name}"][chosen] - length
        # whoever is born in or behind the radiator has less; edges are crossed by the bend and by Monte Carlo steps
        clear = (length > 0) & (sample["vz"][chosen] < 900)
        assert np.quantile(np.abs(difference[clear]), 0.9) < 0.05 * (radiator.end - radiator.start)
        expected = detected_photons(sample["beta"][chosen], sample[f"path{name}"][chosen], radiator.gas)
        np.testing.assert_allclose(sample[f"photons{name}"][chosen], expected, rtol=2e-3, atol=2e-2)


def test_each_species_is_told_from_pions_by_its_own_likelihood(sample: Namespace):
    tracks = sample.selected("found & (track_type == 1) & (12 < p < 40)")
    pion = tracks & sample.selected("abs(pid) == 211")
    for name, pid, cut in (("pid_k", 321, 0.9), ("pid_p", 2212, 0.9), ("pid_e", 11, 0.85)):
        other = tracks & sample.selected(f"abs(pid) == {pid}")
        assert np.mean(sample[name][other] > 0) > cut - 0.1, name
        assert np.mean(sample[name][pion] > 0) < 0.2, name
    inside = sample.selected("(muon_inside > 0) & (rec_p > 5)")
    assert np.mean(sample["is_muon"][inside & sample.selected("abs(pid) == 13")]) > 0.9
    assert np.mean(sample["is_muon"][inside & sample.selected("abs(pid) == 211")]) < 0.06


def test_what_a_likelihood_is_on_average_follows_from_the_angles(sample: Namespace):
    """Light at the angle of a hypothesis speaks for it; so does light that is missing below its threshold."""
    tracks = sample.selected("found & (track_type == 1) & (3 < p < 60) & (path1 > 800) & (path2 > 1500)")
    for name, pid in (("k", 321), ("p", 2212)):
        expected = sample.evaluate(f"{name}_mean")
        measured = sample[f"rich_dll_{name}"]
        for species, sign in ((pid, 1), (211, -1)):
            chosen = tracks & sample.selected(f"abs(pid) == {species}")
            assert (sign * expected[chosen] >= 0).mean() > 0.97, (name, species)
            assert np.corrcoef(expected[chosen], measured[chosen])[0, 1] > 0.5, (name, species)


def test_without_light_no_hypothesis_is_preferred(sample: Namespace):
    """Below the threshold of pions (muons) nothing as heavy shines: an exact 0, which no stage has to learn."""
    for condition, names in (("lit", ("rich_dll_k", "rich_dll_p")), ("lit_mu", ("rich_dll_mu",))):
        dark = sample.selected(f"found & ~{condition}")
        bright = sample.selected(f"found & {condition}")
        assert dark.sum() > 500
        for name in names:
            assert not sample[name][dark].any(), name
            assert np.mean(sample[name][bright] != 0) > 0.98, name
    heavy = sample.selected("found & ~lit_k")
    np.testing.assert_array_equal(sample["rich_dll_p"][heavy], sample["rich_dll_k"][heavy])


def test_numbers_of_one_rich_alone_follow_from_its_likelihoods(sample: Namespace):
    upstream = sample.selected("found & (track_type == 2)")
    for name in ("e", "mu", "pi", "k", "p"):
        difference = sample.evaluate(f"log(prob_nn_{name} / (1 - prob_nn_{name})) - guess_{name}")[upstream]
        assert np.quantile(np.abs(difference), 0.99) < 0.02, name


def test_the_dipole_moves_converted_photons_by_its_kick(sample: Namespace):
    bent = sample.selected("photon & bent & (cluster_energy > 1)")
    kick = np.abs(sample["moved"][bent]) / 7500
    assert 0.85 < (kick > 0.5).mean() < 1
    assert np.median(kick[kick > 0.5]) == pytest.approx(1.2, abs=0.05)


def test_two_photons_of_a_pion_have_its_mass(sample: Namespace):
    pair = sample.selected("of_pion")
    assert pair.sum() > 100
    np.testing.assert_allclose(np.sqrt(np.maximum(sample["m2_two"], 0))[pair], 0.135, atol=0.01)
    np.testing.assert_array_equal(sample["separation"][~pair], 3000)
    assert not (sample.selected("in_merged") & sample.selected("has_cluster > 0")).any()


@needs_geant4
def test_a_new_sample_is_read_by_the_card(card: Card, tmp_path: Path):
    path = make_reference(2, tmp_path / "sample.parquet", seed=3, workers=1, progress=False)
    assert read_provenance(path)["geometry_sha256"] == geometry_hash()
    events = EventBatch.concatenate(list(read_events(path, reference_sources(card))))
    fresh = Namespace(card, events)
    tracks = fresh["track_type"] > 0
    assert tracks.sum() > 5
    assert (np.abs(fresh["rich_dll_e"][tracks]) > 0).mean() > 0.9
    pions = np.flatnonzero(fresh["pid"] == 111)
    photons = np.flatnonzero(fresh["mother"] >= 0)
    assert len(photons) == 2 * len(pions)
    np.testing.assert_array_equal(
        events.offsets[events.event_index[photons]] + fresh["mother"][photons], np.repeat(pions, 2)
    )
    assert fresh["has_cluster"].any()


@needs_geant4
def test_the_daughters_of_decays_go_through_all_detectors(card: Card, tmp_path: Path):
    path = make_reference(2, tmp_path / "decays.parquet", seed=3, decays=["bjpsik"], workers=1, progress=False)
    provenance = read_provenance(path)
    assert provenance["decays"] == ["bjpsik"]
    assert provenance["guns_of_neutrals"] == {}
    events = EventBatch.concatenate(list(read_events(path, reference_sources(card))))
    fresh = Namespace(card, events)
    daughters = np.flatnonzero(fresh["mother"] >= 0)
    assert len(daughters) == 2 * 3 * DECAYS_PER_EVENT
    mother = events.offsets[events.event_index[daughters]] + fresh["mother"][daughters]
    assert set(np.abs(fresh["pid"][mother])) == {521}
    fast = daughters[fresh.selected("(muon_inside > 0) & (rec_p > 6)")[daughters]]
    muons = np.abs(fresh["pid"][fast]) == 13
    assert muons.sum() > 10
    assert fresh["is_muon"][fast][muons].mean() > 0.8
