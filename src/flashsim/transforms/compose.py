"""Transforms one after another, and side by side."""

from collections.abc import Iterator, Mapping
from itertools import accumulate, pairwise
from typing import Any, final

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from flashsim.transforms.base import Arrays, Transform, from_config, register


class _Composite(Transform):
    """What ``Chain`` and ``Columns`` share: parts, saved under their number."""

    parts: tuple[Transform, ...]

    def to_config(self) -> dict[str, Any]:
        """The configurations of the parts."""
        return {"transform": type(self).__name__, "parts": [part.to_config() for part in self.parts]}

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays of the parts, named ``number.name``."""
        return {f"{i}.{name}": a for i, part in enumerate(self.parts) for name, a in part.arrays().items()}

    @classmethod
    def restore(cls, config: Mapping[str, Any], arrays: Arrays) -> "_Composite":
        """Restore every part."""
        parts = []
        for i, part in enumerate(config["parts"]):
            prefix = f"{i}."
            own = {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}
            parts.append(from_config(part, own))
        return cls(tuple(parts))


@register
@final
class Chain(_Composite):
    """``forward`` applies the parts from first to last, ``inverse`` from last to first."""

    @property
    def width_physical(self) -> int:
        """Number of physical columns."""
        return self.parts[0].width_physical

    @property
    def width_latent(self) -> int:
        """Number of latent columns."""
        return self.parts[-1].width_latent

    def forward(self, values: Float[Array, "n physical"], noise: Float[Array, "n latent"]) -> Float[Array, "n latent"]:
        """Physical values to latent."""
        for part in self.parts:
            values = part.forward(values, noise)
        return values

    def inverse(self, latent: Float[Array, "n latent"]) -> Float[Array, "n physical"]:
        """Latent to physical values."""
        for part in reversed(self.parts):
            latent = part.inverse(latent)
        return latent


@register
@final
class Columns(_Composite):
    """Each part transforms its own columns, in order."""

    @property
    def width_physical(self) -> int:
        """Number of physical columns."""
        return sum(part.width_physical for part in self.parts)

    @property
    def width_latent(self) -> int:
        """Number of latent columns."""
        return sum(part.width_latent for part in self.parts)

    def pieces(self) -> Iterator[tuple[Transform, slice, slice]]:
        """Each part, and where its columns are among the physical and among the latent ones."""
        physical = pairwise(accumulate((part.width_physical for part in self.parts), initial=0))
        latent = pairwise(accumulate((part.width_latent for part in self.parts), initial=0))
        for part, own, placed in zip(self.parts, physical, latent, strict=True):
            yield part, slice(*own), slice(*placed)

    def forward(self, values: Float[Array, "n physical"], noise: Float[Array, "n latent"]) -> Float[Array, "n latent"]:
        """Physical values to latent."""
        pieces = [part.forward(values[:, own], noise[:, placed]) for part, own, placed in self.pieces()]
        return jnp.concatenate(pieces, axis=1)

    def inverse(self, latent: Float[Array, "n latent"]) -> Float[Array, "n physical"]:
        """Latent to physical values."""
        latents = [latent[:, placed] for _, _, placed in self.pieces()]
        values: dict[int, Float[Array, "n own"]] = {}
        for kind in dict.fromkeys(type(part) for part in self.parts):
            places = [place for place, part in enumerate(self.parts) if type(part) is kind]
            found = kind.inverse_of_each([self.parts[i] for i in places], [latents[i] for i in places])
            values |= zip(places, found, strict=True)
        return jnp.concatenate([values[place] for place in range(len(self.parts))], axis=1)
