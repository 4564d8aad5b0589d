"""Outputs with features at fixed places are learnt as they are; others as what a location and a scale leave."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from flashsim.card import FlowMatchingModel, Predicted, Stage, Training
from flashsim.models import Standardised, create_model
from flashsim.training import Member, TrainingData
from flashsim.training.recipes import train_models
from flashsim.transforms import Columns, Standard

PEAK, WIDTH, OBJECTS = 0.6, 0.01, 20_000


def inside(values: np.ndarray) -> float:
    return float((np.abs(values - PEAK) < 3 * WIDTH).mean())


@pytest.mark.parametrize("location_and_scale", [True, False])
def test_a_peak_stays_where_it_is(location_and_scale: bool):
    """A fifth of the objects are in a narrow peak; how wide the others are depends on the condition."""
    random = np.random.default_rng(0)
    condition = random.uniform(-1, 1, OBJECTS)
    values = (0.8 + 0.6 * condition) * random.normal(size=OBJECTS)
    values = np.where(random.random(OBJECTS) < 0.2, random.normal(PEAK, WIDTH, OBJECTS), values)
    transform = Columns((Standard.fit(values[:, None]),))
    targets = np.asarray(transform.forward(jnp.asarray(values[:, None]), jnp.full((OBJECTS, 1), 0.5)), np.float32)
    data = TrainingData(condition[:, None].astype(np.float32), targets, np.ones(OBJECTS, np.float32))
    stage = Stage(
        name="toy",
        kind="response",
        given=["condition"],
        predict={"y": Predicted()},
        location_and_scale=location_and_scale,
        model=FlowMatchingModel(family="flow-matching", width=32, depth=2),
        training=Training(epochs=8, batch=512, learning_rate=4e-3),
    )
    untrained = create_model(stage.model, 1, 1, jax.random.key(0))
    (model,), _ = train_models([Member(untrained, data, data, 0)], stage, transform, checkpoint=None)
    assert isinstance(model, Standardised)
    scales = np.asarray(jax.vmap(model.base.location_and_log_scale)(jnp.array([[-1.0], [1.0]]))[1])
    assert (np.ptp(scales) > 0.5) == location_and_scale
    noise = jax.random.normal(jax.random.key(5), (OBJECTS, model.noise))
    drawn = np.asarray(transform.inverse(jax.jit(jax.vmap(model.sample))(jnp.asarray(data.conditions), noise)))
    # In units of a scale that varies, the peak is at another place for each object.
    assert (abs(inside(drawn) - inside(values)) < 0.03) == (not location_and_scale)
