"""How formulas are computed in compiled code: for one object, in single precision."""

import jax.numpy as jnp
import numpy as np

from flashsim.card import Arithmetic

OF_ONE_OBJECT = Arithmetic(jnp, np.float32, np.zeros(1, np.int64))
"""For formulas that are `of_one_object`: no others."""
