"""Members trained side by side: each comes to what it comes to alone."""

from dataclasses import replace
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import toy

from flashsim.api import train
from flashsim.card import Training
from flashsim.models import CategoricalClassifier, FlowMatching
from flashsim.nets import apart, named_arrays, together
from flashsim.nets.members import at_once
from flashsim.release import load
from flashsim.training import Member, TrainingData, fit, fit_members, loop
from flashsim.training.loop import best_epochs
from flashsim.training.member import fingerprint
from flashsim.training.stopping import stopping

SETTINGS = Training(epochs=3, batch=128, learning_rate=5e-3)
SEEDS = (0, 1, 5)
KEY = jax.random.key(SEEDS[-1])


def data(objects: int, seed: int) -> TrainingData:
    random = np.random.default_rng(seed)
    conditions = random.normal(size=(objects, 2)).astype(np.float32)
    targets = conditions + np.exp(0.5 * conditions[:, :1]) * random.normal(size=(objects, 2))
    return TrainingData(conditions, targets.astype(np.float32), np.ones(objects, np.float32))


def flow(seed: int) -> FlowMatching:
    return FlowMatching.create(2, 2, width=16, depth=2, solver="midpoint", steps=2, key=jax.random.key(seed))


def members() -> list[Member]:
    """Two with the same data, and one with targets of its own."""
    training, validation = data(600, 0), data(200, 1)
    found = [Member(flow(seed), training, validation, seed) for seed in SEEDS]
    return [*found[:-1], replace(found[-1], training=replace(training, targets=2 * training.targets))]


def arrays(model) -> np.ndarray:
    return np.concatenate([array.astype(float).reshape(-1) for array in named_arrays(model).values()])


def test_a_member_is_what_it_is_alone_up_to_rounding(monkeypatch: pytest.MonkeyPatch):
    """All at once, as on an accelerator; members that take turns run the program of one alone."""
    monkeypatch.setattr(loop, "mapped", lambda function, members, in_axes: at_once(function, in_axes))
    start = members()
    trained, history = fit_members(start, SETTINGS)
    monkeypatch.undo()
    for number in (0, 2):
        member = start[number]
        settings = SETTINGS.model_copy(update={"seed": member.seed})
        alone, alone_history = fit(member.model, member.training, member.validation, settings)
        moved = np.abs(arrays(alone) - arrays(member.model)).max()
        assert np.abs(arrays(trained[number]) - arrays(alone)).max() < 1e-3 * moved
        held_out = [epoch.held_out[number] for epoch in history]
        np.testing.assert_allclose(held_out, [epoch.validation for epoch in alone_history], rtol=1e-4)


def test_members_that_were_stopped_end_with_the_same_bits(tmp_path):
    def stop(_):
        raise KeyboardInterrupt

    whole, history = fit_members(members(), SETTINGS)
    with pytest.raises(KeyboardInterrupt):
        fit_members(members(), SETTINGS, checkpoint=tmp_path, report=stop)
    resumed, again = fit_members(members(), SETTINGS, checkpoint=tmp_path)
    for one, other in zip(whole, resumed, strict=True):
        np.testing.assert_array_equal(arrays(one), arrays(other))
    assert [epoch.held_out for epoch in again] == [epoch.held_out for epoch in history]
    assert len(history[0].held_out) == len(SEEDS)
    # What is kept is the average of the best epoch.
    best, last = best_epochs(history, SETTINGS)[-1], members()[-1]
    loss = whole[-1].loss(jnp.asarray(last.validation.conditions), jnp.asarray(last.validation.targets), KEY)
    assert float(loss.mean()) == pytest.approx(history[best - 1].held_out[-1], rel=1e-4)
    assert history[0].spread == pytest.approx(np.std(history[0].held_out, ddof=1))
    assert fingerprint(members(), SETTINGS) != fingerprint(members()[:2], SETTINGS)


def test_each_member_stops_by_its_own_losses():
    """The first falls until epoch 2, and once more when its patience is at an end; the second falls to the end."""
    held_out = np.array([[3.0, 9.0], [2.0, 8.0], [2.0, 7.0], [2.5, 6.0], [1.0, 5.0]])
    assert [stopping(held_out[:epochs], patience=2).best.tolist() for epochs in (1, 2, 3, 4, 5)] == [
        [1, 1],
        [2, 2],
        [2, 3],
        [2, 4],
        [2, 5],
    ]
    assert stopping(held_out[:3], patience=2).ended.tolist() == [False, False]
    assert stopping(held_out, patience=2).ended.tolist() == [True, False]
    assert stopping(held_out, patience=3).best.tolist() == [5, 5]


def test_members_are_put_together_and_taken_apart():
    models = [flow(seed) for seed in SEEDS]
    one = together(models)
    assert {array.shape[0] for array in named_arrays(one).values()} == {3}
    assert all(eqx.tree_equal(a, b) for a, b in zip(models, apart(one, 3), strict=True))
    assert together(models[:1]) is models[0]
    assert apart(models[0], 1)[0] is models[0]


def test_from_card_to_release_and_back(tmp_path: Path):
    """Both kinds of stage: each member its own network, its own location and scale, and calibrated."""
    card = toy.write_toy(tmp_path, events=40)
    text = card.read_text().replace("epochs = 8", "epochs = 2").replace("width = 16, depth = 2", "width = 8, depth = 1")
    card.write_text(text.replace('kind = "', 'members = 2\nkind = "'))
    told = []
    detector = train(card, tmp_path / "release", report=told.append)
    assert all(progress.spread > 0 for progress in told)
    loaded = load(tmp_path / "release")
    assert loaded.members == 2
    for one, other in zip(detector.stages, loaded.stages, strict=True):
        assert one.summary["members"] == len(one.summary["member_losses"]) == len(one.summary["best_epochs"]) == 2
        for member, again in zip(one.members, other.members, strict=True):
            np.testing.assert_array_equal(arrays(member.model), arrays(again.model))
        first, second = (named_arrays(member.model) for member in one.members)
        assert all(np.any(first[name] != second[name]) for name in first if "weights" in name), first.keys()
    for member in loaded.stages[0].members:
        assert isinstance(member.model, CategoricalClassifier)
        assert member.model.log_temperature != 0
