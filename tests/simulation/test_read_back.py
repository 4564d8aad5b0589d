"""What was simulated, read back: each generated object with what was written for it."""

from pathlib import Path

import numpy as np
import pytest

from flashsim.api import simulate
from flashsim.events import ColumnSource, EventBatch, read_events
from flashsim.events import read as reading
from flashsim.events.simulated_reader import read_simulated

COLUMNS = {name: ColumnSource(f"particle_{name}") for name in ("pid", "px", "py", "pz")}
WRITTEN = {"rec_p": ColumnSource("track_rec_p")}


@pytest.fixture(scope="module")
def flash(toy_release: Path, toy_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("flash") / "flash.parquet"
    simulate(toy_release, toy_folder / "test.parquet", path, seed=2)
    return path


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_particles_keep_their_tracks_whatever_is_read_at_a_time(
    flash: Path, toy_folder: Path, chunk: int, monkeypatch: pytest.MonkeyPatch
):
    """Several files, where a batch would be full with the particles of one, but not with its fewer tracks."""
    truth = EventBatch.concatenate(list(read_events(toy_folder / "test.parquet")))
    monkeypatch.setattr(reading, "BATCH_OBJECTS", int(0.9 * truth.n_objects))
    found = list(read_simulated([flash] * 3, COLUMNS, WRITTEN, "track_particle", {}, chunk_events=chunk))
    batch = EventBatch.concatenate([particles for particles, _, _ in found])
    there = np.concatenate([one for _, one, _ in found])
    truth = EventBatch.concatenate([truth] * 3)
    np.testing.assert_array_equal(batch.offsets, truth.offsets)
    np.testing.assert_allclose(batch.columns["px"], truth.columns["px"], rtol=1e-6)
    momentum = np.sqrt(sum(truth.columns[name] ** 2 for name in ("px", "py", "pz")))
    assert 0 < there.mean() < 0.9
    assert np.abs(batch.columns["rec_p"][there] / momentum[there] - 1).max() < 1
    assert np.isnan(batch.columns["rec_p"][~there]).all()
