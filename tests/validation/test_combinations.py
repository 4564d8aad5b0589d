"""Quantities of several objects of an event: combinations by hand, masses in closed form, sums of events."""

from typing import Any

import numpy as np
import pytest

from flashsim.card import Card, Expression, card_from_dict, evaluate_events
from flashsim.errors import FlashSimError
from flashsim.events import EventBatch
from flashsim.stages import Namespace
from flashsim.validation.samples.combinations import combine, groups_of
from flashsim.validation.samples.tables import compared_table, comparison_view

KAON, PION = 0.493677, 0.13957


def card(**comparison: Any) -> Card:
    """A card with one comparison, of charged particles with a mother."""
    columns = {"pid": "", "q": "", "mother": "", "px": "GeV", "py": "GeV", "pz": "GeV", "vx": "mm"}
    return card_from_dict(
        {"schema": 1, "name": "decays", "columns": columns, "derive": {"p2": "px**2"}, "compare": {"D0": comparison}}
    )


DECAY = {
    "daughters": {
        "kaon": {"where": "abs(pid) == 321", "mass": KAON},
        "pion": {"where": "abs(pid) == 211", "mass": PION},
    },
    "same": ["mother"],
    "momentum": ["px", "py", "pz"],
    "where": "(kaon_q * pion_q < 0) & (kaon_mother >= 0)",
    "variables": {"mass": {}, "pt": {}, "separation": {"expression": "abs(kaon_vx - pion_vx)", "unit": "mm"}},
}


def two_body(mass: float, momentum: float, cosine: float) -> tuple[np.ndarray, np.ndarray]:
    """Daughters of a particle that flies along z, from the two-body decay in its rest frame and a boost."""
    star = np.sqrt((mass**2 - (KAON + PION) ** 2) * (mass**2 - (KAON - PION) ** 2)) / (2 * mass)
    energy = np.hypot(mass, momentum)
    daughters = []
    for sign, own in ((1, KAON), (-1, PION)):
        along, across = sign * star * cosine, sign * star * np.sqrt(1 - cosine**2)
        along = (energy * along + momentum * np.hypot(own, star)) / mass
        daughters.append(np.array([across, 0.0, along]))
    return daughters[0], daughters[1]


def decays() -> EventBatch:
    """Two events: one with a D0, a pion of another mother and a kaon of none; one with two D0."""
    parts = [two_body(1.86484, p, c) for p, c in ((20.0, 0.3), (50.0, -0.8), (5.0, 0.0))]
    (k1, p1), (k2, p2), (k3, p3) = parts
    stray = np.array([0.1, 0.2, 3.0])
    momenta = np.array([k1, stray, p1, stray, k2, k3, p3, p2])
    return EventBatch(
        run=np.ones(2, np.int64),
        event=np.array([7, 8]),
        offsets=np.array([0, 4, 8]),
        columns={
            "pid": np.array([-321, 211, 211, -321, -321, 321, -211, 211]),
            "q": np.array([-1, 1, 1, -1, -1, 1, -1, 1]),
            "mother": np.array([3, 4, 3, -1, 0, 1, 1, 0]),
            "px": momenta[:, 0],
            "py": momenta[:, 1],
            "pz": momenta[:, 2],
            "vx": np.arange(8.0),
        },
    )


def table_of(card: Card, batch: EventBatch, weight: np.ndarray | None = None):
    return compared_table(card, card.compare["D0"], Namespace(card, batch), batch.event, weight)


def test_a_decay_has_the_mass_of_its_mother_whatever_the_boost() -> None:
    batch = decays()
    made = table_of(card(**DECAY), batch, np.arange(8.0))
    assert made.columns["mass"] == pytest.approx([1.86484] * 3)
    assert made.columns["pt"] == pytest.approx([0.0] * 3, abs=1e-12)
    assert sorted(made.columns["separation"]) == [1.0, 2.0, 3.0]
    assert made.event.tolist() == [7, 8, 8]
    assert made.weights.tolist() == [1.0, 5.5, 5.5]  # the means of those of the daughters


def test_without_a_mother_every_pair_of_an_event_is_combined() -> None:
    assert len(table_of(card(**(DECAY | {"same": [], "where": "kaon_q * pion_q < 0"})), decays())) == 4 + 2


