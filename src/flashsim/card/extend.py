"""A card that extends another one: what it says is added to that card, or stands in its place."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flashsim.errors import FlashSimError

KEY = "extends"
_BY_NAME = ("columns", "derive", "categories", "field", "propagate", "reconstructed", "compare", "gates")
_OF_ONE_CARD = ("name", "description", "sample")
_DEEPEST = 8


def extended(
    data: dict[str, Any], path: Path, read: Callable[[Path], dict[str, Any]], depth: int = 0
) -> dict[str, Any]:
    """The card without `extends`: the named one, with everything of this one.

    Entries of tables replace those of the same name. A stage of the same name takes the place of the other one; if it
    has no `kind`, only what it says is replaced, and of its training each number by itself. New stages follow those
    of the other card. The sample is always this card's own, and files are relative to this card.
    """
    if KEY not in data:
        return data
    name = data[KEY]
    if not isinstance(name, str):
        raise FlashSimError(f"{path}: {KEY} = {name!r}: it must be the name of a card, relative to this one's folder")
    other = path.parent / name
    if depth == _DEEPEST:
        raise FlashSimError(f"{path}: {KEY} = {name!r}: cards extend one another more than {_DEEPEST} times")
    try:
        base = extended(read(other), other, read, depth + 1)
    except FlashSimError as error:
        raise FlashSimError(f"{path}: {KEY} = {name!r}: {error}") from None
    own = {key: value for key, value in data.items() if key != KEY}
    result = {key: value for key, value in base.items() if key not in _OF_ONE_CARD} | own
    for key in _BY_NAME:
        if isinstance(base.get(key), dict) and isinstance(own.get(key), dict):
            result[key] = base[key] | own[key]
    if isinstance(base.get("stage"), list) and isinstance(own.get("stage"), list):
        result["stage"] = _stages(base["stage"], own["stage"])
    return result


def _stages(base: list[Any], own: list[Any]) -> list[Any]:
    def name(stage: Any) -> Any:
        return stage.get("name") if isinstance(stage, dict) else None

    replaced = {name(stage): stage for stage in own if name(stage) in [name(other) for other in base]}
    added = [stage for stage in own if name(stage) not in replaced]
    return [_changed(stage, replaced.get(name(stage), stage)) for stage in base] + added


def _changed(stage: Any, own: dict[str, Any]) -> dict[str, Any]:
    """A stage as this card has it: whole, or the other card's but for some of its entries."""
    if own is stage or "kind" in own:
        return own
    training = stage.get("training", {}), own.get("training", {})
    both = {"training": training[0] | training[1]} if all(isinstance(one, dict) for one in training) else {}
    return stage | own | both
