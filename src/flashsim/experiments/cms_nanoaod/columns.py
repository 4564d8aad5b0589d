"""The columns of a NanoAOD file: numbers of the event, and lists, in its names and types."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Float32, Int64, Shaped

from flashsim.events import rounded

PRECISION, GENERATED_PRECISION = 10, 12
"""Bits of the mantissa of reconstructed and of generated quantities; NanoAOD keeps 6 to 14."""


def listed(
    name: str, event: Int64[np.ndarray, " n"], events: int, columns: Mapping[str, Shaped[np.ndarray, " n"]]
) -> dict[str, pa.Array]:
    """Columns ``name_column`` as lists of events; rows are in the order of events."""
    offsets = pa.array(np.searchsorted(event, np.arange(events + 1)).astype(np.int32))
    return {
        f"{name}_{column}": pa.ListArray.from_arrays(offsets, pa.array(values)) for column, values in columns.items()
    }


def real(values: Any, precision: int = PRECISION) -> Float32[np.ndarray, "*shape"]:
    """Single precision with a mantissa of so many bits, as NanoAOD stores it."""
    return rounded(np.asarray(values), precision)


def whole(values: Any) -> Shaped[np.ndarray, " n"]:
    """Int_t."""
    return np.asarray(values, dtype=np.int32)


def places(rows: Int64[np.ndarray, " n"], offsets: Int64[np.ndarray, " boundaries"]) -> Shaped[np.ndarray, " n"]:
    """Rows of a table as places within their event; -1 stays."""
    event = np.searchsorted(offsets, np.maximum(rows, 0), side="right") - 1
    return whole(np.where(rows >= 0, rows - offsets[event], -1))
