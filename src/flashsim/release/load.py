"""Read a release back, and refuse one that is not exactly what was written."""

import hashlib
import json
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from flashsim.card import Card, Stage, card_from_dict
from flashsim.errors import FlashSimError
from flashsim.files import sha256
from flashsim.models import AbstractModel, create_model
from flashsim.nets import apart, together, with_named_arrays
from flashsim.propagation import magnetic_field
from flashsim.release.detector import Detector
from flashsim.release.save import COLLECTIONS, MANIFEST, SCHEMA, SUMS, external_copy, stage_file
from flashsim.stages import ConditionColumn
from flashsim.training import Response, TrainedStage, external_response
from flashsim.transforms import Conditions, from_config


def load(path: str | Path) -> Detector:
    """The detector of a release; FlashSimError naming the bad file when one is missing or damaged."""
    folder = Path(path)
    if (folder / COLLECTIONS).is_file():
        raise FlashSimError(
            f"{folder}: a release of collections, where that of one is wanted: "
            f"name one of the folders in it ({', '.join(sorted(one.name for one in folder.iterdir() if one.is_dir()))})"
        )
    identity = verify(folder)
    manifest = read_manifest(folder / MANIFEST, SCHEMA)
    card = card_from_dict(manifest["card"], str(folder / MANIFEST)).of_release(folder)
    for name in card.magnetic_fields:
        magnetic_field(card, name)  # a map is read now, when its checksum is known to hold
    stages = tuple(_load_stage(folder, card, described) for described in manifest["stages"])
    return Detector(card, stages, manifest["provenance"], identity)


def read_manifest(path: Path, schema: int) -> dict[str, Any]:
    """The JSON object of a release's file, which says that it has this schema."""
    try:
        manifest = json.loads(path.read_bytes())
    except ValueError as error:
        raise FlashSimError(f"{path}: is not JSON ({error})") from None
    if not isinstance(manifest, dict):
        raise FlashSimError(f"{path}: is not the manifest of a release")
    if manifest.get("schema") != schema:
        raise FlashSimError(
            f"{path}: schema {manifest.get('schema')} is not known to this version, which reads schema {schema}; "
            "update FlashSim"
        )
    return manifest


def verify(folder: Path, manifest: str = MANIFEST) -> str:
    """The hash of a release whose every file, `manifest` among them, has the checksum that was written with it."""
    if not folder.is_dir():
        raise FlashSimError(f"{folder}: no such release; `flashsim train CARD --output {folder}` makes one")
    sums = folder / SUMS
    if not sums.is_file():
        raise FlashSimError(f"{folder}: not a release: it has no {SUMS}")
    content = sums.read_bytes()
    listed: dict[str, str] = {}
    for number, line in enumerate(content.decode(errors="replace").splitlines(), start=1):
        checksum, separator, name = line.partition("  ")
        if not separator or len(checksum) != 64 or ".." in Path(name).parts or Path(name).is_absolute():
            raise FlashSimError(f"{sums}: line {number} is damaged; fetch the release again")
        listed[name] = checksum
    if not content.endswith(b"\n"):
        raise FlashSimError(f"{sums}: its end is missing; fetch the release again")
    if manifest not in listed:
        raise FlashSimError(f"{sums}: does not list {manifest}; fetch the release again")
    for name, checksum in listed.items():
        file = folder / name
        if not file.is_file():
            raise FlashSimError(f"{file}: is missing from the release; fetch the release again")
        if sha256(file) != checksum:
            raise FlashSimError(
                f"{file}: is damaged or was changed: its sha256 is not the one in {SUMS}; fetch the release again"
            )
    found = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    surplus = found - listed.keys() - {SUMS}
    if surplus:
        raise FlashSimError(f"{folder / min(surplus)}: does not belong to the release; remove it")
    return hashlib.sha256(content).hexdigest()


def _load_stage(folder: Path, card: Card, described: dict[str, Any]) -> TrainedStage:
    stage: Stage = card.stage(described["name"])
    columns = tuple(ConditionColumn(**column) for column in described["columns"])
    if stage.is_external:
        response = external_response(card, stage, columns, folder / external_copy(stage))
        return TrainedStage(stage, columns, stage.predicted_names, response.classes, (response,))
    conditions = Conditions.from_config(described["conditions"], _arrays(folder, stage, "conditions"))
    outputs = from_config(described["outputs"], _arrays(folder, stage, "outputs"))
    empty = _empty(stage, conditions.width_latent, outputs.width_latent)
    origin = folder / stage_file(stage.name, "weights")
    models = with_named_arrays(together([empty] * stage.members), _arrays(folder, stage, "weights"), origin=str(origin))
    return TrainedStage(
        stage=stage,
        columns=columns,
        outputs=stage.predicted_names,
        classes=tuple(described["classes"]),
        members=tuple(Response(conditions, model, outputs) for model in apart(models, stage.members)),
        summary=described["summary"],
    )


def _empty(stage: Stage, conditions: int, targets: int) -> AbstractModel:
    """A model of zeros, for which no random number is drawn."""
    shaped = eqx.filter_eval_shape(create_model, stage.model, conditions, targets, jax.random.key(0))
    zeros = jax.tree.map(lambda leaf: jnp.asarray(np.zeros(leaf.shape, leaf.dtype)), eqx.filter(shaped, _is_shape))
    return eqx.combine(zeros, eqx.filter(shaped, _is_shape, inverse=True))


def _is_shape(leaf: object) -> bool:
    return isinstance(leaf, jax.ShapeDtypeStruct)


def _arrays(folder: Path, stage: Stage, kind: str) -> dict[str, np.ndarray]:
    file = folder / stage_file(stage.name, kind)
    try:
        return safetensors.numpy.load(file.read_bytes())
    except SafetensorError as error:
        raise FlashSimError(f"{file}: is not a safetensors file ({error})") from error
