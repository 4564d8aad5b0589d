"""A generator from card to release: its critic helps to train it, and is gone."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import safetensors.numpy
import toy

from flashsim.api import train
from flashsim.card import read_card
from flashsim.release import load

MODEL = """model = { family = "bce-gan", width = 8, depth = 2, referee = true }
training = { epochs = 2, batch = 512 }
"""


def test_a_release_holds_the_generator_alone(tmp_path: Path):
    card = toy.write_toy(tmp_path, events=40)
    text = card.read_text()
    start, end = text.index("model = { width = 16, depth = 2, steps = 2 }"), text.index("[stage.predict]")
    card.write_text(text[:start] + MODEL + text[end:])
    detector = train(read_card(card), tmp_path / "release")
    stage = detector.stages[1]
    assert set(stage.summary["player_losses"]) == {"critic", "generator", "referee"}
    arrays = safetensors.numpy.load_file(tmp_path / "release/stages/resolution.weights.safetensors")
    assert {".".join(name.split(".")[:3]) for name in arrays if name.startswith(".model")} == {".model.net"}
    assert all(name.startswith((".base", ".model.net")) for name in arrays)
    loaded = load(tmp_path / "release").stages[1]
    conditions = jnp.zeros((4, len(stage.columns)))
    noise = jax.random.normal(jax.random.key(0), (4, stage.response.model.noise))
    first, again = (one.response(conditions, noise)[0] for one in (stage, loaded))
    np.testing.assert_array_equal(np.asarray(first), np.asarray(again))
