"""Adversarial losses against closed forms, what each player may touch, and what peers got wrong."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from flashsim.card import AdversarialModel, Training
from flashsim.models import Adversary, Generator, adversary
from flashsim.models.adversarial.regularisers import AdversarialLipschitz, GradientPenalty
from flashsim.models.energy_score import energy_score
from flashsim.nets import MLP, SpectrallyNormalised, named_arrays
from flashsim.training import TrainingData, fit
from flashsim.training.play import TrainingState, optimiser_of, run_epoch

CONDITIONS, TARGETS = 1, 2
KEY = jax.random.key(7)


def linear(inputs: int, weights: np.ndarray, bias: np.ndarray) -> MLP:
    """A network that is exactly linear: inputs @ weights + bias."""
    outputs = weights.shape[1]
    net = MLP(inputs, outputs, width=inputs, depth=1, key=KEY, activation=lambda values: values)
    new = ((jnp.eye(inputs), jnp.asarray(weights, jnp.float32)), (jnp.zeros(inputs), jnp.asarray(bias, jnp.float32)))
    return eqx.tree_at(lambda n: (n.weights, n.biases), net, new)


def certain_generator(value: float) -> Generator:
    """It draws `value` for every output, whatever the noise."""
    undo = np.zeros((1 + CONDITIONS, TARGETS))
    undo[0, 0] = -1.0  # takes the noise that is passed through away
    return Generator(linear(1 + CONDITIONS, undo, np.full(TARGETS, value)), noise=1, targets=TARGETS)


def game(family: str, generator: Generator | None = None, **options) -> Adversary:
    if family == "adversarial":
        options = {"objective": "bce", "regulariser": "gradient-penalty"} | options
    table = AdversarialModel(family=family, width=8, depth=2, **options)
    if generator is None:
        generator = Generator.create(CONDITIONS, TARGETS, latent=3, width=8, depth=2, residual=False, key=KEY)
    return adversary(generator, table, CONDITIONS, None, jax.random.key(1))


def with_critic(model: Adversary, slope: float, constant: float) -> Adversary:
    """The critic D = slope · first target + constant."""
    outputs = model.objective.outputs
    weights = np.zeros((CONDITIONS + TARGETS, outputs))
    weights[CONDITIONS] = slope
    critic = linear(CONDITIONS + TARGETS, weights, np.full(outputs, constant))
    return eqx.tree_at(lambda m: m.critic, model, critic)


def batch(objects: int = 6, seed: int = 0):
    random = np.random.default_rng(seed)
    conditions = jnp.asarray(random.normal(size=(objects, CONDITIONS)), jnp.float32)
    targets = jnp.asarray(random.normal(size=(objects, TARGETS)), jnp.float32)
    return conditions, targets, jnp.ones(objects)


def softplus(x):
    return np.logaddexp(0.0, x)


C = 0.7
CONSTANT_CRITIC = {  # D = 0.7 everywhere: loss of the critic, loss of the generator
    "gan": ({}, softplus(-C) + softplus(C), softplus(-C)),
    "gan saturating": ({"saturating": True}, softplus(-C) + softplus(C), -softplus(C)),
    "gan smoothed": ({"label_smoothing": 0.1}, softplus(-C) + 0.1 * C + softplus(C), softplus(-C)),
    "bce-gan": ({}, 0.5 * (softplus(-C) + softplus(C)), softplus(-C)),
    "ls-gan": ({}, 0.5 * ((C - 1) ** 2 + C**2), 0.5 * (C - 1) ** 2),
    "ls-gan pearson": ({"pearson": True}, 0.5 * ((C - 1) ** 2 + (C + 1) ** 2), 0.5 * C**2),
    "wgan": ({}, 0.0, -C),
    "wgan-gp": ({}, 0.0, -C),
    "wgan-gp two": ({"sides": "two"}, 10.0, -C),  # a slope of 0 is one below 1, and counts two-sided
    "wgan-alp": ({}, 0.0, -C),
    "wgan-alp two": ({"sides": "two"}, 100.0, -C),
    "cramer-gan": ({"penalty": 0.0}, 0.0, 0.0),
    "bce-gan-gp": ({"penalty": 3.0, "sides": "two"}, 0.5 * (softplus(-C) + softplus(C)) + 3.0, softplus(-C)),
    "bce-gan-alp": ({}, 0.5 * (softplus(-C) + softplus(C)), softplus(-C)),
}


EVERY_WAY = ("gan", "wgan-alp", "cramer-gan")
"""A logistic loss, a linear one with a penalty, and one at equal conditions: what compiles longest."""


@pytest.mark.parametrize("case", CONSTANT_CRITIC)
def test_losses_of_a_constant_critic(case: str):
    options, of_critic, of_generator = CONSTANT_CRITIC[case]
    model = with_critic(game(case.split()[0], **options), slope=0.0, constant=C)
    assert float(model.critic_loss(*batch(), KEY)) == pytest.approx(of_critic, abs=1e-4)
    assert float(model.generator_loss(*batch(), KEY)) == pytest.approx(of_generator, abs=1e-4)


def test_a_linear_critic_measures_the_difference_of_means():
    """D = a y₁ against a generator that always draws g: E[D_gen] − E[D] = a (g − E y₁), over the first half."""
    conditions, targets, weights = batch()
    model = with_critic(game("wgan", certain_generator(2.0)), slope=0.5, constant=C)
    wanted = 0.5 * (2.0 - float(targets[:3, 0].mean()))
    assert float(model.critic_loss(conditions, targets, weights, KEY)) == pytest.approx(wanted, abs=1e-5)
    assert float(model.generator_loss(conditions, targets, weights, KEY)) == pytest.approx(-1.0 - C, abs=1e-5)


def test_the_cramer_generator_lowers_the_energy_score_in_the_space_of_the_critic():
    """With h = y₁ once for each of its outputs and draws of g: 2 √k |y₁ − g|."""
    conditions, targets, weights = batch()
    model = with_critic(game("cramer-gan", certain_generator(2.0)), slope=1.0, constant=0.0)
    wanted = 2 * np.sqrt(model.objective.outputs) * np.abs(np.asarray(targets[:, 0]) - 2.0).mean()
    assert float(model.generator_loss(conditions, targets, weights, KEY)) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("regulariser", [GradientPenalty, AdversarialLipschitz])
@pytest.mark.parametrize(("slope", "one", "two"), [(1.0, 0.0, 0.0), (0.5, 0.0, 0.25), (3.0, 4.0, 4.0)])
def test_penalties_of_a_plane(regulariser, slope: float, one: float, two: float):
    """The slope is `slope` in every place, along one direction that power iteration finds at once."""
    objects = jnp.array([[0.3, -1.0, 2.0], [1.0, 0.5, -0.2]])

    def potential(points):
        return slope * points @ jnp.array([0.6, 0.0, 0.8])

    for sides, wanted in (("one", one), ("two", two)):
        found = regulariser(strength=1.0, sides=sides).penalties(potential, objects, potential(objects), KEY)
        np.testing.assert_allclose(found, wanted, atol=1e-3)


def test_the_square_of_the_adversarial_penalty_stands_inside_the_mean():
    """Slopes of 1 and 3: the mean of the squares is 2, the square of the mean is 1."""
    objects, slopes = jnp.array([[1.0, 1.0], [-1.0, -1.0]]), jnp.array([1.0, 3.0])
    found = AdversarialLipschitz(strength=1.0).penalties(
        lambda points: slopes * points[:, 0], objects, slopes * objects[:, 0], KEY
    )
    assert np.mean(found) == pytest.approx(2.0, abs=1e-3)


@pytest.mark.parametrize("family", EVERY_WAY)
def test_a_weight_of_two_is_an_object_that_is_there_twice_and_no_loss_grows_with_the_batch(family: str):
    """With a plane for a critic, whose penalties do not depend on where; Cramér's potential is none."""
    options = {"penalty": 0.0} if family == "cramer-gan" else {}
    model = game(family, certain_generator(2.0), feature_matching=1.0, referee=True, **options)
    model = with_critic(model, slope=1.7, constant=C)
    c, y, _ = batch(4)  # two in each half
    rows = jnp.array([0, 0, 1] * 5 + [2, 2, 3] * 5)
    for loss in (Adversary.critic_loss, Adversary.generator_loss, Adversary.referee_loss):
        weighted = loss(model, c, y, jnp.array([4 / 3, 2 / 3, 4 / 3, 2 / 3]), KEY)
        repeated = loss(model, c[rows], y[rows], jnp.ones(30), KEY)
        assert float(weighted) == pytest.approx(float(repeated), rel=2e-3)


