"""NanoAOD in and out: every branch with its bits, its type, its title and its counter."""

import os
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from flashsim.card.event_card import GENERATOR_LEVEL
from flashsim.errors import FlashSimError
from flashsim.events import (
    COPY,
    Branch,
    Collection,
    NanoLayout,
    OutputBatch,
    OutputSchema,
    TreeRows,
    as_collections,
    branches_from_json,
    branches_to_json,
    describe_file,
    open_nanoaod,
    read_other_trees,
    read_rows,
    tree_branches,
)

DATA = Path(os.environ.get("FLASHSIM_DATA", Path(__file__).parents[3] / "shared" / "data"))
REAL = ["nano_tt_v12.root", "nano_dy.root"]
SOME = (*GENERATOR_LEVEL, "Jet_*", "Muon_*", "HLT_IsoMu*")  # uproot takes minutes to begin a tree of 1,500 branches
NOT_EVENTS = {"flashsim", "Events"}


def copied(path: Path, output: Path, chunk: int) -> dict[str, Branch]:
    """Read a file, and write it."""
    known = tree_branches(path, "Events")
    branches = {name: one for name, one in known.items() if any(fnmatchcase(name, pattern) for pattern in SOME)}
    counters = {branch.counter for branch in branches.values()}
    branches |= {name: known[name] for name in counters if name is not None}
    names = [name for name in branches if name not in counters]
    others, left_out = read_other_trees([path], "Events")
    assert left_out == []
    writer = None
    for _, rows in read_rows(path, "Events", names, chunk):
        run, event = (rows.numbers[name].astype(np.int64) for name in ("run", "event"))
        more = {name: values for name, values in rows.numbers.items() if name not in ("run", "event")}
        batch = OutputBatch(run, event, np.zeros(rows.length, np.int32), as_collections(rows.lists, branches), more)
        if writer is None:
            layout = NanoLayout("Events", ("run", "event"), branches, others)
            writer = open_nanoaod(output, OutputSchema.of(batch), {}, layout)
        writer.write(batch)
    assert writer is not None
    writer.close()
    return branches


def assert_same(path: Path, output: Path, branches: dict[str, Branch]) -> None:
    found = tree_branches(output, "Events")
    assert set(found) == {*branches, COPY}
    assert {name: (found[name].dtype, found[name].counter) for name in branches} == {
        name: (branch.dtype, branch.counter) for name, branch in branches.items()
    }
    assert {name: found[name].title for name in branches if branches[name].title} == {
        name: branch.title for name, branch in branches.items() if branch.title
    }
    with uproot.open(path) as before, uproot.open(output) as after:
        one, other = (file["Events"].arrays(list(branches), how=dict) for file in (before, after))
        for name in branches:
            assert one[name].layout.form.type == other[name].layout.form.type, name
            assert ak.array_equal(one[name], other[name], equal_nan=True), name
        for name in set(before.keys(cycle=False, recursive=False)) - NOT_EVENTS:
            assert after[name].typenames() == before[name].typenames()
            assert ak.array_equal(after[name].arrays(), before[name].arrays())
            assert [branch.title for branch in after[name].branches] == [b.title for b in before[name].branches]


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no {DATA}: set FLASHSIM_DATA")
@pytest.mark.filterwarnings("ignore:Missing cross-reference:RuntimeWarning")
@pytest.mark.parametrize("name", REAL)
def test_a_copy_of_nanoaod_is_that_nanoaod(name: str, tmp_path: Path):
    nanoevents = pytest.importorskip("coffea.nanoevents")
    branches = copied(DATA / name, tmp_path / "copy.root", 64)
    assert_same(DATA / name, tmp_path / "copy.root", branches)
    factory = nanoevents.NanoEventsFactory.from_root(
        {str(tmp_path / "copy.root"): "Events"}, schemaclass=nanoevents.NanoAODSchema, mode="eager"
    )
    events = factory.events()
    assert ak.all(events.Jet[events.Jet.genJetIdx >= 0].matched_gen.pt > 0)
    assert str(events.Jet.pt.__doc__) == (branches["Jet_pt"].title or "Jet_pt[nJet]/F")


def test_types_titles_and_counters_that_uproot_alone_does_not_write(tmp_path: Path):
    random = np.random.default_rng(0)
    offsets = np.array([0, 2, 2, 5])
    kinds = ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]
    columns = {f"x{kind}": random.integers(0, 2 if kind == "bool" else 100, 5).astype(kind) for kind in kinds}
    branches = {f"Jet_{name}": Branch(values.dtype, f"the {name} of it", "nJet") for name, values in columns.items()}
    branches |= {name: Branch(np.dtype(kind), "which") for name, kind in (("run", "uint32"), ("event", "uint64"))}
    branches["nJet"] = Branch(np.dtype("uint32"), "slimmed jets (pt > 15)")
    branches["PSWeight"] = Branch(np.dtype("float32"), "weights [0] and [1]", "nPSWeight")
    branches["nPSWeight"] = Branch(np.dtype("uint32"))
    (tmp_path / "branches.json").write_text(branches_to_json(branches))
    assert branches_from_json(tmp_path / "branches.json") == branches
    lists = {f"Jet_{name}": (offsets, values) for name, values in columns.items()}
    lists["PSWeight"] = (np.array([0, 1, 1, 3]), np.array([1, 2, 3], np.float32))
    collections = as_collections(lists, branches)
    batch = OutputBatch(np.ones(3, np.int64), np.arange(3), np.zeros(3, np.int32), collections)
    layout = NanoLayout("Events", ("run", "event"), branches)
    with open_nanoaod(tmp_path / "out.root", OutputSchema.of(batch), {"seed": 1}, layout) as writer:
        writer.write(batch)
    found = tree_branches(tmp_path / "out.root", "Events")
    assert {name: found[name] for name in branches} == branches
    with uproot.open(tmp_path / "out.root") as file:
        events = file["Events"].arrays()
        assert file["flashsim"] == '{"seed": 1}'
        assert file["Events"]["nJet"].member("fLeaves")[0].member("fIsUnsigned")
    for name, values in columns.items():
        assert ak.flatten(events[f"Jet_{name}"]).to_numpy().tolist() == values.tolist()
    assert events["nJet"].to_list() == [2, 0, 3]
    assert events["PSWeight"].to_list() == [[1.0], [], [2.0, 3.0]]


