"""What expressions see: one definition of a quantity, in training and in simulation."""

import itertools
import tomllib
from pathlib import Path

import numpy as np
import pytest
import toy
import unmatched_toy

from flashsim.card import Card, Expression, card_from_dict
from flashsim.errors import FlashSimError
from flashsim.events import EventBatch
from flashsim.stages import ChosenRows, Namespace, condition_columns, conditions, outputs, require_finite, with_slots
from flashsim.training import read_sample

TRUTH = ("pid", "px", "py", "pz")


@pytest.fixture(scope="module")
def reference(toy_card: Card) -> EventBatch:
    return read_sample(toy_card, "test").slice(0, 20)


@pytest.fixture(scope="module")
def truth(reference: EventBatch) -> EventBatch:
    columns = {name: reference.columns[name] for name in TRUTH}
    return EventBatch(reference.run, reference.event, reference.offsets, columns)


@pytest.mark.parametrize("order", list(itertools.permutations(["p", "eta", "species"])))
def test_the_order_of_asking_changes_nothing(toy_card: Card, truth: EventBatch, order: tuple[str, ...]):
    namespace = Namespace(toy_card, truth)
    found = {name: namespace[name] for name in order}
    px, py, pz = (truth.columns[name] for name in ("px", "py", "pz"))
    np.testing.assert_allclose(found["p"], np.sqrt(px**2 + py**2 + pz**2))
    np.testing.assert_allclose(found["eta"], np.arcsinh(pz / np.hypot(px, py)))
    np.testing.assert_array_equal(found["species"], np.abs(truth.columns["pid"]))


def test_a_quantity_is_derived_once(toy_card: Card, truth: EventBatch, monkeypatch: pytest.MonkeyPatch):
    evaluated: list[str] = []
    evaluate = Expression.evaluate
    monkeypatch.setattr(
        Expression, "evaluate", lambda self, *rest: (evaluated.append(self.text), evaluate(self, *rest))[1]
    )
    namespace = Namespace(toy_card, truth)
    for text in ("log10(p)", "p + 1", "p"):
        namespace.evaluate(text)
    assert evaluated.count(toy_card.derive["p"]) == 1


def test_run_and_event_can_be_asked(toy_card: Card, truth: EventBatch):
    namespace = Namespace(toy_card, truth)
    np.testing.assert_array_equal(namespace["event"], truth.event[truth.event_index])
    np.testing.assert_array_equal(namespace.selected("event == 3"), truth.event_index == 3)


def test_all_objects_are_selected_without_a_where(toy_card: Card, truth: EventBatch):
    assert Namespace(toy_card, truth).selected(None).all()


def test_in_a_reference_sample_a_reconstructed_column_is_read(toy_card: Card, reference: EventBatch):
    namespace = Namespace(toy_card, reference)
    np.testing.assert_array_equal(namespace["rec_p"], reference.columns["rec_p"])
    found = reference.columns["found"] > 0
    expected = (reference.columns["rec_p"] / namespace["p"] - 1)[found]
    np.testing.assert_allclose(namespace["dp"][found], expected)


def test_in_simulation_it_follows_from_what_was_drawn(toy_card: Card, truth: EventBatch):
    namespace = Namespace(toy_card, truth)
    drawn = np.linspace(-0.1, 0.1, truth.n_objects)
    namespace.attach({"dp": drawn})
    np.testing.assert_allclose(namespace["rec_p"], namespace["p"] * (1 + drawn))


def test_before_it_is_drawn_a_column_is_not_there(toy_card: Card, truth: EventBatch):
    with pytest.raises(FlashSimError, match="no column 'hits' at this point"):
        Namespace(toy_card, truth)["hits"]
    with pytest.raises(FlashSimError, match=r"no column 'pX' at this point \(did you mean 'p'\?\)"):
        Namespace(toy_card, truth)["pX"]


@pytest.mark.parametrize("stage", ["efficiency", "resolution"])
def test_the_inputs_of_a_stage_are_those_of_its_training(
    toy_card: Card, reference: EventBatch, truth: EventBatch, stage: str
):
    """The law: with the full simulation's outcome in the place of what earlier stages draw, the same bits."""
    full, flash = Namespace(toy_card, reference), Namespace(toy_card, truth)
    chosen = toy_card.stage(stage)
    if stage == "resolution":
        flash.attach({"found": reference.columns["found"]})
    columns = condition_columns(toy_card, chosen, {"found": (0, 1)})
    rows = full.selected(chosen.where)
    np.testing.assert_array_equal(flash.selected(chosen.where), rows)
    assert conditions(flash, columns, rows).tobytes() == conditions(full, columns, rows).tobytes()