@pytest.mark.parametrize("family", EVERY_WAY)
def test_an_object_and_the_same_with_weight_minus_one_leave_nothing(family: str):
    """Of no term of any loss, the penalty included."""
    options = {"penalty": 0.0} if family == "cramer-gan" else {}
    model = game(family, certain_generator(2.0), feature_matching=1.0, referee=True, **options)
    model = with_critic(model, slope=1.7, constant=C)
    c, y, _ = batch(4)
    rows, weights = jnp.array([0, 1, 1, 2, 3, 3]), jnp.array([3.0, 1.0, -1.0, 3.0, 1.0, -1.0])
    for loss in (Adversary.critic_loss, Adversary.generator_loss, Adversary.referee_loss):
        with_nothing = loss(model, c[rows], y[rows], weights, KEY)
        without = loss(model, c[jnp.array([0, 2])], y[jnp.array([0, 2])], jnp.ones(2), KEY)
        assert float(with_nothing) == pytest.approx(float(without), rel=2e-3)


@pytest.mark.parametrize(("family", "objects"), [("bce-gan", 3), ("wgan-alp", 3), ("cramer-gan", 6), ("wgan-gp", 6)])
def test_half_of_the_rows_are_full_the_others_give_conditions_unless_both_are_compared_at_equal_ones(
    family: str, objects: int
):
    conditions, targets, weights = batch(6)
    found = game(family)._batch(conditions, targets, weights, KEY)
    assert found.full.shape == found.generated.shape == (objects, TARGETS)
    np.testing.assert_array_equal(found.full, targets[:objects])
    np.testing.assert_array_equal(found.conditions[objects:], conditions[6 - objects :])


