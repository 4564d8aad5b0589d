"""Decays in the reference sample: momentum is conserved, and daughters know their mother."""

from pathlib import Path

import numpy as np
import pytest
from extras import needs_geant4, needs_pythia

from flashsim.card import read_card
from flashsim.errors import FlashSimError
from flashsim.events import EventBatch, read_events
from flashsim.experiments.production import read_provenance
from flashsim.experiments.spectrometer import CARD
from flashsim.experiments.spectrometer.decays import (
    CHANNELS,
    DAUGHTER_ETA,
    DECAYS_PER_EVENT,
    LAST_DECAY,
    MINIMUM_MOMENTUM,
    Decays,
    generate_decays,
    with_mothers,
)
from flashsim.experiments.spectrometer.records import Primaries
from flashsim.experiments.spectrometer.reference import make_reference
from flashsim.stages import Namespace
from flashsim.training import truth_sources

MASS = {11: 0.000511, 13: 0.10566, 211: 0.13957, 321: 0.49368, 310: 0.49761, 421: 1.86484, 443: 3.0969, 521: 5.27932}


def momenta(particles: Primaries) -> np.ndarray:
    return np.stack([particles.px, particles.py, particles.pz], axis=1)


def invariant_mass(particles: Primaries, *, of: int) -> np.ndarray:
    """Of each so many that follow one another."""
    mass = np.array([MASS[abs(pid)] for pid in particles.pid.tolist()])
    energy = np.sqrt((momenta(particles) ** 2).sum(axis=1) + mass**2)
    total = np.column_stack([energy, momenta(particles)]).reshape(-1, of, 4).sum(axis=1)
    return np.sqrt(total[:, 0] ** 2 - (total[:, 1:] ** 2).sum(axis=1))


@pytest.fixture(scope="module", params=list(CHANNELS))
def channel(request: pytest.FixtureRequest) -> tuple[str, Decays]:
    pytest.importorskip("pythia8mc", reason="Pythia 8 comes with the extra 'pythia'")
    return request.param, generate_decays([request.param], first_event=4, events=3, seed=1)


def test_daughters_carry_the_momentum_and_the_mass_of_their_mother(channel: tuple[str, Decays]):
    name, decays = channel
    wanted = CHANNELS[name]
    assert len(decays.mothers) == 3 * DECAYS_PER_EVENT
    np.testing.assert_array_equal(decays.mothers.event, np.repeat([4, 5, 6], DECAYS_PER_EVENT))
    np.testing.assert_array_equal(decays.daughters.event, decays.mothers.event[decays.mother])
    assert set(np.abs(decays.mothers.pid).tolist()) == {wanted.mother}
    number = len(wanted.daughters)
    sums = momenta(decays.daughters).reshape(-1, number, 3).sum(axis=1)
    assert sums == pytest.approx(momenta(decays.mothers), rel=2e-4, abs=2e-3)  # 14 bits of mantissa
    assert invariant_mass(decays.daughters, of=number) == pytest.approx(MASS[wanted.mother], rel=2e-3)


def test_daughters_are_those_of_the_decay_and_in_acceptance(channel: tuple[str, Decays]):
    name, decays = channel
    daughters = decays.daughters
    sign = np.where(decays.mothers.pid == CHANNELS[name].mother, 1, -1)
    found = np.sort(daughters.pid.reshape(-1, len(CHANNELS[name].daughters)) * sign[:, None])
    np.testing.assert_array_equal(found, np.sort(np.broadcast_to(CHANNELS[name].daughters, found.shape)))
    momentum = np.linalg.norm(momenta(daughters), axis=1)
    eta = np.arctanh(daughters.pz / momentum)
    assert momentum.min() > 0.999 * MINIMUM_MOMENTUM
    assert DAUGHTER_ETA[0] - 1e-3 < eta.min() < eta.max() < DAUGHTER_ETA[1] + 1e-3
    assert daughters.vz.max() < LAST_DECAY + 500


