"""The same events whatever the format and the chunk: by hand for the golden files, by count for real ones."""

import tarfile
from pathlib import Path

import numpy as np
import pyhepmc
import pytest

from flashsim.errors import FlashSimError
from flashsim.events import ColumnSource, EventBatch, read_events
from flashsim.events.hepmc_graph import descendants

COLUMNS = {
    "px": ColumnSource("px", factor=1e-3),
    "pid": ColumnSource("pid"),
    "good": ColumnSource("flag"),
    "absent": ColumnSource("absent", default=2.5),
}
FLAT = ["flat.parquet", "flat_ttree.root", "flat_rntuple.root"]
JAGGED = ["jagged.parquet", "jagged_ttree.root", "jagged_rntuple.root"]
CHUNKS = [1, 2, 3, 7]


def read(paths: object, chunk: int, columns: object = None, **options: object) -> EventBatch:
    batches = list(read_events(paths, columns, chunk_events=chunk, **options))  # type: ignore[arg-type]
    assert [batch.n_events for batch in batches[:-1]] == [chunk] * (len(batches) - 1)
    assert 1 <= batches[-1].n_events <= chunk
    return EventBatch.concatenate(batches)


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize("name", FLAT + JAGGED)
def test_tables_hold_these_events(golden: Path, name: str, chunk: int):
    events = read(golden / name, chunk, COLUMNS)
    if name in FLAT:  # one row an object: the empty event has no row
        assert list(zip(events.run, events.event, strict=True)) == [(1, 10), (1, 12), (2, 10)]
        assert events.counts.tolist() == [2, 3, 1]
    else:
        assert list(zip(events.run, events.event, strict=True)) == [(1, 10), (1, 11), (1, 12), (2, 10)]
        assert events.counts.tolist() == [2, 0, 3, 1]
    assert events.columns["px"].tolist() == pytest.approx([1.0, -2.5, 0.5, 0.25, 0.125, -8.0], rel=1e-15)
    assert events.columns["pid"].tolist() == [13, -13, 211, -211, 2212, 11]
    assert events.columns["pid"].dtype == np.int32
    assert events.columns["good"].tolist() == [True, False, False, False, True, True]
    assert events.columns["absent"].tolist() == [2.5] * 6


@pytest.mark.parametrize("name", FLAT + JAGGED)
def test_without_a_choice_all_columns_come(golden: Path, name: str):
    events = read(golden / name, 7)
    assert set(events.columns) == {"px", "pid", "flag"}
    assert events.columns["px"][0] == 1000.0


@pytest.mark.parametrize("chunk", CHUNKS)
def test_hepmc2_in_mev_and_cm_with_an_elastic_and_an_empty_collision(golden: Path, chunk: int):
    events = read(golden / "collisions.hepmc2", chunk)
    assert events.event.tolist() == [7, 8, 9]
    assert events.run.tolist() == [0, 0, 0]
    assert events.counts.tolist() == [4, 0, 4]
    columns = events.columns
    assert columns["pid"].tolist() == [2212, 2212, 2212, 2212, 511, 421, -321, 211]
    assert columns["stable"].tolist() == [False, True, False, True, False, False, True, True]
    assert columns["status"].tolist() == [4, 1, 4, 1, 2, 2, 1, 1]
    assert columns["mother"].tolist() == [-1, 0, -1, 2, -1, 0, 1, 1]
    assert columns["px"].tolist() == pytest.approx([0, 0.1, 0, -0.1, 1, 0.5, 0.4, 0.1])
    assert columns["mass"][4] == pytest.approx(5.27965)
    assert columns["energy"][7] == pytest.approx(8.017)
    assert columns["vx"].tolist() == [0, 5, 0, 5, 0, 10, 10, 10]
    assert columns["vy"].tolist() == [0, -2.5, 0, -2.5, 0, 20, 20, 20]
    assert columns["vz"].tolist() == [0, 100, 0, 100, 0, 30, 40, 40]
    assert columns["vt"][1] == pytest.approx(7.5 / 299.792458)  # the file has c·t in cm


