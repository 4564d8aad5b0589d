"""Write a release: a folder of JSON and safetensors with a checksum for every file."""

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from shutil import copyfile
from typing import Any

import safetensors.numpy

from flashsim.card import MapField, Stage
from flashsim.files import atomic, refuse_existing, sha256
from flashsim.nets import named_arrays, together
from flashsim.propagation import load_grid, map_copy, save_grid
from flashsim.release.detector import Detector
from flashsim.training import ExternalResponse, TrainedStage

SCHEMA = 1
SUMS = "SHA256SUMS"
MANIFEST = "manifest.json"
COLLECTIONS = "collections.json"
"""What a release of collections has in its place."""


def save(detector: Detector, path: Path) -> Detector:
    """Write `detector` to the folder `path`, which must not exist; return it with its hash.

    ``manifest.json`` holds the schema version, the card, the stages and the provenance, the folder
    ``stages/`` three safetensors files a stage, or a copy of the file of a model that was brought along, the folder
    ``fields/`` the field maps, and ``SHA256SUMS`` the checksums, in the form that ``sha256sum --check`` reads. The
    release's hash is the sha256 of ``SHA256SUMS``.
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
        for name, field in detector.card.magnetic_fields.items():
            if isinstance(field, MapField):
                copy = folder / map_copy(name)
                copy.parent.mkdir(exist_ok=True)
                copy.write_bytes(save_grid(load_grid(detector.card, name, field)))
        for stage in detector.stages:
            if isinstance(stage.response, ExternalResponse):
                copyfile(stage.response.model.file, folder / external_copy(stage.stage))
                continue
            for kind, arrays in (
                ("weights", named_arrays(together([member.model for member in stage.learnt]))),
                ("conditions", stage.learnt[0].conditions.arrays()),
                ("outputs", stage.learnt[0].outputs.arrays()),
            ):
                name = stage_file(stage.stage.name, kind)
                (folder / name).write_bytes(safetensors.numpy.save(arrays))
        identity = write_sums(folder)
    return replace(
        detector,
        card=detector.card.of_release(path),
        stages=tuple(_in(path, stage) for stage in detector.stages),
        hash=identity,
    )


def write_sums(folder: Path) -> str:
    """Write ``SHA256SUMS`` of all files of a folder; the sha256 of that list is the release's hash."""
    sums = "".join(f"{sha256(file)}  {file.relative_to(folder).as_posix()}\n" for file in _files(folder))
    (folder / SUMS).write_bytes(sums.encode())
    return hashlib.sha256(sums.encode()).hexdigest()


def stage_file(stage: str, kind: str) -> str:
    """Where a release keeps the `weights`, `conditions` or `outputs` of a stage."""
    return f"stages/{stage}.{kind}.safetensors"


def external_copy(stage: Stage) -> str:
    """Where a release keeps the file of a model that was brought along."""
    return f"stages/{stage.name}.{'onnx' if stage.model.family == 'onnx' else 'library'}"


def _in(release: Path, stage: TrainedStage) -> TrainedStage:
    """The stage, running the release's own copy of its file."""
    if not isinstance(stage.response, ExternalResponse):
        return stage
    program = replace(stage.response.model, file=release / external_copy(stage.stage))
    return replace(stage, members=(replace(stage.response, model=program),))


def _describe(stage: TrainedStage) -> dict[str, Any]:
    described = {
        "name": stage.stage.name,
        "columns": [asdict(column) for column in stage.columns],
        "classes": list(stage.classes),
    }
    if isinstance(stage.response, ExternalResponse):
        return described | {"file": external_copy(stage.stage)}
    response = stage.learnt[0]
    return described | {
        "conditions": response.conditions.to_config(),
        "outputs": response.outputs.to_config(),
        "summary": stage.summary,
    }


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file())
