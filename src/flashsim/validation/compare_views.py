"""Two samples side by side: one view a stage of the card, and one a table of `[compare]`."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int64

from flashsim.card import Card, Comparison, Stage
from flashsim.errors import FlashSimError
from flashsim.stages import Namespace, formulas, parsed
from flashsim.validation.compared import compared_table, comparison_view, observed_classes, species_labels
from flashsim.validation.reach import Reach, names_of_comparison, names_of_stage
from flashsim.validation.release_views import descriptions, stage_table, stage_values
from flashsim.validation.samples import ComparedSample, open_sample, unwritten_class
from flashsim.validation.views import StageView, Table, concatenated

Part = Stage | Comparison


@dataclass(frozen=True)
class Sides:
    """What two samples have in common, by the name of a stage or comparison, and why the rest was left out."""

    views: list[StageView]
    left_out: dict[str, str]
    objects: tuple[int, int]
    events: tuple[int, int]
    paired: int


@dataclass
class Filled:
    """The tables of one sample, and the numbers of its events."""

    tables: dict[str, Table]
    numbers: Int64[np.ndarray, "events 2"]
    objects: int = 0
    refused: dict[str, str] = field(default_factory=dict)


def compare_views(
    card: Card, reference: list[Path], candidate: list[Path], *, progress: Callable[[str], None] | None = None
) -> Sides:
    """Read both samples and lay side by side what the card says; events of the same run and number are pairs.

    A part of the card for which a sample lacks columns is left out, with the reason; a FlashSimError if that is all.
    """
    tell = progress or (lambda text: None)
    samples = [open_sample(card, files) for files in (reference, candidate)]
    reaches = [Reach(formulas(card), sample.present) for sample in samples]
    parts, left_out = _comparable(card, samples, reaches)
    filled = []
    for title, sample, reach in zip(("reference", "candidate"), samples, reaches, strict=True):
        tell(f"reading the {title}")
        filled.append(_read(card, sample, parts, reach))
        for name, reason in filled[-1].refused.items():
            left_out[name] = reason
    parts = {name: part for name, part in parts.items() if name not in left_out}
    _require_any(parts, left_out)
    numbers = np.concatenate([side.numbers for side in filled])
    _, event = np.unique(numbers, axis=0, return_inverse=True)
    of_side = np.split(event.astype(np.int64), [len(filled[0].numbers)])
    views = [_view(card, name, part, filled, of_side) for name, part in parts.items()]
    paired = len(np.intersect1d(of_side[0], of_side[1]))
    events = tuple(len(np.unique(side)) for side in of_side)
    return Sides(views, left_out, (filled[0].objects, filled[1].objects), (events[0], events[1]), paired)


def _comparable(
    card: Card, samples: list[ComparedSample], reaches: list[Reach]
) -> tuple[dict[str, Part], dict[str, str]]:
    """The parts of the card whose columns both samples have, and what is missing for the others."""
    parts: dict[str, Part] = {}
    left_out: dict[str, str] = {}
    names = {stage.name: names_of_stage(stage) for stage in card.stages}
    names |= {name: names_of_comparison(card, comparison) for name, comparison in card.compare.items()}
    for name, needed in names.items():
        lacking = [(sample.title, reach.missing(needed)) for sample, reach in zip(samples, reaches, strict=True)]
        reasons = [f"{title} has no {', '.join(map(repr, missing))}" for title, missing in lacking if missing]
        if reasons:
            left_out[name] = "; ".join(reasons)
        else:
            parts[name] = card.compare[name] if name in card.compare else card.stage(name)
    _require_any(parts, left_out)
    return parts, left_out


def _require_any(parts: dict[str, Part], left_out: dict[str, str]) -> None:
    if not parts:
        reasons = "\n  ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise FlashSimError(f"nothing of the card can be compared:\n  {reasons}")


def _read(card: Card, sample: ComparedSample, parts: dict[str, Part], reach: Reach) -> Filled:
    """The tables of all parts, from one reading of the files in pieces; only the tables stay in memory."""
    where, weight = (
        text if text is not None and not reach.missing(parsed(text).names) else None
        for text in (card.sample.where, card.sample.weight)
    )
    if weight is None and card.sample.weight is not None and not sample.simulated:
        raise FlashSimError(f"{sample.title}: it lacks what sample.weight = {card.sample.weight!r} is made of")
    pieces: dict[str, list[Table]] = {name: [] for name in parts}
    filled = Filled({}, np.zeros((0, 2), dtype=np.int64))
    numbers = []
    first = 0
    for batch, there in sample.batches(reach.needed):
        selected = Namespace(card, batch).selected(where)
        batch, there = batch.keep(selected), there[selected]
        event = np.arange(first, first + batch.n_events)
        namespace = Namespace(card, batch)
        weights = None if weight is None else namespace.evaluate(weight).astype(np.float64)
        for name, part in parts.items():
            if isinstance(part, Comparison):
                pieces[name].append(compared_table(card, part, namespace, batch, event, weights))
                continue
            rows = namespace.selected(part.where)
            if _unknown(card, part, rows & ~there):
                filled.refused[name] = f"{sample.title} holds only objects that were written, and not all of this stage"
            drawn = stage_values(part, namespace, rows)
            kept = None if weights is None else weights[rows]
            pieces[name].append(stage_table(card, part, namespace, drawn, event[batch.event_index], rows, kept))
        numbers.append(np.stack([batch.run, batch.event], axis=1).astype(np.int64))
        first += batch.n_events
        filled.objects += batch.n_objects
    if not numbers:
        raise FlashSimError(f"{sample.title}: there are no events")
    filled.tables = {name: concatenated(tables) for name, tables in pieces.items()}
    filled.numbers = np.concatenate(numbers)
    return filled


def _unknown(card: Card, stage: Stage, lost: Bool[np.ndarray, " objects"]) -> bool:
    """Whether a stage has objects of which a flash sample does not tell what the stage drew."""
    return bool(lost.any()) and stage.predict not in unwritten_class(card)


def _view(card: Card, name: str, part: Part, sides: list[Filled], event: list[Int64[np.ndarray, " _"]]) -> StageView:
    reference, candidate = (
        replace(side.tables[name], event=numbers[side.tables[name].event])
        for side, numbers in zip(sides, event, strict=True)
    )
    if isinstance(part, Comparison):
        return comparison_view(card, name, reference, candidate)
    names = list(part.predicted_names)
    return StageView(
        stage=name,
        kind=part.kind,
        reference=reference,
        candidate=candidate,
        conditions=list(part.given),
        outputs=names,
        classes=observed_classes(name, names[0], [reference, candidate]) if part.kind == "category" else [],
        species_labels=species_labels(card),
        **descriptions(card, part),
    )
