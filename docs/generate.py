"""Write the reference pages that follow from the code: the card, the command line, the Python functions.

    python docs/generate.py

A test fails when a committed page is not what this writes.
"""

import importlib
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import TypeAdapter
from typer.main import get_command

from flashsim.card.reference import card_reference
from flashsim.cli import app
from flashsim.validation.metrics import SCHEMA, Metrics

FOLDER = Path(__file__).parent / "reference"
NOTE = "<!-- Written by docs/generate.py from the code: change it there. -->\n\n"
PUBLIC = (
    (
        "flashsim",
        (
            "init_card",
            "read_card",
            "train",
            "load",
            "simulate",
            "validate",
            "compare",
            "export",
            "train_events",
            "validate_events",
            "compare_events",
            "FlashSimError",
        ),
    ),
    ("flashsim.training", ("Progress",)),
    ("flashsim.release", ("Detector", "EventDetector")),
    ("flashsim.simulation", ("Counts",)),
    (
        "flashsim.validation",
        ("Metrics", "read_metrics", "StageView", "Table", "validate_stages", "write_report", "Effort"),
    ),
    ("flashsim.events", ("read_events", "EventBatch", "ColumnSource", "ParticleGun", "Pythia8Source")),
    ("flashsim.propagation", ("propagate",)),
    ("flashsim.histograms", ("EventHistogram", "fill_by_event")),
    ("flashsim.card", ("Expression", "factor")),
)


def pages() -> dict[Path, str]:
    """Every generated page and its text."""
    texts = {"card": card_reference(), "cli": command_line(), "python": python_functions()}
    written = {FOLDER / f"{name}.md": NOTE + text for name, text in texts.items()}
    return written | {FOLDER / "metrics.schema.json": metrics_schema()}


def metrics_schema() -> str:
    """The JSON Schema of ``metrics.json``, from the dataclasses that are written."""
    schema = TypeAdapter(Metrics).json_schema(mode="serialization")
    schema["properties"]["schema"] = {"const": SCHEMA}
    titled = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"metrics.json, schema {SCHEMA}"}
    return json.dumps(schema | titled, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def command_line() -> str:
    """The command line: every command with its arguments and options."""
    sections = ["# Command line", _plain(get_command(app).help or ""), _STATUS]
    for words, command in commands():
        sections += [f"## `{words}`", _plain(command.help or "")]
        parameters = [parameter for parameter in command.params if parameter.name != "help"]
        if hasattr(command, "commands"):
            continue
        usage = [words, *(_usage(command, parameter) for parameter in parameters)]
        sections += ["```text\n" + " ".join(usage) + "\n```", _table(parameters)]
    return "\n\n".join(sections) + "\n"


def commands() -> Iterator[tuple[str, Any]]:
    """Every command with the words that call it, groups before what is in them."""
    yield from _below("flashsim", get_command(app))


def _below(words: str, command: Any) -> Iterator[tuple[str, Any]]:
    for name, inner in getattr(command, "commands", {}).items():
        yield f"{words} {name}", inner
        yield from _below(f"{words} {name}", inner)


_STATUS = """
Exit status: 0 when all went well, 1 when a gate does not hold (`validate`, `compare`), 2 when a gate could not be
judged, for bad input, or a wrong option, 130 after Ctrl-C. Errors go to standard error, in one line that names the
file, the key or the row.
""".strip()


def _is_option(parameter: Any) -> bool:
    return parameter.opts[0].startswith("-")


def _usage(command: Any, parameter: Any) -> str:
    name = parameter.opts[0]
    kind = "" if getattr(parameter, "is_flag", False) else f" {_kind(command, parameter)}"
    word = f"{name}{kind}" if _is_option(parameter) else name.upper()
    several = "..." if parameter.nargs == -1 else ""
    return f"{word}{several}" if parameter.required else f"[{word}{several}]"


def _kind(command: Any, parameter: Any) -> str:
    """What an option takes, from the signature of the function behind the command."""
    annotation = inspect.signature(command.callback).parameters[parameter.name].annotation
    return " ".join(_word(kind) for kind in _kinds(annotation) if kind is not type(None))


def _word(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return "|".join(get_args(kind))
    return {int: "NUMBER", Path: "PATH", str: "NAME"}[kind]


def _kinds(annotation: Any) -> list[Any]:
    """The types in an annotation, without `Annotated`, unions and lists around them."""
    if get_origin(annotation) in (None, Literal):
        return [annotation]
    inner = get_args(annotation)[:1] if get_origin(annotation) is Annotated else get_args(annotation)
    return [kind for one in inner for kind in _kinds(one)]


def _table(parameters: list[Any]) -> str:
    lines = ["| argument or option | default | meaning |", "| --- | --- | --- |"]
    for parameter in parameters:
        names = parameter.opts if _is_option(parameter) else [parameter.name.upper()]
        shown = ", ".join(f"`{name}`" for name in names)
        default = "" if parameter.default in (None, False) else f"`{parameter.default}`"
        lines.append(f"| {shown} | {'*must be given*' if parameter.required else default} | {_plain(parameter.help)} |")
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Help without Rich's markup."""
    text = re.sub(r"\[/?bold\]", "**", text).replace("\\[", "[")
    return inspect.cleandoc(text).replace("|", "\\|")


def python_functions() -> str:
    """Signatures and docstrings of what a program calls."""
    sections = ["# Python", _PYTHON]
    for module, names in PUBLIC:
        sections.append(f"## `{module}`")
        sections += [_described(module, name) for name in names]
    return "\n\n".join(sections) + "\n"


_PYTHON = """
What a program calls. The verbs of the command line are functions of `flashsim` itself; the other
modules hold what they take and give. [How to use it](../how-to/python.md) shows them at work.
""".strip()


def _described(module: str, name: str) -> str:
    found = getattr(importlib.import_module(module), name)
    text = (inspect.getdoc(found) or "").replace("``", "`")
    parts = [f"### `{name}`"]
    if not (inspect.isclass(found) and issubclass(found, Exception)):
        parts.append("```python\n" + _signature(name, found) + "\n```")
    parts.append(text)
    return "\n\n".join(parts)


def _signature(name: str, found: Any) -> str:
    signature = inspect.signature(found)
    parameters = [p for p in signature.parameters.values() if p.name != "self"]
    lines, starred = [], False
    for parameter in parameters:
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            lines.append("    *,")
            starred = True
        lines.append(f"    {_parameter(parameter)},")
    arrow = "" if inspect.isclass(found) else f" -> {_type(signature.return_annotation)}"
    return f"{name}(\n" + "\n".join(lines) + f"\n){arrow}"


def _parameter(parameter: inspect.Parameter) -> str:
    default = "" if parameter.default is parameter.empty else f" = {_default(parameter.default)}"
    kind = "" if parameter.annotation is parameter.empty else f": {_type(parameter.annotation)}"
    return f"{parameter.name}{kind}{default}"


def _default(value: Any) -> str:
    return "…" if type(value).__module__ != "builtins" or "factory" in repr(value) else repr(value)


def _type(annotation: Any) -> str:
    """An annotation without the modules that its names come from."""
    shown = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    shown = re.sub(r"\b(?:[a-z_0-9]+\.)+(?=[A-Za-z])", "", shown)
    return re.sub(r"(?<=\|) NoneType|\bNoneType\b", "None", shown)


def main() -> None:
    """Write the pages."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