@pytest.mark.parametrize("family", EVERY_WAY)
def test_feature_matching_and_injected_noise_change_every_loss(family: str):
    plain, matched, noisy = game(family), game(family, feature_matching=10.0), game(family, injected_noise=0.5)
    loss = float(plain.generator_loss(*batch(), KEY))
    assert float(matched.generator_loss(*batch(), KEY)) > loss
    assert float(noisy.generator_loss(*batch(), KEY)) != loss
    assert float(noisy.critic_loss(*batch(), KEY)) != float(plain.critic_loss(*batch(), KEY))


def test_features_are_matched_in_their_means_not_object_by_object():
    """The same full objects in another order have the same means."""
    conditions, targets, weights = batch()
    model = game("bce-gan", certain_generator(0.0), feature_matching=1.0)
    zeros = jnp.zeros_like(conditions)
    straight = model.generator_loss(zeros, targets, weights, KEY)
    turned = model.generator_loss(zeros, targets[jnp.array([2, 1, 0, 3, 4, 5])], weights, KEY)
    assert float(straight) == pytest.approx(float(turned), rel=1e-5)


def data(objects: int, seed: int, shift: float = 0.0) -> TrainingData:
    """A shifted, narrow and correlated pair."""
    random = np.random.default_rng(seed)
    conditions = random.normal(size=(objects, CONDITIONS)).astype(np.float32)
    first = random.normal(size=objects)
    second = 0.8 * first + 0.6 * random.normal(size=objects)
    targets = np.stack([first + shift, 0.5 * second], axis=1).astype(np.float32)
    return TrainingData(conditions, targets, np.ones(objects, np.float32))


SETTINGS = Training(epochs=2, batch=128, learning_rate=4e-3)


def play(model: Adversary, only: str | None = None) -> Adversary:
    """The model after an epoch, of one of its players or of all."""
    players = tuple(player for player in model.players if only in (None, player.name))
    optimisers = tuple(optimiser_of(player, SETTINGS, 4) for player in players)
    rows = data(512, 0)
    state = TrainingState.first(model, players, optimisers)
    columns = (jnp.asarray(rows.conditions), jnp.asarray(rows.targets), jnp.asarray(rows.weights))
    return run_epoch(state, columns, KEY, players, optimisers, 128, 0.9)[0].model


def changed(before: Adversary, after: Adversary) -> set[str]:
    old, new = named_arrays(before), named_arrays(after)
    return {name.split(".")[1] for name in old if not np.array_equal(old[name], new[name])}


@pytest.mark.parametrize("player", ["critic", "generator", "referee"])
def test_a_player_changes_its_own_part_and_nothing_else(player: str):
    model = game("bce-gan-gp", referee=True)
    assert changed(model, play(model, only=player)) == {player}


@pytest.mark.parametrize("family", [*EVERY_WAY, "adversarial"])
def test_every_part_moves_both_players_with_optimisers_of_their_own(family: str):
    model = game(family, critic_steps=2)
    assert changed(model, play(model)) == {"critic", "generator"}


def test_clipped_weights_are_clipped_after_every_step():
    model = play(game("wgan", clip=0.02, critic_steps=2))
    largest = max(np.abs(array).max() for array in named_arrays(model.critic).values())
    assert largest == pytest.approx(0.02, rel=1e-6)


def test_spectral_normalisation_leaves_a_largest_singular_value_of_one():
    critic = play(game("ls-gan", spectral_normalisation=True)).critic
    assert isinstance(critic, SpectrallyNormalised)
    for raw, weight in zip(critic.net.weights, critic.normalised.weights, strict=True):
        assert np.linalg.svd(np.asarray(weight))[1][0] == pytest.approx(1.0, rel=0.01)
        assert not np.allclose(raw, weight)


