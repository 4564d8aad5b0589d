"""The rows that all are measured on: the spectrometer's resolution stage in latent space."""

from importlib.resources import files
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from flashsim.card import read_card
from flashsim.stages import Namespace, condition_columns, conditions
from flashsim.training import read_sample
from flashsim.training.outputs import fit_outputs, latent, learnt
from flashsim.transforms import fit_conditions

STAGE = "resolution"


def write_rows(path: Path, batch: int) -> tuple[int, int, int]:
    """Conditions and targets of the packaged training sample as float32 arrays ``x`` and ``y`` in an .npz file.

    The rows fill whole batches, so that nobody meets a smaller one. Returns rows, conditions and targets.
    """
    card = read_card(Path(str(files("flashsim.experiments.spectrometer") / "card.toml")))
    namespace = Namespace(card, read_sample(card, "train"))
    stage = next(stage for stage in card.stages if stage.name == STAGE)
    rows = namespace.selected(stage.where)
    classes = {
        earlier.predict: np.unique(namespace[earlier.predict][namespace.selected(earlier.where)]).astype(int)
        for earlier in card.stages[: card.stages.index(stage)]
        if isinstance(earlier.predict, str)
    }
    columns = condition_columns(card, stage, classes)
    inputs = conditions(namespace, columns, rows)
    is_category = np.array([column.value is not None for column in columns])
    input_map = fit_conditions(inputs, is_category, [column.name for column in columns])
    values = learnt(stage, namespace, rows)
    x = np.asarray(input_map.forward(jnp.asarray(inputs)))
    y = latent(fit_outputs(stage, values, np.ones(len(inputs))), values, seed=0)
    whole = len(x) // batch * batch
    np.savez(path, x=x[:whole], y=y[:whole])
    return whole, x.shape[1], y.shape[1]