@pytest.mark.parametrize("name", ["collisions.hepmc3", "collisions.hepmc3.gz"])
@pytest.mark.parametrize("chunk", CHUNKS)
def test_hepmc3_with_repeated_numbers_counts_by_position(golden: Path, name: str, chunk: int):
    events = read(golden / name, chunk)
    assert events.event.tolist() == [0, 1, 2]  # the file says 3, 3, 4
    assert events.columns["event_number"].tolist() == [3, 3, 3, 4, 4, 4, 4]
    assert events.counts.tolist() == [3, 0, 4]
    assert events.columns["stable"].tolist() == [False, False, True, False, False, True, True]
    assert events.columns["vt"].tolist() == pytest.approx([0, 0, 1, 0, 0, 0, 0])
    # The event is at (1, 2, 3): what has no vertex, or one without position, is there.
    assert events.columns["vx"].tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert events.columns["vz"].tolist() == [0, 0, -1.5, 3, 3, 3, 3]


@pytest.mark.parametrize("chunk", [1, 2, 7])
@pytest.mark.parametrize(
    ("name", "counts"),
    [("evt0.mc2", [4, 165, 1734]), ("evt5.mc2", [4, 360, 559, 935, 441, 1763]), ("evt7.mc2", [746])],
)
def test_real_collisions_all_of_them_and_no_more(real_data: Path, name: str, counts: list[int], chunk: int):
    events = read(real_data / name, chunk)
    assert events.counts.tolist() == counts
    assert events.event.tolist() == list(range(1, len(counts) + 1))
    beams = np.abs(events.columns["pz"]) > 6499.9
    assert events.columns["energy"][beams].max() == pytest.approx(6500.0, rel=1e-6)  # the file is in MeV


def test_mothers_are_in_the_same_event_and_end_where_their_daughters_begin(real_data: Path):
    events = read(real_data / "evt5.mc2", 2)
    mother, columns = events.columns["mother"], events.columns
    linked = np.flatnonzero(mother >= 0)
    assert np.all(mother[linked] < events.counts[events.event_index[linked]])
    parent = events.offsets[events.event_index[linked]] + mother[linked]
    assert len(linked) > 3000
    assert not np.any(columns["stable"][parent])
    pions = np.abs(columns["pid"][linked]) == 22  # photons of neutral pions start where these end
    neutral = parent[pions & (columns["pid"][parent] == 111)]
    assert len(neutral) > 100
    assert np.bincount(neutral)[np.unique(neutral)].max() <= 2


def test_files_that_all_count_from_one_share_no_event(real_data: Path):
    events = read(str(real_data / "evt*.mc2"), 4)
    assert events.counts.tolist() == [4, 165, 1734, 4, 360, 559, 935, 441, 1763, 746]
    assert events.run.tolist() == [0] * 3 + [1] * 6 + [2]


def test_hepmc_needs_no_names_and_no_units_from_the_card(golden: Path):
    columns = {"px": ColumnSource("TRUEP_X", factor=1e-3), "ghost": ColumnSource("ghost", default=0.0)}
    events = read(golden / "collisions.hepmc2", 7, columns)
    assert events.columns["px"][1] == pytest.approx(0.1)
    assert events.columns["ghost"].tolist() == [0.0] * 8
    assert set(events.columns) == {"px", "ghost"}
    with pytest.raises(FlashSimError, match="no column 'chi2'"):
        read(golden / "collisions.hepmc2", 7, {"chi2": ColumnSource("chi2")})


def test_a_branch_of_a_real_root_file(real_data: Path):
    columns = {"pt": ColumnSource("GenJet_pt"), "eta": ColumnSource("GenJet_eta")}
    events = read(real_data / "nano_tt_v12.root", 33, columns, tree="Events")
    assert (events.n_events, events.n_objects) == (200, 1694)


def test_a_chunk_may_hold_events_of_several_files(golden: Path):
    files = [golden / "jagged.parquet", golden / "collisions.hepmc2"]
    events = read(files, 5, {"pid": ColumnSource("pid"), "px": ColumnSource("px", factor=1e-3)})
    assert events.counts.tolist() == [2, 0, 3, 1, 4, 0, 4]


@pytest.mark.parametrize("chunk", CHUNKS)
def test_the_collisions_of_a_file_may_be_one_event(golden: Path, chunk: int):
    files = [golden / "collisions.hepmc2", golden / "collisions.hepmc3"]
    events = read(files, chunk, together=True)
    assert list(zip(events.run, events.event, strict=True)) == [(0, 0), (1, 0)]
    assert events.counts.tolist() == [8, 7]
    assert events.columns["collision"].tolist() == [0] * 4 + [2] * 4 + [0] * 3 + [2] * 4
    assert events.columns["mother"][:8].tolist() == [-1, 0, -1, 2, -1, 4, 5, 5]


