"""What a simulated block looks like in a file: the truth, and the reconstructed objects that link to it."""

from typing import Any

import numpy as np
from jaxtyping import Int32, Shaped

from flashsim.card import Card, Names
from flashsim.events import Collection, OutputBatch
from flashsim.events.batch import offsets_from_counts
from flashsim.release import Detector
from flashsim.simulation.detector import SimulatedBlock
from flashsim.simulation.edm4hep import edm4hep_metadata, to_edm4hep
from flashsim.stages import ChosenRows

TRUTH = "particle"


def to_output(detector: Detector, simulated: SimulatedBlock) -> OutputBatch:
    """Both collections of a block: every generated object, and the reconstructed ones (`output.where`).

    Of a generated object the columns are the truth and `output.particles`. Of a reconstructed object they are those of
    `output.columns`, `particle`, the place of its truth object in the event (-1 of an unmatched one), and `outside`,
    whether a stage that made it was asked outside its training range. All are float32, and int32 for what a category
    stage drew or an integer is, -1 where no stage drew it.
    Events have `member` where the detector has ensembles. A card with `output.edm4hep` asks for its collections
    instead.
    """
    more = {"member": simulated.member} if detector.has_members else {}
    if detector.card.output.edm4hep is not None:
        return to_edm4hep(detector.card, simulated, more)
    card, batch, namespace = detector.card, simulated.block.batch, simulated.namespace
    rows, own = namespace.written(), namespace.of("generated")
    integers = Names(card).integers

    def written(name: str, values: Shaped[np.ndarray, " rows"]) -> Shaped[np.ndarray, " rows"]:
        return _whole(values) if name in integers else values.astype(np.float32)

    chosen = ChosenRows(namespace, np.flatnonzero(rows))
    reconstructed = {name: written(name, chosen[name]) for name in card.output.columns}
    reconstructed["particle"] = np.where(own, simulated.batch.object_index, -1)[rows].astype(np.int32)
    reconstructed["outside"] = simulated.outside_any[rows]
    counts = np.bincount(simulated.batch.event_index[rows], minlength=batch.n_events)
    truth = {name: np.asarray(batch.columns[name]) for name in card.columns}
    truth = {
        name: values.astype(np.int32 if values.dtype.kind in "iub" else np.float32) for name, values in truth.items()
    } | {name: written(name, namespace[name][own]) for name in card.output.particles}
    return OutputBatch(
        run=batch.run,
        event=batch.event,
        copy=simulated.block.copy.astype(np.int32),
        collections={
            TRUTH: Collection(batch.offsets, truth),
            card.output.name: Collection(offsets_from_counts(counts), reconstructed),
        },
        more=more,
    )


def output_metadata(card: Card) -> dict[str, Any]:
    """What a file says of its columns: their units, or that they are EDM4hep's, and the numbers of its collections."""
    return {"units": output_units(card)} if card.output.edm4hep is None else edm4hep_metadata(card)


def output_units(card: Card) -> dict[str, str]:
    """The unit of every column as it is written: FlashSim's own units, whatever the sample's were; none of formulas."""
    units = Names(card).units
    return {f"{TRUTH}_{name}": units.get(name, "") for name in (*card.columns, *card.output.particles)} | {
        f"{card.output.name}_{name}": units.get(name, "") for name in card.output.columns
    }


def _whole(values: Shaped[np.ndarray, " objects"]) -> Int32[np.ndarray, " objects"]:
    return np.where(np.isfinite(values), values, -1).astype(np.int32)
