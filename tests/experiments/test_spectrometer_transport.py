"""Geant4's transport through the spectrometer does what the physics of tracks says, and repeats itself."""

import importlib.util
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from extras import needs_geant4

from flashsim.errors import FlashSimError
from flashsim.experiments.production import assembly, chunks, read_provenance, split_sample, write_sample
from flashsim.experiments.spectrometer import geant4_library, reference
from flashsim.experiments.spectrometer.detector import slab_edges, slab_field
from flashsim.experiments.spectrometer.generators import CHARGED_STABLE, GUNS, generate
from flashsim.experiments.spectrometer.geometry import FIELD_INTEGRAL, PLANES, field_y
from flashsim.experiments.spectrometer.mixture import Mixture
from flashsim.experiments.spectrometer.records import Hits, Primaries
from flashsim.experiments.spectrometer.transport import transport

KICK = 0.299792458e-3  # GeV a tesla and mm
MOMENTUM = 10.0  # GeV
PARTICLES = 600  # of each kind
KINDS = (13, -13, 11, 211)
SILICON_RADIATION_LENGTH = 93.7  # mm
UPSTREAM = [number for number, plane in enumerate(PLANES) if plane.station == "upstream"]
DOWNSTREAM = [number for number, plane in enumerate(PLANES) if plane.station == "downstream"]


def beam(pid: int, particles: int, first_event: int) -> Primaries:
    """Particles of one momentum spread over the acceptance, twenty an event."""
    random = np.random.default_rng(abs(pid))
    eta, phi = random.uniform(2.6, 4.2, particles), random.uniform(-np.pi, np.pi, particles)
    transverse, zero = MOMENTUM / np.cosh(eta), np.zeros(particles)
    return Primaries(
        event=first_event + np.arange(particles, dtype=np.int64) // 20,
        pid=np.full(particles, pid, np.int32),
        px=transverse * np.cos(phi),
        py=transverse * np.sin(phi),
        pz=MOMENTUM * np.tanh(eta),
        vx=zero,
        vy=zero,
        vz=zero,
    )


