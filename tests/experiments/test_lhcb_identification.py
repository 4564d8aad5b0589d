"""Identification against closed forms: Cherenkov light, isMuon, likelihoods, clusters."""

import numpy as np
import pytest

from flashsim.experiments.lhcb import calorimeter, muons, neutrals, rich
from flashsim.experiments.lhcb.combination import probabilities
from flashsim.experiments.lhcb.generators import PION_MASS, two_photons
from flashsim.experiments.lhcb.geometry import CALORIMETER, MUON_STATIONS, RADIATORS
from flashsim.experiments.lhcb.optics import C4F10, CF4, cherenkov_angle, detected_photons, mean_index
from flashsim.experiments.lhcb.records import Deposits
from flashsim.experiments.lhcb.tracks import HYPOTHESES, MASSES, beta

PION, KAON = HYPOTHESES.index("pi"), HYPOTHESES.index("k")


@pytest.mark.parametrize(("gas", "angle", "kaon_threshold"), [(C4F10, 0.0535, 9.2), (CF4, 0.0314, 15.7)])
def test_saturated_angles_and_thresholds_are_those_of_the_gases(gas, angle, kaon_threshold):
    index = mean_index(gas)[0]
    assert cherenkov_angle(np.ones(1), index)[0] == pytest.approx(angle, rel=0.01)
    below, above = (beta(np.array([kaon_threshold * f]))[0, KAON] for f in (0.98, 1.02))
    assert cherenkov_angle(np.array([below, above]), index)[0] == 0
    assert cherenkov_angle(np.array([below, above]), index)[1] > 0


def test_the_yield_is_frank_and_tamms():
    # 370 / (eV cm) · ∫ε dE · L · sin²θ, with the Gaussian of the efficiency cut at the band
    number = detected_photons(np.ones(1), np.array([900.0]), C4F10)[0]
    sine2 = 1 - 1 / mean_index(C4F10)[0] ** 2
    assert number == pytest.approx(370 * 90 * sine2 * 0.17 * 0.75 * np.sqrt(2 * np.pi), rel=0.07)
    assert detected_photons(np.ones(1), np.array([450.0]), C4F10)[0] == pytest.approx(number / 2)


def test_the_path_in_a_radiator_is_that_of_a_line_in_a_box_with_a_hole():
    one = np.ones(1)
    depth = RADIATORS[1].end - RADIATORS[1].start
    length = rich.path_lengths(1500 * one, 0 * one, 0.15 * one, 0 * one, RADIATORS[1])
    assert length[0] == pytest.approx(depth * np.hypot(1, 0.15))
    assert rich.path_lengths(0 * one, 0 * one, 0 * one, 0 * one, RADIATORS[1])[0] == 0  # in the hole
    assert rich.path_lengths(9000 * one, 0 * one, 0 * one, 0 * one, RADIATORS[1])[0] == 0


def ring(angle: float, number: int, width: float, random: np.random.Generator) -> np.ndarray:
    """Directions of photons around a particle along z."""
    theta, phi = random.normal(angle, width, number), random.uniform(-np.pi, np.pi, number)
    return np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=1)


@pytest.mark.parametrize("true", ["pi", "k", "p"])
def test_a_track_is_what_its_ring_says(true: str):
    random = np.random.default_rng(1)
    index = mean_index(CF4)[0]
    velocity = beta(np.array([35.0]))
    angle, expected = cherenkov_angle(velocity, index), detected_photons(velocity, np.array([[1700.0]]), CF4)
    width = np.full((1, len(HYPOTHESES)), RADIATORS[1].resolution)
    own = HYPOTHESES.index(true)
    light = ring(angle[0, own], random.poisson(expected[0, own]), width[0, 0], random)
    answer = rich.log_likelihoods(np.array([[0.0, 0.0, 1.0]]), expected, angle, width, light, 0.1)
    assert answer[0].argmax() == own
    assert answer[0, PION] == 0


def test_light_of_another_track_does_not_make_a_kaon_of_a_pion():
    random = np.random.default_rng(2)
    index = mean_index(CF4)[0]
    velocity = np.repeat(beta(np.array([35.0])), 2, axis=0)
    angle = cherenkov_angle(velocity, index)
    expected = detected_photons(velocity, np.full((2, 1), 1700.0), CF4)
    width = np.full((2, len(HYPOTHESES)), RADIATORS[1].resolution)
    tilt = np.array([0.012, 0.0, 1.0])
    tracks = np.stack([[0.0, 0.0, 1.0], tilt / np.linalg.norm(tilt)])
    light = [ring(angle[0, PION], 20, 6e-4, random) + [0.012, 0, 0] * np.ones((20, 1)) * side for side in (0, 1)]
    light = np.concatenate(light)
    light /= np.linalg.norm(light, axis=1)[:, None]
    answer = rich.log_likelihoods(tracks, expected, angle, width, light, 0.1)
    assert (answer[:, KAON] < -5).all()