def test_a_pull_is_a_residual_in_units_of_its_error() -> None:
    pulls = {"x": {"residual": "vx - 3", "variance": "px**2"}}
    comparison = card(pulls=pulls, where="px != 0")
    made = table_of(comparison, decays())
    view = comparison_view(comparison, "D0", made, made)
    rows = decays().columns["px"] != 0
    expected = (decays().columns["vx"] - 3) / np.abs(decays().columns["px"])
    assert made.columns["pull_x"] == pytest.approx(expected[rows])
    assert (view.outputs, dict(view.pulls)) == (["pull_x"], {"x": "pull_x"})


def test_units_are_those_of_momentum_and_columns() -> None:
    comparison = card(**DECAY)
    made = table_of(comparison, decays())
    view = comparison_view(comparison, "D0", made, made)
    assert [view.unit(name) for name in view.outputs] == ["GeV", "GeV", "mm"]


def test_alike_daughters_give_each_pair_once_and_no_object_twice() -> None:
    group = np.array([0, 0, 0, 1, 1])
    everything = np.ones(5, dtype=bool)
    first, second = combine([everything, everything], group, ["same", "same"])
    assert list(zip(first.tolist(), second.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 2), (3, 4)]
    first, second = combine([everything, everything], group, ["one", "other"])
    assert len(first) == 6 + 2
    assert not np.any(first == second)
    assert len(combine([everything] * 3, group, ["s"] * 3)[0]) == 1
    none = combine([np.zeros(5, dtype=bool), everything], group, ["one", "other"])
    assert [len(rows) for rows in none] == [0, 0]


def test_groups_are_of_one_event() -> None:
    event, mother = np.array([0, 0, 1, 1]), np.array([2.0, 2.0, 2.0, -1.0])
    group = groups_of(event, [mother])
    assert group[0] == group[1]
    assert len(set(group.tolist())) == 3


def test_sums_of_events_include_empty_ones() -> None:
    offsets = np.array([0, 2, 2, 3])
    columns = {"px": np.array([3.0, -1.0, 4.0]), "py": np.array([0.0, 1.0, 3.0])}
    missing = Expression.parse("hypot(event_sum(px), event_sum(py))")
    assert evaluate_events(missing, columns.__getitem__, {}.get, offsets) == pytest.approx([5**0.5, 0.0, 5.0])
    count = Expression.parse("n + 1")
    formulas = {"n": Expression.parse("event_sum(px > 0)")}
    assert evaluate_events(count, columns.__getitem__, formulas.get, offsets).tolist() == [2.0, 1.0, 2.0]


def test_events_are_rows_of_a_comparison() -> None:
    made = table_of(card(of="events", variables={"pt": "event_sum(px)", "n": "event_sum(1)"}), decays())
    assert made.columns["n"].tolist() == [4.0, 4.0]
    assert made.event.tolist() == [7, 8]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"where": "kaon_charge > 0"}, r"compare.D0.where = .*unknown name 'kaon_charge'.*did you mean"),
        ({"momentum": None}, "unknown name 'mass'.*it needs 'momentum'"),
        ({"daughters": {"kaon": "pid > 0", "pion": "pid < 0"}}, "unknown name 'mass'"),
        ({"same": ["mothr"]}, "compare.D0.same.0. = 'mothr': unknown name 'mothr' .did you mean 'mother'"),
        ({"of": "events"}, "a combination has 'daughters', an event has none"),
        ({"daughters": None}, "'same' and 'momentum' belong to a combination"),
        ({"category": "pid"}, "either 'variables' .or 'pulls'. or a 'category'"),
        ({"pulls": {"x": {"residual": "kaon_vx", "variance": "kaon_vxx"}}}, "compare.D0.pulls.x.variance = 'kaon_vxx'"),
        (
            {"variables": {"pull_x": "pt"}, "pulls": {"x": {"residual": "pt", "variance": "mass"}}},
            "the same name: pull_x",
        ),
        ({"variables": {"mass": {"unit": "Gev"}}}, "compare.D0.variables.mass.unit = 'Gev': .*did you mean 'GeV'"),
        ({"variables": {"mass": {"high": 2.0}}}, "'low' and 'high' belong to type = 'bounded'"),
        ({"where": "event_sum(kaon_q) > 0"}, "event_sum is for objects and events, not for combinations"),
    ],
)
def test_a_comparison_that_cannot_be_is_an_error(change: dict[str, Any], message: str) -> None:
    changed = {key: value for key, value in (DECAY | change).items() if value is not None}
    with pytest.raises(FlashSimError, match=message):
        card(**changed)


def test_a_column_of_an_event_is_an_error() -> None:
    with pytest.raises(FlashSimError, match=r"'px' is of one object; an event has sums: event_sum\(px\)"):
        card(of="events", variables={"px": {}})
