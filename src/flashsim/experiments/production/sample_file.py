"""The reference sample as a Parquet file: written whole or not at all, its origin in its metadata."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from flashsim.errors import FlashSimError

METADATA_KEY = b"flashsim_reference"
ROWS_PER_GROUP = 1 << 20


def write_sample(path: Path, table: pa.Table, provenance: dict[str, Any], *, level: int = 19) -> None:
    """Write a table beside its final name, then move it there."""
    # The bytes of floats are stored plane by plane: rounded mantissas then compress to what they hold.
    floats = [field.name for field in table.schema if pa.types.is_floating(field.type)]
    others = [field.name for field in table.schema if not pa.types.is_floating(field.type)]
    text = json.dumps(provenance, sort_keys=True, ensure_ascii=False)
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        with unfinished.open("wb") as file:
            pq.write_table(
                table.replace_schema_metadata({METADATA_KEY: text.encode()}),
                file,
                row_group_size=ROWS_PER_GROUP,
                compression="zstd",
                compression_level=level,
                use_dictionary=others,  # type: ignore[arg-type]
                use_byte_stream_split=floats,  # type: ignore[arg-type]
            )
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise FlashSimError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def read_provenance(path: Path) -> dict[str, Any]:
    """How a reference sample was made, from its own metadata."""
    metadata = pq.read_schema(path).metadata or {}
    if METADATA_KEY not in metadata:
        raise FlashSimError(f"{path}: no {METADATA_KEY.decode()!r} metadata: not a spectrometer sample")
    return json.loads(metadata[METADATA_KEY])


SPLIT_CYCLE = ("train",) * 13 + ("validation",) * 2 + ("test",) * 5  # of every 20 consecutive events


def split_sample(source: Path, folder: Path) -> dict[str, Path]:
    """Write `train`, `validation` and `test` Parquet files: 65, 10 and 25 % of the events."""
    table, provenance = pq.read_table(source), read_provenance(source)
    part = np.asarray(table["event"]) % len(SPLIT_CYCLE)
    folder.mkdir(parents=True, exist_ok=True)
    paths: dict[str, Path] = {}
    for name in dict.fromkeys(SPLIT_CYCLE):
        wanted = [number for number, owner in enumerate(SPLIT_CYCLE) if owner == name]
        paths[name] = folder / f"{name}.parquet"
        rows = table.filter(pa.array(np.isin(part, wanted)))
        write_sample(paths[name], rows, provenance | {"split": name, "split_events_modulo_20": wanted})
    return paths
