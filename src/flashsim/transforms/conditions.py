"""The inputs of a network: numbers through a smooth monotone map, categories as they are; and where they were."""

from collections.abc import Mapping, Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from flashsim.transforms.base import Arrays, float32
from flashsim.transforms.checks import checked
from flashsim.transforms.density import Density, fit_density
from flashsim.transforms.lookup import knot_number
from flashsim.transforms.quantiles import distribution, middles, quantiles, with_tails
from flashsim.transforms.standard import Standard

KNOTS = 64  # few, so that a network sees a smooth map
LIMIT = 5.0
TABLES = ("table", "first", "step", "lowest", "highest", "centre", "scale")
DENSITY = "density."


class Conditions(eqx.Module):
    """Categories as they are; after them the numbers, to about N(0, 1) through 64 quantiles, straight beyond,
    clipped at ±5; and these once more on their own scale (median 0, half of the central 68 % 1).

    The quantiles spread what spans decades; the second form has no kinks, so that a network can follow a
    response that is a precise function of it. A condition that is constant in training maps to 0. One-hot
    columns pass unchanged; those of one category stand side by side and are named ``category=value`` (or all
    by the same name).
    """

    table: Float[Array, "conditions knots"]
    first: Float[Array, " conditions"]
    step: Float[Array, " conditions"]
    lowest: Float[Array, " conditions"]
    highest: Float[Array, " conditions"]
    centre: Float[Array, " conditions"]
    scale: Float[Array, " conditions"]
    density: Density
    names: tuple[str, ...] = eqx.field(static=True)
    is_category: tuple[bool, ...] = eqx.field(static=True)

    @property
    def width_latent(self) -> int:
        """Number of inputs of the network: every condition, and the numeric ones a second time."""
        return len(self.names) + self.is_category.count(False)

    @property
    def width(self) -> int:
        """Number of conditions, one-hot columns included."""
        return len(self.names)

    def forward(self, values: Float[Array, "n conditions"]) -> Float[Array, "n latent"]:
        """Inputs of the network: finite for any finite value."""
        is_category = np.array(self.is_category)
        categories, numeric = np.flatnonzero(is_category), np.flatnonzero(~is_category)
        columns = values.T  # objects side by side: compiled code runs over them, not over a handful of columns
        numbers = columns[numeric]
        tables = (self.first, self.step, self.centre, self.scale, self.lowest, self.highest)
        first, step, centre, scale, lowest, highest = (table[numeric][:, None] for table in tables)
        quantile = first + step * knot_number(self.table[numeric], numbers)
        linear = (numbers - centre) / scale
        clipped = [jnp.clip(latent, -LIMIT, LIMIT) for latent in (quantile, linear)]
        mapped = [jnp.where(highest > lowest, latent, 0.0) for latent in clipped]
        return jnp.concatenate([columns[categories], *mapped]).T

    def outside(self, values: Float[Array, "n conditions"]) -> Bool[Array, " n"]:
        """Objects outside the training range of any number, of a category not seen in training, or with a
        combination of conditions where training had practically nothing.
        """
        beyond = (values < self.lowest) | (values > self.highest)
        outside = beyond.any(axis=1)
        for start, stop in self._groups():
            outside |= ~(values[:, start:stop] > 0).any(axis=1)
        return outside | self.density.is_sparse(self._scores(self.forward(values)))

    def _scores(self, latent: Float[Array, "n latent"]) -> Float[Array, "n conditions"]:
        """Each condition once: without the numbers' second form."""
        return latent[:, : self.width]

    def _groups(self) -> list[tuple[int, int]]:
        groups: list[tuple[int, int]] = []
        labels = [name.partition("=")[0] for name in self.names]
        for i, label in enumerate(labels):
            if not self.is_category[i]:
                continue
            if groups and groups[-1][1] == i and labels[i - 1] == label:
                groups[-1] = (groups[-1][0], i + 1)
            else:
                groups.append((i, i + 1))
        return groups

    def to_config(self) -> dict[str, Any]:
        """What JSON can hold."""
        return {"names": list(self.names), "is_category": list(self.is_category)}

    def arrays(self) -> dict[str, np.ndarray]:
        """The tables, by name."""
        own = {name: np.asarray(getattr(self, name)) for name in TABLES}
        return own | {f"{DENSITY}{name}": table for name, table in self.density.arrays().items()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], arrays: Arrays) -> "Conditions":
        """Restore, bit for bit, what ``to_config`` and ``arrays`` gave; of an older release, without a density."""
        tables = {name: jnp.asarray(arrays[name]) for name in TABLES}
        of_density = {name.removeprefix(DENSITY): value for name, value in arrays.items() if name.startswith(DENSITY)}
        density = Density.from_arrays(of_density) if of_density else Density.unknown(len(config["names"]))
        return cls(**tables, density=density, names=tuple(config["names"]), is_category=tuple(config["is_category"]))


def fit_conditions(
    values: Float[np.ndarray, "n conditions"],
    is_category: Bool[np.ndarray, " conditions"],
    names: Sequence[str],
    weights: np.ndarray | None = None,
) -> Conditions:
    """Fit the inputs of a stage on its training rows."""
    tables, first, step, lowest, highest = [], [], [], [], []
    linear: list[Standard | None] = []
    for column, name in zip(values.T, names, strict=True):
        table, weight = checked(column[:, None], weights, f"condition {name!r}")
        distinct, cumulative = distribution(table[:, 0], weight)
        constant = np.ptp(table) == 0
        linear.append(None if constant else Standard.fit_robust(table, weight, name=f"condition {name!r}"))
        lowest.append(table.min())
        highest.append(table.max())
        if len(distinct) < 2:
            distinct, cumulative = distinct[0] + np.array([-1.0, 1.0]), np.array([0.25, 0.75])
            table, weight = distinct[:, None], np.ones(2)
        # Ends at the mid-ranks: a tied extreme (a charge of -1) lies in the middle of its step.
        fitted = with_tails(quantiles(table[:, 0], weight, KNOTS, ends=middles(cumulative)))
        tables.append(fitted.values)
        first.append(fitted.first)
        step.append(fitted.step)
    conditions = Conditions(
        table=float32(np.stack(tables)),
        first=float32(np.array(first)),
        step=float32(np.array(step)),
        lowest=float32(np.array(lowest)),
        highest=float32(np.array(highest)),
        centre=jnp.stack([jnp.zeros(()) if fit is None else fit.mean[0] for fit in linear]),
        scale=jnp.stack([jnp.ones(()) if fit is None else fit.deviation[0] for fit in linear]),
        density=Density.unknown(len(names)),
        names=tuple(names),
        is_category=tuple(bool(flag) for flag in is_category),
    )
    latent = np.asarray(eqx.filter_jit(Conditions.forward)(conditions, float32(values)))
    return eqx.tree_at(lambda c: c.density, conditions, fit_density(latent[:, : conditions.width]))