def test_a_run_that_was_stopped_ends_with_the_same_bits(tmp_path):
    def start() -> Adversary:
        return game("wgan-gp", critic_steps=2, spectral_normalisation=True, referee=True)

    def stop(_):
        raise KeyboardInterrupt

    whole, history = fit(start(), data(512, 0), data(128, 1), SETTINGS)
    with pytest.raises(KeyboardInterrupt):
        fit(start(), data(512, 0), data(128, 1), SETTINGS, checkpoint=tmp_path, report=stop)
    resumed, again = fit(start(), data(512, 0), data(128, 1), SETTINGS, checkpoint=tmp_path)
    assert changed(whole, resumed) == set()
    assert [epoch.losses for epoch in again] == [epoch.losses for epoch in history]
    assert set(history[0].losses) == {"critic", "generator", "referee"}


def test_a_checkpoint_of_another_penalty_is_not_used(tmp_path):
    """λ is no array, and the weights start alike all the same."""
    fit(game("wgan-gp", critic_steps=1), data(512, 0), data(128, 1), SETTINGS, checkpoint=tmp_path)
    epochs = []
    other = game("wgan-gp", critic_steps=1, penalty=1.0)
    fit(other, data(512, 0), data(128, 1), SETTINGS, checkpoint=tmp_path, report=epochs.append)
    assert len(epochs) == 2


def draw(generator: Generator, objects: int = 4000) -> np.ndarray:
    noise = jax.random.normal(jax.random.key(5), (objects, generator.noise))
    return np.asarray(jax.vmap(generator.sample)(jnp.zeros((objects, CONDITIONS)), noise))


@pytest.mark.parametrize("family", ["ls-gan", "cramer-gan", "bce-gan-alp"])
def test_it_learns_location_width_and_correlation(family: str):
    """With no, the gradient's and the adversarial penalty, at the default rates."""
    table = AdversarialModel(family=family, width=32, depth=2, critic_steps=1)
    generator = Generator.create(CONDITIONS, TARGETS, latent=2, width=32, depth=2, residual=False, key=KEY)
    model = adversary(generator, table, CONDITIONS, None, jax.random.key(1))
    settings = Training(epochs=20, batch=256, learning_rate=8e-3, ema=0.98)
    trained, history = fit(model, data(8000, 0, shift=1.0), data(2000, 1, shift=1.0), settings)
    drawn = draw(trained.generator)
    assert history[-1].validation < history[0].validation
    np.testing.assert_allclose(drawn.mean(axis=0), [1.0, 0.0], atol=0.15)
    np.testing.assert_allclose(drawn.std(axis=0), [1.0, 0.5], rtol=0.2)
    assert np.corrcoef(drawn.T)[0, 1] == pytest.approx(0.8, abs=0.15)


def test_negative_weights_subtract_a_background():
    """Signal at 0 under a background at 2.5, and the background once more with weight −1, as sWeights do it."""
    signal, background, again = data(6000, 0), data(3000, 1, shift=2.5), data(3000, 2, shift=2.5)
    parts = (signal, background, again)
    weights = np.concatenate([np.ones(9000), -np.ones(3000)]).astype(np.float32)
    sample = TrainingData(
        np.concatenate([part.conditions for part in parts]),
        np.concatenate([part.targets for part in parts]),
        weights / weights.mean(),
    )
    table = AdversarialModel(family="cramer-gan", width=32, depth=2, critic_steps=1)
    generator = Generator.create(CONDITIONS, TARGETS, latent=2, width=32, depth=2, residual=False, key=KEY)
    model = adversary(generator, table, CONDITIONS, None, jax.random.key(1))
    trained, _ = fit(model, sample, sample, Training(epochs=10, batch=512, learning_rate=8e-3, ema=0.98))
    drawn = draw(trained.generator)
    np.testing.assert_allclose(drawn.mean(axis=0), 0.0, atol=0.2)
    assert (drawn[:, 0] > 2).mean() < 0.06  # 2 % of the signal; with the background not subtracted, 26 %


def test_the_energy_score_of_the_truth_is_its_closed_form_and_the_smallest():
    """Of N(0, 1) in one dimension: E|y − g| − ½ E|g − g′| = 1 / √π; of a shift by 1, or of half the width, more."""
    targets = jax.random.normal(jax.random.key(0), (40_000, 1))
    conditions = jnp.zeros((40_000, 1))

    def score(shift: float, scale: float) -> float:
        drawn = energy_score(lambda _, noise: shift + scale * noise, 1, conditions, targets, KEY)
        return float(drawn.mean())

    assert score(0.0, 1.0) == pytest.approx(1 / np.sqrt(np.pi), abs=0.01)
    assert score(1.0, 1.0) > score(0.0, 1.0) + 0.1
    assert score(0.0, 0.5) > score(0.0, 1.0) + 0.02
