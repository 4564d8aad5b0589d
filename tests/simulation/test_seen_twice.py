"""A generated object that is seen twice: two objects of one list, drawn by two collections, both linked to it."""

from pathlib import Path

import awkward as ak
import numpy as np
import uproot

from flashsim import simulate, train_events

FOUND = 0.8
TWICE = 0.3  # of those that are found
FRACTION = 0.5  # of the first one's momentum has the second
EVENTS = 800

CARD = """
schema = 1
name = "split"

[sample]
files = "full.root"
tree = "Events"

[collection.Jet.related.first]
index = "Jet_genJetIdx"

[collection.Jet.columns]
gen_pt = { unit = "GeV", source = "GenJet_pt" }

[collection.Jet.reconstructed]
number = { unit = "", source = "count", of = "first" }
pt = { unit = "GeV", source = "Jet_pt", of = "first", from = "gen_pt" }

[[collection.Jet.stage]]
name = "number"
kind = "category"
given = ["log10(gen_pt)"]
predict = "number"
model = { width = 8, depth = 1 }
training = { epochs = 5, batch = 128 }

[collection.Jet.output]
where = "number > 0"
columns = ["pt"]
link = "genJetIdx"

[collection.SecondJet.related]
first = { index = "Jet_genJetIdx" }
second = { index = "Jet_genJetIdx", rank = 2 }

[collection.SecondJet.columns]
gen_pt = { unit = "GeV", source = "GenJet_pt" }
first_pt = { unit = "GeV", source = "Jet_pt", of = "first" }
first_place = { unit = "", source = "index", of = "first" }

[collection.SecondJet.reconstructed]
number = { unit = "", source = "count", of = "second" }
pt = { unit = "GeV", source = "Jet_pt", of = "second", from = "0.5 * first_pt" }
firstIdx = { unit = "", source = "Jet_firstIdx", of = "second", from = "where(first_place >= 0, first_place, -1)" }

[[collection.SecondJet.stage]]
name = "twice"
kind = "category"
where = "first_pt > 0"
given = ["log10(gen_pt)"]
predict = "number"
model = { width = 8, depth = 1 }
training = { epochs = 5, batch = 128 }

[collection.SecondJet.output]
name = "Jet"
where = "number > 1"
columns = ["pt", "firstIdx"]
link = "genJetIdx"
"""


def write_events(path: Path) -> None:
    random = np.random.default_rng(3)
    events: list[dict[str, list]] = []
    for _ in range(EVENTS):
        gen = np.exp(random.normal(4, 0.4, 1 + random.poisson(4)))
        found = np.flatnonzero(random.random(len(gen)) < FOUND)
        twice = random.random(len(found)) < TWICE
        pt, index = np.append(gen[found], FRACTION * gen[found][twice]), np.append(found, found[twice])
        first = np.append(np.full(len(found), -1), np.arange(len(found))[twice])
        order = np.argsort(-pt)
        place = np.append(np.argsort(order), -1)[first]
        lists = {"gen": gen, "pt": pt[order], "index": index[order], "first": place[order]}
        events.append({name: values.tolist() for name, values in lists.items()})
    lists = ak.Array(events)
    collections = {
        "GenJet": ak.zip({"pt": ak.values_astype(lists.gen, np.float32)}),
        "Jet": ak.zip(
            {
                "pt": ak.values_astype(lists.pt, np.float32),
                "genJetIdx": ak.values_astype(lists["index"], np.int32),
                "firstIdx": ak.values_astype(lists["first"], np.int32),
            }
        ),
    }
    numbers = {"run": np.ones(EVENTS, np.uint32), "event": np.arange(EVENTS, dtype=np.uint64)}
    with uproot.recreate(path) as file:
        types = {name: array.type.content for name, array in collections.items()}
        file.mktree("Events", {name: these.dtype for name, these in numbers.items()} | types)
        file["Events"].extend(numbers | collections)


def test_as_many_objects_are_seen_twice_as_in_the_sample_and_the_second_is_what_it_was(tmp_path: Path):
    write_events(tmp_path / "full.root")
    (tmp_path / "card.toml").write_text(CARD)
    detector = train_events(tmp_path / "card.toml", tmp_path / "release")
    simulate(detector, tmp_path / "full.root", tmp_path / "flash.root")
    with uproot.open(tmp_path / "flash.root") as file:
        flash = file["Events"].arrays(["GenJet_pt", "Jet_pt", "Jet_genJetIdx", "Jet_firstIdx"])
    assert ak.all(flash.Jet_pt[:, 1:] <= flash.Jet_pt[:, :-1])
    times: list[int] = []
    fractions: list[float] = []
    moved = 0
    for event in flash:
        index, pt, first = (ak.to_numpy(event[name]) for name in ("Jet_genJetIdx", "Jet_pt", "Jet_firstIdx"))
        second = np.flatnonzero(first >= 0)
        # A place in the list as it is written, though it was drawn before the second ones came into it.
        assert (index[first[second]] == index[second]).all()
        assert (first[first[second]] == -1).all()
        moved += sum(np.count_nonzero(first[:place] >= 0) > 0 for place in first[second])
        for place in range(len(event.GenJet_pt)):
            own = pt[index == place]
            times.append(len(own))
            fractions += [own[1] / own[0]] if len(own) == 2 else []
    assert moved > EVENTS / 20
    share = np.bincount(times, minlength=3) / len(times)
    expected = np.array([1 - FOUND, FOUND * (1 - TWICE), FOUND * TWICE])
    # Both samples fluctuate: 4 σ of the two together.
    np.testing.assert_allclose(share, expected, atol=4 * np.sqrt(2 * 0.25 / len(times)))
    np.testing.assert_allclose(fractions, FRACTION, rtol=1e-6)
