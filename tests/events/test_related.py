"""Objects of other collections: matched by an index or by distance, against the obvious loop over all pairs."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot
from hypothesis import given, settings
from hypothesis import strategies as st

from flashsim.errors import FlashSimError
from flashsim.events import LEFT_OVER, ByIndex, ColumnSource, EventBatch, Nearest, Relation, SumOf, read_events
from flashsim.events.batch import offsets_from_counts
from flashsim.events.relations import Lists, Partners

EVENTS = {
    "run": [1, 1, 1],
    "event": [1, 2, 3],
    "Pileup_nTrueInt": [20.5, 30.5, 40.5],
    "Gen_pt": [[50.0, 20.0], [], [10.0, 30.0, 40.0]],
    "Gen_eta": [[0.0, 1.0], [], [0.0, 0.1, -2.0]],
    "Gen_phi": [[3.1, 0.0], [], [0.0, 0.0, 1.0]],
    "Gen_charge": [[1, -1], [], [1, 1, -1]],
    "Rec_pt": [[55.0, 18.0, 7.0], [9.0], [29.0, 11.0]],
    "Rec_eta": [[0.0, 1.1, 4.0], [0.0], [0.05, 0.02]],
    "Rec_phi": [[-3.1, 0.0, 0.0], [0.0], [0.0, 0.0]],
    "Rec_charge": [[1, 1, 1], [1], [1, 1]],
    "Rec_genIdx": [[1, 1, -1], [0], [2, 7]],
}
NEAR = Nearest(nearest=("Rec_eta", "Rec_phi"), to=("Gen_eta", "Gen_phi"), radius=0.3)


def write(path: Path, events: dict[str, list]) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(pa.table(events), path)
    else:
        with uproot.recreate(path) as file:
            arrays = {name: ak.Array(values) for name, values in events.items()}
            file.mktree("Events", {name: array.type.content for name, array in arrays.items()})
            file["Events"].extend(arrays)
    return path


def read(path: Path, **columns: ColumnSource) -> EventBatch:
    return EventBatch.concatenate(list(read_events(path, columns, chunk_events=2)))


@pytest.mark.parametrize("name", ["events.parquet", "events.root"])
def test_what_belongs_to_each_object(tmp_path: Path, name: str):
    by_index = ByIndex("Rec_genIdx")
    got = read(
        write(tmp_path / name, EVENTS),
        pt=ColumnSource("Gen_pt", factor=1e-3),
        pileup=ColumnSource("Pileup_nTrueInt"),
        rec_pt=ColumnSource("Rec_pt", factor=1e-3, relation=by_index),
        second_pt=ColumnSource("Rec_pt", factor=1e-3, relation=ByIndex("Rec_genIdx", rank=2)),
        n_rec=ColumnSource("count", relation=by_index),
        near_charge=ColumnSource("Rec_charge", default=-9, relation=NEAR),
        near_dr=ColumnSource("dr", relation=NEAR),
        near_dphi=ColumnSource("dphi", relation=NEAR),
        absent=ColumnSource("Tau_pt", default=-1, relation=by_index),
    )
    assert got.counts.tolist() == [2, 0, 3]
    assert got.columns["pileup"].tolist() == [20.5, 20.5, 40.5, 40.5, 40.5]
    assert got.columns["rec_pt"] == pytest.approx([0, 0.055, 0, 0, 0.029])
    assert got.columns["second_pt"] == pytest.approx([0, 0.018, 0, 0, 0])
    assert got.columns["n_rec"].tolist() == [0, 2, 0, 0, 1]
    assert got.columns["near_charge"].tolist() == [1, 1, 1, 1, -9]
    assert got.columns["near_charge"].dtype.kind == "i"
    assert got.columns["near_dr"] == pytest.approx([2 * np.pi - 6.2, 0.1, 0.02, 0.05, 0.3])
    assert got.columns["near_dphi"] == pytest.approx([2 * np.pi - 6.2, 0, 0, 0, 0])
    assert got.columns["absent"].tolist() == [-1] * 5


@pytest.mark.parametrize("name", ["events.parquet", "events.root"])
def test_the_place_of_a_partner_and_sums_over_all_of_the_others(tmp_path: Path, name: str):
    path = write(tmp_path / name, EVENTS)
    hard = SumOf("Rec_pt * Rec_charge", "(Rec_pt > 10) & (Pileup_nTrueInt < 35)")
    got = read(
        path,
        pt=ColumnSource("Gen_pt"),
        by_index=ColumnSource("index", relation=ByIndex("Rec_genIdx")),
        near=ColumnSource("index", relation=NEAR),
        absent=ColumnSource("index", default=-9, relation=NEAR),
        total=ColumnSource("sum", factor=1e-3, relation=SumOf("Rec_pt")),
        hard=ColumnSource("sum", relation=hard),
        number=ColumnSource("sum", relation=SumOf("1", "Rec_pt < 20")),
    )
    # What an obvious loop finds, event by event.
    rows = [
        (e, i) for e, pts in enumerate(EVENTS["Gen_pt"]) for i in range(len(pts))
    ]  # fmt: skip
    first = [EVENTS["Rec_genIdx"][e].index(i) if i in EVENTS["Rec_genIdx"][e] else -1 for e, i in rows]
    assert got.columns["by_index"].tolist() == first
    assert got.columns["near"].tolist() == [0, 1, 1, 0, -1]
    assert got.columns["absent"].tolist() == [0, 1, 1, 0, -9]
    sums = {e: sum(EVENTS["Rec_pt"][e]) for e in range(3)}
    signed = {
        e: sum(
            pt * charge
            for pt, charge in zip(EVENTS["Rec_pt"][e], EVENTS["Rec_charge"][e], strict=True)
            if pt > 10 and EVENTS["Pileup_nTrueInt"][e] < 35
        )
        for e in range(3)
    }
    soft = {e: sum(pt < 20 for pt in EVENTS["Rec_pt"][e]) for e in range(3)}
    assert got.columns["total"] == pytest.approx([1e-3 * sums[e] for e, _ in rows])
    assert got.columns["hard"] == pytest.approx([signed[e] for e, _ in rows])
    assert got.columns["number"].tolist() == [soft[e] for e, _ in rows]


@pytest.mark.parametrize("name", ["events.parquet", "events.root"])
def test_columns_of_one_number_an_event_are_one_object_an_event(tmp_path: Path, name: str):
    path = write(tmp_path / name, EVENTS)
    got = read(path, pileup=ColumnSource("Pileup_nTrueInt"), ht=ColumnSource("sum", relation=SumOf("Rec_pt")))
    assert got.counts.tolist() == [1, 1, 1]
    assert got.columns["pileup"].tolist() == EVENTS["Pileup_nTrueInt"]
    assert got.columns["ht"].tolist() == [80.0, 9.0, 40.0]


@pytest.mark.parametrize("name", ["events.parquet", "events.root"])
@pytest.mark.parametrize(
    ("rule", "left"),
    [
        (ByIndex("Rec_genIdx"), {1: [7.0], 2: [9.0], 3: [11.0]}),  # an index beyond the objects is none
        (Nearest(NEAR.nearest, NEAR.to, NEAR.radius, once=True), {1: [7.0], 2: [9.0], 3: []}),
    ],
    ids=["index", "once"],
)
def test_what_belongs_to_no_object_is_a_row_of_its_own(tmp_path: Path, name: str, rule: Relation, left: dict):
    got = read(
        write(tmp_path / name, EVENTS),
        pt=ColumnSource("Gen_pt"),
        pileup=ColumnSource("Pileup_nTrueInt", factor=2.0),
        rec_pt=ColumnSource("Rec_pt", relation=rule),
        n_rec=ColumnSource("count", relation=rule),
        near=ColumnSource("Rec_charge", default=-9, relation=NEAR),
        absent=ColumnSource("Tau_pt", default=-1),
        extra=ColumnSource(LEFT_OVER, relation=rule),
    )
    extra = got.columns["extra"]
    numbers = got.event[got.event_index]
    assert {event: got.columns["rec_pt"][extra & (numbers == event)].tolist() for event in (1, 2, 3)} == left
    assert got.columns["pt"][~extra].tolist() == [50.0, 20.0, 10.0, 30.0, 40.0]
    # They come last in their event, and have its numbers; of everything else nothing, or the default.
    assert np.all(np.diff(extra.astype(int))[np.diff(got.event_index) == 0] >= 0)
    pileup = dict(zip(EVENTS["event"], EVENTS["Pileup_nTrueInt"], strict=True))
    assert got.columns["pileup"].tolist() == [2 * pileup[int(event)] for event in numbers]
    assert set(got.columns["pt"][extra]) == set(got.columns["n_rec"][extra]) == {0}
    assert set(got.columns["near"][extra]) == {-9}
    assert set(got.columns["absent"]) == {-1}


PARTICLE = Nearest(NEAR.nearest, ("Particle_eta", "Particle_phi"), 1.0, once=True)
RULES: dict[str, tuple[Nearest, Callable[[dict[str, float]], bool]]] = {
    "any": (NEAR, lambda _: True),
    "second": (Nearest(NEAR.nearest, NEAR.to, 1.5, rank=2), lambda _: True),
    "once": (Nearest(NEAR.nearest, NEAR.to, 1.5, once=True), lambda _: True),
    "of the same charge, and some momentum": (
        Nearest(
            NEAR.nearest, NEAR.to, 1.5, where="(Rec_pt > 0.2) & (Rec_charge == Gen_charge) & (Rec_pt < 2 * Gen_pt)"
        ),
        lambda p: p["Rec_pt"] > 0.2 and p["Rec_charge"] == p["Gen_charge"] and p["Rec_pt"] < 2 * p["Gen_pt"],
    ),
    "in events of much pile-up": (
        Nearest(NEAR.nearest, NEAR.to, 1.5, where="pileup > 0.5"),
        lambda p: p["pileup"] > 0.5,
    ),
    "without what belongs to objects of another list": (
        Nearest(NEAR.nearest, NEAR.to, 1.5, once=True, without=(PARTICLE,)),
        lambda _: True,
    ),
    "without what belongs to any of two lists": (
        Nearest(NEAR.nearest, NEAR.to, 1.5, without=(replace(NEAR, once=True, radius=0.5, without=(PARTICLE,)),)),
        lambda _: True,
    ),
    "of their own kind": (Nearest(NEAR.to, NEAR.to, 1.0), lambda _: True),
}


def loop(rule: Nearest, holds: Callable, lists: dict[str, Lists], pileup: np.ndarray) -> np.ndarray:
    """The partner of each object, pair by pair."""
    taken = {j for before in rule.without for j in belonging(before, lists, pileup)}
    own, other = (lists[name].offsets for name in (rule.to[0], rule.nearest[0]))
    pairs = []
    for event in range(len(own) - 1):
        for i in range(own[event], own[event + 1]):
            for j in range(other[event], other[event + 1]):
                places = {rule.to[0].partition("_")[0]: i, rule.nearest[0].partition("_")[0]: j}
                here = {
                    n: c.values[places[n.partition("_")[0]]] for n, c in lists.items() if n.partition("_")[0] in places
                }
                deta, dphi = (
                    lists[a].values[j] - lists[b].values[i] for a, b in zip(rule.nearest, rule.to, strict=True)
                )
                dr = np.hypot(deta, (dphi + np.pi) % (2 * np.pi) - np.pi)
                itself = rule.nearest == rule.to and i == j
                if j not in taken and dr < rule.radius and not itself and holds(here | {"pileup": pileup[event]}):
                    pairs.append((dr, i, j))
    chosen = np.full(own[-1], -1)
    seen, used = np.zeros(own[-1], int), set()
    for _, i, j in sorted(pairs):
        if rule.once and (chosen[i] >= 0 or j in used):
            continue
        seen[i] += 1
        if seen[i] == rule.rank:
            chosen[i] = j
            used.add(j)
    return chosen


def belonging(rule: Relation, lists: dict[str, Lists], pileup: np.ndarray) -> set[int]:
    """The others that a rule takes, or one before it."""
    assert isinstance(rule, Nearest)
    taken = {j for before in rule.without for j in belonging(before, lists, pileup)}
    return taken | set(loop(rule, lambda _: True, lists, pileup)) - {-1}


def partners(relation: Relation, lists: dict[str, Lists], pileup: np.ndarray) -> Partners:
    return relation.partners(lists, {"pileup": pileup}, lists["Gen_eta"].offsets)


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1), size=st.integers(0, 6))
def test_the_choice_is_that_of_a_loop_over_pairs(name: str, seed: int, size: int):
    random = np.random.default_rng(seed)
    lists: dict[str, Lists] = {}
    for collection in ("Gen", "Rec", "Particle"):
        offsets = offsets_from_counts(random.integers(0, size + 1, 4).astype(np.int64))
        n = int(offsets[-1])
        lists |= {f"{collection}_eta": Lists(offsets, random.normal(0, 1, n))}
        lists |= {f"{collection}_phi": Lists(offsets, random.uniform(-np.pi, np.pi, n))}
        lists |= {f"{collection}_pt": Lists(offsets, random.uniform(0, 1, n))}
        lists |= {f"{collection}_charge": Lists(offsets, random.choice([-1, 1], n))}
    rule, holds = RULES[name]
    pileup = random.uniform(size=4)
    found = partners(rule, lists, pileup)
    assert found.chosen.tolist() == loop(rule, holds, lists, pileup).tolist()
    assert (found.count[found.there] >= 1).all()
    if rule.without:
        expected = {j for before in rule.without for j in belonging(before, lists, pileup)} | set(found.chosen) - {-1}
        assert set(np.flatnonzero(found.belongs)) == expected


@pytest.mark.parametrize("name", ["events.parquet", "events.root"])
def test_what_another_rule_has_taken_is_not_looked_at(tmp_path: Path, name: str):
    """Of the first event 55 and 18 point to an object, of the third 29 and 11, though 11 beyond the list."""
    rest = replace(NEAR, radius=6.0, once=True, without=(ByIndex("Rec_genIdx"),))
    path = write(tmp_path / name, EVENTS | {"Rec_genIdx": [[1, -1, -1], [0], [2, 7]]})
    got = read(
        path,
        pt=ColumnSource("Gen_pt"),
        rest=ColumnSource("Rec_pt", relation=rest),
        number=ColumnSource("count", relation=rest),
        extra=ColumnSource(LEFT_OVER, relation=rest),
    )
    assert got.columns["rest"].tolist() == [7.0, 18.0, 0.0, 0.0, 0.0]
    assert got.columns["number"].tolist() == [1, 1, 0, 0, 0]
    assert not got.columns["extra"].any()
    wrong = replace(NEAR, without=(replace(PARTICLE, nearest=("Gen_eta", "Gen_phi"), to=("Rec_eta", "Rec_phi")),))
    with pytest.raises(FlashSimError, match="'Rec_eta' has 3 values and 'Gen_eta' has 2"):
        read(path, pt=ColumnSource("Gen_pt"), number=ColumnSource("count", relation=wrong))


def test_lists_that_do_not_fit_together_are_refused(tmp_path: Path):
    path = write(tmp_path / "events.parquet", EVENTS | {"Rec_eta": [[0.0], [0.0], [0.0]]})
    own = {"pt": ColumnSource("Gen_pt")}
    with pytest.raises(FlashSimError, match="row 0 column 'Rec_eta' has 1 values and 'Rec_phi' has 3"):
        read(path, **own, dr=ColumnSource("dr", relation=NEAR))
    with pytest.raises(FlashSimError, match="no column 'Rec_genIndex'"):
        read(path, **own, rec=ColumnSource("Rec_pt", relation=ByIndex("Rec_genIndex")))
    with pytest.raises(FlashSimError, match="none of these is a list of the objects themselves"):
        read(path, rec=ColumnSource("Rec_pt", relation=ByIndex("Rec_genIdx")))
    with pytest.raises(FlashSimError, match="'Pileup_nTrueInt' has one value an event"):
        read(path, **own, sum=ColumnSource("sum", relation=SumOf("Pileup_nTrueInt")))
    with pytest.raises(FlashSimError, match="'Gen_pt' is a list, of neither"):
        read(path, **own, sum=ColumnSource("sum", relation=SumOf("Rec_pt", "Gen_pt > 1")))
    with pytest.raises(FlashSimError, match=r"'Rec_pt' has 3 values and 'Gen_charge' has 2|'Rec_genIdx' has"):
        read(path, **own, charge=ColumnSource("Gen_charge", relation=ByIndex("Rec_genIdx")))
