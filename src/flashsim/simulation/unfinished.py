"""The finished blocks of an unfinished output: what a run that was stopped goes on from."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError, safe_open

from flashsim.errors import FlashSimError
from flashsim.events import Collection, OutputBatch
from flashsim.files import atomic, remove


@dataclass(frozen=True)
class Counts:
    """What a block, or a whole run, came to: events and objects that were read, and of the rest every copy.

    `unmatched` are the reconstructed objects that follow no generated one, `filled` the events with reconstructed
    objects, `given` the objects that each stage was applied to, and
    `outside` those of them outside its training range.
    """

    events: int = 0
    objects: int = 0
    simulated: int = 0
    reconstructed: int = 0
    unmatched: int = 0
    filled: int = 0
    given: dict[str, int] = field(default_factory=dict)
    outside: dict[str, int] = field(default_factory=dict)

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.events + other.events,
            self.objects + other.objects,
            self.simulated + other.simulated,
            self.reconstructed + other.reconstructed,
            self.unmatched + other.unmatched,
            self.filled + other.filled,
            _added(self.given, other.given),
            _added(self.outside, other.outside),
        )


def _added(first: dict[str, int], second: dict[str, int]) -> dict[str, int]:
    """By name, in the order of the names as they come."""
    return {name: first.get(name, 0) + second.get(name, 0) for name in first | second}


class Unfinished:
    """A folder ``<output>.unfinished`` of finished blocks, one file each, made for one request.

    Raises FlashSimError when the folder holds the blocks of another request.
    """

    def __init__(self, output: Path, request: dict[str, Any]):
        self.folder = output.with_name(output.name + ".unfinished")
        record = self.folder / "request.json"
        content = json.dumps(request, indent=1, sort_keys=True)
        if record.exists() and record.read_text() != content:
            raise FlashSimError(
                f"{self.folder}: holds part of another run (another release, seed, member, input or number of copies); "
                f"repeat that command to finish it, or remove the folder to start anew"
            )
        if not record.exists():
            with atomic(record) as part:
                part.write_text(content)

    def save(self, number: int, batch: OutputBatch, counts: Counts) -> None:
        """Keep a finished block."""
        arrays = dict(batch.numbers)
        for name, collection in batch.collections.items():
            arrays[f"{name}/offsets/"] = collection.offsets
            arrays |= {f"{name}/{column}": values for column, values in collection.columns.items()}
        arrays = {name: np.ascontiguousarray(values) for name, values in arrays.items()}
        order = {name: list(collection.columns) for name, collection in batch.collections.items()}
        metadata = {"counts": json.dumps(asdict(counts)), "order": json.dumps(order)}
        metadata["records"] = json.dumps(batch.records)
        metadata["more"] = json.dumps(list(batch.more))
        with atomic(self._file(number)) as part:
            part.write_bytes(safetensors.numpy.save(arrays, metadata))

    def load(self, number: int) -> tuple[OutputBatch, Counts] | None:
        """A block that was finished before, or None; one that cannot be read is simulated again."""
        file = self._file(number)
        if not file.exists():
            return None
        try:
            with safe_open(file, "numpy") as content:
                metadata = content.metadata()
                arrays = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118 (no mapping)
        except SafetensorError:
            return None
        collections = {
            name: Collection(arrays[f"{name}/offsets/"], {column: arrays[f"{name}/{column}"] for column in columns})
            for name, columns in json.loads(metadata["order"]).items()
        }
        run, event, copy = (arrays[name] for name in ("run", "event", "copy"))
        more = {name: arrays[name] for name in json.loads(metadata["more"])}
        batch = OutputBatch(run, event, copy, collections, more, records=json.loads(metadata["records"]))
        return batch, Counts(**json.loads(metadata["counts"]))

    def remove(self) -> None:
        """Forget the blocks: the output is whole."""
        remove(self.folder)

    def _file(self, number: int) -> Path:
        return self.folder / f"block-{number:06d}.safetensors"