def test_is_muon_asks_for_more_stations_the_higher_the_momentum():
    every = np.array(np.meshgrid(*[[False, True]] * 4)).reshape(4, -1).T
    wanted = {
        2.0: [],
        4.0: [row for row in every.tolist() if row[0] and row[1]],
        8.0: [row for row in every.tolist() if row[0] and row[1] and (row[2] or row[3])],
        30.0: [[True] * 4],
    }
    for momentum, rows in wanted.items():
        assert every[muons.required(np.full(16, momentum), every)].tolist() == rows


def test_scattering_falls_with_momentum_and_grows_with_the_station():
    momentum = np.array([5.0, 10.0, 50.0])
    widths = np.stack([muons.scattering(momentum, number) for number in range(len(MUON_STATIONS))])
    assert (np.diff(widths, axis=1) < 0).all()
    assert (np.diff(widths, axis=0) > 0).all()
    assert widths[:, 2] == pytest.approx(widths[:, 1] * (10 - 1.5) / (50 - 1.5))


def test_the_energy_of_a_shower_is_in_one_cluster_where_it_fell():
    n, place = 4000, np.array([1000.0, -700.0])
    random = np.random.default_rng(3)
    deposits = Deposits(np.zeros(n, np.int64), np.full(n, place[0]), np.full(n, place[1]), np.full(n, 1e3 * 20.0 / n))
    clusters = calorimeter.find_clusters(calorimeter.cells(deposits, np.arange(n), random))
    largest = clusters.energy.argmax()
    assert clusters.energy[largest] == pytest.approx(20.0, rel=0.1)
    assert clusters.energy.sum() - clusters.energy[largest] < 1.0
    # deposits lie at the depth of a shower; a cluster is given on the front, along a line from the origin
    depth = calorimeter.SHOWER_DEPTH[0] + calorimeter.SHOWER_DEPTH[1] * np.log(20.0)
    front = place * CALORIMETER.start / (CALORIMETER.start + depth)
    found = np.array([clusters.x[largest], clusters.y[largest]])
    assert np.abs(found - front).max() < 0.25 * CALORIMETER.cell


def test_two_photons_are_merged_where_one_cluster_holds_both():
    clusters = calorimeter.Clusters(
        np.array([30.0]), np.array([600.0]), np.array([600.0]), np.array([0.6]), *np.array([[74], [62]])
    )
    photons, mother, owner = np.array([5, 6]), np.array([0, 0]), np.array([6])  # the second one's
    far = np.array([[900.0, 600.0], [600.0, 600.0]])
    assert neutrals.found(photons, mother, far, clusters, owner)[0].tolist() == [neutrals.NONE, neutrals.PHOTON]
    near = np.array([[640.0, 600.0], [590.0, 600.0]])
    kind, which = neutrals.found(photons, mother, near, clusters, owner)
    assert kind.tolist() == [neutrals.MERGED, neutrals.NONE]
    assert which.tolist() == [0, -1]


def test_photons_of_a_pion_have_its_momentum_and_its_mass():
    pions = np.array([[111, 1.0, -2.0, 30.0, 0, 0, 5.0], [111, 0.0, 0.1, 1.0, 0, 0, 5.0]])
    photons = two_photons(np.random.default_rng(4), pions).reshape(2, 2, 7)
    momentum = photons[:, :, 1:4]
    np.testing.assert_allclose(momentum.sum(axis=1), pions[:, 1:4], atol=1e-12)
    energy = np.linalg.norm(momentum, axis=2).sum(axis=1)
    np.testing.assert_allclose(energy**2 - (pions[:, 1:4] ** 2).sum(axis=1), PION_MASS**2, rtol=1e-9)


def test_numbers_like_prob_nn_follow_the_likelihoods_and_stay_between_0_and_1():
    scores = np.zeros((2, 3, len(HYPOTHESES)))
    scores[:, 1, KAON], scores[:, 2] = 40.0, -1000.0
    answer = probabilities(scores, np.zeros((3, 2)), np.zeros(3), np.ones(3)).astype(np.float32)
    assert ((answer > 0) & (answer < 1)).all()
    assert answer[0].argmax() == PION
    assert answer[1].argmax() == KAON
    assert set(MASSES) == {"e", "mu", "pi", "k", "p"}
