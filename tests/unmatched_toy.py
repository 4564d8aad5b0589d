"""A toy whose events have objects that follow no generated one: Poisson in number, normal in what they are."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

RATE = 0.1  # unmatched objects a generated one
PER_EVENT = 8
SHIFT = 0.05  # of the mean of `x`, a unit of pile-up

CARD = """
schema = 1
name = "fakes"

[sample]
files = { train = "train.parquet", validation = "validation.parquet", test = "test.parquet" }

[columns]
pt = "GeV"
pileup = ""

[derive]
objects = "event_sum(1)"

[reconstructed]
fake = ""
found = ""
kind = ""
rec_pt = { unit = "GeV", from = "pt * ratio" }
x = ""

[unmatched]
where = "fake"
number = "n_fakes"
columns = ["pileup"]
from = { rec_pt = "exp(log_pt)", found = "1" }

[[stage]]
name = "efficiency"
kind = "category"
given = ["log10(pt)", "pileup"]
predict = "found"
model = { width = 8, depth = 1 }
training = { epochs = 2, batch = 1024 }

[[stage]]
name = "response"
kind = "response"
where = "found > 0"
given = ["log10(pt)"]
predict = { ratio = "rec_pt / pt", x = {}, kind = { type = "integer" } }
model = { width = 16, depth = 2, steps = 2 }
training = { epochs = 2, batch = 1024 }

[[stage]]
name = "number"
kind = "category"
of = "events"
given = ["objects"]
predict = "n_fakes"
model = { width = 16, depth = 2 }
training = { epochs = 30, batch = 256 }

[[stage]]
name = "fake"
kind = "response"
of = "unmatched"
given = ["pileup", "slot", "n_fakes + 0"]
predict = { log_pt = "log(rec_pt)", x = {}, kind = { type = "integer" } }
model = { width = 16, depth = 2, steps = 2 }
training = { epochs = 30, batch = 256 }

[output]
name = "jet"
where = "found > 0"
columns = ["rec_pt", "x", "kind"]

[compare.events]
of = "events"
conditions = ["event_sum(1)"]
variables = { n_fakes = { type = "integer" } }

[compare.fakes]
of = "unmatched"
conditions = ["pileup"]
variables = { log_pt = "log(rec_pt)" }
"""


def fakes_columns(events: int, seed: int) -> dict[str, np.ndarray]:
    """A sample: one row a generated object, then one an unmatched one; every event has one of either at least."""
    random = np.random.default_rng(seed)
    own = random.poisson(PER_EVENT, events)
    fakes = random.poisson(RATE * own)
    own = np.where(own + fakes == 0, 1, own)
    counts = own + fakes
    n = int(counts.sum())
    event = np.repeat(np.arange(events), counts)
    place = np.arange(n) - np.repeat(np.cumsum(counts) - counts, counts)
    fake = place >= own[event]
    pileup = random.integers(10, 50, events)[event]
    pt = np.exp(random.normal(3, 0.5, n))
    kind = np.where(random.random(n) < 0.3, 2, 1)
    x = np.where(fake, random.normal(SHIFT * pileup, 0.5), random.normal(0, 1, n))
    found = fake | (random.random(n) < 0.8)
    rec_pt = np.where(fake, np.exp(random.normal(1, 0.25, n)), pt * random.normal(1, 0.1, n).clip(0.5, 1.5))
    return {
        "run": np.ones(n, np.int32),
        "event": event.astype(np.int64),
        "pt": np.where(fake, -999.0, pt),
        "pileup": pileup.astype(np.int32),
        "fake": fake,
        "found": found.astype(np.int8),
        "kind": np.where(found, kind, 0).astype(np.int32),
        "rec_pt": np.where(found, rec_pt, 0.0),
        "x": np.where(found, x, 0.0),
    }


def write_fakes(folder: Path, events: int = 3000) -> Path:
    """Write the toy's sample and card into `folder`; return the card's path."""
    for index, part in enumerate(("train", "validation", "test")):
        columns = fakes_columns(events if part == "train" else events // 3, seed=index)
        pq.write_table(pa.table(columns), folder / f"{part}.parquet")
    card = folder / "fakes.toml"
    card.write_text(CARD)
    return card
