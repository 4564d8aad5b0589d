"""What a table of `[compare]` makes of a sample: one row an object, a combination or an event."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int64, Shaped

from flashsim.card import Card, Comparison, Names, evaluate_events, internal_unit
from flashsim.card.combination_names import column_of_daughter, kinematic_names
from flashsim.card.comparison import PULL
from flashsim.errors import FlashSimError
from flashsim.events import EventBatch
from flashsim.stages import Namespace, formulas, mean_of_events, parsed
from flashsim.validation.samples.combinations import combine, groups_of, summed_momentum
from flashsim.validation.samples.stages import species_labels
from flashsim.validation.views import Occurrences, StageView, Table

Evaluate = Callable[[str], Shaped[np.ndarray, " rows"]]
MOST_CLASSES = 64
UNITS_OF_SUMS: Mapping[str, str] = dict.fromkeys(("mass", "energy", "px", "py", "pz", "p", "pt"), "GeV")


def compared_table(
    card: Card,
    comparison: Comparison,
    namespace: Namespace,
    events: Int64[np.ndarray, " events"],
    weight: Float[np.ndarray, " objects"] | None,
) -> Table:
    """The rows of a comparison in consecutive events; `events` numbers these, `weight` is of the objects.

    The weight of a combination or of an event is the mean of those of its objects (1 for an event without any).
    """
    batch = namespace.batch
    if comparison.daughters is not None:
        evaluate, rows = _combinations(comparison, namespace, batch)
        index = batch.event_index[rows[0]]
        weights = None if weight is None else np.mean([weight[one] for one in rows], axis=0)
    elif comparison.of == "events":
        evaluate, index = _events(card, namespace, batch), np.arange(batch.n_events)
        weights = None if weight is None else mean_of_events(weight, namespace.of("generated"), batch)
    else:
        rows = namespace.of("unmatched" if comparison.of == "unmatched" else "generated")
        evaluate, index = _of_objects(namespace, rows), batch.event_index[rows]
        weights = None if weight is None else weight[rows]
    kept = np.ones(len(index), dtype=bool)
    if comparison.where is not None:
        kept = evaluate(comparison.where).astype(bool)
    columns = {text: np.asarray(evaluate(text), dtype=np.float64)[kept] for text in comparison.conditions}
    columns |= {name: np.asarray(evaluate(text), np.float64)[kept] for name, text in comparison.outputs().items()}
    binning = {"species": columns["species"].astype(np.int64)} if "species" in card.categories.keys() & columns else {}
    binning |= {text: columns[text] for text in _numbers(card, comparison)[:2]}
    of_row = index[kept]
    weights = None if weights is None else weights[kept]
    return Table(columns, events[of_row], weights, binning, Occurrences(events, of_row))


def comparison_view(card: Card, name: str, reference: Table, candidate: Table) -> StageView:
    """The view of a comparison."""
    comparison = card.compare[name]
    outputs = list(comparison.outputs())
    return StageView(
        stage=name,
        kind="response" if comparison.category is None else "category",
        reference=reference,
        candidate=candidate,
        conditions=list(comparison.conditions),
        outputs=outputs,
        pulls={pull: f"{PULL}{pull}" for pull in comparison.pulls},
        optional=comparison.optional,
        classes=[] if comparison.category is None else observed_classes(name, outputs[0], [reference, candidate]),
        species_labels=species_labels(card),
        **_described(card, comparison),
    )


def observed_classes(name: str, output: str, tables: list[Table]) -> list[int]:
    """The whole numbers that a category takes in either sample."""
    values = np.unique(np.concatenate([table.columns[output] for table in tables]))
    values = values[np.isfinite(values)]
    if np.any(values != np.rint(values)) or len(values) > MOST_CLASSES:
        raise FlashSimError(
            f"{name}: {output!r} is no category: it has {len(values)} values, such as {values[0]:g}; compare it as a "
            "variable, or write a condition"
        )
    classes = [int(value) for value in values]
    return classes if len(classes) > 1 else sorted({0, 1, *classes})


def _described(card: Card, comparison: Comparison) -> dict[str, Any]:
    """Units, types and bounds of what is compared, for the report."""
    units = dict(Names(card).units)
    texts = comparison.outputs() | {text: text for text in comparison.conditions}
    if comparison.daughters is not None:
        known = units
        units = {name: UNITS_OF_SUMS.get(name, "") for name in kinematic_names(comparison)}
        for text in texts.values():
            found = column_of_daughter(text, comparison)
            units |= {text: known.get(found[1], "")} if found is not None else {}
    own = {name: internal_unit(v.unit) for name, v in comparison.variables.items() if v.unit is not None}
    return {
        "units": units | {name: units.get(text, "") for name, text in texts.items()} | own,
        "types": {name: variable.type for name, variable in comparison.variables.items()},
        "bounds": {name: (v.low, v.high) for name, v in comparison.variables.items() if v.type == "bounded"},
    }


def _numbers(card: Card, comparison: Comparison) -> list[str]:
    return [text for text in comparison.conditions if text not in card.categories]


def _combinations(
    comparison: Comparison, namespace: Namespace, batch: EventBatch
) -> tuple[Evaluate, list[Int64[np.ndarray, " combinations"]]]:
    daughters = comparison.daughters or {}
    same = [namespace.evaluate(text) for text in comparison.same]
    generated = namespace.of("generated")
    selected = [namespace.selected(daughter.where) & generated for daughter in daughters.values()]
    kinds = [daughter.where for daughter in daughters.values()]
    rows = combine(selected, groups_of(batch.event_index, same), kinds)
    by_name = dict(zip(daughters, rows, strict=True))
    sums: Mapping[str, np.ndarray] = {}
    if comparison.momentum is not None:
        momentum = np.stack([namespace.evaluate(text) for text in comparison.momentum], axis=1).astype(np.float64)
        sums = summed_momentum([momentum[one] for one in rows], [d.mass for d in daughters.values()])

    def lookup(name: str) -> Shaped[np.ndarray, " combinations"]:
        found = column_of_daughter(name, comparison)
        if name in sums or found is None:
            return sums[name]
        return namespace.evaluate(found[1])[by_name[found[0]]]

    offsets = np.array([0, len(rows[0])])
    return lambda text: parsed(text).evaluate(lookup, offsets), rows


def _of_objects(namespace: Namespace, rows: Bool[np.ndarray, " objects"]) -> Evaluate:
    return lambda text: namespace.evaluate(text)[rows]


def _events(card: Card, namespace: Namespace, batch: EventBatch) -> Evaluate:
    known, counted = formulas(card), namespace.of("generated")
    wide = () if card.unmatched is None else (card.unmatched.number,)
    return lambda text: evaluate_events(parsed(text), namespace.__getitem__, known.get, batch.offsets, counted, wide)
