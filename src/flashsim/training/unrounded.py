"""Reference samples whose columns have short mantissas: each value somewhere in the step that was rounded to it.

Rounded values are spikes to a model that learns a density: near the end of a range, where a score crowds, the logarithm
of the distance to it has a few values only. Spread over their steps they are a density again, and what is drawn from it
is rounded like the file when it is written.
"""

from collections.abc import Iterator
from zlib import crc32

import numpy as np
from jaxtyping import Shaped

from flashsim.card import Card, Reconstructed, factor
from flashsim.errors import FlashSimError
from flashsim.events import EventBatch, is_rounded, rounded, spread
from flashsim.random import hashed
from flashsim.stages import parsed

ENDS = (-1.0, 0.0, 1.0)


def unrounded(card: Card, batch: EventBatch) -> EventBatch:
    """The batch with the columns that have a `precision` spread over their steps.

    By run, event, object and column, so that an object has the same values whenever it is read. Zeros, 1 and −1 stay,
    which stand for something (nothing there, the end of a range, not known), and so do atoms of the column.
    Raises FlashSimError where a column has more bits than the card says.
    """
    precise = {name: one for name, one in card.reconstructed.items() if one.precision is not None}
    precise = {name: one for name, one in precise.items() if name in batch.columns}
    if not precise:
        return batch
    event = hashed(hashed(batch.run, salt=4) + batch.event.astype(np.uint64), salt=5)
    place = event[batch.event_index] + batch.object_index.astype(np.uint64)
    columns = dict(batch.columns)
    for name, column in precise.items():
        words = hashed(place, salt=crc32(name.encode())) >> np.uint64(32)
        stays = np.isin(batch.columns[name], [*ENDS, *_atoms(card, name)])
        columns[name] = np.where(stays, batch.columns[name], _spread(name, column, batch.columns[name], words))
    return EventBatch(run=batch.run, event=batch.event, offsets=batch.offsets, columns=columns)


def _atoms(card: Card, column: str) -> Iterator[float]:
    """The spikes that stages learn of a column, or of what is made of it alone."""
    for stage in card.stages:
        variables = {} if isinstance(stage.predict, str) else stage.predict
        for name, variable in variables.items():
            if variable.type == "atoms" and parsed(variable.expression or name).names == {column}:
                yield from variable.values or ()


def _spread(
    name: str, column: Reconstructed, values: Shaped[np.ndarray, " objects"], words: Shaped[np.ndarray, " objects"]
) -> Shaped[np.ndarray, " objects"]:
    assert column.precision is not None
    key = f"reconstructed.{name}.precision = {column.precision}"
    if values.dtype.kind != "f":
        raise FlashSimError(f"{key}: the file has whole numbers there, which no mantissa is kept of; leave it out")
    scale = np.float64(factor(column.unit))
    numbers = (values / scale).astype(np.float32)
    beyond = np.flatnonzero(~is_rounded(numbers, column.precision))
    if len(beyond):
        raise FlashSimError(
            f"{key}: the file has {numbers[beyond[0]]!r}, where {rounded(numbers[beyond[:1]], column.precision)[0]!r} "
            f"would be ({len(beyond)} of {len(numbers)} values have more bits); raise it, or leave it out"
        )
    return spread(numbers, column.precision, words) * scale
