"""An unordered category beside a continuous output of the same response."""

import jax
import jax.numpy as jnp
import numpy as np

from flashsim.card import Predicted, SplineCouplingModel, Stage, Training
from flashsim.models import create_model
from flashsim.training import Member, TrainingData
from flashsim.training.outputs import latent
from flashsim.training.recipes import train_models
from flashsim.transforms import Columns, Standard, fit_transform

CLASSES = np.array([-211.0, 13.0, 2212.0])
SHIFTS = np.array([0.0, 3.0, -3.0])


def fractions(condition: np.ndarray) -> np.ndarray:
    """Of the three classes, one a column."""
    rising = 0.1 + 0.5 * (condition > 0)
    return np.stack([0.3 * np.ones_like(rising), rising, 0.7 - rising], axis=1)


def drawn_classes(condition: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return (random.uniform(size=(len(condition), 1)) > fractions(condition).cumsum(axis=1)[:, :2]).sum(axis=1)


def test_classes_have_their_fractions_and_what_depends_on_them_follows():
    """The fractions change with the condition; the other output is shifted by ± 3 according to the class."""
    random = np.random.default_rng(0)
    condition = random.choice([-1.0, 1.0], 20_000)
    index = drawn_classes(condition, random)
    other = SHIFTS[index] + 0.5 * random.normal(size=20_000)
    columns = {"other": other[:, None], "hypothesis": CLASSES[index][:, None]}
    transform = Columns((Standard.fit(columns["other"]), fit_transform("category", columns["hypothesis"])))
    targets = latent(transform, columns, seed=0)
    data = TrainingData(condition[:, None].astype(np.float32), targets, np.ones(20_000, np.float32))
    card = SplineCouplingModel(family="spline-coupling", width=32, depth=2, layers=4, bins=6)
    stage = Stage(
        name="toy",
        kind="response",
        given=["condition"],
        predict={"other": Predicted(), "hypothesis": Predicted(type="category")},
        model=card,
        training=Training(epochs=8, batch=512, learning_rate=1e-2),
    )
    untrained = create_model(card, 1, targets.shape[1], jax.random.key(0))
    (model,), _ = train_models([Member(untrained, data, data, 0)], stage, transform, checkpoint=None)
    for value in (-1.0, 1.0):
        noise = jax.random.normal(jax.random.key(5), (20_000, model.noise))
        drawn = np.asarray(transform.inverse(jax.jit(jax.vmap(model.sample))(jnp.full((20_000, 1), value), noise)))
        assert set(drawn[:, 1]) == set(CLASSES)
        found = np.array([(drawn[:, 1] == one).mean() for one in CLASSES])
        np.testing.assert_allclose(found, fractions(np.array([value]))[0], atol=0.03)
        for one, shift in zip(CLASSES, SHIFTS, strict=True):
            assert abs(np.median(drawn[drawn[:, 1] == one, 0]) - shift) < 0.3
