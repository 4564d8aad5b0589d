"""Every transform with data that it is made for: the table that the laws run over."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from flashsim.transforms import (
    Angle,
    Chain,
    Columns,
    Log,
    LogCholesky,
    Logit,
    QuantileNormal,
    SignedLog,
    Standard,
    Transform,
    fit_transform,
)

Fit = Callable[[np.ndarray, np.ndarray | None], Transform]
Draw = Callable[[np.random.Generator, int], np.ndarray]


@dataclass(frozen=True)
class Case:
    """How to make a transform, what it is made for, and what it promises beyond the common laws."""

    name: str
    fit: Fit
    draw: Draw
    monotone: bool = True
    normal: bool = False  # the latent of the training distribution is N(0, 1)
    exact: bool = False  # the round trip gives the same bits
    absolute: float = 0.0  # what a round trip may change beside 1e-5 of the latent and the last digits


def of_kind(kind: str, **options: object) -> Fit:
    return lambda values, weights: fit_transform(kind, values, weights, **options)


def decades(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.exp(6 * rng.normal(size=n))


def covariances(rng: np.random.Generator, n: int, dimension: int = 3) -> np.ndarray:
    """Lower triangles of matrices with variances from 1e-12 to 1e2 and strong correlations."""
    scale = np.geomspace(1e-6, 10, dimension) * np.exp(0.3 * rng.normal(size=(n, dimension)))
    root = rng.normal(size=(n, dimension, dimension + 2)) + 2 * rng.normal(size=(n, 1, dimension + 2))
    root *= scale[:, :, None]
    rows, columns = np.tril_indices(dimension)
    return (root @ root.transpose(0, 2, 1))[:, rows, columns]


def spiked(rng: np.random.Generator, n: int) -> np.ndarray:
    """A far spike, a spike in the middle of a continuum, and the continuum."""
    values = rng.normal(size=n)
    return np.select([rng.uniform(size=n) < 0.2, rng.uniform(size=n) < 0.3], [-999.0, 0.5], values)


def side_by_side(values: np.ndarray, weights: np.ndarray | None) -> Transform:
    parts = (
        fit_transform("integer", values[:, 0], weights),
        fit_transform("positive", values[:, 1], weights),
        fit_transform("continuous", values[:, 2], weights),
    )
    return Columns(parts)


def standard_log(values: np.ndarray, weights: np.ndarray | None) -> Transform:
    return Chain((Log.fit(values, weights), Standard.fit(np.log(values), weights)))


CASES = [
    Case("standard", Standard.fit, lambda rng, n: 3 + 1e-6 * rng.normal(size=(n, 2))),
    Case("log", Log.fit, lambda rng, n: decades(rng, n)[:, None]),
    Case("signed log", SignedLog.fit, lambda rng, n: (decades(rng, n) * rng.choice([-1, 1], n))[:, None]),
    Case(
        "logit",
        lambda values, weights: Logit.fit(values, weights, low=-1.0, high=3.0),
        lambda rng, n: rng.uniform(-1, 3, (n, 1)),
    ),
    Case("angle unrolled", Angle.fit, lambda rng, n: rng.uniform(-3.1, 3.1, (n, 1))),
    Case("quantiles", QuantileNormal.fit, lambda rng, n: rng.standard_t(2, (n, 3)), normal=True),
    Case("chain", standard_log, lambda rng, n: decades(rng, n)[:, None], normal=True),
    Case(
        "columns",
        side_by_side,
        lambda rng, n: np.stack([rng.poisson(9, n), decades(rng, n), rng.normal(size=n)], axis=1),
        normal=True,
    ),
    Case("continuous", of_kind("continuous"), lambda rng, n: 1e-5 * rng.standard_t(2, n), normal=True),
    Case(
        "rounded",
        of_kind("continuous"),
        lambda rng, n: np.round(3e-4 * rng.normal(size=n) * 2**13) / 2**13,
    ),
    Case("positive", of_kind("positive"), decades, normal=True),
    Case(
        "bounded",
        of_kind("bounded", low=0.0, high=1.0),
        lambda rng, n: rng.beta(0.3, 0.3, n),
        normal=True,
        absolute=1e-6,
    ),
    Case("angle", of_kind("angle"), lambda rng, n: 0.02 * rng.standard_t(3, n).clip(-100, 100), normal=True),
    Case("integer", of_kind("integer"), lambda rng, n: rng.poisson(9, n), normal=True, exact=True),
    Case("sparse integer", of_kind("integer"), lambda rng, n: rng.geometric(0.02, n) * 100, exact=True),
    Case("flag", of_kind("flag"), lambda rng, n: rng.uniform(size=n) < 0.5, normal=True, exact=True),
    Case("rare flag", of_kind("flag"), lambda rng, n: np.arange(n) % 997 == 1, normal=True, exact=True),
    Case(
        "category",
        of_kind("category", values=[-211, 13, 22, 2212]),
        lambda rng, n: rng.choice([22, 13, 2212, -211], n, p=[0.6, 0.3, 0.099, 0.001]),
        monotone=False,
        normal=True,
        exact=True,
    ),
    Case(
        "two classes", of_kind("category"), lambda rng, n: 3 * (rng.uniform(size=n) < 0.3), monotone=False, exact=True
    ),
    Case("atoms", of_kind("atoms", values=[-999.0, 0.5]), spiked, normal=True),
    Case(
        "atom below",
        of_kind("atoms", values=[0.0]),
        lambda rng, n: np.maximum(rng.normal(size=n), 0),
        normal=True,
    ),
    Case("covariance", of_kind("covariance"), covariances, monotone=False),
    Case("covariance factor", LogCholesky.fit, covariances, monotone=False),
]


def draw(case: Case, n: int, seed: int = 1) -> np.ndarray:
    """A table of values of a case, rounded to float32 as files hold them."""
    values = np.asarray(case.draw(np.random.default_rng(seed), n))
    return (values if values.ndim == 2 else values[:, None]).astype(np.float32)