def joined(parts: list[Primaries]) -> Primaries:
    names = [field.name for field in fields(Primaries)]
    return Primaries(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


@pytest.fixture(scope="module")
def beams() -> Primaries:
    return joined([beam(pid, PARTICLES, 1000 * number) for number, pid in enumerate(KINDS)])


@pytest.fixture(scope="module")
def hits(beams: Primaries) -> Hits:
    return transport(beams, seed=7)


def positions(hits: Hits, particles: int) -> np.ndarray:
    """(x, y) where each primary crossed each plane, NaN where it did not."""
    table = np.full((particles, len(PLANES), 2), np.nan)
    own = hits.primary >= 0
    table[hits.primary[own], hits.plane[own]] = np.stack([hits.x, hits.y], axis=1)[own]
    return table


def slopes(table: np.ndarray, planes: list[int]) -> np.ndarray:
    """dx/dz and dy/dz between the first and the last of some planes."""
    return (table[:, planes[-1]] - table[:, planes[0]]) / (PLANES[planes[-1]].z - PLANES[planes[0]].z)


def measured_kick(hits: Hits, beams: Primaries) -> np.ndarray:
    """The change of px between the trackers before and after the dipole (GeV), at the initial momentum."""
    table = positions(hits, len(beams))
    before, after = (slopes(table, planes)[:, 0] for planes in (UPSTREAM, DOWNSTREAM))
    in_plane = np.hypot(beams.px, beams.pz)
    return in_plane * (after / np.hypot(1, after) - before / np.hypot(1, before))


def field_between_trackers() -> float:
    ends = [np.mean([PLANES[planes[0]].z, PLANES[planes[-1]].z]) for planes in (UPSTREAM, DOWNSTREAM)]
    z = np.linspace(ends[0], ends[1], 10_001)
    return float(np.trapezoid(field_y(z), z))


def test_the_slabs_hold_the_whole_field_and_no_plane_lies_across_an_edge():
    edges = slab_edges()
    integral = np.sum(slab_field(edges) * np.diff(edges))
    assert integral == pytest.approx(FIELD_INTEGRAL, rel=3e-4)
    assert len(edges) > 100
    for plane in PLANES:
        assert not np.any(np.abs(edges - plane.z) < plane.thickness)


@needs_geant4
@pytest.mark.parametrize("pid", [13, -13])
def test_a_muon_is_bent_by_the_field_integral(hits: Hits, beams: Primaries, pid: int):
    kick = measured_kick(hits, beams)[beams.pid == pid]
    charge = -np.sign(pid)
    expected = -charge * KICK * field_between_trackers()  # F = q v × B, with B along +y
    assert abs(expected) == pytest.approx(1.2, rel=0.03)
    assert np.nanmedian(kick) == pytest.approx(expected, rel=0.01)


@needs_geant4
def test_multiple_scattering_has_highlands_width(hits: Hits, beams: Primaries):
    muons = np.abs(beams.pid) == 13
    table = positions(hits, len(beams))[muons]
    py, pz = beams.py[muons], beams.pz[muons]
    vertex = [number for number, plane in enumerate(PLANES) if plane.station == "vertex"]
    first = PLANES[UPSTREAM[0]]
    lever = np.array([first.z - PLANES[number].z for number in vertex])
    crossed = ~np.isnan(table[:, vertex, 1])
    lengths = crossed * PLANES[vertex[0]].thickness / SILICON_RADIATION_LENGTH * (MOMENTUM / pz)[:, None]
    total = lengths.sum(axis=1)
    theta = 0.0136 / MOMENTUM * (1 + 0.038 * np.log(total))  # a plane's angle is this times the root of its part
    # an angle in space is stretched by the projection on y/z
    stretch = (MOMENTUM / pz) ** 2 * np.hypot(py, pz) / MOMENTUM
    expected = theta * np.sqrt((lengths * lever**2).sum(axis=1)) * stretch
    pull = (table[:, UPSTREAM[0], 1] - py / pz * first.z) / expected
    pull = pull[np.isfinite(pull)]
    assert len(pull) > 0.7 * 2 * PARTICLES
    width = 0.5 * np.subtract(*np.quantile(pull, [0.84, 0.16]))
    assert width == pytest.approx(1.0, abs=0.11 + 2 / np.sqrt(2 * len(pull)))  # Highland's formula holds to 11 %
    assert abs(np.median(pull)) < 5 / np.sqrt(len(pull))


@needs_geant4
def test_electrons_lose_energy_by_bremsstrahlung_and_muons_do_not(hits: Hits, beams: Primaries):
    kick = np.abs(measured_kick(hits, beams))
    expected = KICK * field_between_trackers()
    lost = {pid: np.nanmean(kick[beams.pid == pid] > 1.1 * expected) for pid in (11, 13)}
    assert lost[11] > 0.1
    assert lost[13] < 0.01


@needs_geant4
def test_pions_interact_and_decay_on_the_way(hits: Hits, beams: Primaries):
    last = ~np.isnan(positions(hits, len(beams))[:, DOWNSTREAM[-1], 0])
    first = ~np.isnan(positions(hits, len(beams))[:, UPSTREAM[0], 0])
    survived = {pid: last[(beams.pid == pid) & first].mean() for pid in (13, 211)}
    assert survived[211] < survived[13] - 0.03
    secondary = hits.primary < 0
    assert secondary.any()
    assert np.all(hits.primary[~secondary] == hits.ancestor[~secondary])
    assert np.all(beams.event[hits.ancestor] == hits.event)


@needs_geant4
def test_hits_lie_on_the_planes_and_never_in_the_hole(hits: Hits):
    z, half, hole = (np.array([getattr(p, n) for p in PLANES])[hits.plane] for n in ("z", "half_x", "hole"))
    assert np.array_equal(hits.z, z)
    assert np.all(np.abs(hits.x) <= half)
    assert np.mean(np.maximum(np.abs(hits.x), np.abs(hits.y)) < hole) < 0.001  # a slanted crossing of its rim


@needs_geant4
def test_the_hits_of_an_event_depend_on_nothing_but_the_event_and_the_seed(hits: Hits, beams: Primaries):
    chosen = np.isin(beams.event, [1003, 3011])  # electrons and pions, with all that precedes left out
    again = transport(beams.take(chosen), seed=7)
    same = np.isin(hits.event, [1003, 3011])
    for name in ("event", "plane", "x", "y", "z"):
        np.testing.assert_array_equal(getattr(again, name), getattr(hits, name)[same])
    other = transport(beams.take(chosen), seed=8)
    assert not np.array_equal(other.x, again.x)


@needs_geant4
def test_generated_particles_are_stored_exactly_and_cover_every_species():
    primaries = generate(first_event=40, events=12, seed=3)
    for name in ("px", "py", "pz", "vx", "vy", "vz"):
        column = getattr(primaries, name)
        np.testing.assert_array_equal(column, column.astype(np.float32))
    assert set(np.abs(primaries.pid).tolist()) == {*CHARGED_STABLE, 22}
    assert np.all(np.diff(primaries.event) >= 0)
    assert primaries.event.min() >= 40
    assert primaries.event.max() < 52
    again = generate(first_event=40, events=12, seed=3)
    np.testing.assert_array_equal(primaries.px, again.px)


@pytest.mark.parametrize("name", GUNS)
def test_guns_fire_what_they_say(name: str):
    gun, events = GUNS[name], 400
    shot = generate(0, events, seed=4, shares={name: 1.0})
    p = np.sqrt(shot.px**2 + shot.py**2 + shot.pz**2)
    eta = np.arctanh(shot.pz / p)
    assert np.all((p > 0.999 * gun.momentum[0]) & (p < 1.001 * gun.momentum[1]))
    assert np.all((eta > gun.eta[0] - 0.001) & (eta < gun.eta[1] + 0.001))
    number = events * gun.particles
    assert len(shot) == pytest.approx(number, abs=5 * np.sqrt(number))
    share = np.mean(np.abs(shot.vz) > 300)  # six standard deviations of the interaction region
    assert share == pytest.approx(gun.displaced * (1 - 300 / 2300), abs=5 * np.sqrt(0.25 / number))
    for pid in CHARGED_STABLE:
        expected = (pid in gun.species) / len(gun.species)
        assert np.mean(np.abs(shot.pid) == pid) == pytest.approx(expected, abs=5 * np.sqrt(0.16 / number))


@needs_geant4
def test_a_production_killed_and_resumed_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Mixture, "events_per_chunk", 1)
    whole = reference.make_reference(3, tmp_path / "whole.parquet", seed=5, workers=2, progress=False)
    output = tmp_path / "resumed.parquet"
    steps = chunks.make_chunks

    def killed(missing: list[chunks.Chunk], workers: int, folder: Path):
        for number, step in enumerate(steps(missing, workers, folder)):
            yield step
            if number == 0:
                for process in multiprocessing.active_children():
                    os.kill(process.pid or 0, signal.SIGKILL)

    monkeypatch.setattr(assembly, "make_chunks", killed)
    with pytest.raises(FlashSimError, match="worker process died"):
        reference.make_reference(3, output, seed=5, workers=1, progress=False)
    assert not output.exists()
    with pytest.raises(FlashSimError, match="another production"):
        reference.make_reference(3, output, seed=6, workers=1, progress=False)
    monkeypatch.setattr(assembly, "make_chunks", steps)
    reference.make_reference(3, output, seed=5, workers=1, progress=False)
    assert output.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["resumed.parquet", "whole.parquet"]
    with pytest.raises(FlashSimError, match="exists"):
        reference.make_reference(3, output, seed=5)


