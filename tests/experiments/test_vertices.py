"""Vertices: the fit against theory, the finder on events whose vertices are known, and the card on its sample."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from flashsim.card import read_card
from flashsim.errors import FlashSimError
from flashsim.events import EventBatch
from flashsim.experiments import spectrometer, vertices
from flashsim.experiments.vertices.crossings import LOST, MERGED, OWN, Collisions, crossings
from flashsim.experiments.vertices.finder import find
from flashsim.experiments.vertices.fit import Lines, fit
from flashsim.experiments.vertices.reference import make_vertices
from flashsim.stages import Namespace
from flashsim.training import check_closure, read_sample

SIGMA, SLOPE_ERROR = 0.02, 1e-4


def lines(random: np.random.Generator, vertex: tuple[float, float, float], count: int) -> Lines:
    """Straight tracks from a vertex, given near the beam with known errors."""
    slope = random.uniform(0.05, 0.25, (count, 2)) * random.choice([-1, 1], (count, 2))
    z = vertex[2] + random.uniform(-0.05, 0.05, count)
    state = np.concatenate([np.array(vertex[:2]) + slope * (z - vertex[2])[:, None], slope], axis=1)
    errors = np.array([SIGMA, SIGMA, SLOPE_ERROR, SLOPE_ERROR])
    covariance = np.broadcast_to(np.diag(errors**2), (count, 4, 4))
    return Lines(z, state + errors * random.normal(size=(count, 4)), covariance)


def together(parts: list[Lines]) -> Lines:
    return Lines(*(np.concatenate([getattr(one, name) for one in parts]) for name in ("z", "state", "covariance")))


def test_the_fit_has_unit_pulls_and_the_covariance_of_the_normal_equations():
    random = np.random.default_rng(1)
    truth = np.array([0.1, -0.2, 40.0])
    fitted = [fit(lines(random, tuple(truth), 12), np.array([0.0, 0.0, 41.0]), (1e9,) * 3) for _ in range(400)]
    pulls = [np.linalg.solve(np.linalg.cholesky(one.covariance), one.position - truth) for one in fitted if one]
    assert len(pulls) == 400
    assert np.abs(np.mean(pulls, axis=0)).max() < 3 / np.sqrt(400)
    # At a high temperature all weights are one half: the errors are those of half of the information.
    np.testing.assert_allclose(np.std(pulls, axis=0), np.sqrt(0.5), rtol=0.12)
    assert np.mean([one.chi2 for one in fitted if one]) == pytest.approx(0.5 * (2 * 12 - 3), rel=0.05)


def test_an_outlier_loses_its_weight():
    random = np.random.default_rng(2)
    good, bad = lines(random, (0, 0, 0), 8), lines(random, (0, 1.0, 0), 1)
    vertex = fit(together([good, bad]), np.array([0.0, 0.0, 1.0]))
    assert vertex is not None
    assert vertex.weight[-1] < 1e-3
    assert vertex.tracks >= 7
    assert np.all(np.abs(vertex.position) < 5 * np.sqrt(np.diag(vertex.covariance)))


def test_too_few_lines_are_no_vertex():
    random = np.random.default_rng(3)
    assert fit(together([lines(random, (0, 5.0 * k, 0), 1) for k in range(3)]), np.zeros(3), (1.0,)) is None
    assert find(lines(random, (0, 0, 0), 3)) == []
    assert find(lines(random, (0, 0, 0), 0)) == []


def collisions(places: list[float], tracks: int) -> Collisions:
    random = np.random.default_rng(4)
    parts = [lines(random, (0, 0, z), tracks) for z in places]
    owner = np.repeat(np.arange(len(places)), tracks)
    position = np.array([[0, 0, z] for z in places], dtype=float)
    return Collisions(position, together(parts), owner, np.ones(len(owner), dtype=bool))


def test_vertices_far_apart_are_found_each_and_close_ones_as_one():
    """Each collision has 10 tracks: σ(z) is 20 µm / 0.2 / √20."""
    far = crossings(collisions([-60, -30, 0, 30, 60], 10), 3, seed=0).to_pydict()
    assert far["found"] == [OWN] * 15
    assert far["n_tracks"] == [10] * 15
    assert min(far["rec_tracks"]) >= 8
    assert far["extra"] == [0] * 15
    pulls = (np.array(far["rec_z"]) - far["pvz"]) / np.sqrt(far["c_zz"])
    assert np.abs(pulls).max() < 4
    close = crossings(collisions([0, 0.005] * 6, 10), 6, seed=1).to_pydict()
    crossing = np.array(close["run"]) * 100 + np.array(close["event"])
    for one in np.unique(crossing):
        found = np.array(close["found"])[crossing == one]
        assert np.count_nonzero(found == OWN) == 1  # one vertex of all
        assert set(found) <= {OWN, MERGED, LOST}


def test_the_verb_makes_the_same_rows_again_and_finds_most_collisions(tmp_path: Path):
    source = pq.read_table(spectrometer.CARD.parent / "sample" / "test.parquet")
    some = source.filter(source["event"].to_numpy() < 250)
    pq.write_table(some, tmp_path / "tracks.parquet")
    made = pq.read_table(make_vertices(tmp_path / "tracks.parquet", tmp_path / "a.parquet", seed=5))
    again = pq.read_table(make_vertices(tmp_path / "tracks.parquet", tmp_path / "b.parquet", seed=5))
    assert made.equals(again)
    assert len(made) == len(np.unique(some["event"].to_numpy()))
    columns = {name: made[name].to_numpy() for name in made.column_names}
    own = columns["found"] == OWN
    assert own.mean() > 0.9
    for axis in "xyz":
        pull = (columns[f"rec_{axis}"] - columns[f"pv{axis}"])[own] / np.sqrt(columns[f"c_{axis}{axis}"][own])
        assert np.percentile(np.abs(pull), 68) == pytest.approx(1.1, abs=0.25)


def test_what_is_no_sample_of_the_spectrometer_is_refused(tmp_path: Path):
    (tmp_path / "notes.parquet").write_text("notes")
    with pytest.raises(FlashSimError, match=r"notes\.parquet"):
        make_vertices(tmp_path / "notes.parquet", tmp_path / "out.parquet")
    pq.write_table(pq.read_table(vertices.CARD.parent / "sample" / "test.parquet"), tmp_path / "vertices.parquet")
    with pytest.raises(FlashSimError, match=r"vertices\.parquet: a sample of 'vertices'"):
        make_vertices(tmp_path / "vertices.parquet", tmp_path / "out.parquet")
    with pytest.raises(FlashSimError, match="exists"):
        make_vertices(tmp_path / "vertices.parquet", tmp_path / "notes.parquet")


def test_the_card_holds_on_its_sample():
    """What is reconstructed follows from what is predicted; the errors grow as the tracks become fewer."""
    card = read_card(vertices.CARD)
    sample = read_sample(card, "test")
    check_closure(card, sample)
    namespace = Namespace(card, EventBatch.concatenate([sample]))
    found = namespace.selected("visible & (found == 1)")
    few, many = (found & namespace.selected(f"n_tracks {text}") for text in ("< 8", "> 25"))
    assert np.median(namespace["c_zz"][few]) > 4 * np.median(namespace["c_zz"][many])
    merged = namespace.selected("found == 2")
    assert np.median(namespace["near"][merged]) < 0.2 * np.median(namespace["near"][found])