def test_the_inputs_do_not_depend_on_the_batch(toy_card: Card, truth: EventBatch):
    stage = toy_card.stage("efficiency")
    columns = condition_columns(toy_card, stage, {})
    whole = conditions(Namespace(toy_card, truth), columns, np.ones(truth.n_objects, bool))
    pieces = [truth.slice(start, start + 3) for start in range(0, truth.n_events, 3)]
    parts = [conditions(Namespace(toy_card, piece), columns, np.ones(piece.n_objects, bool)) for piece in pieces]
    assert np.concatenate(parts).tobytes() == whole.tobytes()


@pytest.mark.parametrize("stage", ["efficiency", "resolution"])
def test_the_inputs_do_not_depend_on_how_many_are_chosen(toy_card: Card, reference: EventBatch, stage: str):
    columns = condition_columns(toy_card, toy_card.stage(stage), {"found": (0, 1)})
    whole = conditions(Namespace(toy_card, reference), columns, np.ones(reference.n_objects, bool))
    for every in (2, 5, 17):
        rows = np.arange(reference.n_objects) % every == 1
        chosen = conditions(Namespace(toy_card, reference), columns, rows)
        assert chosen.tobytes() == whole[rows].tobytes()


def test_few_objects_see_their_whole_event(toy_card: Card, truth: EventBatch):
    rows = np.flatnonzero(truth.object_index == 1)[::7]
    few, whole = ChosenRows(Namespace(toy_card, truth), rows), Namespace(toy_card, truth)
    for text in ("event_sum(p > 5)", "p + 1"):
        np.testing.assert_array_equal(few.evaluate(text), whole.evaluate(text)[rows])
    assert few.evaluate("3").tolist() == [3.0] * len(rows)
    with pytest.raises(FlashSimError, match="no column 'hits' at this point"):
        few.evaluate("2 * hits")


def test_a_category_is_one_flag_a_value(toy_card: Card, truth: EventBatch):
    stage = toy_card.stage("efficiency")
    columns = condition_columns(toy_card, stage, {})
    assert [column.name for column in columns] == ["log10(p)", "tx", "species == 13", "species == 211"]
    matrix = conditions(Namespace(toy_card, truth), columns, np.ones(truth.n_objects, bool))
    species = np.abs(truth.columns["pid"])
    np.testing.assert_array_equal(matrix[:, 2:], np.stack([species == 13, species == 211], axis=1))


def test_outputs_are_columns_or_expressions(toy_card: Card, reference: EventBatch):
    rows = reference.columns["found"] > 0
    found = outputs(Namespace(toy_card, reference), toy_card.stage("resolution"), rows)
    assert {name: matrix.shape[1] for name, matrix in found.items()} == {"dp": 1, "hits": 1, "cov": 3}
    np.testing.assert_array_equal(found["cov"][:, 1], reference.columns["cov_b_a"][rows])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_named_by_its_event_and_object(toy_card: Card, truth: EventBatch, value: float):
    stage = toy_card.stage("efficiency")
    rows = np.ones(truth.n_objects, bool)
    rows[::2] = False
    matrix = np.zeros((int(rows.sum()), 2))
    matrix[30, 1] = value
    index = np.flatnonzero(rows)[30]
    place = f"run 1 event {truth.event[truth.event_index[index]]} object {truth.object_index[index]} "
    with pytest.raises(FlashSimError) as caught:
        require_finite(stage, matrix, ["log10(p)", "tx"], Namespace(toy_card, truth), rows, "events.root")
    for part in ("events.root", "'efficiency'", f"'tx' is {value}", place, "(1 such object)", "`where`"):
        assert part in str(caught.value)


def test_the_toy_is_read_as_it_was_written(toy_folder: Path, toy_card: Card):
    batch = read_sample(toy_card, "train")
    np.testing.assert_array_equal(batch.columns["px"], toy.toy_columns(300, seed=0)["px"])


def test_a_column_made_in_two_ways_is_there_for_generated_objects_before_unmatched_ones_are_drawn():
    """Also where its formula names another column of that kind."""
    text = unmatched_toy.CARD.replace("[unmatched]", 'above = { unit = "", from = "rec_pt - x" }\n\n[unmatched]')
    text = text.replace('found = "1" }', 'found = "1", above = "exp(log_pt) - x" }')
    card = card_from_dict(tomllib.loads(text))
    pt = np.array([10.0, 20.0, 30.0])
    batch = EventBatch(
        run=np.ones(2, dtype=np.int64),
        event=np.arange(2),
        offsets=np.array([0, 2, 3]),
        columns={"pt": pt, "pileup": np.full(3, 20)},
    )
    slots = with_slots(card, batch, np.ones(2, dtype=np.int64))
    namespace = Namespace(card, slots)
    own = namespace.of("generated")
    namespace.attach({"found": np.ones(len(own), dtype=np.int32)})
    namespace.attach({"ratio": np.full(len(own), 1.5), "x": np.full(len(own), 2.0), "kind": np.ones(len(own))})
    np.testing.assert_allclose(namespace["above"][own], 1.5 * pt - 2.0)
    assert np.all(np.isnan(namespace["above"][~own]))
