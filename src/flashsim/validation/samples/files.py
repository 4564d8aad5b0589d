"""A sample that is compared: files in the form of the card's sample, or written by `flashsim simulate`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from flashsim.card import SLOT, Card, Expression, Stage
from flashsim.errors import FlashSimError
from flashsim.events import LEFT_OVER, ColumnSource, EventBatch, describe_file, read_events, read_simulated
from flashsim.stages import formulas, generated, joined, parsed, with_unmatched
from flashsim.training import reference_sources, truth_sources
from flashsim.validation.samples.reach import Reach

CHUNK_EVENTS = 10_000
PARTICLE = "particle"


@dataclass(frozen=True)
class ComparedSample:
    """Files, and where each column that they have comes from.

    `objects` and `fill` are for what `flashsim simulate` has written: the columns of the reconstructed objects, and
    what columns hold for particles without one (a category: the class that is not written; else not-a-number).
    """

    card: Card
    files: list[Path]
    columns: Mapping[str, ColumnSource]
    objects: Mapping[str, ColumnSource]
    fill: Mapping[str, float]

    @property
    def simulated(self) -> bool:
        """Whether FlashSim has written it."""
        return bool(self.objects)

    @property
    def present(self) -> frozenset[str]:
        """The columns that it has, by their names in the card."""
        found = frozenset(self.columns) | frozenset(self.objects)
        table = self.card.unmatched
        return found | {SLOT, table.number} if table is not None and self.knows_unmatched else found

    @cached_property
    def knows_unmatched(self) -> bool:
        """Whether it says which objects follow no generated one."""
        return self.card.unmatched is not None and (self.simulated or not self._selecting.missing(self._selected_by))

    @cached_property
    def _selected_by(self) -> frozenset[str]:
        """What says which rows are unmatched objects."""
        table = self.card.unmatched
        if table is None or table.where is None:
            return frozenset() if table is None else frozenset({LEFT_OVER})
        return parsed(table.where).names

    @cached_property
    def _selecting(self) -> Reach:
        return Reach(formulas(self.card), frozenset(self.columns))

    def knows_all(self, stage: Stage) -> bool:
        """Whether it tells what a stage drew also for objects that were not reconstructed."""
        return set(stage.predicted_names) <= unwritten_class(self.card).keys() | self.columns.keys()

    @property
    def title(self) -> str:
        """Its files in a few words."""
        more = f" and {len(self.files) - 1} more" if len(self.files) > 1 else ""
        return f"{self.files[0].name}{more}"

    def batches(self, needed: set[str]) -> Iterator[tuple[EventBatch, Bool[np.ndarray, " objects"]]]:
        """Whole events with the columns that are needed, and which objects the files really hold."""
        selecting = self._selecting.needed if self.knows_unmatched else set[str]()
        columns = {name: source for name, source in self.columns.items() if name in needed | selecting}
        columns = columns or dict(list(self.columns.items())[:1])
        if self.simulated:
            objects = {name: source for name, source in self.objects.items() if name in needed}
            link = f"{self.card.output.name}_{PARTICLE}"
            for batch, there, others in read_simulated(
                self.files, columns, objects, link, self.fill, chunk_events=CHUNK_EVENTS
            ):
                if self.card.unmatched is None:
                    yield batch, there
                    continue
                filled = joined(self.card, batch, others)
                found = np.ones(filled.n_objects, dtype=bool)
                found[generated(filled)] = there
                yield filled, found
            return
        sample = self.card.sample
        for batch in read_events(self.files, columns, tree=sample.tree, event=sample.event, chunk_events=CHUNK_EVENTS):
            found = with_unmatched(self.card, batch) if self.knows_unmatched else batch
            yield found, np.ones(found.n_objects, dtype=bool)


def open_sample(card: Card, files: list[Path]) -> ComparedSample:
    """Find out of which kind files are, and which of the card's columns they have."""
    known = _columns(card, files[0])
    name = card.output.name
    if f"{name}_{PARTICLE}" in known:
        truth = {
            column: ColumnSource(f"{PARTICLE}_{column}", default=source.default)
            for column, source in truth_sources(card).items()
            if f"{PARTICLE}_{column}" in known or source.default is not None
        }
        drawn = [one for one in card.output.particles if f"{PARTICLE}_{one}" in known]
        truth |= {one: ColumnSource(f"{PARTICLE}_{one}") for one in drawn}
        objects = {one: ColumnSource(f"{name}_{one}") for one in card.output.columns if f"{name}_{one}" in known}
        objects = {one: source for one, source in objects.items() if one not in drawn}
        return ComparedSample(card, files, _existing(truth, files), objects, _fill(card))
    columns = {
        column: source
        for column, source in reference_sources(card).items()
        if known.issuperset(source.needs) or source.default is not None
    }
    return ComparedSample(card, files, _existing(columns, files), {}, {})


def _columns(card: Card, path: Path) -> frozenset[str]:
    """The columns of a file; `sample.tree` is that of the card's own sample, FlashSim writes another."""
    try:
        return frozenset(describe_file(path, tree=card.sample.tree).columns)
    except FlashSimError:
        if card.sample.tree is None:
            raise
        return frozenset(describe_file(path, tree="events").columns)


def _existing(columns: Mapping[str, ColumnSource], files: list[Path]) -> Mapping[str, ColumnSource]:
    if not columns:
        raise FlashSimError(f"{files[0]}: it has none of the columns of the card")
    return columns


def _fill(card: Card) -> dict[str, float]:
    """The class of a category that objects which were not written must have, 0 where this is not certain."""
    fill = dict.fromkeys(_categories(card), 0.0)
    return fill | {name: float(value) for name, value in unwritten_class(card).items()}


def _categories(card: Card) -> set[str]:
    """What category stages draw of generated objects."""
    stages = [stage for stage in card.stages if stage.of == "generated"]
    return {stage.predict for stage in stages if isinstance(stage.predict, str)}


def unwritten_class(card: Card) -> dict[str, int]:
    """The column of a category that alone decides what is written (`output.where`), with its one class that is not."""
    if card.output.where is None:
        return {}
    written: Expression = parsed(card.output.where)
    if len(written.names) != 1 or not written.names <= _categories(card) or not written.of_one_object:
        return {}
    classes = np.arange(-1, 33)
    out = classes[~written.evaluate(lambda _: classes, np.array([0, len(classes)])).astype(bool)]
    out = out[out >= 0]
    return {next(iter(written.names)): int(out[0])} if len(out) == 1 else {}
