"""Where particles are on a plane: by the formulas of the spectrometer's card, and by propagation; and how fast that is.

    python benchmarks/propagation.py

The particles are those of the spectrometer's test sample that its card calls trackable. "True" is the bell of its
geometry, whose error is below a nanometre: the field in which Geant4 made the sample, without matter. Compared are the
card's own formulas, a kick of the same integral (`shape = "kick"`), and a map of the bell with 100 mm between points,
in steps of 100 mm. What it is worth is the log loss of boosted trees that tell which tracks are reconstructible, from
what the card's stage is given, with the card's own distances from the beam at both planes and with the true ones.
Errors are by a jackknife over 20 groups of events. Rates are in seconds of one core's time (not of
the clock), the best of several calls.
"""

import argparse
import json
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from flashsim.card import read_card
from flashsim.events import EventBatch
from flashsim.experiments.spectrometer import CARD
from flashsim.experiments.spectrometer.geometry import FIELD_CENTRE, FIELD_INTEGRAL, FIELD_WIDTH, PLANES, field_y
from flashsim.propagation import Bell, Field, FieldMap, Grid, Kick, propagate
from flashsim.stages import Namespace
from flashsim.training import read_sample

GROUPS = 20
FIRST = next(plane for plane in PLANES if plane.station == "downstream")
LAST = PLANES[-1]
BELL = Bell(0.0, FIELD_INTEGRAL, FIELD_CENTRE, FIELD_WIDTH)
EDGES = (1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 200.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    arguments = parser.parse_args()
    numbers = {"errors": errors(), "gain": gain(), "rates": rates()}
    if arguments.json:
        arguments.json.write_text(json.dumps(numbers, indent=1) + "\n")


def bell_map(spacing: float) -> FieldMap:
    """The bell on a grid from -200 mm to the last plane."""
    x = np.arange(-4000.0, 4001.0, spacing)
    z = np.arange(-200.0, 9401.0, spacing)
    values = np.zeros((3, len(z), len(x), len(x)))
    values[1] = field_y(z)[:, None, None]
    return FieldMap(Grid((x[0], x[0], z[0]), (spacing, spacing, spacing), values), 100.0)


def errors() -> list[dict[str, float | str]]:
    card = read_card(CARD)
    sample = read_sample(card, "test")
    namespace = Namespace(card, sample)
    rows = namespace.selected("trackable & (p > 1)")
    group = (sample.event_index % GROUPS)[rows]
    position, momentum = (
        np.stack([namespace[name][rows] for name in three], axis=1)
        for three in (("vx", "vy", "vz"), ("px", "py", "pz"))
    )
    charge, p = namespace["q"][rows], namespace["p"][rows]
    found = []
    for plane in (FIRST, LAST):
        true = propagate(position, momentum, charge, plane.z, BELL)
        others: dict[str, dict[str, np.ndarray]] = {
            "formulas of the card": {
                "x": namespace.evaluate(f"x_kick + tx_behind * ({plane.z} - 5000)")[rows],
                "y": namespace.evaluate(f"vy + ty * ({plane.z} - vz)")[rows],
                "reached": np.ones(len(p), dtype=bool),
            },
            "kick": propagate(position, momentum, charge, plane.z, Kick(FIELD_CENTRE, 0.0, FIELD_INTEGRAL)),
            "map": propagate(position, momentum, charge, plane.z, bell_map(100.0)),
        }
        for name, other in others.items():
            both = true["reached"] & other["reached"]
            miss = np.hypot(other["x"] - true["x"], other["y"] - true["y"])
            wrong = _within(plane, other) != _within(plane, true)
            for low, high in (*pairwise(EDGES), (EDGES[0], EDGES[-1])):
                some = (p > low) & (p < high)
                row = {"plane": plane.z, "by": name, "from": low, "to": high, "particles": int(some.sum())}
                row |= _with_error("median_mm", miss, some & both, group, np.median)
                row |= _with_error("95_percent_mm", miss, some & both, group, lambda values: np.quantile(values, 0.95))
                row |= _with_error("wrong_side_percent", 100.0 * wrong, some, group, np.mean)
                found.append(row)
                print(
                    f"z = {plane.z:.0f}  {name:<22} {low:>4.0f} to {high:>3.0f} GeV ({row['particles']:>6} particles): "
                    f"median {row['median_mm']:.4g} ± {row['median_mm_error']:.2g} mm, "
                    f"95 % below {row['95_percent_mm']:.4g} ± {row['95_percent_mm_error']:.2g} mm, "
                    f"on the wrong side of an edge {row['wrong_side_percent']:.3f} "
                    f"± {row['wrong_side_percent_error']:.3f} %"
                )
    return found


def _within(plane: object, at: dict[str, np.ndarray]) -> np.ndarray:
    """Whether a particle crosses a plane's material: inside of its edge, outside of its hole."""
    x, y = np.abs(at["x"]), np.abs(at["y"])
    hole = np.maximum(x, y) < plane.hole  # pyright: ignore[reportAttributeAccessIssue]
    inside = (x < plane.half_x) & (y < plane.half_y)  # pyright: ignore[reportAttributeAccessIssue]
    return at["reached"] & inside & ~hole


def _with_error(
    name: str, values: np.ndarray, some: np.ndarray, group: np.ndarray, of: Callable[[np.ndarray], float]
) -> dict[str, float]:
    """A number and its jackknife error over groups of events."""
    left = np.array([of(values[some & (group != one)]) for one in range(GROUPS)])
    error = np.sqrt((GROUPS - 1) * np.mean((left - left.mean()) ** 2))
    return {name: float(of(values[some])), f"{name}_error": float(error)}


def gain() -> dict[str, float]:
    """How much better boosted trees know whether a track is reconstructible with the true positions."""
    card = read_card(CARD)
    parts = []
    for part in ("train", "test"):
        sample = read_sample(card, part)
        namespace = Namespace(card, sample)
        rows = namespace.selected("trackable")
        given = np.stack([namespace.evaluate(text)[rows] for text in card.stage("acceptance").given], axis=1)
        position, momentum = (
            np.stack([namespace[name][rows] for name in three], axis=1)
            for three in (("vx", "vy", "vz"), ("px", "py", "pz"))
        )
        true = given.copy()
        first, last = (propagate(position, momentum, namespace["q"][rows], one.z, BELL) for one in (FIRST, LAST))
        far = np.maximum(np.abs(first["x"]), np.abs(first["y"]))
        edge = np.maximum(np.abs(last["x"]) / LAST.half_x, np.abs(last["y"]) / LAST.half_y)
        columns = [card.stage("acceptance").given.index(name) for name in ("at_first", "at_last")]
        true[:, columns[0]] = np.where(first["reached"], np.log10(np.clip(far, 30, 5000)), np.log10(5000))
        true[:, columns[1]] = np.where(last["reached"], np.clip(edge, 0, 2), 2)
        parts.append((given, true, namespace["reconstructible"][rows] > 0, (sample.event_index % GROUPS)[rows]))
    (given, true, found, _), (given_test, true_test, found_test, group) = parts
    losses = []
    for train, test in ((given, given_test), (true, true_test)):
        trees = HistGradientBoostingClassifier(max_iter=300, learning_rate=0.05, early_stopping=False, random_state=0)
        probability = trees.fit(train, found).predict_proba(test)[:, 1]
        losses.append(-np.log(np.where(found_test, probability, 1 - probability)))
    every = np.ones(len(group), dtype=bool)
    numbers = _with_error("formulas", losses[0], every, group, np.mean)
    numbers |= _with_error("true", losses[1], every, group, np.mean)
    numbers |= _with_error("gain", losses[0] - losses[1], every, group, np.mean)
    for name in ("formulas", "true", "gain"):
        print(f"log loss, {name:<9} {numbers[name]:.5f} ± {numbers[f'{name}_error']:.5f}")
    return numbers


def rates() -> dict[str, float]:
    """Particles a second of one core's time, to the last plane."""
    card = read_card(CARD)
    sample: EventBatch = read_sample(card, "test")
    namespace = Namespace(card, sample)
    rows = np.resize(np.flatnonzero(namespace.selected("trackable & (p > 1)")), 32768)
    position, momentum = (
        np.stack([namespace[name][rows] for name in three], axis=1)
        for three in (("vx", "vy", "vz"), ("px", "py", "pz"))
    )
    charge = namespace["q"][rows]
    fields: dict[str, Field | None] = {
        "straight": None,
        "kick": Kick(FIELD_CENTRE, 0.0, FIELD_INTEGRAL),
        "bell, 48 nodes": BELL,
        "map, 94 steps": bell_map(100.0),
    }
    found = {}
    for name, field in fields.items():
        seconds = []
        for _ in range(5):
            start = time.process_time()
            propagate(position, momentum, charge, LAST.z, field)
            seconds.append(time.process_time() - start)
        found[name] = len(rows) / min(seconds)
        print(f"{name:<16} {found[name]:>12,.0f} particles/s")
    return found


if __name__ == "__main__":
    main()