def test_daughters_are_born_together_on_the_flight_path_of_the_mother(channel: tuple[str, Decays]):
    name, decays = channel
    start, origin = (np.stack([p.vx, p.vy, p.vz], axis=1) for p in (decays.mothers, decays.daughters))
    origin = origin.reshape(len(start), -1, 3)
    np.testing.assert_array_equal(origin, np.broadcast_to(origin[:, :1], origin.shape))
    flight, direction = origin[:, 0] - start, momenta(decays.mothers)
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    along = (flight * direction).sum(axis=1)
    assert np.linalg.norm(flight - along[:, None] * direction, axis=1).max() < 2e-3 + 1e-4 * along.max()
    lengths = {"jpsi": (0, 1e-6), "jpsiee": (0, 1e-6), "d0": (0.3, 30), "ks": (100, 2000), "bjpsik": (1, 50)}[name]
    assert lengths[0] <= along.mean() <= lengths[1]  # mm


@needs_pythia
def test_two_muons_of_a_chain_have_the_mass_of_the_resonance_between():
    daughters = generate_decays(["bjpsik"], first_event=0, events=2, seed=1).daughters
    muons = daughters.take(np.abs(daughters.pid) == 13)
    assert invariant_mass(muons, of=2) == pytest.approx(MASS[443], rel=2e-3)


@needs_pythia
def test_each_event_holds_one_of_the_decays_asked_for_in_turn():
    decays = generate_decays(["jpsi", "d0"], first_event=0, events=4, seed=1)
    species = np.abs(decays.mothers.pid).reshape(4, DECAYS_PER_EVENT)
    assert [set(row) for row in species.tolist()] == [{443}, {421}, {443}, {421}]


def particles(event: list[int], pid: int) -> Primaries:
    numbers = np.arange(float(len(event)))
    return Primaries(np.array(event), np.full(len(event), pid, np.int32), *[numbers + part for part in range(6)])


def test_mothers_stand_first_in_their_event_and_links_are_places_in_it():
    mothers = particles([3, 3, 5], 443)
    decays = Decays(mothers, particles([3, 3, 3, 3, 5, 5], 13), np.array([0, 0, 1, 1, 2, 2]))
    sample = {
        "event": np.array([3, 3, 3, 3, 3, 5, 5], np.int32),
        "ghost": np.array([False] * 4 + [True] + [False] * 2),
        "track_type": np.array([1, 0, 3, 1, 2, 1, 1], np.uint8),
        "pid": np.array([13, -13, 13, -13, 0, 13, -13], np.int32),
    } | {name: np.ones(7, np.float32) for name in ("px", "py", "pz", "vx", "vy", "vz")}
    rows = with_mothers(sample, decays)
    assert rows["event"].tolist() == [3] * 7 + [5] * 3
    assert rows["pid"].tolist() == [443, 443, 13, -13, 13, -13, 0, 443, 13, -13]
    assert rows["mother"].tolist() == [-1, -1, 0, 0, 1, 1, -1, -1, 0, 0]
    assert rows["stable"].tolist() == [0, 0, 1, 1, 1, 1, 1, 0, 1, 1]
    assert rows["track_type"].tolist() == [0, 0, 1, 0, 3, 1, 2, 0, 1, 1]
    assert rows["vx"][[0, 1, 7]].tolist() == [3.0, 4.0, 5.0]
    assert rows["track_type"].dtype == np.uint8


@needs_geant4
def test_the_sample_of_decays_is_read_by_the_card(tmp_path: Path):
    path = make_reference(2, tmp_path / "decays.parquet", seed=3, decays=["jpsi", "d0"], workers=1, progress=False)
    provenance = read_provenance(path)
    assert provenance["decays"] == ["jpsi", "d0"]
    assert "443:onIfMatch = 13 -13" in provenance["pythia_settings"]["jpsi"]
    card = read_card(CARD)
    events = EventBatch.concatenate(list(read_events(path, truth_sources(card))))
    daughters = np.flatnonzero(events.columns["mother"] >= 0)
    assert len(daughters) == 2 * 2 * DECAYS_PER_EVENT
    mother = events.offsets[events.event_index[daughters]] + events.columns["mother"][daughters]
    assert set(np.abs(events.columns["pid"][mother]).tolist()) == {443, 421}
    assert set(daughters) == set(np.flatnonzero(Namespace(card, events).selected("trackable")))


@pytest.mark.parametrize(("names", "words"), [(["jspi"], "did you mean 'jpsi'"), (["d0", "d0"], "once")])
def test_decays_that_are_not_known_are_refused(tmp_path: Path, names: list[str], words: str):
    with pytest.raises(FlashSimError, match=words):
        make_reference(1, tmp_path / "x.parquet", decays=names)
