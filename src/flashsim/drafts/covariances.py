"""Columns that are together a covariance matrix, by their names: ``cov_x_x``, ``cov_y_x``, ``cov_y_y``."""

import re
from collections.abc import Iterable

import numpy as np
from jaxtyping import Float

from flashsim.errors import FlashSimError
from flashsim.transforms.log_cholesky import LogCholesky

_NAME = re.compile(r"(?P<head>\w*cov\w*?)_(?P<row>[A-Za-z0-9]+)_(?P<column>[A-Za-z0-9]+)", re.IGNORECASE)


def triangles(names: Iterable[str]) -> dict[str, list[str]]:
    """The lower triangle, row by row, of each covariance matrix that is whole, by how its names begin."""
    elements: dict[str, dict[frozenset[str], str]] = {}
    axes: dict[str, list[str]] = {}
    for name in names:
        if match := _NAME.fullmatch(name):
            pair = (match["row"], match["column"])
            elements.setdefault(match["head"], {}).setdefault(frozenset(pair), name)
            axes[match["head"]] = list(dict.fromkeys([*axes.get(match["head"], []), *pair]))
    found: dict[str, list[str]] = {}
    for head, known in elements.items():
        wanted = [frozenset((row, column)) for i, row in enumerate(axes[head]) for column in axes[head][: i + 1]]
        if len(axes[head]) > 1 and known.keys() == set(wanted):
            found[head] = [known[pair] for pair in wanted]
    return found


def is_covariance(columns: list[Float[np.ndarray, " n"]]) -> bool:
    """Whether these lower triangles are those of positive-definite matrices, every one of them, and not too large."""
    try:
        LogCholesky.fit(np.stack(columns, axis=1))
    except FlashSimError:
        return False
    return True
