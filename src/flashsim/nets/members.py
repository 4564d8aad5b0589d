"""PyTrees that are alike but for their numbers, as one: how the members of an ensemble are trained and stored."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

Tree = TypeVar("Tree")


def together(members: Sequence[Tree]) -> Tree:
    """The members as one PyTree, whose arrays have an axis of members in front.

    One alone stays as it is, here and below: neither its program nor its file knows of ensembles.
    """
    if len(members) == 1:
        return members[0]
    arrays = [eqx.filter(member, eqx.is_array) for member in members]
    rest = eqx.filter(members[0], eqx.is_array, inverse=True)
    return eqx.combine(jax.tree.map(lambda *leaves: jnp.stack(leaves), *arrays), rest)


def apart(tree: Tree, members: int) -> tuple[Tree, ...]:
    """The members that `together` put into one."""
    if members == 1:
        return (tree,)
    leaves, structure = jax.tree.flatten(tree)
    # Cut on the host: as slices of JAX each of them would be a program of its own.
    cut = [list(map(jnp.asarray, np.asarray(leaf))) if eqx.is_array(leaf) else [leaf] * members for leaf in leaves]
    return tuple(jax.tree.unflatten(structure, one) for one in zip(*cut, strict=True))


def mapped(function: Callable[..., Any], members: int, in_axes: tuple[Any, ...]) -> Callable[..., Any]:
    """`function` for all members; `in_axes` as those of `equinox.filter_vmap`.

    An accelerator, which one member leaves idle, computes all at once; a CPU, whose cores are busy with one, and whose
    caches do not hold what all of them work on, one after the other.
    """
    if members == 1:
        return function
    if jax.default_backend() == "cpu":
        return in_turn(function, members, in_axes)
    return at_once(function, in_axes)


def at_once(function: Callable[..., Any], in_axes: tuple[Any, ...]) -> Callable[..., Any]:
    """`function` for all members in one compiled call."""
    return eqx.filter_jit(eqx.filter_vmap(function, in_axes=in_axes))


def in_turn(function: Callable[..., Any], members: int, in_axes: tuple[Any, ...]) -> Callable[..., Any]:
    """`function` for one member after the other, by the program of one alone."""

    def call(*arguments: Any) -> Any:
        return together([function(*_of_member(arguments, in_axes, member)) for member in range(members)])

    return call


def _of_member(arguments: tuple[Any, ...], axes: tuple[Any, ...], member: int) -> tuple[Any, ...]:
    """The arguments of one member: a part of those that have an axis of members, the others whole."""
    return tuple(
        argument
        if axis is None
        else _of_member(argument, axis, member)
        if isinstance(axis, tuple)
        else jax.tree.map(lambda leaf: leaf[member] if eqx.is_array(leaf) else leaf, argument)
        for argument, axis in zip(arguments, axes, strict=True)
    )
