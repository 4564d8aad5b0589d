"""Pydantic's findings in the words of a card: dotted key, value, and the nearest right name."""

import re
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from flashsim.card.base import CardModel
from flashsim.card.keys import known_keys
from flashsim.card.schema import Card
from flashsim.errors import nearest

_SHOWN = 3  # errors in one message
_WORDS = (
    (r"^Value error, ", ""),
    (r"^Input should", "it must"),
    (r"valid dictionary( or instance of \w+| or object to extract fields from)?", "table"),
    (r"valid (list|string|integer|number|boolean|tuple)", r"\1"),
    (r"^(List|Dictionary) should have at least 1 item after validation, not 0", "it must not be empty"),
    (r"^Value should have at least 1 item after validation, not 0", "it must not be empty"),
    (r"a integer", "a whole number"),
    (r"a boolean", "true or false"),
    (r"^String should have at least 1 character", "it must not be empty"),
    (r"^String should match pattern .*", "it must begin with a letter and hold only letters, digits and _"),
)


def explain(error: ValidationError, data: dict[str, Any], card: type[CardModel] = Card) -> str:
    """The first errors of a `card`, each as `key = value: what is wrong`."""
    details = error.errors(include_url=False)
    lines = [_explain_one(detail, data, card) for detail in details[:_SHOWN]]
    if len(details) > _SHOWN:
        lines.append(f"and {len(details) - _SHOWN} more")
    return "\n  ".join(lines)


def _explain_one(detail: ErrorDetails, data: dict[str, Any], card: type[CardModel]) -> str:
    key, path = _dotted(detail["loc"], data, keep_last=detail["type"] == "missing")
    if detail["type"] == "extra_forbidden":
        known = known_keys(card, path[:-1], detail["loc"])
        return f"unknown key {key}{nearest(str(path[-1]), known)}; known are {', '.join(known)}"
    if detail["type"] == "missing":
        return f"key {key} is missing"
    message = detail["msg"]
    for pattern, words in _WORDS:
        message = re.sub(pattern, words, message)
    context = detail.get("ctx", {})
    if "discriminator" in context:
        chooser = key + "." + context["discriminator"].strip("'")
        if detail["type"] == "union_tag_not_found":
            return f"key {chooser} is missing"
        return _unknown_choice(chooser, context["tag"], re.findall(r"'(.*?)'", context["expected_tags"]))
    if detail["type"] == "literal_error":
        message += nearest(str(detail["input"]), re.findall(r"'(.*?)'", message))
    if isinstance(detail["input"], dict):
        return f"{key}: {message}"
    value = repr(detail["input"])
    return f"{key} = {value if len(value) <= 80 else value[:77] + '…'}: {message}"


def _unknown_choice(key: str, value: str, known: list[str]) -> str:
    what = key.rpartition(".")[2]
    return f"{key} = {value!r}: there is no such {what}{nearest(value, known)}; known are {', '.join(known)}"


def _dotted(location: tuple[int | str, ...], data: dict[str, Any], *, keep_last: bool) -> tuple[str, list[int | str]]:
    """The key as it stands in the file: stages by their name, and none of pydantic's own union tags."""
    text = ""
    path: list[int | str] = []
    here: Any = data
    for index, part in enumerate(location):
        below: Any = dict(enumerate(here)) if isinstance(here, list) else here
        inside = isinstance(below, dict) and part in below
        if not inside and not (keep_last and index == len(location) - 1):
            continue  # a tag of a union, or of a key
        path.append(part)
        here = below[part] if inside else None
        if not isinstance(part, int):
            text += f".{part}" if text else part
        elif text == "stage" and isinstance(here, dict) and isinstance(here.get("name"), str):
            text += f".{here['name']}"
        else:
            text += f"[{part}]"
    return text or "card", path