def test_where_a_collision_was(golden: Path):
    """Where the beams meet; without beams, where the signal or the first particle was made."""
    columns = read(golden / "collisions.hepmc2", 7).columns
    assert columns["pvx"].tolist() == [5] * 4 + [0] * 4
    assert columns["pvz"].tolist() == [100] * 4 + [0] * 4
    assert columns["pvt"][0] == pytest.approx(7.5 / 299.792458)


def test_the_signal_of_real_collisions_is_flagged_with_all_that_comes_of_it(real_data: Path):
    for name, primary in (("evt0.mc2", -1.8), ("evt5.mc2", -9.2), ("evt7.mc2", -12.8)):
        events = read(real_data / name, 7)
        columns, start = events.columns, events.offsets[:-1]
        signal = columns["signal"]
        (head,) = np.flatnonzero(columns["status"] == 889)
        assert signal[head]
        assert columns["vz"][head] == pytest.approx(primary, abs=0.1)
        assert columns["pvz"][head] == pytest.approx(columns["vz"][head], abs=1e-3)
        assert np.unique(events.event_index[signal]).tolist() == [events.event_index[head]]
        mothers = start[events.event_index[signal]] + columns["mother"][signal]
        assert np.all(signal[mothers] | (np.flatnonzero(signal) == head))
        pids = np.abs(columns["pid"][signal])
        assert np.count_nonzero(pids == 413) == 1  # B -> D* pi
        children = signal & columns["stable"]
        head_children = columns["mother"] == head - start[events.event_index[head]]
        assert columns["px"][head_children & signal].sum() == pytest.approx(columns["px"][head], abs=1e-3)
        assert columns["pz"][children].sum() <= columns["pz"][head] + 1e-3


def descendants_by_recursion(chosen: np.ndarray, links: list[tuple[int, int]], production: np.ndarray) -> list[int]:
    found = set(np.flatnonzero(chosen).tolist())
    while True:
        ends = {vertex for particle, vertex in links if particle in found}
        more = found | {i for i, vertex in enumerate(production) if vertex in ends}
        if more == found:
            return sorted(found)
        found = more


@pytest.mark.parametrize("seed", range(20))
def test_descendants_in_any_graph(seed: int):
    """Also where several particles go into a vertex, and where the order is not that of time, or goes round."""
    random = np.random.default_rng(seed)
    particles, vertices = 30, 12
    production = random.integers(0, vertices + 1, particles)
    links = [(int(p), int(random.integers(1, vertices + 1))) for p in random.choice(particles, 20, replace=False)]
    chosen = random.random(particles) < 0.1
    incoming, entered = np.array([p for p, _ in links]), np.array([v for _, v in links])
    found = descendants(chosen, incoming, entered, production)
    assert np.flatnonzero(found).tolist() == descendants_by_recursion(chosen, links, production)


@pytest.mark.parametrize("suffix", ["tar", "tar.gz"])
@pytest.mark.parametrize("chunk", [1, 7])
def test_an_archive_is_its_files(golden: Path, tmp_path: Path, suffix: str, chunk: int):
    names = ["collisions.hepmc2", "collisions.hepmc3.gz", "collisions.hepmc3"]
    with tarfile.open(tmp_path / f"a.{suffix}", "w:gz" if suffix.endswith("gz") else "w") as archive:
        for name in names:
            archive.add(golden / name, f"folder/{name}")
    packed = read([tmp_path / f"a.{suffix}", golden / names[0]], chunk)
    plain = read([golden / name for name in [*names, names[0]]], chunk)
    assert packed.run.tolist() == plain.run.tolist()
    for name, values in plain.columns.items():
        np.testing.assert_array_equal(packed.columns[name], values)


