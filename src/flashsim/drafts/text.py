"""A draft as the text of a card, with a comment wherever a guess was made."""

import json
from collections.abc import Iterable, Mapping

from flashsim.drafts.draft import Draft, EventDraft, Learnt, LeftOver, Line, StageDraft

_HEAD = """# Drafted by `flashsim card init` from {file}. Read it through and correct what was guessed; then
#   flashsim inspect {card}
#   flashsim train {card} --output release
#   flashsim validate release --output report
# Every key: the card reference. Formulas and what is learnt are in GeV, mm, ns and radians, whatever the file has.
"""
_GATES = """
# What a release must meet; `flashsim validate` leaves with status 1 if it does not.
# [gates]
# {stage} = {{ c2st_auc = 0.55, wasserstein_over_null = 3.0 }}
"""
SMALL_SAMPLE, TINY_SAMPLE = 20_000, 1000
"""Objects below which a network of the default size, or half of it, learns its sample by heart."""


def card_text(draft: Draft, card: str) -> str:
    """The card; `card` is the name of its file."""
    blocks = [
        head(draft, card),
        sample_text(draft, draft.weight),
        *detector_blocks(draft),
        _GATES.format(stage=draft.stages[-1].name),
    ]
    return "\n".join(block for block in blocks if block)


def head(draft: Draft | EventDraft, card: str) -> str:
    """What stands above all tables."""
    title = {"schema": 1, "name": draft.name, "description": draft.description}
    return _HEAD.format(file=_one_line(draft.file), card=_one_line(card)) + "\n" + table_text("", title)


def detector_blocks(draft: Draft, prefix: str = "") -> list[str]:
    """The tables of a detector, each behind a prefix: all of a card but its head and its sample."""
    output = {"name": draft.collection, "where": draft.where, "columns": draft.outputs, "link": draft.link}
    blocks = [
        *(table_text(f"[{prefix}related.{name}]", table) for name, table in draft.related.items()),
        _columns(f"[{prefix}columns]  # truth: also in every file that will be simulated", draft.columns),
        table_text(f"[{prefix}derive]", draft.derive) if draft.derive else "",
        _categories(f"[{prefix}categories]", draft.categories),
        _columns(f"[{prefix}reconstructed]  # what only full simulation has", draft.reconstructed),
        _unmatched(prefix, draft.unmatched),
        *(_stage(prefix, stage, stage.objects or draft.objects) for stage in draft.stages),
        table_text(f"[{prefix}output]", output),
    ]
    return [block for block in blocks if block]


def _unmatched(prefix: str, left: LeftOver | None) -> str:
    if left is None:
        return ""
    entries = {"of": left.of, "number": left.number, "columns": left.columns}
    text = table_text(f"[{prefix}unmatched]  # objects that follow no generated one", entries)
    return text + ("\n" + table_text(f"[{prefix}unmatched.from]", left.formulas) if left.formulas else "")


def sample_text(draft: Draft | EventDraft, weight: str | None = None) -> str:
    """The table of the sample."""
    shares = draft.split
    entries = {"files": draft.file, "tree": draft.tree, "event": list(draft.event), "weight": weight}
    comment = "  # of whole events, by a hash of their numbers\n"
    split = {"train": shares.train, "validation": shares.validation, "test": shares.test}
    return table_text("[sample]", entries) + f"split = {_value(split)}{comment}"


def _columns(title: str, columns: Mapping[str, Line]) -> str:
    lines = [title]
    for key, line in columns.items():
        source = None if line.source == key and line.of is None else line.source
        entries = {"unit": line.unit, "source": source, "of": line.of, "precision": line.precision}
        entries |= {"agrees": line.agrees, "from": line.formula}
        given = {name: value for name, value in entries.items() if value is not None}
        shown = _value(line.unit if given.keys() == {"unit"} else given)
        lines.append(f"{key} = {shown}" + (f"  # {_one_line(line.why)}" if line.why else ""))
    return "\n".join(lines) + "\n"


def _categories(title: str, categories: Mapping[str, tuple[str, list[int]]]) -> str:
    if not categories:
        return ""
    return table_text(
        f"{title}  # a flag for each of the values",
        {name: {"expression": expression, "values": values} for name, (expression, values) in categories.items()},
    )


def _stage(prefix: str, stage: StageDraft, objects: int) -> str:
    is_response = not isinstance(stage.predict, str)
    entries = {
        "name": stage.name,
        "kind": "response" if is_response else "category",
        "of": None if stage.of == "generated" else stage.of,
        "where": stage.where,
        "given": stage.given,
        "predict": stage.predict if isinstance(stage.predict, str) else None,
        "model": _model(objects),
        "training": {"batch": batch_of(objects)},
        # Objects without truth depend on little; what they have is features of the detector.
        "location_and_scale": False if is_response and stage.of == "unmatched" else None,
    }
    text = table_text(f"[[{prefix}stage]]  # {_one_line(stage.why)}", entries)
    if isinstance(stage.predict, str):
        return text
    lines = [
        f"{name} = {_value(_learnt(variable))}  # {_one_line(variable.kind.why)}"
        for name, variable in stage.predict.items()
    ]
    return text + "\n" + "\n".join([f"[{prefix}stage.predict]", *lines]) + "\n"


def _model(objects: int) -> dict[str, object] | None:
    if objects < TINY_SAMPLE:
        return {"width": 32, "depth": 2}
    return {"width": 64, "depth": 3} if objects < SMALL_SAMPLE else None


def batch_of(objects: int) -> int:
    """Objects in a step of training: at least some fifty steps an epoch, and no more than the default."""
    batch = 32
    while batch < 1024 and batch * 2 * 50 <= objects:
        batch *= 2
    return batch


def _learnt(variable: Learnt) -> dict[str, object]:
    kind = variable.kind
    entries = {
        "expression": variable.expression,
        "type": kind.type,
        "unit": variable.unit or None,
        "low": kind.low,
        "high": kind.high,
        "values": None if kind.values is None else list(kind.values),
        "columns": variable.columns,
    }
    return {name: value for name, value in entries.items() if value is not None}


def table_text(title: str, entries: Mapping[str, object]) -> str:
    """A table of TOML; entries that are None are left out."""
    lines = [title] if title else []
    lines += [f"{key} = {_value(value)}" for key, value in entries.items() if value is not None]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    """A value of TOML, on one line unless it is a long list."""
    match value:
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case bool():
            return str(value).lower()
        case dict():
            return "{ " + ", ".join(f"{key} = {_value(one)}" for key, one in value.items()) + " }"
        case list():
            return _list([_value(one) for one in value])
        case _:
            return repr(value)


def _list(items: Iterable[str]) -> str:
    items = list(items)
    short = "[" + ", ".join(items) + "]"
    return short if len(short) <= 100 else "[\n" + "".join(f"  {item},\n" for item in items) + "]"


def _one_line(text: str) -> str:
    return " ".join(text.split())
