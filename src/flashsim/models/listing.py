"""Every family in one line, with its paper: what `flashsim models` shows."""

from typing import NamedTuple

from flashsim.card import Kind


class Family(NamedTuple):
    """The kind of stage that a family is for, what it is, and the paper (arXiv number) it comes from, if any.

    Models that are brought along are for a category as well, if the card says the classes.
    """

    kind: Kind
    meaning: str
    arxiv: str = ""


FAMILIES: dict[str, Family] = {
    "classifier": Family("category", "probabilities of classes, calibrated; one is drawn", "1706.04599"),
    "flow-matching": Family("response", "a velocity from noise to outputs, followed in a few steps", "2210.02747"),
    "spline-coupling": Family("response", "density: splines of some outputs given the others", "1906.04032"),
    "masked-autoregressive": Family(
        "response", "density: shift and scale of each output given those before it", "1705.07057"
    ),
    "spline-autoregressive": Family("response", "density: a spline of each output given those before it", "1906.04032"),
    "one-step": Family("response", "a generator that learns where a flow takes each noise", "2101.02388"),
    "gan": Family("response", "generator against a critic, the first objective", "1406.2661"),
    "bce-gan": Family("response", "generator against a critic, binary cross-entropy", "1406.2661"),
    "ls-gan": Family("response", "generator against a critic, least squares", "1611.04076"),
    "wgan": Family("response", "generator against a critic, Wasserstein distance, clipped weights", "1701.07875"),
    "wgan-gp": Family("response", "the same with a gradient penalty", "1704.00028"),
    "wgan-alp": Family("response", "the same with an adversarial Lipschitz penalty", "1907.05681"),
    "cramer-gan": Family("response", "generator against a critic, energy distance", "1705.10743"),
    "bce-gan-gp": Family("response", "binary cross-entropy with a gradient penalty", "1710.08446"),
    "bce-gan-alp": Family("response", "binary cross-entropy with an adversarial Lipschitz penalty", "1907.05681"),
    "adversarial": Family("response", "generator against a critic, put together by parts", "1406.2661"),
    "shared-library": Family("response", "a compiled function that is brought along, also for a category"),
    "onnx": Family("response", "a model in an ONNX file that is brought along, also for a category"),
}
"""By the name that a card gives in `family`; a test compares it with the tables of the card."""
