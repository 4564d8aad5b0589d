"""The parameters of a network as named arrays, for files that outlive the code."""

from collections.abc import Mapping
from typing import TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from flashsim.errors import FlashSimError

Tree = TypeVar("Tree")


def named_arrays(tree: object) -> dict[str, np.ndarray]:
    """Every array of a PyTree under its path, such as ``.velocity.weights[0]``."""
    leaves = jax.tree_util.tree_leaves_with_path(eqx.filter(tree, eqx.is_array))
    return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in leaves}


def with_named_arrays(tree: Tree, arrays: Mapping[str, np.ndarray], *, origin: str) -> Tree:
    """The same PyTree with its arrays replaced by those of `arrays`.

    `origin` names the file for errors: FlashSimError when an array is missing, left over, or of
    another shape or type.
    """

    def replace(path: tuple, leaf: object) -> object:
        if not eqx.is_array(leaf):
            return leaf
        name = jax.tree_util.keystr(path)
        if name not in arrays:
            raise FlashSimError(f"{origin}: the array {name!r} is missing")
        new, old = arrays[name], np.asarray(leaf)
        if new.shape != old.shape or new.dtype != old.dtype:
            raise FlashSimError(
                f"{origin}: the array {name!r} is {new.dtype}{list(new.shape)}, not {old.dtype}{list(old.shape)}"
            )
        return jnp.asarray(new)

    surplus = set(arrays) - set(named_arrays(tree))
    if surplus:
        raise FlashSimError(f"{origin}: unknown arrays {sorted(surplus)}")
    return jax.tree_util.tree_map_with_path(replace, tree)
