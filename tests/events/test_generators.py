"""Generated events: the same for the same seed and number, whatever the chunks."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kstest

from flashsim.errors import FlashSimError
from flashsim.events import EventBatch, ParticleGun, Pythia8Source

GUN = ParticleGun(
    species=[13, -211, 2212],
    momentum=(2.0, 200.0),
    eta=(2.0, 5.0),
    particles_per_event=3,
    vertex=(0.5, 0.0, 10.0),
    vertex_spread=(0.05, 0.05, 60.0),
    seed=5,
    run=9,
)
Z_SETTINGS = ["Beams:idA = 11", "Beams:idB = -11", "Beams:eCM = 91.2", "WeakSingleBoson:ffbar2gmZ = on"]


@pytest.fixture(scope="module")
def z_source() -> Pythia8Source:
    pytest.importorskip("pythia8mc", reason="Pythia 8 comes with the extra 'pythia'")
    return Pythia8Source(Z_SETTINGS, seed=3, run=1)


def assert_same(a: EventBatch, b: EventBatch) -> None:
    for left, right in [(a.run, b.run), (a.event, b.event), (a.offsets, b.offsets)]:
        np.testing.assert_array_equal(left, right)
    for name in a.columns:
        np.testing.assert_array_equal(a.columns[name], b.columns[name], err_msg=name)


@pytest.mark.parametrize("chunk", [1, 2, 7, 1000])
@pytest.mark.parametrize("source_name", ["gun", "pythia"])
def test_events_do_not_depend_on_chunks_nor_on_events_before(
    request: pytest.FixtureRequest, source_name: str, chunk: int
):
    source = GUN if source_name == "gun" else request.getfixturevalue("z_source")
    whole = source.batch(0, 15)
    batches = list(source.events(10, first=5, chunk_events=chunk))
    assert [batch.n_events for batch in batches[:-1]] == [chunk] * (len(batches) - 1)
    assert_same(EventBatch.concatenate(batches), whole.slice(5, 15))


def test_the_gun_shoots_where_it_is_told():
    events = GUN.batch(0, 4000)
    c = events.columns
    momentum = np.sqrt(c["px"] ** 2 + c["py"] ** 2 + c["pz"] ** 2)
    uniform = {
        "log p": np.log(momentum / 2.0) / np.log(100.0),
        "eta": (np.arctanh(c["pz"] / momentum) - 2.0) / 3.0,
        "phi": np.arctan2(c["py"], c["px"]) / (2 * np.pi) + 0.5,
    }
    for name, values in uniform.items():
        assert kstest(values, "uniform").pvalue > 1e-4, name
    assert kstest((c["vz"] - 10.0) / 60.0, "norm").pvalue > 1e-4
    assert np.corrcoef(uniform["log p"], uniform["eta"])[0, 1] == pytest.approx(0, abs=0.04)
    assert np.bincount(np.searchsorted([-211, 13, 2212], c["pid"])) == pytest.approx([4000] * 3, abs=250)
    assert c["mass"][c["pid"] == 13] == pytest.approx(0.105658, rel=1e-5)
    assert c["energy"] ** 2 - momentum**2 == pytest.approx(c["mass"] ** 2, rel=1e-6, abs=1e-7)
    assert events.counts.tolist() == [3] * 4000
    assert set(events.run.tolist()) == {9}


def test_other_seeds_and_runs_are_other_events():
    first = GUN.batch(0, 5).columns["px"]
    for other in (ParticleGun([13], (1.0, 2.0), (2.0, 5.0), 3, seed=6), ParticleGun([13], (1.0, 2.0), (2.0, 5.0), 3)):
        assert not np.any(other.batch(0, 5).columns["px"] == first)


def test_a_gun_without_particles_makes_empty_events():
    events = ParticleGun([13], (1.0, 2.0), (2.0, 5.0), particles_per_event=0).batch(0, 4)
    assert (events.n_events, events.n_objects) == (4, 0)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"species": []}, "species"),
        ({"species": [123456789]}, "123456789"),
        ({"momentum": (0.0, 5.0)}, "momentum"),
        ({"momentum": (5.0, 1.0)}, "momentum"),
        ({"momentum": (1.0, float("inf"))}, "momentum"),
        ({"eta": (5.0, 2.0)}, "eta"),
        ({"eta": (float("nan"), 2.0)}, "eta"),
        ({"vertex_spread": (0.0, -1.0, 0.0)}, "vertex_spread"),
        ({"particles_per_event": -1}, "particles_per_event"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_gun_that_cannot_be_is_refused(change: dict[str, object], word: str):
    settings: dict[str, object] = {"species": [13], "momentum": (1.0, 2.0), "eta": (2.0, 5.0)}
    with pytest.raises(FlashSimError, match=word):
        ParticleGun(**settings | change)  # type: ignore[arg-type]


def test_pythia_conserves_energy_and_momentum(z_source: Pythia8Source):
    events = z_source.batch(0, 10)
    stable = events.keep(events.columns["stable"])
    energy = np.add.reduceat(stable.columns["energy"], stable.offsets[:-1])
    pz = np.add.reduceat(stable.columns["pz"], stable.offsets[:-1])
    assert energy == pytest.approx(np.full(10, 91.2), rel=1e-6)
    assert pz == pytest.approx(np.zeros(10), abs=1e-4)
    np.testing.assert_array_equal(events.columns["status"] == 1, events.columns["stable"])


def test_two_body_decays_of_pythia_conserve_the_momentum_of_the_mother(z_source: Pythia8Source):
    events = z_source.batch(0, 10)
    mother, c = events.columns["mother"], events.columns
    assert np.all(mother[events.object_index < 2] == -1)  # the beams
    pions = np.flatnonzero((c["pid"] == 111) & ~c["stable"])
    parent = np.where(mother >= 0, events.offsets[events.event_index] + mother, -1)
    for pion in pions[:40]:
        for name in ("px", "py", "pz", "energy"):
            assert c[name][parent == pion].sum() == pytest.approx(c[name][pion], abs=1e-6)
    assert len(pions) > 40


def test_pythia_reads_settings_from_a_file(z_source: Pythia8Source, tmp_path: Path):
    card = tmp_path / "z.cmnd"
    card.write_text("! a comment\n/* PartonLevel:all = off\n*/\n" + "\n".join(Z_SETTINGS) + " ! Z\n")
    assert_same(Pythia8Source(card, seed=3, run=1).batch(0, 3), z_source.batch(0, 3))


@pytest.mark.usefixtures("z_source")
def test_pythia_settings_that_are_none_are_refused(tmp_path: Path):
    with pytest.raises(FlashSimError, match="SoftQCD:al = on"):
        Pythia8Source(["SoftQCD:al = on"])
    with pytest.raises(FlashSimError, match="process"):
        Pythia8Source(["Beams:eCM = 100."])
    with pytest.raises(FlashSimError, match=r"absent\.cmnd"):
        Pythia8Source(tmp_path / "absent.cmnd")


def test_without_pythia_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pythia8mc", None)
    with pytest.raises(FlashSimError, match=r"pip install \"flashsim\[pythia\]\""):
        Pythia8Source(Z_SETTINGS)
