"""Reading a ``metrics.json`` back."""

import json
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from flashsim.errors import FlashSimError
from flashsim.validation.metrics.whole import SCHEMA, Metrics


def read_metrics(path: Path) -> Metrics:
    """Read a ``metrics.json``; a FlashSimError says what is wrong with another file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FlashSimError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise FlashSimError(f"{path}: is not JSON ({error}); give a metrics.json of 'flashsim validate'") from error
    version = content.get("schema") if isinstance(content, dict) else None
    if version != SCHEMA:
        raise FlashSimError(
            f"{path}: schema is {version!r}; this FlashSim reads {SCHEMA}: run 'flashsim validate' again"
        )
    try:
        return TypeAdapter(Metrics).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise FlashSimError(f"{path}: {key}: {first['msg']}; run 'flashsim validate' again") from error
