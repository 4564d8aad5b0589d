"""A card from TOML: every error names the file, the key, the value, and what would be right."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from flashsim.card.checks import check
from flashsim.card.extend import extended
from flashsim.card.messages import explain
from flashsim.card.model import EXTERNAL_FAMILIES
from flashsim.card.schema import SCHEMA_VERSION, Card, CardWithoutSample, ComparisonCard
from flashsim.errors import FlashSimError

MAX_BYTES = 1_000_000
COLLECTION = "collection"
"""The key that only cards of collections have."""


def read_card(path: str | Path) -> Card:
    """Read and check a card; FlashSimError says what is wrong in it and how to mend it."""
    path = Path(path)
    return card_of_file(read_toml(path), path)


def card_of_file(data: dict[str, Any], path: Path) -> Card:
    """Check the card whose tables were read from a file."""
    if COLLECTION in data:
        raise FlashSimError(f"{path}: a card of collections, where one of a single kind of objects is wanted")
    card = card_from_dict(extended(data, path, read_toml), str(path)).read_from(path)
    if card.output.link is not None:
        raise FlashSimError(
            f"{path}: output.link = {card.output.link!r}: only collections of an event have links to generated "
            "objects; leave it out, or make the card one of collections"
        )
    if card.output.name.endswith("."):
        raise FlashSimError(
            f"{path}: output.name = {card.output.name!r}: only a collection of an event may end in a dot; "
            "leave it out, or make the card one of collections"
        )
    return card


def card_from_dict(data: dict[str, Any], origin: str = "card") -> Card:
    """Check a card that was read or dumped before; `origin` is the file named in error messages."""
    try:
        check_version(data)
        card = _kind_of_card(data).model_validate(data)
        check(card)
    except ValidationError as error:
        raise FlashSimError(f"{origin}: {explain(error, data)}") from None
    except FlashSimError as error:
        raise FlashSimError(f"{origin}: {error}") from None
    return card


def _kind_of_card(data: dict[str, Any]) -> type[Card]:
    """By what stands in it: one without stages compares, and one whose stages are all brought along needs no sample."""
    stages, sample = data.get("stage"), data.get("sample", {})
    if stages is None and "compare" in data:
        return ComparisonCard
    if not isinstance(stages, list) or not stages or not isinstance(sample, dict) or "files" in sample:
        return Card
    models = [stage.get("model") for stage in stages if isinstance(stage, dict)]
    brought = [isinstance(model, dict) and model.get("family") in EXTERNAL_FAMILIES for model in models]
    return CardWithoutSample if len(brought) == len(stages) and all(brought) else Card


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file that may be a card; FlashSimError when it cannot be one."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise FlashSimError(f"{path}: the card cannot be read: {error.strerror or error}") from None
    except ValueError as error:  # a zero byte in the name
        raise FlashSimError(f"{str(path)!r}: the card cannot be read: {error}") from None
    if len(content) > MAX_BYTES:
        raise FlashSimError(f"{path}: larger than {MAX_BYTES} bytes: this is no card")
    try:
        return tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise FlashSimError(f"{path}: not a TOML file: byte {error.start} is not UTF-8 text") from None
    except (tomllib.TOMLDecodeError, ValueError) as error:
        raise FlashSimError(f"{path}: not a TOML file: {error}") from None
    except RecursionError:
        raise FlashSimError(f"{path}: not a card: too deeply nested") from None


def check_version(data: dict[str, Any]) -> None:
    """Refuse a card of another schema, or of none."""
    if "schema" not in data:
        raise FlashSimError(f"key 'schema' is missing: write schema = {SCHEMA_VERSION} in the first line")
    version = data["schema"]
    if isinstance(version, bool) or not isinstance(version, int):
        raise FlashSimError(f"schema = {version!r}: it must be the whole number {SCHEMA_VERSION}")
    if version > SCHEMA_VERSION:
        raise FlashSimError(
            f"schema = {version}: this FlashSim reads cards of schema {SCHEMA_VERSION}; "
            "the card is for a newer one: upgrade with pip install --upgrade flashsim"
        )
    if version < SCHEMA_VERSION:
        raise FlashSimError(f"schema = {version}: there is no such schema; write schema = {SCHEMA_VERSION}")
