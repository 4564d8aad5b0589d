"""A small detector whose response is known in closed form, as a sample and a card."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CARD = """
schema = 1
name = "toy"
description = "Efficiency that rises with momentum, Gaussian resolution that grows with it."

[sample]
files = { train = "train.parquet", validation = "validation.parquet", test = "test.parquet" }

[columns]
pid = ""
px = "GeV"
py = "GeV"
pz = "GeV"

[derive]
p = "sqrt(px**2 + py**2 + pz**2)"
tx = "px / pz"
eta = "arcsinh(pz / hypot(px, py))"
hits_per_momentum = "hits / rec_p"  # of what was drawn, and written

[categories]
species = { expression = "abs(pid)", values = [13, 211] }

[reconstructed]
found = ""
rec_p = { unit = "GeV", from = "p * (1 + dp)" }
hits = ""
cov_a_a = ""
cov_b_a = ""
cov_b_b = ""

[[stage]]
name = "efficiency"
kind = "category"
given = ["log10(p)", "tx", "species"]
predict = "found"
model = { width = 16, depth = 2 }
training = { epochs = 8, batch = 512 }

[[stage]]
name = "resolution"
kind = "response"
where = "found > 0"
given = ["log10(p)", "tx", "species"]
model = { width = 16, depth = 2, steps = 2 }
training = { epochs = 8, batch = 512 }

[stage.predict]
dp = "rec_p / p - 1"
hits = { type = "integer" }
cov = { type = "covariance", columns = ["cov_a_a", "cov_b_a", "cov_b_b"] }

[output]
name = "track"
where = "found > 0"
columns = ["found", "rec_p", "hits", "cov_a_a", "cov_b_a", "cov_b_b", "hits_per_momentum"]

[gates]
efficiency = { efficiency_coverage = 0.9 }
resolution = { c2st_auc = 0.6 }
"""


def resolution(p: np.ndarray) -> np.ndarray:
    """The relative momentum resolution of the toy at a momentum in GeV."""
    return 0.01 + 0.0005 * p


def toy_columns(events: int, seed: int) -> dict[str, np.ndarray]:
    """The toy's sample as flat columns, about 20 objects an event."""
    random = np.random.default_rng(seed)
    counts = random.poisson(20, events)
    n = int(counts.sum())
    p = np.exp(random.uniform(np.log(2), np.log(50), n))
    tx, ty = random.uniform(-0.2, 0.2, (2, n))
    pz = p / np.sqrt(1 + tx**2 + ty**2)
    pid = random.choice([13, -13, 211, -211], n)
    found = random.uniform(size=n) < 0.95 - 0.6 * np.exp(-p / 5) - 0.1 * (np.abs(pid) == 211)
    scale = resolution(p)
    correlation = random.uniform(-0.5, 0.5, n)
    reconstructed = {
        "rec_p": p * (1 + scale * random.normal(size=n)),
        "hits": random.poisson(10, n).astype(float),
        "cov_a_a": scale**2,
        "cov_b_a": correlation * scale * 1e-3,
        "cov_b_b": np.full(n, 1e-6) * random.uniform(0.9, 1.1, n),
    }
    return {
        "run": np.ones(n, np.int32),
        "event": np.repeat(np.arange(events), counts).astype(np.int64),
        "pid": pid.astype(np.int32),
        "px": tx * pz,
        "py": ty * pz,
        "pz": pz,
        "found": found.astype(np.int8),
    } | {name: np.where(found, values, 0.0) for name, values in reconstructed.items()}


def write_toy(folder: Path, events: int = 300) -> Path:
    """Write the toy's sample and card into `folder`; return the card's path."""
    for index, part in enumerate(("train", "validation", "test")):
        columns = toy_columns(events if part == "train" else events // 3, seed=index)
        pq.write_table(pa.table(columns), folder / f"{part}.parquet")
    card = folder / "toy.toml"
    card.write_text(CARD)
    return card
