"""Metrics as JSON: the digits that errors justify, and a line for what a reader looks for."""

import json
import math
from typing import Any

from flashsim.validation.metrics.measured import number

DIGITS = 6
DIGITS_OF_ERROR = 4
DEPTH = 5
LINE = 400


def as_text(tree: dict[str, Any]) -> str:
    """The text of a tree of dataclasses as dictionaries: the outer levels a line each, what is inside on one line.

    A measured number has as many decimals as its error with four digits, other numbers have six digits. What is not
    finite becomes ``null``.
    """
    return _lines(_rounded(tree), DEPTH, "") + "\n"


def _lines(tree: Any, depth: int, indent: str) -> str:
    """What is short on one line, else an entry a line."""
    inner = indent + " "
    if depth and isinstance(tree, dict):
        rows = [f"{inner}{json.dumps(key)}: {_lines(value, depth - 1, inner)}" for key, value in tree.items()]
        if sum(map(len, rows)) > LINE:
            return "{\n" + ",\n".join(rows) + f"\n{indent}}}"
    if depth and isinstance(tree, list) and tree and isinstance(tree[0], dict):
        return "[\n" + ",\n".join(f"{inner}{_lines(one, depth - 1, inner)}" for one in tree) + f"\n{indent}]"
    return json.dumps(tree, allow_nan=False, ensure_ascii=False, separators=(",", ":"))


def _rounded(tree: Any) -> Any:
    if isinstance(tree, dict):
        if tree.keys() == {"value", "error"}:
            return _measured(tree["value"], tree["error"])
        return {str(key): _rounded(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_rounded(value) for value in tree]
    if isinstance(tree, float):
        return None if number(tree) is None else float(f"{tree:.{DIGITS}g}")
    if tree is None or isinstance(tree, str | bool | int):
        return tree
    return _rounded(tree.item()) if hasattr(tree, "item") else str(tree)


def _measured(value: Any, error: Any) -> dict[str, float | None]:
    """Decimals follow from the rounded error, so that what was read back is written as it was."""
    value, error = (None if one is None else number(one) for one in (value, error))
    if value is None or not error:
        return {"value": None if value is None else float(f"{value:.{DIGITS}g}"), "error": error}
    error = float(f"{error:.{DIGITS_OF_ERROR}g}")
    decimals = DIGITS_OF_ERROR - 1 - math.floor(math.log10(error))
    return {"value": round(value, decimals), "error": error}
