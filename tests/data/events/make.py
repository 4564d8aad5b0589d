"""Makes the small files of events in this folder, without FlashSim: `python tests/data/events/make.py`.

Four events: (1, 10) with two objects, (1, 11) empty, (1, 12) with three, (2, 10) with one. A flat file
cannot hold the empty one. `px` is in MeV. The HepMC files beside these are written by hand.
"""

from pathlib import Path

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import uproot

FOLDER = Path(__file__).parent
RUN, EVENT = [1, 1, 1, 2], [10, 11, 12, 10]
PX = [[1000.0, -2500.0], [], [500.0, 250.0, 125.0], [-8000.0]]
PID = [[13, -13], [], [211, -211, 2212], [11]]
FLAG = [[True, False], [], [False, False, True], [True]]

counts = [len(values) for values in PX]
flat = {
    "run": np.repeat(np.array(RUN, dtype=np.uint32), counts),
    "event": np.repeat(np.array(EVENT, dtype=np.uint64), counts),
    "px": np.concatenate(PX).astype(np.float32),
    "pid": np.array([13, -13, 211, -211, 2212, 11], dtype=np.int32),
    "flag": np.array([True, False, False, False, True, True]),
}
jagged = {
    "run": np.array(RUN, dtype=np.uint32),
    "event": np.array(EVENT, dtype=np.uint64),
    "px": ak.values_astype(ak.Array(PX), np.float32),
    "pid": ak.values_astype(ak.Array(PID), np.int32),
    "flag": ak.Array(FLAG),
}

pq.write_table(pa.table(flat), FOLDER / "flat.parquet", row_group_size=4)
lists = {name: ak.to_arrow(values, extensionarray=False) for name, values in jagged.items()}
pq.write_table(pa.table(lists), FOLDER / "jagged.parquet", row_group_size=3)
for kind in ("ttree", "rntuple"):
    for shape, columns in (("flat", flat), ("jagged", jagged)):
        with uproot.recreate(FOLDER / f"{shape}_{kind}.root") as file:
            if kind == "ttree":
                types = {
                    name: ak.type(values).content if shape == "jagged" else values.dtype
                    for name, values in columns.items()
                }
                file.mktree("events", types).extend(columns)
            else:
                file.mkrntuple("events", columns)