@needs_geant4
def test_an_interrupt_stops_the_workers_and_says_what_is_kept(tmp_path: Path):
    output = tmp_path / "x.parquet"
    program = (
        "from flashsim.experiments.spectrometer.reference import make_reference\n"
        f"if __name__ == '__main__': make_reference(10_000, {str(output)!r}, workers=1)\n"
    )
    script = tmp_path / "script.py"
    script.write_text(program)
    process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("x.parquet.part/worker-*.log")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "0 of 50 chunks are kept" in " ".join(printed.split())
    assert not output.exists()


def test_a_sample_is_split_by_event_and_keeps_its_origin(tmp_path: Path):
    import pyarrow as pa

    event = np.repeat(np.arange(100, dtype=np.int32), 3)
    source = tmp_path / "all.parquet"
    write_sample(source, pa.table({"event": event, "px": np.linspace(0, 1, 300, dtype=np.float32)}), {"seed": 1})
    paths = split_sample(source, tmp_path / "sample")
    events = {name: set(pq.read_table(path)["event"].to_pylist()) for name, path in paths.items()}
    assert {name: len(found) for name, found in events.items()} == {"train": 65, "validation": 10, "test": 25}
    assert set.union(*events.values()) == set(range(100))
    assert read_provenance(paths["test"])["seed"] == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"events": 0}, "events = 0"),
        ({"seed": -1}, "seed = -1"),
        ({"run": -1}, "run = -1"),
        ({"workers": 0}, "workers = 0"),
        ({"processes": ["forward_gun"]}, "did you mean 'forward-gun'"),
        ({"processes": ["gun"], "decays": ["d0"]}, "either, not of both"),
    ],
)
def test_bad_requests_are_refused_by_name(tmp_path: Path, arguments: dict[str, object], words: str):
    with pytest.raises(FlashSimError, match=words):
        reference.make_reference(**{"events": 1, "output": tmp_path / "x.parquet"} | arguments)
    assert not list(tmp_path.iterdir())


@needs_geant4
def test_ftfp_bert_is_offered_only_where_the_data_sets_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for variable in geant4_library.DATA_SETS:
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(FlashSimError, match="G4LEDATA"):
        geant4_library.require_generators("FTFP_BERT")
    (tmp_path / "file").touch()
    for variable in geant4_library.DATA_SETS:
        monkeypatch.setenv(variable, str(tmp_path))
    geant4_library.require_generators("FTFP_BERT")


def test_a_missing_generator_names_the_extra(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FlashSimError, match=r"flashsim\[geant4\]"):
        geant4_library.require_generators()
