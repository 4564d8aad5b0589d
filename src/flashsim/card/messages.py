"""Pydantic's findings in the words of a card: dotted key, value, and the nearest right name."""

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from flashsim.card.keys import known_keys
from flashsim.errors import nearest

_SHOWN = 3  # errors in one message


def explain(error: ValidationError, data: dict[str, Any]) -> str:
    """The first errors, each as `key = value: what is wrong`."""
    details = error.errors(include_url=False)
    lines = [_explain_one(detail, data) for detail in details[:_SHOWN]]
    if len(details) > _SHOWN:
        lines.append(f"and {len(details) - _SHOWN} more")
    return "\n  ".join(lines)


def _explain_one(detail: ErrorDetails, data: dict[str, Any]) -> str:
    key, path = _dotted(detail["loc"], data)
    if detail["type"] == "extra_forbidden":
        known = known_keys(path[:-1])
        hint = nearest(str(path[-1]), known)
        return f"unknown key {key}{hint}; known are {', '.join(known)}"
    if detail["type"] == "missing":
        return f"key {key} is missing"
    value = repr(detail["input"])
    shown = value if len(value) <= 80 else value[:77] + "…"
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    hint = ""
    if detail["type"] == "literal_error":
        expected = detail.get("ctx", {}).get("expected", "")
        hint = nearest(
            str(detail["input"]), [word.strip("'") for word in expected.replace(" or ", ", ").split(", ")]
        )
    return f"{key} = {shown}: {message}{hint}"


def _dotted(location: tuple[int | str, ...], data: dict[str, Any]) -> tuple[str, list[int | str]]:
    """The key as it stands in the file: stages by their name, and none of pydantic's own union tags."""
    text, path = "", list[int | str]()
    here: Any = data
    for index, part in enumerate(location):
        inside = (isinstance(here, dict) and part in here) or (
            isinstance(here, list) and isinstance(part, int) and part < len(here)
        )
        if not inside and index < len(location) - 1:
            continue  # a tag of a union
        if not inside and isinstance(here, str | int | float):
            continue
        path.append(part)
        here = here[part] if inside else None
        if not isinstance(part, int):
            text += f".{part}" if text else str(part)
        elif text == "stage" and isinstance(here, dict) and isinstance(here.get("name"), str):
            text += f".{here['name']}"
        else:
            text += f"[{part}]"
    return text or "card", path
