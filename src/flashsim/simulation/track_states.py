"""Track states of a forward spectrometer as EDM4hep writes them: five numbers of a helix at a point of reference."""

import numpy as np
from jaxtyping import Float

OMEGA = 2.99792458e-4
"""Curvature (1/mm) of a track of unit charge and 1 GeV of transverse momentum in a field of 1 tesla."""
TRIANGLE = tuple(zip(*np.tril_indices(6), strict=True))
PARAMETERS = ("D0", "phi", "omega", "Z0", "tanLambda")
SMALLEST_SLOPE = 1e-7  # along the beam the azimuth has no meaning


def track_states(
    state: Float[np.ndarray, "tracks 6"], covariance: Float[np.ndarray, "tracks 15"] | None, field: float
) -> dict[str, np.ndarray]:
    """D0, phi, omega, Z0, tanLambda, the point of reference, and the covariance of the five and of the time.

    `state` is x, y, z (mm), dx/dz, dy/dz, q/p (1/GeV), `covariance` the lower triangle of that of x, y, dx/dz, dy/dz
    and q/p at fixed z. The point of reference is that of the state itself, so that D0 and Z0 are 0, with errors. D0 is
    positive to the left of the direction of flight, as in LCIO; omega = 0.000299792458 · `field` · q / pT.
    """
    x, y, z, tx, ty, qop = state.T.astype(np.float64)
    slope = np.maximum(np.hypot(tx, ty), SMALLEST_SLOPE)
    per_pt = np.sqrt(1 + slope**2) / slope  # p / pT
    found = {
        "D0": np.zeros_like(x),
        "phi": np.arctan2(ty, tx),
        "omega": OMEGA * field * qop * per_pt,
        "Z0": np.zeros_like(x),
        "tanLambda": 1 / slope,
        "referencePoint.x": x,
        "referencePoint.y": y,
        "referencePoint.z": z,
    }
    matrix = np.zeros((len(x), 21))
    if covariance is not None:
        full = np.zeros((len(x), 5, 5))
        for index, (row, column) in enumerate(zip(*np.tril_indices(5), strict=True)):
            full[:, row, column] = full[:, column, row] = covariance[:, index]
        jacobian = _jacobian(tx, ty, qop, slope, per_pt, field)
        helix = jacobian @ full @ jacobian.transpose(0, 2, 1)
        for index, (row, column) in enumerate(TRIANGLE):
            if row < 5:
                matrix[:, index] = helix[:, row, column]
    return found | {"covMatrix.values": matrix}


def _jacobian(
    tx: Float[np.ndarray, " tracks"],
    ty: Float[np.ndarray, " tracks"],
    qop: Float[np.ndarray, " tracks"],
    slope: Float[np.ndarray, " tracks"],
    per_pt: Float[np.ndarray, " tracks"],
    field: float,
) -> Float[np.ndarray, "tracks 5 5"]:
    """Derivatives of the five numbers of the helix with respect to x, y, dx/dz, dy/dz and q/p."""
    cosine, sine = tx / slope, ty / slope
    made = np.zeros((len(tx), 5, 5))
    made[:, 0, 0], made[:, 0, 1] = -sine, cosine
    made[:, 1, 2], made[:, 1, 3] = -sine / slope, cosine / slope
    by_slope = -OMEGA * field * qop / (slope**2 * np.sqrt(1 + slope**2))
    made[:, 2, 2], made[:, 2, 3], made[:, 2, 4] = by_slope * cosine, by_slope * sine, OMEGA * field * per_pt
    made[:, 3, 0], made[:, 3, 1] = -cosine / slope, -sine / slope
    made[:, 4, 2], made[:, 4, 3] = -cosine / slope**2, -sine / slope**2
    return made
