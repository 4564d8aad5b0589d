"""What electrons radiate before the dipole is found where their tangents point, and counts once."""

from pathlib import Path

import numpy as np
import pytest

from flashsim.card import read_card
from flashsim.experiments import lhcb
from flashsim.experiments.lhcb.bremsstrahlung import CHARGED, LEAST_TRANSVERSE, WINDOW, recovered, tangents
from flashsim.experiments.lhcb.calorimeter import Clusters
from flashsim.experiments.lhcb.geometry import CALORIMETER
from flashsim.experiments.lhcb.tracks import Tracks
from flashsim.stages import Namespace
from flashsim.training import read_sample

FAR = np.array([[3000.0, 0.0]])  # the end of a track, beside everything
LINES = np.array([[[600.0, 900.0]], [[640.0, 900.0]]])  # one track, whose direction turns by 40 mm


def clusters(*rows: tuple[float, float, float]) -> Clusters:
    """Of energy (GeV), x and y (mm)."""
    energy, x, y = np.array(rows, np.float64).T
    return Clusters(energy, x, y, np.full(len(rows), 0.6), *np.zeros((2, len(rows)), np.int64))


def tracks(momentum: float) -> Tracks:
    """One that begins at the origin, with a slope in both directions."""
    state = np.array([[45.0, 63.0, 0.05, 0.07, 1 / momentum]])
    return Tracks(row=np.array([0]), event=np.array([0]), kind=np.array([1]), state=state)


def test_a_straight_track_has_one_tangent_and_a_slow_one_two_along_its_bend():
    straight = np.array([0.05, 0.07]) * CALORIMETER.start
    np.testing.assert_allclose(tangents(tracks(1e6))[:, 0], [straight, straight], atol=0.1)
    first, last = tangents(tracks(3.0))[:, 0]
    np.testing.assert_allclose(first, straight, atol=0.1)
    assert 20 < abs(last[0] - first[0]) < 150
    assert abs(last[1] - first[1]) < 2


@pytest.mark.parametrize(
    ("x", "y", "energy", "end", "found"),
    [
        (620.0, 900.0, 2.0, FAR, True),
        (600.0 - WINDOW + 1, 900.0, 2.0, FAR, True),
        (640.0 + WINDOW + 1, 900.0, 2.0, FAR, False),
        (620.0, 900.0 + WINDOW + 1, 2.0, FAR, False),
        (620.0, 900.0, 2.0, np.array([[620.0, 900.0 + CHARGED - 1]]), False),
        (620.0, 900.0, 2.0, np.array([[620.0, 900.0 + CHARGED + 1]]), True),
        (620.0, 900.0, 0.8 * LEAST_TRANSVERSE / np.hypot(620, 900) * CALORIMETER.start, FAR, False),
        (620.0, 900.0, 1.2 * LEAST_TRANSVERSE / np.hypot(620, 900) * CALORIMETER.start, FAR, True),
    ],
)
def test_a_cluster_between_the_tangents_that_is_nobodys_is_added(
    x: float, y: float, energy: float, end: np.ndarray, found: bool
):
    assert recovered(LINES, clusters((energy, x, y)), end).tolist() == ([energy] if found else [0.0])


def test_a_cluster_counts_once_for_the_nearest_track():
    lines = np.concatenate([LINES, LINES + np.array([60.0, 0.0])], axis=1)
    found = clusters((5.0, 610.0, 900.0), (3.0, 690.0, 900.0), (1.0, 3000.0, 0.0))
    assert recovered(lines, found, FAR).tolist() == [5.0, 3.0]
    assert recovered(lines[:, :0], found, FAR).size == 0


def test_what_an_electron_has_lost_is_what_its_clusters_have():
    card = read_card(Path(lhcb.CARD))
    sample = Namespace(card, read_sample(card, "validation"))
    np.testing.assert_array_equal(sample["has_brem"] > 0, sample["brem_energy"] > 0)
    found = sample.selected("radiated & (has_brem > 0) & (track_type == 1)")
    assert found.sum() > 40
    score = sample["brem_score"][found]
    assert abs(np.median(score)) < 0.5
    assert np.subtract(*np.quantile(score, [0.84, 0.16])) / 2 == pytest.approx(1.2, abs=0.5)  # in units of its error


def test_recovery_brings_electrons_nearer_to_their_momentum_and_leaves_most_others_alone():
    card = read_card(Path(lhcb.CARD))
    sample = Namespace(card, read_sample(card, "validation"))
    electron = sample.selected("found & (abs(pid) == 11) & (track_type == 1) & (rec_p < 0.9 * p) & (p > 3)")
    assert electron.sum() > 30
    before, after = (sample.evaluate(text)[electron] for text in ("rec_p / p", "(rec_p + brem_energy) / p"))
    assert (after > 0.9).mean() > 0.3
    assert after.mean() > before.mean() + 0.05
    muon = sample.selected("found & (abs(pid) == 13) & (track_type == 1)")
    assert np.mean(sample["brem_energy"][muon] > 0) < 0.06
