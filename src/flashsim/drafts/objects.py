"""The objects of an ntuple: which columns describe the same ones, and which number their events."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Int64, Shaped

from flashsim.drafts.kinds import is_constant
from flashsim.drafts.names import INDICES, identity, words_of
from flashsim.drafts.table import Table, missing
from flashsim.errors import FlashSimError


@dataclass
class Objects:
    """Columns of one value an object; `offsets` tell the events of jagged files, None the rows of flat ones."""

    event: tuple[str, str]
    columns: dict[str, Shaped[np.ndarray, " objects"]]
    offsets: Int64[np.ndarray, " boundaries"] | None
    left_out: dict[str, str] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)  # a column of each other kind of objects


def objects_of(table: Table, event: tuple[str, str] | None = None) -> Objects:
    """The lists that most columns have in common, or the rows where there are no lists."""
    identified = _event_columns(table, event)
    left_out = dict(table.unread)
    other_kinds: list[str] = []
    if table.groups:
        offsets, names = max(table.groups, key=lambda group: len(group[1]))
        for other, others in table.groups:
            if other is not offsets:
                other_kinds.append(others[0])
                left_out |= dict.fromkeys(others, f"its lists have other lengths than those of {names[0]}")
        numbers = [name for name in table.numbers if name not in identified]
        left_out |= dict.fromkeys(numbers, "one number an event, beside lists of objects")
    else:
        offsets, names = None, [name for name in table.numbers if name not in identified]
    columns: dict[str, np.ndarray] = {}
    for name in names:
        values = table.values(name)
        if reason := _useless(name, values):
            left_out[name] = reason
        else:
            columns[name] = values
    if not columns:
        raise FlashSimError(f"{table.path}: no column with numbers that differ from object to object; nothing to learn")
    return Objects(identified, columns, offsets, left_out, other_kinds)


def _useless(name: str, values: Shaped[np.ndarray, " objects"]) -> str:
    """Why a column is in no card; empty if it may be."""
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        bad = 1 - np.isfinite(values).mean()
        return f"NaN or infinite for {bad:.2g} of the objects; give these a number of their own first"
    if is_constant(values):
        return f"always {values[0]}" if len(values) else "no values"
    if set(words_of(name)) & INDICES and values.dtype.kind in "iu":
        return "by its name a place in a list, not a quantity"
    return ""


def _event_columns(table: Table, event: tuple[str, str] | None) -> tuple[str, str]:
    if event is not None:
        for name in event:
            if name not in table.numbers:
                raise missing(table, name, "--event")
            if table.values(name).dtype.kind not in "iu":
                raise FlashSimError(f"--event {name!r}: {table.path} has other than whole numbers there")
        return event
    run, number = identity(name for name in table.numbers if table.values(name).dtype.kind in "iu")
    if number is None:
        raise FlashSimError(
            f"{table.path}: no column tells the events apart, from which random numbers and the division of the sample "
            "follow; name those of run and event number with --event RUN EVENT (the same twice, if there is only one), "
            "or add a column 'event' to the file: the row's number, if each object is an event of its own"
        )
    return run or number, number
