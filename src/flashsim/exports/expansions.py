"""Special functions in terms of simpler ones, for formats that lack them."""

import jax.numpy as jnp
from jaxtyping import Array

# Giles 2010, "Approximating the erfinv function", single precision: as XLA computes it.
_CENTRE = (2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503,
           -0.00417768164, 0.246640727, 1.50140941)  # fmt: skip
_TAIL = (-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613,
         0.00943887047, 1.00167406, 2.83297682)  # fmt: skip


def erf_inv(x: Array) -> Array:
    """The inverse error function."""
    w = -jnp.log1p(-x * x)
    central = w < 5
    t = jnp.where(central, w - 2.5, jnp.sqrt(w) - 3.0)
    p = jnp.where(central, _CENTRE[0], _TAIL[0])
    for centre, tail in zip(_CENTRE[1:], _TAIL[1:], strict=True):
        p = jnp.where(central, centre, tail) + p * t
    return jnp.where(jnp.abs(x) == 1, jnp.inf * x, p * x)


def logistic(x: Array) -> Array:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + jnp.exp(-x))


def square(x: Array) -> Array:
    """x²."""
    return x * x


def exp2(x: Array) -> Array:
    """2ˣ."""
    return jnp.exp(x * 0.6931471805599453)


def is_finite(x: Array) -> Array:
    """Neither infinite nor no number."""
    return jnp.abs(x) < jnp.inf


def log1p(x: Array) -> Array:
    """log(1 + x) with all digits for small x: the rounding error of 1 + x is divided out (Kahan)."""
    rounded = 1 + x
    small = jnp.abs(x) < 1
    return jnp.where(rounded == 1, x, jnp.where(small, jnp.log(rounded) * x / (rounded - 1), jnp.log(rounded)))


def expm1(x: Array) -> Array:
    """exp(x) - 1 with all digits for small x: tanh(x/2) (exp(x) + 1)."""
    return jnp.tanh(x / 2) * (jnp.exp(x) + 1)


def erfc(x: Array) -> Array:
    """1 - erf(x), exact to 1e-7 of 1."""
    import jax

    return 1 - jax.lax.erf(x)


def atan2(y: Array, x: Array) -> Array:
    """The angle of the point (x, y), from that of the ratio."""
    half = jnp.where(y < 0, -jnp.pi, jnp.pi)
    ratio = jnp.arctan(y / jnp.where(x == 0, 1.0, x))
    turned = jnp.where(x < 0, ratio + half, ratio)
    on_axis = jnp.where(y == 0, 0.0, half / 2)
    return jnp.where(x == 0, on_axis, turned)


SIMPLE = {"erf_inv": erf_inv, "logistic": logistic, "square": square, "exp2": exp2}
"""What C99's mathematics library lacks."""

WITHOUT_LIBRARY = SIMPLE | {
    "is_finite": is_finite,
    "log1p": log1p,
    "expm1": expm1,
    "erfc": erfc,
    "atan2": atan2,
}
"""What ONNX lacks."""