def test_containers_of_xaod_are_written_under_their_names(tmp_path: Path):
    """As PHYSLITE has them: a collection whose name ends in a dot, and a column that has a name of its own."""
    nanoevents = pytest.importorskip("coffea.nanoevents")
    random = np.random.default_rng(4)
    offsets = np.array([0, 2, 5, 5, 7])
    columns = {name: random.uniform(1, 3, 7).astype(np.float32) for name in ("pt", "eta", "phi", "m")}
    jets = Collection(offsets, columns | {"BTaggingAuxDyn.score": random.random(7).astype(np.float32)})
    ones, number = np.ones(4, np.int64), np.arange(4)
    batch = OutputBatch(ones, number, np.zeros(4, np.int32), {"AnalysisJetsAuxDyn.": jets}, {})
    identity = ("EventInfoAuxDyn.runNumber", "EventInfoAuxDyn.eventNumber")
    types = {identity[0]: Branch(np.dtype(np.uint32)), identity[1]: Branch(np.dtype(np.uint64))}
    writer = open_nanoaod(
        tmp_path / "x.root", OutputSchema.of(batch), {}, NanoLayout("CollectionTree", identity, types)
    )
    writer.write(batch)
    writer.close()
    with uproot.open(tmp_path / "x.root") as file:
        assert {"AnalysisJetsAuxDyn.pt", "BTaggingAuxDyn.score", *identity} <= set(file["CollectionTree"].keys())
    events = nanoevents.NanoEventsFactory.from_root(
        {str(tmp_path / "x.root"): "CollectionTree"}, schemaclass=nanoevents.PHYSLITESchema, mode="eager"
    ).events()
    pairs = events.Jets[ak.num(events.Jets) > 1]
    pt, eta, phi, m = (columns[name].astype(np.float64)[[[0, 1], [2, 3], [5, 6]]] for name in ("pt", "eta", "phi", "m"))
    energy = np.sqrt(m**2 + (pt * np.cosh(eta)) ** 2).sum(axis=1)
    momentum = [(pt * each).sum(axis=1) for each in (np.cos(phi), np.sin(phi), np.sinh(eta))]
    expected = np.sqrt(energy**2 - sum(one**2 for one in momentum))
    np.testing.assert_allclose((pairs[:, 0] + pairs[:, 1]).mass, expected, rtol=1e-4)


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no {DATA}: set FLASHSIM_DATA")
def test_members_of_split_objects_are_branches(tmp_path: Path):
    known = tree_branches(DATA / "PHYSLITE_example.root", "CollectionTree")
    assert (
        "AntiKt4TruthDressedWZJetsAux.pt"
        in describe_file(DATA / "PHYSLITE_example.root", tree="CollectionTree").columns
    )
    assert known["AntiKt4TruthDressedWZJetsAux.pt"].dtype == np.float32
    assert (
        known["TruthElectronsAuxDyn.prodVtxLink.m_persKey"].collection == "TruthElectronsAuxDyn.prodVtxLink.m_persKey"
    )


def test_what_is_neither_a_number_nor_a_list_is_told(tmp_path: Path):
    with uproot.recreate(tmp_path / "events.root") as file:
        file.mktree("Events", {"run": np.array([1]), "event": np.array([1]), "name": ["a text"]})
        file.mktree("Runs", {"run": np.array([1]), "dataset": ["a text"]})
        file.mktree("Words", {"word": ["a text"]})
    assert list(tree_branches(tmp_path / "events.root", "Events")) == ["run", "event"]
    with pytest.raises(FlashSimError, match="branch 'name' holds"):
        list(read_rows(tmp_path / "events.root", "Events", ["name"], 10))
    with pytest.raises(FlashSimError, match="no column 'nam'; the file has event, run"):
        list(read_rows(tmp_path / "events.root", "Events", ["nam"], 10))
    others, left_out = read_other_trees([tmp_path / "events.root"] * 2, "Events")
    assert left_out == ["Runs.dataset", "Words.word"]
    assert others["Runs"].rows.numbers["run"].tolist() == [1, 1]


def test_rows_cut_repeated_and_joined():
    rows = TreeRows(3, {"a": np.arange(3)}, as_lists([[1, 2], [], [3]]))
    assert plain(rows.repeated(2)) == ([0, 0, 1, 1, 2, 2], [[1, 2], [1, 2], [], [], [3], [3]])
    assert plain(rows.slice(1, 9)) == ([1, 2], [[], [3]])
    assert plain(TreeRows.concatenate([rows.slice(2, 3), rows])) == ([2, 0, 1, 2], [[3], [1, 2], [], [3]])


def as_lists(lists: list[list[int]]) -> dict:
    from flashsim.events import Lists

    offsets = np.append(0, np.cumsum([len(one) for one in lists])).astype(np.int64)
    return {"b": Lists(offsets, np.array([value for one in lists for value in one]))}


def plain(rows: TreeRows) -> tuple[list, list]:
    offsets, values = rows.lists["b"]
    assert len(rows.numbers["a"]) == rows.length
    return rows.numbers["a"].tolist(), [values[one:two].tolist() for one, two in pairwise(offsets)]