def test_an_archive_that_is_cut_or_holds_something_else_is_refused(golden: Path, tmp_path: Path):
    for mode, name in (("w", "a.tar"), ("w:gz", "a.tar.gz")):
        with tarfile.open(tmp_path / name, mode) as archive:
            for member in ("collisions.hepmc2", "collisions.hepmc3"):
                archive.add(golden / member, member)
        whole = (tmp_path / name).read_bytes()
        ends = [0.3, 0.6, 0.95] if mode == "w:gz" else [700 / len(whole), 2048 / len(whole), 0.4]
        for end in ends:
            (tmp_path / f"cut_{name}").write_bytes(whole[: int(end * len(whole))])
            with pytest.raises(FlashSimError, match=rf"cut_{name}: "):
                read(tmp_path / f"cut_{name}", 7)
        with tarfile.open(tmp_path / name, mode) as archive:
            archive.add(golden / "collisions.hepmc2", "good")
            archive.add(golden / "flat.parquet", "notes/flat.parquet")
        with pytest.raises(FlashSimError, match=rf"{name}: notes/flat\.parquet: not a HepMC2"):
            read(tmp_path / name, 7)


def random_record(random: np.random.Generator, number: int) -> pyhepmc.GenEvent:
    """Beams that meet, and a graph of decays and of vertices where several particles go in."""
    event = pyhepmc.GenEvent(pyhepmc.Units.MEV, pyhepmc.Units.CM)
    event.event_number = number

    def particle(status: int) -> pyhepmc.GenParticle:
        momentum = random.normal(0, 10.0 ** random.integers(-3, 6), 4).tolist()
        made = pyhepmc.GenParticle(momentum, int(random.choice([211, -511, 22, 2212])), status)
        made.generated_mass = float(random.exponential(100))
        return made

    open_ends = [particle(4), particle(4)]
    for step in range(int(random.integers(1, 8))):
        vertex = pyhepmc.GenVertex(random.normal(1, 10, 4).tolist())
        for index in [0, 0] if step == 0 else random.integers(0, 2, 1):
            vertex.add_particle_in(open_ends.pop(int(index)))
        for _ in range(int(random.integers(2, 4))):
            made = particle(int(random.choice([1, 2, 889])))
            vertex.add_particle_out(made)
            open_ends.append(made)
        event.add_vertex(vertex)
    return event


@pytest.mark.parametrize("chunk", [1, 100])
def test_a_record_is_the_same_in_both_versions_of_hepmc(tmp_path: Path, chunk: int):
    """HepMC2 is read by a parser of our own, HepMC3 by pyhepmc; their orders of particles differ."""
    random = np.random.default_rng(3)
    records = [random_record(random, number) for number in range(40)]
    both = []
    for name in ("hepmc2", "hepmc3"):
        with pyhepmc.open(str(tmp_path / name), "w", format=name, precision=16) as file:
            for record in records:
                file.write(record)
        both.append(read(tmp_path / name, chunk))
    two, three = both
    assert two.counts.tolist() == three.counts.tolist()
    orders = [np.lexsort([each.columns["energy"], each.event_index]) for each in both]
    for name, values in three.columns.items():
        if name == "mother":
            mothers = [
                np.where(
                    each.columns[name] >= 0,
                    each.columns["energy"][each.offsets[each.event_index] + each.columns[name]],
                    0,
                )
                for each in both
            ]
            np.testing.assert_allclose(mothers[0][orders[0]], mothers[1][orders[1]], rtol=1e-14)
        else:
            np.testing.assert_allclose(two.columns[name][orders[0]], values[orders[1]], rtol=1e-14, atol=1e-300)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"P 3 2212 100 ", b"P 3 2212 1o0 ", r"record 0 \(event 7\) is damaged"),
        (b"P 3 -321", b"P 3", r"record 2 \(event 9\) is damaged.* too few words"),
        (b"2 0 0 -2 0\nV -2", b"2 0 0 -3 0\nV -2", r"record 2 \(event 9\) is damaged.*vertex -3"),
        (b"V -2 0 1 2 4 0 0 2 0\n", b"", r"record 2 \(event 9\) is damaged.*not as many"),
        (b"U MEV CM\nV -1 0 1", b"U TEV CM\nV -1 0 1", r"record 2 .*units TEV CM: known are GEV and MEV"),
    ],
)
def test_what_is_wrong_in_a_record_of_hepmc2_is_said(
    golden: Path, tmp_path: Path, old: bytes, new: bytes, message: str
):
    text = (golden / "collisions.hepmc2").read_bytes()
    assert text.count(old) == 1
    (tmp_path / "damaged.hepmc2").write_bytes(text.replace(old, new))
    for chunk in (1, 7):
        with pytest.raises(FlashSimError, match=rf"damaged.hepmc2: {message}"):
            read(tmp_path / "damaged.hepmc2", chunk)
