"""A tree as tuple tools make it, read by the card of the documentation: names, folders, units, event numbers."""

import re
from pathlib import Path

import numpy as np
import pytest
import uproot

from flashsim.card import read_card
from flashsim.errors import FlashSimError
from flashsim.stages import Namespace
from flashsim.training import check_closure, read_sample

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "ntuples.md"


def tuples(path: Path) -> dict[str, np.ndarray]:
    """Tracks in MeV, in a folder beside the tree of all particles."""
    random = np.random.default_rng(1)
    n = 3000
    p = 1000 * np.exp(random.uniform(1, 4, n))
    columns = {
        "runNumber": np.full(n, 42, np.uint32),
        "evtNumber": np.repeat(np.arange(n // 10), 10).astype(np.uint64),
        "mc_pid": random.choice([11, -211, 13, 22], n).astype(np.int32),
        "mc_p": p,
        "mc_tx": random.normal(0, 0.1, n),
        "mc_ty": random.normal(0, 0.1, n),
        "mc_z": random.normal(0, 50, n),
        "chi2PerDoF": random.chisquare(8, n).astype(np.float32) / 8,
        "type": np.full(n, 3, np.int32),
        "sweight": random.normal(1, 0.1, n),
    }
    columns |= {"reco_p": p * random.normal(1, 0.005, n), "reco_tx": columns["mc_tx"] + random.normal(0, 1e-4, n)}
    with uproot.recreate(path) as file:
        file["TrackingTupler/sim"] = {"mc_p": p}
        file["TrackingTupler/reco"] = columns
    return columns


def card_of_the_page(folder: Path) -> Path:
    (text,) = re.findall(r'```toml title="tracks.toml"\n(.*?)```', PAGE.read_text(encoding="utf-8"), re.DOTALL)
    path = folder / "tracks.toml"
    path.write_text(text)
    return path


def test_a_tree_in_a_folder_is_read_by_its_own_names_in_our_units(tmp_path: Path):
    columns = tuples(tmp_path / "tuples.root")
    card = read_card(card_of_the_page(tmp_path))
    read = 0
    for part in ("train", "validation", "test"):
        sample = read_sample(card, part)
        check_closure(card, sample)
        namespace = Namespace(card, sample)
        rows = np.searchsorted(columns["mc_p"][order := np.argsort(columns["mc_p"])], 1e3 * namespace["p"] * (1 - 1e-9))
        rows = order[rows]
        np.testing.assert_allclose(namespace["p"], 1e-3 * columns["mc_p"][rows])
        np.testing.assert_allclose(namespace["rec_p"], 1e-3 * columns["reco_p"][rows])
        np.testing.assert_allclose(namespace["dp"], columns["reco_p"][rows] / columns["mc_p"][rows] - 1, atol=1e-12)
        np.testing.assert_array_equal(namespace["event"], columns["evtNumber"][rows])
        np.testing.assert_array_equal(namespace["run"], 42)
        assert set(namespace["pid"]) == {11, -211, 13}  # photons are left out by `where`
        read += sample.n_objects
    assert read == np.count_nonzero(columns["mc_pid"] != 22)


def test_what_the_tree_lacks_is_named_with_the_nearest(tmp_path: Path):
    tuples(tmp_path / "tuples.root")
    path = card_of_the_page(tmp_path)
    path.write_text(path.read_text().replace('"reco_p"', '"rec_p"'))
    with pytest.raises(FlashSimError, match=r"no column 'rec_p' \(did you mean 'reco_p'"):
        read_sample(read_card(path), "train")
    path.write_text(path.read_text().replace("TrackingTupler/reco", "TrackingTupler/rec"))
    with pytest.raises(FlashSimError, match=r"no TTree or RNTuple 'TrackingTupler/rec' \(did you mean"):
        read_sample(read_card(path), "train")
