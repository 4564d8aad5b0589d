"""Fractions beyond 3, 4 and 5 robust sigma of the reference, on each side."""

import numpy as np
from jaxtyping import Float

from flashsim.validation.distances import robust_centre_and_width
from flashsim.validation.metrics import Measured, Tail, number
from flashsim.validation.resampling import Blocks, block_sums, jackknife

SIGMAS = (3.0, 4.0, 5.0)


def tail_fractions(
    reference: Float[np.ndarray, " n"],
    candidate: Float[np.ndarray, " m"],
    reference_weight: Float[np.ndarray, " n"],
    candidate_weight: Float[np.ndarray, " m"],
    blocks: Blocks,
) -> list[Tail]:
    """How populated the tails are in the two samples, with the ratio candidate over reference."""
    centre, width = robust_centre_and_width(reference, reference_weight)
    tails = []
    total_reference = block_sums(blocks.reference, blocks.count, reference_weight)
    total_candidate = block_sums(blocks.candidate, blocks.count, candidate_weight)
    for sigmas in SIGMAS:
        for side, sign in (("low", -1.0), ("high", 1.0)):
            beyond_reference = block_sums(
                blocks.reference, blocks.count, reference_weight * (sign * (reference - centre) > sigmas * width)
            )
            beyond_candidate = block_sums(
                blocks.candidate, blocks.count, candidate_weight * (sign * (candidate - centre) > sigmas * width)
            )

            def fractions(
                multiplicity: Float[np.ndarray, " blocks"],
                beyond: tuple[np.ndarray, np.ndarray] = (beyond_reference, beyond_candidate),
            ) -> Float[np.ndarray, " 3"]:
                with np.errstate(invalid="ignore", divide="ignore"):
                    first = (multiplicity @ beyond[0]) / (multiplicity @ total_reference)
                    second = (multiplicity @ beyond[1]) / (multiplicity @ total_candidate)
                    return np.array([first, second, second / first if first > 0 else np.nan])

            whole, error = jackknife(fractions, blocks.count)
            measured = [Measured(number(value), number(spread)) for value, spread in zip(whole, error, strict=True)]
            tails.append(Tail(sigmas, "low" if side == "low" else "high", *measured))
    return tails
