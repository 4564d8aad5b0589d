"""Two samples side by side: one view a stage of the card, and one a table of `[compare]`, block by block."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from flashsim.card import Card, Comparison, Stage
from flashsim.errors import FlashSimError
from flashsim.random import hashed
from flashsim.stages import Namespace, formulas, generated, parsed, sample_weights
from flashsim.validation.samples.files import ComparedSample, open_sample
from flashsim.validation.samples.reach import Reach, names_of_comparison, names_of_stage
from flashsim.validation.samples.stages import descriptions, species_labels, stage_table, stage_values
from flashsim.validation.samples.tables import compared_table, comparison_view, observed_classes
from flashsim.validation.views import Occurrences, StageView, Table

Part = Stage | Comparison
NONE = np.zeros(0, dtype=np.int64)


@dataclass
class Side:
    """One sample, and what has been read of it: objects, and the numbers of its events (a copy counts again)."""

    sample: ComparedSample
    reach: Reach
    objects: int = 0
    numbers: list[Int64[np.ndarray, " events"]] = field(default_factory=list)

    @property
    def events(self) -> Int64[np.ndarray, " events"]:
        """The number of every event, once."""
        return np.unique(np.concatenate([NONE, *self.numbers]))


@dataclass
class Pair:
    """Two samples that are read together; events of the same run and number are pairs, wherever they stand.

    `left_out` says why a part of the card cannot be compared; it may grow while blocks are read.
    """

    card: Card
    sides: tuple[Side, Side]
    parts: Mapping[str, Part]
    left_out: dict[str, str]

    def blocks(self) -> Iterator[list[StageView]]:
        """Pieces of both samples, each with a view of every part that can still be compared.

        A piece has as many events of both, which need not be the same ones. In the end come the events that only one
        of the samples knows, where most are in both: they have no object in the other.
        """
        empty: dict[int, dict[str, Table]] = {}
        for both in zip_longest(*(self._tables(side) for side in self.sides)):
            for k, tables in enumerate(both):
                if tables is not None:
                    empty[k] = {name: _without_rows(table, NONE) for name, table in tables.items()}
                elif k not in empty:
                    raise FlashSimError(f"{self.sides[k].sample.title}: there are no events")
            _require_any({name: part for name, part in self.parts.items() if name not in self.left_out}, self.left_out)
            yield self._views(*(empty[k] if tables is None else tables for k, tables in enumerate(both)))
        if 2 * self.paired > min(self.events):
            first, second = (side.events for side in self.sides)
            lost = np.setdiff1d(second, first), np.setdiff1d(first, second)
            yield self._views(
                *({name: _without_rows(table, lost[k]) for name, table in empty[k].items()} for k in range(2))
            )

    @property
    def objects(self) -> tuple[int, int]:
        """Of both samples, as far as they have been read."""
        return self.sides[0].objects, self.sides[1].objects

    @property
    def events(self) -> tuple[int, int]:
        """Of both samples, as far as they have been read."""
        return len(self.sides[0].events), len(self.sides[1].events)

    @property
    def paired(self) -> int:
        """Events that are in both samples, as far as they have been read."""
        return len(np.intersect1d(self.sides[0].events, self.sides[1].events, assume_unique=True))

    def _tables(self, side: Side) -> Iterator[dict[str, Table]]:
        """The tables of all parts, from one reading of the files."""
        card, sample, reach = self.card, side.sample, side.reach
        where, weight = (
            text if text is not None and not reach.missing(parsed(text).names) else None
            for text in (card.sample.where, card.sample.weight)
        )
        if weight is None and card.sample.weight is not None and not sample.simulated:
            raise FlashSimError(f"{sample.title}: it lacks what sample.weight = {card.sample.weight!r} is made of")
        for batch, there in sample.batches(reach.needed):
            if where is not None:
                selected = Namespace(card, batch).selected(where) | ~generated(batch)
                batch, there = batch.keep(selected), there[selected]
            numbers = _numbers_of_events(batch.run, batch.event)
            side.numbers.append(numbers)
            side.objects += int(generated(batch).sum())
            namespace = Namespace(card, batch)
            weights = None if weight is None else sample_weights(card, namespace)
            tables = {}
            for name, part in self.parts.items():
                if isinstance(part, Comparison):
                    tables[name] = compared_table(card, part, namespace, numbers, weights)
                    continue
                rows = namespace.rows(part)
                if bool((rows & ~there).any()) and not sample.knows_all(part):
                    self.left_out[name] = (
                        f"{sample.title} holds only objects that were written, and not all of this stage"
                    )
                    continue
                drawn = stage_values(part, namespace, rows)
                kept = None if weights is None else weights[rows]
                tables[name] = stage_table(card, part, namespace, drawn, numbers, rows, kept)
            yield tables

    def _views(self, reference: Mapping[str, Table], candidate: Mapping[str, Table]) -> list[StageView]:
        return [
            _view(self.card, name, part, reference[name], candidate[name])
            for name, part in self.parts.items()
            if name not in self.left_out
        ]


def side_by_side(card: Card, reference: list[Path], candidate: list[Path]) -> Pair:
    """Open both samples, and find what of the card can be compared.

    A part of the card for which a sample lacks columns is left out, with the reason; a FlashSimError if that is all.
    """
    samples = [open_sample(card, files) for files in (reference, candidate)]
    sides = [Side(sample, Reach(formulas(card), sample.present)) for sample in samples]
    parts: dict[str, Part] = {}
    left_out: dict[str, str] = {}
    names = {stage.name: names_of_stage(stage) for stage in card.stages}
    names |= {name: names_of_comparison(card, comparison) for name, comparison in card.compare.items()}
    for name, needed in names.items():
        lacking = [(side.sample.title, side.reach.missing(needed)) for side in sides]
        reasons = [f"{title} has no {', '.join(map(repr, missing))}" for title, missing in lacking if missing]
        if reasons:
            left_out[name] = "; ".join(reasons)
        else:
            parts[name] = card.compare[name] if name in card.compare else card.stage(name)
    _require_any(parts, left_out)
    return Pair(card, (sides[0], sides[1]), parts, left_out)


def _require_any(parts: Mapping[str, Part], left_out: dict[str, str]) -> None:
    if not parts:
        reasons = "\n  ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise FlashSimError(f"nothing of the card can be compared:\n  {reasons}")


def _numbers_of_events(
    run: Int64[np.ndarray, " events"], event: Int64[np.ndarray, " events"]
) -> Int64[np.ndarray, " events"]:
    """One number for run and event together: runs are spread over 64 bits, and their events follow one another."""
    return (hashed(run, salt=3) + event.astype(np.uint64)).view(np.int64)


def _without_rows(table: Table, events: Int64[np.ndarray, " events"]) -> Table:
    """A table of the same columns, with events that have no rows in it."""
    return replace(table.keep(NONE), occurrences=Occurrences(events, NONE))


def _view(card: Card, name: str, part: Part, reference: Table, candidate: Table) -> StageView:
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
