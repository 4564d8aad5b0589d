"""Write a release: a folder of JSON and safetensors with a checksum for every file."""

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import safetensors.numpy

from flashsim.files import atomic, refuse_existing
from flashsim.nets import named_arrays, together
from flashsim.release.detector import Detector
from flashsim.training import TrainedStage

SCHEMA = 1
SUMS = "SHA256SUMS"
MANIFEST = "manifest.json"


def save(detector: Detector, path: Path) -> Detector:
    """Write `detector` to the folder `path`, which must not exist; return it with its hash.

    ``manifest.json`` holds the schema version, the card, the stages and the provenance, the folder
    ``stages/`` two safetensors files a stage, and ``SHA256SUMS`` the checksums, in the form that
    ``sha256sum --check`` reads. The release's hash is the sha256 of ``SHA256SUMS``.
    """
    refuse_existing(path)
    with atomic(path) as folder:
        (folder / "stages").mkdir(parents=True)
        manifest = {
            "schema": SCHEMA,
            "name": detector.card.name,
            "card": detector.card.dump(),
            "provenance": detector.provenance,
            "stages": [_describe(stage) for stage in detector.stages],
        }
        (folder / MANIFEST).write_bytes(json.dumps(manifest, indent=1).encode())
        for stage in detector.stages:
            for kind, arrays in (
                ("weights", named_arrays(together([member.model for member in stage.members]))),
                ("conditions", stage.response.conditions.arrays()),
                ("outputs", stage.response.outputs.arrays()),
            ):
                name = stage_file(stage.stage.name, kind)
                (folder / name).write_bytes(safetensors.numpy.save(arrays))
        sums = "".join(f"{sha256(file)}  {file.relative_to(folder).as_posix()}\n" for file in _files(folder))
        (folder / SUMS).write_bytes(sums.encode())
    return replace(detector, hash=hashlib.sha256(sums.encode()).hexdigest())


def stage_file(stage: str, kind: str) -> str:
    """Where a release keeps the `weights`, `conditions` or `outputs` of a stage."""
    return f"stages/{stage}.{kind}.safetensors"


def sha256(path: Path) -> str:
    """The checksum of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _describe(stage: TrainedStage) -> dict[str, Any]:
    return {
        "name": stage.stage.name,
        "columns": [asdict(column) for column in stage.columns],
        "classes": list(stage.classes),
        "conditions": stage.response.conditions.to_config(),
        "outputs": stage.response.outputs.to_config(),
        "summary": stage.summary,
    }


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file())
