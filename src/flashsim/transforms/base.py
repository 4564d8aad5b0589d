"""What every transform is: an invertible map between physical values and a latent close to N(0, 1)."""

import abc
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from flashsim.errors import FlashSimError, nearest

Arrays = Mapping[str, np.ndarray]
AnyTransform = TypeVar("AnyTransform", bound="type[Transform]")

TRANSFORMS: dict[str, "type[Transform]"] = {}
"""Every transform by the name of its class, as written in a release."""


class Transform(eqx.Module):
    """An invertible map of the columns of one variable; ``inverse`` is pure, and finite for a finite latent.

    Fields are JAX arrays (saved with the weights) or static numbers and strings (saved as JSON).
    """

    @property
    @abc.abstractmethod
    def width_physical(self) -> int:
        """Number of physical columns."""

    @property
    @abc.abstractmethod
    def width_latent(self) -> int:
        """Number of latent columns."""

    @abc.abstractmethod
    def forward(self, values: Float[Array, "n physical"], noise: Float[Array, "n latent"]) -> Float[Array, "n latent"]:
        """Physical values to latent; ``noise``, uniform in (0, 1), places discrete ones in their interval."""

    @abc.abstractmethod
    def inverse(self, latent: Float[Array, "n latent"]) -> Float[Array, "n physical"]:
        """Latent to physical values."""

    @classmethod
    def inverse_of_each(
        cls, parts: Sequence["Transform"], latents: Sequence[Float[Array, "n latent"]]
    ) -> list[Float[Array, "n physical"]]:
        """The inverse of each of several transforms of this class, each of its own latent.

        A class whose transforms can share work does it here.
        """
        return [part.inverse(latent) for part, latent in zip(parts, latents, strict=True)]

    def to_config(self) -> dict[str, Any]:
        """What JSON can hold: the class's name and every field that is not an array."""
        plain = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return {"transform": type(self).__name__} | {k: v for k, v in plain.items() if not eqx.is_array(v)}

    def arrays(self) -> dict[str, np.ndarray]:
        """The fields that are arrays, by name."""
        plain = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return {name: np.asarray(value) for name, value in plain.items() if eqx.is_array(value)}

    @classmethod
    def restore(cls, config: Mapping[str, Any], arrays: Arrays) -> "Transform":
        """The transform of this class with these fields; the inverse of ``to_config`` and ``arrays``."""
        fields = {key: value for key, value in config.items() if key != "transform"}
        fields |= {name: jnp.asarray(value) for name, value in arrays.items()}
        expected = {f.name for f in dataclasses.fields(cls)}
        if set(fields) != expected:
            raise FlashSimError(
                f"transform {cls.__name__}: has fields {sorted(fields)}, needs {sorted(expected)}; "
                "the release is damaged or comes from another version"
            )
        return cls(**fields)


def register(cls: AnyTransform) -> AnyTransform:
    """Class decorator: makes a transform known to ``from_config``."""
    TRANSFORMS[cls.__name__] = cls
    return cls


def from_config(config: Mapping[str, Any], arrays: Arrays) -> Transform:
    """Restore a transform, bit for bit, from what ``to_config`` and ``arrays`` gave."""
    name = str(config.get("transform"))
    if name not in TRANSFORMS:
        raise FlashSimError(f"unknown transform {name!r}{nearest(name, TRANSFORMS)}")
    return TRANSFORMS[name].restore(config, arrays)


def float32(values: np.ndarray | float) -> Array:
    """A table as the transforms hold it: computed in float64, held in float32."""
    return jnp.asarray(np.asarray(values, dtype=np.float64).astype(np.float32))
