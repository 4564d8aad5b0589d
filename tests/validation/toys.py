"""Toy samples: a parametric detector whose candidate is equal to the reference, or broken in a known way."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from flashsim.validation import Effort, StageView, Table, validate_stages

SMALL = Effort(trees=10, epochs=2, rows=10_000, pair_rows=500, shuffled_rows=200, swaps=500, replicas=20, splits=5)
"""Small forests and few replicas: the toys are easy."""

validated = partial(validate_stages, effort=SMALL)


def truth(generator: np.random.Generator, events: int, per_event: int) -> dict[str, np.ndarray]:
    """Charged particles with log10 p, η and a species."""
    n = events * per_event
    p = 10 ** generator.normal(0.8, 0.45, n)
    eta = generator.uniform(1.8, 5.2, n)
    return {
        "event": np.repeat(np.arange(events), per_event),
        "p": p,
        "eta": eta,
        "species": generator.choice([11, 13, 211, 321, 2212], n, p=[0.1, 0.05, 0.6, 0.15, 0.1]),
    }


def efficiency(particles: dict[str, np.ndarray]) -> np.ndarray:
    """The true probability to be reconstructed."""
    plateau = np.where(particles["species"] == 11, 0.75, 0.93)
    edges = 1 / (1 + np.exp(-(particles["eta"] - 2.1) / 0.1)) / (1 + np.exp((particles["eta"] - 4.8) / 0.1))
    return plateau * edges / (1 + np.exp(-(np.log10(particles["p"]) - 0.35) / 0.12))


def respond(
    particles: dict[str, np.ndarray],
    generator: np.random.Generator,
    *,
    shift: float = 0.0,
    widen: float = 1.0,
    tail: float = 0.04,
) -> dict[str, np.ndarray]:
    """Residuals: a core that grows with η, exponential tails, and a covariance of two parameters."""
    n = len(particles["p"])
    width = 0.005 * (1 + 0.3 * np.abs(particles["eta"] - 3.0))
    core = widen * generator.standard_normal(n)
    long = generator.random(n) < tail
    core[long] = generator.laplace(0.0, 3.0, n)[long]
    dx = 0.04 * (1 + 2 / particles["p"])
    slope = np.exp(0.3 * generator.standard_normal(n))
    correlation = np.tanh(0.5 + 0.2 * generator.standard_normal(n))
    return {
        "dp": width * (core + shift),
        "dx": dx * generator.standard_t(5, n),
        "ndof": generator.poisson(18, n).astype(float),
        "cov_x_x": (dx * slope) ** 2,
        "cov_tx_x": dx * slope**1.5 * 1e-3 * correlation,
        "cov_tx_tx": 1e-6 * slope,
    }


def table(particles: dict[str, np.ndarray], outputs: dict[str, np.ndarray]) -> Table:
    """The table of a sample."""
    return Table(
        columns={
            "log10(p)": np.log10(particles["p"]),
            "eta": particles["eta"],
            "species": particles["species"],
            **outputs,
        },
        event=particles["event"],
        binning={name: particles[name] for name in ("p", "eta", "species")},
    )


UNITS = {"p": "GeV", "dp": "", "dx": "mm", "cov_x_x": "mm^2", "cov_tx_x": "mm", "cov_tx_tx": ""}
CONDITIONS = ["log10(p)", "eta", "species"]


def response_view(*, events: int = 300, per_event: int = 20, seed: int = 1, **broken: float) -> StageView:
    """A response stage; keyword arguments break the candidate."""
    generator = np.random.default_rng(seed)
    particles = truth(generator, events, per_event)
    return StageView(
        stage="resolution",
        kind="response",
        reference=table(particles, respond(particles, generator)),
        candidate=table(particles, respond(particles, generator, **broken)),
        conditions=CONDITIONS,
        outputs=["dp", "dx", "ndof", "cov_x_x", "cov_tx_x", "cov_tx_tx"],
        units=UNITS,
        types={"ndof": "integer", "cov_x_x": "positive"},
        covariances={"covariance": ["cov_x_x", "cov_tx_x", "cov_tx_tx"]},
    )


def category_view(
    *, events: int = 300, per_event: int = 20, seed: int = 2, lost: float = 0.0, probabilities: bool = True
) -> StageView:
    """A category stage with classes none, long and downstream; `lost` lowers the candidate's efficiency."""
    generator = np.random.default_rng(seed)
    particles = truth(generator, events, per_event)
    found = efficiency(particles)

    def classes(found: np.ndarray) -> np.ndarray:
        return np.stack([1 - found, 0.7 * found, 0.3 * found], axis=1)

    def draw(probability: np.ndarray) -> np.ndarray:
        return (generator.random((len(probability), 1)) > np.cumsum(probability, axis=1)).sum(axis=1)

    true, predicted = classes(found), classes(found * (1 - lost))
    return StageView(
        stage="track_type",
        kind="category",
        reference=table(particles, {"track_type": draw(true)}),
        candidate=table(particles, {"track_type": draw(predicted)}),
        conditions=CONDITIONS,
        outputs=["track_type"],
        classes=[0, 1, 2],
        probability=predicted if probabilities else None,
        units=UNITS,
        class_labels={0: "none", 1: "long", 2: "downstream"},
        species_labels={11: "e", 13: "μ", 211: "π", 321: "K", 2212: "p"},
    )


@dataclass(frozen=True)
class Limits:
    """A gate, as a card has it."""

    c2st_auc: float | None = None
    wasserstein_over_null: float | None = None
    ks_over_null: float | None = None
    efficiency_coverage: float | None = None
    expected_calibration_error: float | None = None
    width_ratio_within: float | None = None
    shift_in_widths_below: float | None = None
