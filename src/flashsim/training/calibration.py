"""Temperature scaling with a bias a class: probabilities that can be believed."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float64
from scipy.optimize import fminbound

from flashsim.models import CategoricalClassifier
from flashsim.training.data import TrainingData

LARGEST_BIAS = 4.0  # beyond, a class is hardly there, and its fraction tells nothing
STEPS = 12  # of Newton


def calibrated(model: CategoricalClassifier, training: TrainingData, validation: TrainingData) -> CategoricalClassifier:
    """The classifier with the temperature that minimises the held-out cross-entropy, and true fractions of classes.

    The temperature is that of Guo et al. 2017, arXiv:1706.04599; it stays within a factor 5 of one. As it draws all
    probabilities to the middle, a frequent class would become rarer: an efficiency of 95 % would come out as 94.5 %.
    So a bias a class is added to those of the last layer (bias-corrected temperature scaling, Alexandari et al. 2020,
    arXiv:1901.06852), with which the mean probabilities are the fractions of the classes. They are fitted on the
    training part, whose fractions are known best.
    """
    logits = _logits(model, validation)

    def cross_entropy(log_temperature: float) -> float:
        scaled = logits * np.exp(-log_temperature)
        log_probabilities = scaled - np.logaddexp.reduce(scaled, axis=1, keepdims=True)
        return -float(np.mean(validation.weights * np.sum(validation.targets * log_probabilities, axis=1)))

    best = float(np.asarray(fminbound(cross_entropy, -np.log(5.0), np.log(5.0))))
    biases = _biases(_logits(model, training) * np.exp(-best), training)
    return eqx.tree_at(
        lambda m: (m.log_temperature, m.net.biases[-1]),
        model,
        (jnp.asarray(best, jnp.float32), model.net.biases[-1] + jnp.asarray(biases * np.exp(best), jnp.float32)),
    )


def _logits(model: CategoricalClassifier, data: TrainingData) -> Float64[np.ndarray, "objects classes"]:
    return np.asarray(eqx.filter_jit(eqx.filter_vmap(model.net))(jnp.asarray(data.conditions)), dtype=np.float64)


def _biases(logits: Float64[np.ndarray, "objects classes"], data: TrainingData) -> Float64[np.ndarray, " classes"]:
    """What has to be added to logits so that the mean probabilities are the fractions, by Newton's method."""
    weights = data.weights.astype(np.float64)[:, None]
    biases = np.zeros(logits.shape[1])
    for _ in range(STEPS):
        scaled = logits + biases
        probabilities = np.exp(scaled - np.logaddexp.reduce(scaled, axis=1, keepdims=True))
        excess = (weights * (probabilities - data.targets)).mean(axis=0)
        slope = np.diag((weights * probabilities).mean(axis=0)) - (weights * probabilities).T @ probabilities / len(
            logits
        )
        # Adding the same to all classes changes nothing: of all solutions the smallest.
        biases = np.clip(biases - np.linalg.lstsq(slope, excess, rcond=1e-9)[0], -LARGEST_BIAS, LARGEST_BIAS)
    return biases
