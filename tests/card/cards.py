"""A small card for the tests: it has one of everything."""

import copy
from collections.abc import Callable
from typing import Any

TOML = """
schema = 1
name = "toy"

[sample]
files = ["sample/*.parquet"]
split = { train = 0.6, validation = 0.2, test = 0.2 }
where = "~ghost"
weight = "sweight"

[columns]
pid = ""
px = "MeV"
pz = { unit = "GeV", source = "Pz", default = 1 }

[categories]
species = { expression = "abs(pid)", values = [11, 13] }

[derive]
p = "hypot(px, pz)"
logp = "log10(p)"

[reconstructed]
ghost = ""
sweight = ""
found = ""
rec_p = { unit = "GeV", from = "p * (1 + dp)" }
chi2 = ""
c00 = ""
c10 = ""
c11 = ""

[[stage]]
name = "acceptance"
kind = "category"
where = "pz > 0"
given = ["species", "logp"]
predict = "found"

[[stage]]
name = "resolution"
kind = "response"
where = "found"
given = ["found", "logp + 1"]
predict.dp = "rec_p / p - 1"
predict.chi2 = { type = "positive" }
predict.cov = { type = "covariance", columns = ["c00", "c10", "c11"] }

[output]
where = "found"
columns = ["rec_p", "chi2", "c00"]

[gates]
resolution = { c2st_auc = 0.53 }
"""

Change = Callable[[dict[str, Any]], object]


def changed(card: dict[str, Any], change: Change) -> dict[str, Any]:
    """A copy with one change."""
    card = copy.deepcopy(card)
    change(card)
    return card
